/**
 * The scatter family: windows of updates are put into the operand, or combined with it, at indices given at run time
 * (lax.scatter, scatter_add, …). Index vectors are taken in row-major order, so that of several updates of one
 * element the last one stays; XLA leaves that order open, here it is the same everywhere.
 *
 * A window of which any part is out of bounds is dropped whole, as XLA does.
 */
import type { ScatterParams } from "../../graph/operations.ts";
import type { BatchRule, CustomLowering, JvpRule, Primitive, TestCase } from "../../graph/primitive.ts";
import { definePrimitive } from "../../graph/primitive.ts";
import type { RefTensor } from "../../graph/reference.ts";
import { wrapInteger } from "../../kernel/constants.ts";
import type { Expr } from "../../kernel/expr.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import { type DType, isFloating } from "../../types/dtype.ts";
import { rowMajorStrides } from "../../types/tensor-type.ts";
import { identityOf } from "../reduction/monoid.ts";
import { forEachIndex, reader } from "../reference-tensors.ts";
import { checkArity } from "../typing.ts";
import { batchScatter, type ScatterName } from "./batch.ts";
import { checkScatter, otherAxes, scatterWindowAxes, scatterWindowSizes } from "./dimensions.ts";
import { gpuScatter } from "./gpu-scatter.ts";
import { buildScatter, isCutByColumns, scatterScratch } from "./scatter-kernel.ts";

/** How a scatter combines an element with its update: in the reference and in scalar code. */
interface Combination {
  reference(element: number, update: number, dtype: DType): number;
  lower(s: ScalarOps, element: Expr, update: Expr): Expr;
  /** What leaves every element as it is. */
  identity(dtype: DType): number;
}

/** On bool, XLA's sum and maximum are `or`, its product and minimum are `and`. */
export const COMBINATIONS: { readonly [N in ScatterName]: Combination | null } = {
  scatter: null,
  scatter_add: {
    reference: (x, y, dtype) => (isFloating(dtype) ? x + y : wrapInteger(x + y, dtype)),
    lower: (s, x, y) => (x.dtype === "bool" ? s.or(x, y) : s.add(x, y)),
    // x + 0 would turn -0 into 0.
    identity: (dtype) => (isFloating(dtype) ? -0 : 0),
  },
  scatter_mul: {
    reference: (x, y, dtype) => (isFloating(dtype) ? x * y : wrapInteger(Math.imul(x, y), dtype)),
    lower: (s, x, y) => (x.dtype === "bool" ? s.and(x, y) : s.mul(x, y)),
    identity: () => 1,
  },
  scatter_min: {
    reference: (x, y) => Math.min(x, y),
    lower: (s, x, y) => (x.dtype === "bool" ? s.and(x, y) : s.min(x, y)),
    identity: (dtype) => identityOf("min", dtype),
  },
  scatter_max: {
    reference: (x, y) => Math.max(x, y),
    lower: (s, x, y) => (x.dtype === "bool" ? s.or(x, y) : s.max(x, y)),
    identity: (dtype) => identityOf("max", dtype),
  },
};

function evaluateScatter(
  [x, indices, updates]: readonly RefTensor[],
  p: ScatterParams,
  combination: Combination | null,
): RefTensor {
  const { shape, dtype } = x.type;
  const data = x.data.slice();
  const startAt = reader(indices);
  const updateAt = reader(updates);
  const strides = rowMajorStrides(shape);
  const sizes = scatterWindowSizes(shape, updates.type.shape, p);
  const windowAxes = scatterWindowAxes(shape.length, p);
  const scatterDims = otherAxes(updates.type.shape.length, p.updateWindowDims);
  forEachIndex(indices.type.shape.slice(0, -1), (vector) => {
    const start = shape.map(() => 0);
    for (const [k, axis] of p.scatterDimsToOperandDims.entries()) {
      const last = shape[axis] - sizes[axis];
      const value = startAt([...vector, k]);
      start[axis] = p.mode === "clip" ? Math.min(Math.max(value, 0), last) : value;
    }
    for (const [k, axis] of p.operandBatchingDims.entries()) {
      start[axis] = vector[p.scatterIndicesBatchingDims[k]];
    }
    if (start.some((n, axis) => n < 0 || n + sizes[axis] > shape[axis])) return;
    const updateIndex = updates.type.shape.map(() => 0);
    for (const [k, d] of scatterDims.entries()) updateIndex[d] = vector[k];
    forEachIndex(
      windowAxes.map((axis) => sizes[axis]),
      (window) => {
        const index = [...start];
        for (const [k, axis] of windowAxes.entries()) {
          index[axis] += window[k];
          updateIndex[p.updateWindowDims[k]] = window[k];
        }
        const to = index.reduce((sum, n, axis) => sum + n * strides[axis], 0);
        const update = updateAt(updateIndex);
        data[to] = combination === null ? update : combination.reference(data[to], update, dtype);
      },
    );
  });
  return { type: x.type, data };
}

function scatterLowering(combination: Combination | null): CustomLowering<ScatterParams> {
  const combine = combination === null ? null : combination.lower;
  return {
    kind: "custom",
    updates: [[0, 0]],
    scratch: (context) => scatterScratch(context, combine),
    build: (k, s, buffers, context) => buildScatter(k, s, buffers, context, combination),
    alone: (context) =>
      isCutByColumns(context)
        ? { build: (k, s, buffers, own) => buildScatter(k, s, buffers, own, combination, "alone") }
        : null,
    gpu: (context) => gpuScatter(context, combine),
  };
}

/** A member of the family: all rules but the derivatives are shared. */
export function scatterPrimitive(
  name: ScatterName,
  own: {
    readonly jvp: JvpRule<ScatterParams>;
    readonly transpose: Primitive<ScatterParams>["transpose"];
    readonly cases: readonly TestCase<ScatterParams>[];
  },
): Primitive<ScatterParams> {
  const combination = COMBINATIONS[name];
  const batch: BatchRule<ScatterParams> = (b, inputs, dims, params, { size }) =>
    batchScatter(name, b, inputs, dims, size, params);
  return definePrimitive<ScatterParams>({
    name,
    infer(inputs, params) {
      checkArity(name, inputs, 3);
      const [operand, indices, updates] = inputs;
      checkScatter(name, operand, indices, updates, params);
      return [operand];
    },
    evaluate: (inputs, params) => [evaluateScatter(inputs, params, combination)],
    jvp: own.jvp,
    transpose: own.transpose,
    batch,
    lower: scatterLowering(combination),
    cost: ({ inputs }) => ({ flops: combination === null ? 0 : inputs[2].size, transcendentals: 0 }),
    test: { order: 1, cases: own.cases },
  });
}
