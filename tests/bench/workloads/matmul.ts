/** Products of matrices. */
import { lax, type NdArray, numpy as np } from "weft";
import { integers, type Tensor, uniform } from "./tensor.ts";
import type { Topic, Workload } from "./workload.ts";

const LARGE = { ceiling: 0.9, best: 1.7 };

interface Shape {
  readonly name: string;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly batch?: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

function product({ name, m, k, n, batch, transposeA = false, transposeB = false }: Shape): Workload {
  const lead = batch === undefined ? [] : [batch];
  const t = (x: NdArray, yes: boolean): NdArray => (yes ? np.swapaxes(x, -1, -2) : x);
  const matrixVector = n === 1;
  const elements = (batch ?? 1) * (m * k + k * n + m * n);
  return {
    name: `matmul ${name}`,
    op: "matmul",
    params: { transposeA, transposeB },
    inputs: () => [
      uniform([...lead, ...(transposeA ? [k, m] : [m, k])], 1),
      uniform([...lead, ...(transposeB ? [n, k] : [k, n])], 2),
    ],
    weft: () => (a: NdArray, b: NdArray) => np.matmul(t(a, transposeA), t(b, transposeB)),
    tolerance: 1e-4,
    flops: 2 * (batch ?? 1) * m * k * n,
    bytes: 4 * elements,
    bound: matrixVector ? "memory" : "compute",
    target: matrixVector ? { ceiling: 0.85 } : Math.min(m, k, n) >= 127 ? LARGE : undefined,
  };
}

/** Bytes come as int32, which every system takes, and are converted first. */
function bytes(n: number): Workload {
  const operand = (seed: number): Tensor => {
    const { shape, data } = integers([n, n], seed, 256);
    return { shape, data: Int32Array.from(data, (x) => x - 128) };
  };
  return {
    name: `matmul ${n} int8`,
    op: "byteMatmul",
    params: {},
    inputs: () => [operand(1), operand(2)],
    weft: () => (a: NdArray, b: NdArray) =>
      lax.dot(a.astype("int8"), b.astype("int8"), { preferredElementType: "int32" }),
    tolerance: 0,
    flops: 2 * n ** 3,
    bytes: 12 * n * n,
  };
}

const square = (n: number): Workload => product({ name: String(n), m: n, k: n, n });

export const matmul: Topic = {
  name: "matmul",
  title: "Matrix products",
  workloads: [
    ...[64, 127, 128, 255, 256, 512, 1021, 1024].map(square),
    product({ name: "512×510×514", m: 512, k: 510, n: 514 }),
    product({ name: "512 Aᵀ·B", m: 512, k: 512, n: 512, transposeA: true }),
    product({ name: "512 A·Bᵀ", m: 512, k: 512, n: 512, transposeB: true }),
    product({ name: "512 Aᵀ·Bᵀ", m: 512, k: 512, n: 512, transposeA: true, transposeB: true }),
    bytes(512),
    product({ name: "vector 4096", m: 4096, k: 4096, n: 1 }),
    product({ name: "batch 32×64", batch: 32, m: 64, k: 64, n: 64 }),
    product({ name: "batch 8×197×64×197 A·Bᵀ", batch: 8, m: 197, k: 64, n: 197, transposeB: true }),
  ],
};
