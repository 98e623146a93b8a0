/** Chains of elementwise functions, and reductions. */
import { type NdArray, nn, numpy as np } from "weft";
import { uniform } from "./tensor.ts";
import type { Topic, Workload } from "./workload.ts";

const CHAIN = 4 * 2 ** 20;
const STREAM = 8 * 2 ** 20;
/** 16 M elements. */
const CUBE = [256, 256, 256];

const chain = (x: NdArray): NdArray =>
  nn
    .sigmoid(x)
    .mul(np.tanh(x))
    .add(np.exp(np.negative(np.square(x))));

export const elementwise: Topic = {
  name: "elementwise",
  title: "Elementwise chains",
  workloads: [
    {
      name: "chain sigmoid·tanh + exp, 4 M",
      op: "chain",
      params: { sum: false },
      inputs: () => [uniform([CHAIN], 1, 4)],
      weft: () => chain,
      tolerance: 1e-5,
      bytes: 2 * 4 * CHAIN,
      bound: "memory",
      target: { best: 5 },
    },
    {
      name: "chain and its sum, 4 M",
      op: "chain",
      params: { sum: true },
      inputs: () => [uniform([CHAIN], 1, 4)],
      weft: () => (x: NdArray) => np.sum(chain(x)),
      // Systems that add 4 M float32 one after the other are off by 8e-3, which the report tells.
      tolerance: 2e-2,
      bytes: 4 * CHAIN,
      bound: "memory",
      target: { best: 5 },
    },
    {
      name: "2.5·x + y, 8 M",
      op: "axpy",
      params: {},
      inputs: () => [uniform([STREAM], 1), uniform([STREAM], 2)],
      weft: () => (x: NdArray, y: NdArray) => x.mul(2.5).add(y),
      tolerance: 1e-6,
      bytes: 3 * 4 * STREAM,
      bound: "memory",
      target: { ceiling: 0.85 },
    },
  ],
};

function reduction(kind: "sum" | "max", axes: readonly number[]): Workload {
  const fold = kind === "sum" ? np.sum : np.max;
  return {
    name: `${kind} 256³ over ${axes.length === 3 ? "all axes" : `axis ${axes.join()}`}`,
    op: "reduce",
    params: { kind, axes },
    inputs: () => [uniform(CUBE, 1)],
    weft: () => (x: NdArray) => fold(x, { axis: [...axes] }),
    tolerance: 1e-4,
    bytes: 4 * CUBE[0] * CUBE[1] * CUBE[2],
    bound: "memory",
    target: { ceiling: 0.85 },
  };
}

export const reductions: Topic = {
  name: "reduce",
  title: "Reductions of 16 M",
  workloads: [
    reduction("sum", [0]),
    reduction("sum", [1]),
    reduction("sum", [2]),
    reduction("sum", [0, 1, 2]),
    reduction("max", [0]),
    reduction("max", [2]),
    reduction("max", [0, 1, 2]),
  ],
};
