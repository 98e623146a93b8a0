/** Arithmetic of two arguments of np against jax.numpy. */
import { goldenFamily } from "../helpers/golden-family.ts";

goldenFamily("numpy-binary");
