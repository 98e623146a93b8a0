/** lax against jax.lax: precision, folds, windows, loops, solves and conveniences. */
import { type ArrayLike, lax, linearTranspose, type NdArray, numpy as np } from "weft";
import { goldenFamily } from "../helpers/golden-family.ts";

const POINTS = { updateWindowDims: [], insertedWindowDims: [0], scatterDimsToOperandDims: [0] };
type Pair = readonly [NdArray, NdArray];

const scans = Object.fromEntries(
  [false, true].flatMap((reverse) =>
    [0, 1].map((axis) => [
      `scan_${Number(reverse)}_${axis}`,
      (x: NdArray) => lax.associativeScan((a: NdArray, b: NdArray) => a.mul(b), x, { reverse, axis }),
    ]),
  ),
);
const maps = Object.fromEntries(
  [null, 2, 3].map((batchSize) => [
    `map_${batchSize ?? 0}`,
    (x: NdArray) => lax.map((row: NdArray) => np.cumsum(row).mul(2), x, { batchSize }),
  ]),
);

goldenFamily("lax-more", {
  ...scans,
  ...maps,
  reduce_mul: (x: NdArray, init: ArrayLike) =>
    lax.reduce(x, np.array(init), (a: NdArray, b: NdArray) => a.mul(b).add(0), [1]),
  reduce_pair: (x: NdArray, i: NdArray) =>
    lax.reduce(
      [x, i] as Pair,
      [np.array(Number.NEGATIVE_INFINITY), np.array(0, { dtype: "int32" })] as Pair,
      ([a, p]: Pair, [b, q]: Pair) => [np.maximum(a, b), np.where(a.greater(b), p, q)],
      [0],
    ),
  window_general: (x: NdArray) =>
    lax.reduceWindow(x, np.array(0), (a: NdArray, b: NdArray) => a.add(b.mul(1)), [2, 3], [1, 2], "SAME"),
  window_or: (x: NdArray) => lax.reduceWindow(x, false, lax.bitwiseOr, [2, 2], [2, 2], "VALID"),
  shape1: (lhs: number[], rhs: number[], strides: number[], pads: "SAME") =>
    np.array(lax.convShapeTuple(lhs, rhs, strides, pads), { dtype: "int32" }),
  scatter_sub: (x: NdArray, i: NdArray, u: NdArray) => lax.scatterSub(x, i, u, POINTS),
  scatter_apply: (x: NdArray, i: NdArray) => lax.scatterApply(x, i, lax.sin, POINTS, { updateShape: [4] }),
  linear_solve: (a: NdArray, b: NdArray) =>
    lax.customLinearSolve(
      (x: NdArray) => a.matmul(x),
      b,
      (_f, r) => np.linalg.solve(a, r),
      {
        transposeSolve: (_f, r) => np.linalg.solve(a.T, r),
      },
    ),
  root: (a: NdArray) =>
    lax.customRoot(
      (x: NdArray) => x.mul(x).sub(a),
      np.onesLike(a),
      (f, guess) => lax.foriLoop(0, 30, (_i, y: NdArray) => y.sub(f(y).div(y.mul(2))), guess),
      (g, y) => y.div(g(np.array(1))),
    ),
  linear_transpose: (ct: NdArray) =>
    linearTranspose(
      (x: NdArray) =>
        np
          .array([
            [1, 2, 3],
            [4, 5, 6],
          ])
          .matmul(x),
      np.zeros([3]),
    )(ct),
  dynamic: (x: NdArray, start: number[], sizes: number[]) => lax.dynamicSlice(x, start, sizes),
  update_in_dim: (x: NdArray, y: NdArray, i: number, axis: number) =>
    lax.dynamicUpdateSliceInDim(x, y, i, { axis }),
});
