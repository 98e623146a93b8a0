/** Compiled loops with small bodies, and the cost of one call. */
import { lax, type NdArray, numpy as np } from "weft";
import { filled, uniform, weights } from "./tensor.ts";
import type { Topic } from "./workload.ts";

const WIDTH = 32;
const CYCLE = 16;
const SCALAR_UNITS = { name: "iteration", check: 100, compiled: 100_000, stepwise: 50 };

/** Ten scalar operations. The step is a contraction, so that rounding errors stay small however often it is done. */
function body(x: NdArray): NdArray {
  const a = x.mul(0.75).add(0.5);
  const b = a.sub(x.mul(0.25));
  const c = np.maximum(b, np.negative(a)).mul(0.5);
  return np.minimum(c.add(x.mul(0.125)), 4);
}

export const loops: Topic = {
  name: "loops",
  title: "Calls and loops with small bodies",
  workloads: [
    {
      name: "call of x + 1, f32[4]",
      op: "addOne",
      params: {},
      inputs: () => [uniform([4], 1)],
      weft: () => (x: NdArray) => x.add(1),
      tolerance: 1e-6,
      target: { microseconds: 1 },
    },
    {
      name: "scan, ten scalar operations",
      op: "scalarLoop",
      params: { form: "scan" },
      inputs: () => [filled([], 0.3)],
      weft: (units) => (x: NdArray) =>
        lax.scan((c: NdArray) => [body(c), null], x, null, { length: units })[0],
      tolerance: 1e-5,
      units: SCALAR_UNITS,
      target: { microseconds: 0.1 },
    },
    {
      name: "whileLoop, ten scalar operations",
      op: "scalarLoop",
      params: { form: "while" },
      inputs: () => [filled([], 0.3)],
      weft: (units) => (x: NdArray) =>
        lax.whileLoop(
          ([i]: [NdArray, NdArray]) => i.less(units),
          ([i, c]: [NdArray, NdArray]) => [i.add(1), body(c)],
          [np.array(0, { dtype: "int32" }), x] as [NdArray, NdArray],
        )[1],
      tolerance: 1e-5,
      units: SCALAR_UNITS,
      target: { microseconds: 0.1 },
    },
    {
      name: `scan, tanh(h·W + x), f32[${WIDTH}]`,
      op: "recurrent",
      params: {},
      inputs: () => [
        uniform([1, WIDTH], 1),
        weights([WIDTH, WIDTH], 2, WIDTH),
        uniform([CYCLE, 1, WIDTH], 3),
      ],
      weft: (units) => (h: NdArray, w: NdArray, xs: NdArray) =>
        lax.foriLoop(
          0,
          units,
          (i: NdArray, c: NdArray) =>
            np.tanh(
              np.matmul(c, w).add(lax.dynamicIndexInDim(xs, np.remainder(i, CYCLE), { keepdims: false })),
            ),
          h,
        ),
      tolerance: 1e-4,
      units: { name: "iteration", check: 20, compiled: 10_000, stepwise: 50 },
    },
  ],
};
