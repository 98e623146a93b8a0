/** Random reference tensors, and their slices. */
import type { Graph } from "../../compiler/graph/graph.ts";
import type { TestDomain } from "../../compiler/graph/primitive.ts";
import type { RefTensor } from "../../compiler/graph/reference.ts";
import { roundTo } from "../../compiler/kernel/constants.ts";
import { reader, tabulate } from "../../compiler/primitives/reference-tensors.ts";
import { DTYPE_INFO, type DType, isFloating } from "../../compiler/types/dtype.ts";
import { type TensorType, tensorType } from "../../compiler/types/tensor-type.ts";
import type { Random } from "./random.ts";

/** What operands are drawn from where a primitive names no domain. */
export function defaultDomain(dtype: DType): TestDomain {
  if (dtype === "bool") return "bool";
  return isFloating(dtype) ? "normal" : "smallInt";
}

/** A number of the domain, not rounded to the dtype yet. */
function draw(domain: TestDomain, dtype: DType, random: Random): number {
  const info = DTYPE_INFO[dtype];
  if (dtype === "bool") return random.below(2);
  const integer = info.kind !== "float";
  const signed = info.kind !== "uint";
  if (typeof domain !== "string") {
    const [low, high] = domain;
    return integer ? low + random.below(high - low + 1) : low + (high - low) * random.next();
  }
  const fit = (x: number): number => (integer ? Math.trunc(signed ? x : Math.abs(x)) : x);
  switch (domain) {
    case "normal":
      return fit(random.normal() * (integer ? 20 : 1));
    case "positive":
      return fit(integer ? 1 + random.next() * 20 : 0.05 + random.next() * 3);
    case "unit":
      return fit(-0.97 + 1.94 * random.next());
    case "nonzero": {
      const x = (0.2 + 2 * random.next()) * (signed && random.chance(0.5) ? -1 : 1);
      return integer ? Math.sign(x) * Math.ceil(Math.abs(x) * 4) : x;
    }
    case "above1":
      return fit(1.05 + 3 * random.next());
    case "smallInt":
      return random.below(9) - (signed ? 4 : 0);
    case "shift":
      return random.below(info.bits + 3);
    case "bool":
      return random.below(2);
    case "any":
      if (!integer) return random.normal() * 10 ** (6 * random.next() - 3);
      return info.min + random.below(info.max - info.min + 1);
    case "spd":
      throw new Error("matrices are not drawn element by element");
    default:
      return domain satisfies never;
  }
}

/** `batchAxis`: the axis that was added to the type of an operand, which is then not an axis of its matrices. */
export function randomTensor(
  random: Random,
  type: TensorType,
  domain: TestDomain = defaultDomain(type.dtype),
  batchAxis: number | null = null,
): RefTensor {
  if (domain === "spd") return randomMatrices(random, type, batchAxis);
  const one = (): number => roundTo(draw(domain, type.dtype, random), type.dtype);
  return { type, data: Float64Array.from({ length: type.size }, one) };
}

/** M·Mᵀ/n + 1 of random M. */
function randomMatrices(random: Random, type: TensorType, batchAxis: number | null): RefTensor {
  const moved = type.shape.filter((_, i) => i !== batchAxis);
  if (batchAxis !== null) moved.unshift(type.shape[batchAxis]);
  const n = moved[moved.length - 1];
  const data = new Float64Array(type.size);
  for (let start = 0; start < data.length; start += n * n) {
    const m = Array.from({ length: n * n }, () => random.normal());
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = i === j ? n : 0;
        for (let p = 0; p < n; p++) sum += m[i * n + p] * m[j * n + p];
        data[start + i * n + j] = data[start + j * n + i] = roundTo(sum / n, type.dtype);
      }
    }
  }
  if (batchAxis === null) return { type, data };
  const read = reader({ type: tensorType(type.dtype, moved), data });
  return tabulate(type, (index) =>
    read([index[batchAxis], ...index.slice(0, batchAxis), ...index.slice(batchAxis + 1)]),
  );
}

/** Floats in (-1, 1), integers 0 … 2: what control flow and its indices can take. */
export function randomInputs(graph: Graph, random: Random): RefTensor[] {
  return graph.inputs.map(({ type }) =>
    randomTensor(random, type, isFloating(type.dtype) ? [-1, 1] : [0, 2]),
  );
}

/** The `at`-th slice along an axis. */
export function sliceOf(x: RefTensor, axis: number, at: number): RefTensor {
  const shape = x.type.shape.filter((_, i) => i !== axis);
  const read = reader(x);
  return tabulate(tensorType(x.type.dtype, shape), (index) =>
    read([...index.slice(0, axis), at, ...index.slice(axis)]),
  );
}

/** The tensor's type with an axis more. */
export function stackedType({ dtype, shape }: TensorType, axis: number, size: number): TensorType {
  return tensorType(dtype, [...shape.slice(0, axis), size, ...shape.slice(axis)]);
}
