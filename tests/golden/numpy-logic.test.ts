/** Promotion, comparisons, logic, bits and integers of np against jax.numpy. */
import { goldenFamily } from "../helpers/golden-family.ts";

goldenFamily("numpy-logic");
