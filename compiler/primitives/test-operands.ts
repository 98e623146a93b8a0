/** Short forms of what test cases list. */
import type { TestDomain } from "../graph/primitive.ts";
import type { DType } from "../types/dtype.ts";
import type { Shape } from "../types/tensor-type.ts";

/** An operand of a test case: `f32[7]` is `of("float32", [7])`. */
export function of(dtype: DType, shape: Shape, domain?: TestDomain) {
  return domain === undefined ? { shape, dtype } : { shape, dtype, domain };
}
