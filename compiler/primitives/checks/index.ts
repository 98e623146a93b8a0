/** Conditions that a program states about its values. */
import { check } from "./check.ts";

export const checkPrimitives = { check };
