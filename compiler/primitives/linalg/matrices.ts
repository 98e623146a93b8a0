/** Shapes of the operands of matrix operations: matrices [..., m, n] or vectors [..., k] with any leading batch axes. */
import type { Builder } from "../../graph/builder.ts";
import type { Params } from "../../graph/graph.ts";
import type { PrimitiveName } from "../../graph/names.ts";
import type { PrimitiveParams } from "../../graph/operations.ts";
import type { BatchRule } from "../../graph/primitive.ts";
import { WeftTypeError } from "../../types/errors.ts";
import { type Shape, type TensorType, tensorType } from "../../types/tensor-type.ts";
import { batchFirst } from "../batching.ts";
import { checkArity, checkSameDtypes, formatShape } from "../typing.ts";

export interface MatrixShapes {
  readonly batch: Shape;
  /** The last axes of each operand, as many as its rank asks. */
  readonly dims: readonly Shape[];
}

/** Splits operands of the given ranks into batch axes, which must agree, and their own (jax's linalg_shape_rule). */
export function splitShapes(
  name: string,
  inputs: readonly TensorType[],
  ranks: readonly number[],
): MatrixShapes {
  checkArity(name, inputs, ranks.length);
  for (const [i, { shape }] of inputs.entries()) {
    if (shape.length < ranks[i]) {
      throw new WeftTypeError(
        `Input ${i} to ${name} must have rank at least ${ranks[i]}, but got shape=${formatShape(shape)}`,
      );
    }
  }
  const batches = inputs.map(({ shape }, i) => shape.slice(0, shape.length - ranks[i]));
  const [batch] = batches;
  if (batches.some((b) => b.length !== batch.length)) {
    throw new WeftTypeError(
      `All inputs to ${name} must have the same number of batch dimensions, but got ` +
        `[${batches.map((b) => b.length).join(", ")}] batch dimensions for the inputs.`,
    );
  }
  if (batches.some((b) => b.some((n, axis) => n !== batch[axis]))) {
    throw new WeftTypeError(
      `All inputs to ${name} must have the same batch dimensions, but got shapes ` +
        `${inputs.map((t) => formatShape(t.shape)).join(", ")}.`,
    );
  }
  return { batch, dims: inputs.map(({ shape }, i) => shape.slice(shape.length - ranks[i])) };
}

/** Factorisations are computed in float32 and float64, as LAPACK does; `inputs` is the floating operands. */
export function checkFloat(name: string, inputs: readonly TensorType[]): void {
  for (const { dtype } of inputs) {
    if (dtype === "float32" || dtype === "float64") continue;
    throw new WeftTypeError(
      `${name} does not accept dtype ${dtype}. Accepted dtypes are float32 and float64: convert with astype.`,
    );
  }
  checkSameDtypes(name, inputs);
}

/** [..., own] of the dtype of `like`. */
export function batched(like: TensorType, batch: Shape, own: Shape): TensorType {
  return tensorType(like.dtype, [...batch, ...own]);
}

/** Batches an operation with batch axes of its own: all operands get the axis in front (jax's expand_dims_batcher). */
export function leadingBatchRule<N extends PrimitiveName>(name: N): BatchRule<PrimitiveParams[N] & Params> {
  return (b: Builder, inputs, dims, params, { size }) => {
    const outputs = b.emit(
      name,
      inputs.map((x, i) => batchFirst(b, x, dims[i], size)),
      params,
    );
    return { outputs, dims: outputs.map(() => 0) };
  };
}

/** Matrices of a batch. */
export function matrixCount({ inputs: [{ shape }] }: { readonly inputs: readonly TensorType[] }): number {
  return product(shape.slice(0, -2));
}

export function product(shape: Shape): number {
  return shape.reduce((a, b) => a * b, 1);
}
