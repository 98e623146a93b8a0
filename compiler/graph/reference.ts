/** Tensors of the reference interpreter: every element a double, integers exact, bool 0 or 1. */
import type { TensorType } from "../types/tensor-type.ts";

/** A tensor of the interpreter, which says what operations mean. */
export interface RefTensor {
  readonly type: TensorType;
  /**
   * Row-major elements. Floats are kept in double precision whatever the dtype: the interpreter is an oracle of the
   * real-number meaning. Integers are always within their dtype's range.
   */
  readonly data: Float64Array;
}
