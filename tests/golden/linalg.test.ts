/** np.linalg, scipy.linalg and lax.linalg against JAX. */
import { type ArrayLike, type NdArray, numpy as np, scipy } from "../../frontend/index.ts";
import { goldenFamily } from "../helpers/golden-family.ts";

/** Vectors times a function of their values: [..., m, k], [..., k]. */
function scaled(vectors: NdArray, values: NdArray): NdArray {
  return vectors.mul(np.tanh(np.expandDims(values, -2)));
}

goldenFamily("linalg", {
  // What a choice of signs of the vectors leaves as it is.
  eighSquares: (a: ArrayLike) => np.square(np.linalg.eigh(a)[1]),
  eighFunction(a: ArrayLike) {
    const [w, v] = np.linalg.eigh(a);
    return np.matmul(scaled(v, w), np.matrixTranspose(v));
  },
  svdSquares(a: ArrayLike) {
    const [u, s, vh] = np.linalg.svd(a, { fullMatrices: false });
    return [np.square(u), s, np.square(vh)];
  },
  svdFunction(a: ArrayLike) {
    const [u, s, vh] = np.linalg.svd(a, { fullMatrices: false });
    return np.matmul(scaled(u, s), vh);
  },
  cond: (a: ArrayLike, { p }: { p: number | "fro" | "nuc" | null }) => np.linalg.cond(a, p),
  choSolveFactor: (a: ArrayLike, b: ArrayLike) => scipy.linalg.choSolve(scipy.linalg.choFactor(a), b),
  luSolveFactor: (a: ArrayLike, b: ArrayLike) =>
    scipy.linalg.luSolve(scipy.linalg.luFactor(a), b, { trans: 1 }),
});
