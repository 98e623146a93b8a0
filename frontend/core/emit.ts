/** Emitting an equation whose operation is known only at run time. */
import type { Builder } from "../../compiler/graph/builder.ts";
import type { Operand, Params } from "../../compiler/graph/graph.ts";
import type { PrimitiveName } from "../../compiler/graph/names.ts";
import type { PrimitiveParams } from "../../compiler/graph/operations.ts";

/** `Builder.emit` for parameters that were checked when they were bound: `PrimitiveParams[N]` for the N of `op`. */
export function emitUntyped(
  builder: Builder,
  op: PrimitiveName,
  inputs: readonly Operand[],
  params: Params,
): readonly Operand[] {
  return builder.emit(op, inputs, params as PrimitiveParams[typeof op]);
}
