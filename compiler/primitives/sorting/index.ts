/** Sorting. */
import { sort } from "./sort.ts";

export const sortingPrimitives = { sort };
