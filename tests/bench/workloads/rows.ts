/** Kernels over rows, and a dense layer with its activation. */
import { type NdArray, nn, numpy as np, optim, valueAndGrad } from "weft";
import { filled, integers, sizeOf, type Tensor, uniform, weights } from "./tensor.ts";
import type { Topic, Workload } from "./workload.ts";

const ROWS = 2048;
const COLUMNS = 1000;
const MODEL = 768;
const DENSE = { rows: 512, in: 512, out: 2048 };

/** Over the last axis, ε = 1e-5. */
export function layerNorm(x: NdArray, scale: NdArray, shift: NdArray): NdArray {
  return nn.standardize(x).mul(scale).add(shift);
}

/** A distribution for each of so many rows. */
function distributions(shape: readonly [number, number], seed: number): Tensor {
  const { data } = uniform(shape, seed);
  const [, columns] = shape;
  const result = new Float32Array(sizeOf(shape));
  for (let start = 0; start < result.length; start += columns) {
    let sum = 0;
    for (let i = start; i < start + columns; i++) sum += Math.abs(data[i]);
    for (let i = start; i < start + columns; i++) result[i] = Math.abs(data[i]) / sum;
  }
  return { shape, data: result };
}

function crossEntropy(labels: "integer" | "dense"): Workload {
  const loss = labels === "integer" ? optim.softmaxCrossEntropyWithIntegerLabels : optim.softmaxCrossEntropy;
  const reads = labels === "integer" ? 1 : 2;
  return {
    name: `cross entropy and gradient ${ROWS}×${COLUMNS}, ${labels} labels`,
    op: "crossEntropy",
    params: { labels },
    inputs: () => [
      uniform([ROWS, COLUMNS], 1, 5),
      labels === "integer" ? integers([ROWS], 2, COLUMNS) : distributions([ROWS, COLUMNS], 2),
    ],
    weft: () => (logits: NdArray, target: NdArray) =>
      valueAndGrad((x: NdArray) => np.mean(loss(x, target)))(logits),
    tolerance: 1e-5,
    bytes: (reads + 1) * 4 * ROWS * COLUMNS,
    bound: "memory",
  };
}

export const rows: Topic = {
  name: "rows",
  title: "Rows and dense layers",
  workloads: [
    {
      name: `softmax ${ROWS}×${COLUMNS}`,
      op: "softmax",
      params: {},
      inputs: () => [uniform([ROWS, COLUMNS], 1, 5)],
      weft: () => (x: NdArray) => nn.softmax(x),
      tolerance: 1e-5,
      bytes: 2 * 4 * ROWS * COLUMNS,
      bound: "memory",
    },
    crossEntropy("integer"),
    crossEntropy("dense"),
    {
      name: `layer norm ${ROWS}×${MODEL}`,
      op: "layerNorm",
      params: {},
      inputs: () => [uniform([ROWS, MODEL], 1, 3), uniform([MODEL], 2), filled([MODEL], 0.5)],
      weft: () => layerNorm,
      tolerance: 1e-5,
      bytes: 2 * 4 * ROWS * MODEL,
      bound: "memory",
      target: { ceiling: 0.85 },
    },
    {
      name: `gelu(x·W + b) ${DENSE.rows}×${DENSE.in}→${DENSE.out}`,
      op: "denseGelu",
      params: {},
      inputs: () => [
        uniform([DENSE.rows, DENSE.in], 1),
        weights([DENSE.in, DENSE.out], 2, DENSE.in),
        uniform([DENSE.out], 3),
      ],
      weft: () => (x: NdArray, w: NdArray, b: NdArray) => nn.gelu(np.matmul(x, w).add(b)),
      tolerance: 1e-4,
      flops: 2 * DENSE.rows * DENSE.in * DENSE.out,
      bound: "compute",
    },
  ],
};
