/** Elementwise functions of one argument of np against jax.numpy. */
import { goldenFamily } from "../helpers/golden-family.ts";

goldenFamily("numpy-unary");
