/** Creation, shapes, indexing, updates, polynomials and mapping functions of np against jax.numpy. */
import { type ArrayLike, type NdArray, numpy as np } from "weft";
import { goldenFamily } from "../helpers/golden-family.ts";

type Write = "set" | "add" | "multiply" | "divide" | "power" | "min" | "max" | "subtract";

const WRITES: readonly Write[] = ["set", "add", "multiply", "divide", "power", "min", "max", "subtract"];
const MODES = ["clip", "drop", "fill"] as const;

const writes = Object.fromEntries(
  WRITES.flatMap((op) => [
    [`at_${op}`, (x: NdArray, i: NdArray, y: NdArray) => x.at(i, op === "set" ? 0 : 1)[op](y)] as const,
    [`at2_${op}`, (x: NdArray, i: NdArray, j: NdArray, y: NdArray) => x.at(i, j)[op](y)] as const,
  ]),
);
const modes = Object.fromEntries(
  MODES.flatMap((mode) => [
    [`at_mode_${mode}`, (x: NdArray, i: NdArray) => x.at(i).add(1, { mode })] as const,
    [`get_mode_${mode}`, (x: NdArray, i: NdArray) => x.at(i).get({ mode, fillValue: 3 })] as const,
  ]),
);

const FOLDS = ["add", "multiply", "maximum", "logaddexp", "subtract"] as const;
const folds = Object.fromEntries(
  FOLDS.flatMap((op) => [
    [`${op}_reduce`, (x: NdArray, options: { axis: number }) => np[op].reduce(x, options)] as const,
    [`${op}_accumulate`, (x: NdArray, options: { axis: number }) => np[op].accumulate(x, options)] as const,
    [`${op}_outer`, (x: NdArray, y: NdArray) => np[op].outer(x, y)] as const,
  ]),
);

goldenFamily("numpy-shapes", {
  ...folds,
  add_reduceat: (x: NdArray, i: NdArray) => np.add.reduceat(x, i),
  add_at: (x: NdArray, i: NdArray, y: NdArray) => np.add.at(x, i, y),
  ...writes,
  ...modes,
  get_no_wrap: (x: NdArray, i: NdArray) =>
    x.at([], i).get({ mode: "fill", fillValue: 3, wrapNegativeIndices: false }),
  at_apply: (x: NdArray, i: NdArray) => x.at(i).apply((y) => y.mul(2).add(1)),
  put: (x: NdArray, i: NdArray, y: NdArray) => np.put(x, i, y),
  mgrid: () => np.mgrid([0, 3], [1, 7, 2]),
  ogrid: () => np.ogrid([0, 3], [1, 7, 2]),
  r: (x: NdArray, y: NdArray) => np.r_(x, 0, y, { range: [1, 4] }),
  c: (x: NdArray, y: NdArray) => np.c_(x, y),
  along: (x: NdArray) => np.applyAlongAxis((r) => np.sort(r).slice([0, 2]).mul(2), 1, x),
  over: (x: NdArray) => np.applyOverAxes((a, axis) => np.sum(a, axis), x, [0, 2]),
  matvec: (a: NdArray, b: NdArray) =>
    np.vectorize((m: NdArray, v: NdArray) => m.matmul(v), { signature: "(m,n),(n)->(m)" })(a, b),
  pieces: (x: NdArray) =>
    np.piecewise(
      x,
      [x.less(-0.5), x.greater(0.5)],
      [(y: NdArray): ArrayLike => y.neg(), 2, (y: NdArray): ArrayLike => y.mul(y)],
    ),
});
