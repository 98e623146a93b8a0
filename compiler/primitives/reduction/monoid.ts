/** The associative operations reductions fold with: their identity, accumulation dtype and reference meaning. */
import type { RefTensor } from "../../graph/reference.ts";
import { evaluateBinary, wrapInteger } from "../../kernel/constants.ts";
import type { CombineFn } from "../../kernel/kernel.ts";
import { computeDType, DTYPE_INFO, type DType, isFloating } from "../../types/dtype.ts";

/** The operations that `reduce_*` and `reduce_window_*` are named after. */
export type MonoidFn = Exclude<CombineFn, "xor">;

/** The neutral element of `fn` on values of `dtype`: what a reduction over nothing gives, as in XLA. */
export function identityOf(fn: MonoidFn, dtype: DType): number {
  const { kind, min, max } = DTYPE_INFO[dtype];
  switch (fn) {
    case "add":
    case "or":
      return 0;
    case "mul":
      return 1;
    case "max":
      return kind === "float" ? -Infinity : min;
    case "min":
      return kind === "float" ? Infinity : max;
    case "and":
      return wrapInteger(-1, dtype);
    default:
      return fn satisfies never;
  }
}

/**
 * The dtype a kernel accumulates values of `dtype` in: the compute dtype, and int32 for bool and the narrow
 * integers. Arithmetic modulo 2^32 agrees modulo 2^8 and 2^16, so wrapping once at the end gives the same value
 * as wrapping at every step.
 */
export function accumulationDType(dtype: DType): DType {
  const { kind, bytes } = DTYPE_INFO[dtype];
  return kind !== "float" && bytes < 4 ? "int32" : computeDType(dtype);
}

/** One step of the reference fold: doubles for floats, wrapping at each step for integers. */
export function foldReference(fn: CombineFn, dtype: DType): (acc: number, x: number) => number {
  const meaning = isFloating(dtype) ? "float64" : dtype;
  return (acc, x) => evaluateBinary(fn, acc, x, meaning);
}

/** A tensor of `size` elements all `value`, to fold into. */
export function filledWith(type: RefTensor["type"], value: number): RefTensor {
  return { type, data: new Float64Array(type.size).fill(value) };
}
