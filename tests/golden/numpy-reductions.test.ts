/** Reductions, statistics, sorting, sets and histograms of np against jax.numpy. */
import { type ArrayLike, numpy as np } from "weft";
import { goldenFamily } from "../helpers/golden-family.ts";

goldenFamily("numpy-reductions", {
  bincount: (x: ArrayLike, weights: ArrayLike, options: { length: number }) =>
    np.bincount(x, { weights, ...options }),
});
