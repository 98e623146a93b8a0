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
    default:
      return domain satisfies never;
  }
}

export function randomTensor(
  random: Random,
  type: TensorType,
  domain: TestDomain = defaultDomain(type.dtype),
): RefTensor {
  const one = (): number => roundTo(draw(domain, type.dtype, random), type.dtype);
  return { type, data: Float64Array.from({ length: type.size }, one) };
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
