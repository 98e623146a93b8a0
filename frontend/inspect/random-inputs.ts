/** Random inputs of graphs: the same for the same seed, type and position. */
import type { RefTensor } from "../../compiler/graph/reference.ts";
import { roundTo } from "../../compiler/kernel/constants.ts";
import { isFloating } from "../../compiler/types/dtype.ts";
import type { TensorType } from "../../compiler/types/tensor-type.ts";

/** Integers stay below this: they may be indices. */
const INTEGERS = 3;

/** Floats in (-1, 1), integers 0 to 2, both booleans. */
export function randomInput(type: TensorType, seed: number, position: number): RefTensor {
  const next = mulberry32((seed + Math.imul(position + 1, 0x9e3779b1)) >>> 0);
  const one = (): number => {
    if (type.dtype === "bool") return next() < 0.5 ? 0 : 1;
    return isFloating(type.dtype) ? roundTo(2 * next() - 1, type.dtype) : Math.floor(INTEGERS * next());
  };
  return { type, data: Float64Array.from({ length: type.size }, one) };
}

/** Tommy Ettinger's generator of 32 bits of state; numbers in [0, 1). */
function mulberry32(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
