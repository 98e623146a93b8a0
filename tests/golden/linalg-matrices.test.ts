/** Matrices of a known structure (scipy.linalg) against JAX. */
import { goldenFamily } from "../helpers/golden-family.ts";

goldenFamily("linalg-matrices");
