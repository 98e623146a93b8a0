/** Operands that an operation refuses. */
import assert from "node:assert/strict";
import type { PrimitiveName } from "../../compiler/graph/names.ts";
import type { PrimitiveParams } from "../../compiler/graph/operations.ts";
import { primitives } from "../../compiler/primitives/table.ts";
import type { WeftTypeError, WeftValueError } from "../../compiler/types/errors.ts";
import type { TensorType } from "../../compiler/types/tensor-type.ts";

export function rejects<N extends PrimitiveName>(
  name: N,
  types: readonly TensorType[],
  params: PrimitiveParams[N],
  error: typeof WeftTypeError | typeof WeftValueError,
  message: RegExp,
): void {
  assert.throws(
    () => primitives[name].infer(types, params),
    (e) => e instanceof error && message.test(e.message),
    `${name} accepts ${JSON.stringify(params)}`,
  );
}
