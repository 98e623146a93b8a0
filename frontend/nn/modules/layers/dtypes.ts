/** The dtype a layer computes in (`flax/linen/dtypes.py`). */
import { type DType, isFloating } from "../../../../compiler/types/dtype.ts";
import { convert, type NdArray, promoteTypes, resultType, WeftValueError } from "../../../core/index.ts";

/**
 * What the layers' parameters are made of and what they compute in; each layer has these options.
 */
export interface DTypeOptions {
  /** What to compute in. Default: what the inputs and parameters promote to. */
  readonly dtype?: DType | null;
  /** What parameters are stored in. Default float32. */
  readonly paramDtype?: DType;
}

/** The dtype of a layer's computation. Throws WeftValueError where it is no floating dtype. */
export function canonicalizeDtype(arrays: readonly (NdArray | null)[], dtype: DType | null): DType {
  let chosen: DType;
  if (dtype !== null) chosen = dtype;
  else {
    const given = arrays.filter((x) => x !== null);
    chosen = resultType(...given).dtype;
    if (!isFloating(chosen)) chosen = promoteTypes("float32", chosen);
  }
  if (!isFloating(chosen)) throw new WeftValueError(`Dtype must be inexact: ${chosen}`);
  return chosen;
}

/** Arrays in the layer's dtype; null stays null. */
export function promoteDtype<T extends readonly (NdArray | null)[]>(arrays: T, dtype: DType | null): T {
  const chosen = canonicalizeDtype(arrays, dtype);
  return arrays.map((x) => (x === null ? null : convert(x, chosen))) as unknown as T;
}
