/** Batch rules of gather and scatter, which dynamic_slice and dynamic_update_slice use with batched starts. */
import type { Builder } from "../../graph/builder.ts";
import type { Operand } from "../../graph/graph.ts";
import type { GatherParams, ScatterParams } from "../../graph/operations.ts";
import type { BatchResult } from "../../graph/primitive.ts";
import { batchFirst } from "../batching.ts";

export type ScatterName = "scatter" | "scatter_add" | "scatter_mul" | "scatter_min" | "scatter_max";

function shifted(dims: readonly number[]): number[] {
  return dims.map((d) => d + 1);
}

/**
 * gather with a batched operand: the batch axis is one more whole offset axis. With batched indices: one more axis
 * of index vectors. With both: a batching axis of both (jax/_src/lax/slicing.py, _gather_batching_rule).
 */
export function batchGather(
  b: Builder,
  [x, indices]: readonly Operand[],
  [dim, indicesDim]: readonly (number | null)[],
  p: GatherParams,
): BatchResult {
  const operand = dim === null ? x : b.moveAxis(x, dim, 0);
  const starts = indicesDim === null ? indices : b.moveAxis(indices, indicesDim, 0);
  const size = operand.type.shape[0];
  const operandShift =
    dim === null
      ? {}
      : {
          collapsedSliceDims: shifted(p.collapsedSliceDims),
          startIndexMap: shifted(p.startIndexMap),
          operandBatchingDims: shifted(p.operandBatchingDims),
        };
  const base: GatherParams = { ...p, ...operandShift, offsetDims: shifted(p.offsetDims) };
  let params: GatherParams;
  if (indicesDim === null) {
    params = { ...base, offsetDims: [0, ...base.offsetDims], sliceSizes: [size, ...p.sliceSizes] };
  } else if (dim === null) {
    params = { ...base, startIndicesBatchingDims: shifted(p.startIndicesBatchingDims) };
  } else {
    params = {
      ...base,
      operandBatchingDims: [0, ...base.operandBatchingDims],
      startIndicesBatchingDims: [0, ...shifted(p.startIndicesBatchingDims)],
      sliceSizes: [Math.min(size, 1), ...p.sliceSizes],
    };
  }
  return { outputs: [b.one("gather", [operand, starts], params)], dims: [0] };
}

/** scatter: operand and updates are batched both; the indices either are (a batching axis) or not (a window axis). */
export function batchScatter(
  name: ScatterName,
  b: Builder,
  [x, indices, updates]: readonly Operand[],
  [dim, indicesDim, updatesDim]: readonly (number | null)[],
  size: number,
  p: ScatterParams,
): BatchResult {
  const operand = batchFirst(b, x, dim, size);
  const values = batchFirst(b, updates, updatesDim, size);
  const base: ScatterParams = {
    ...p,
    updateWindowDims: shifted(p.updateWindowDims),
    insertedWindowDims: shifted(p.insertedWindowDims),
    scatterDimsToOperandDims: shifted(p.scatterDimsToOperandDims),
    operandBatchingDims: shifted(p.operandBatchingDims),
  };
  if (indicesDim === null) {
    const params = { ...base, updateWindowDims: [0, ...base.updateWindowDims] };
    return { outputs: [b.one(name, [operand, indices, values], params)], dims: [0] };
  }
  const params = {
    ...base,
    operandBatchingDims: [0, ...base.operandBatchingDims],
    scatterIndicesBatchingDims: [0, ...shifted(p.scatterIndicesBatchingDims)],
  };
  const starts = b.moveAxis(indices, indicesDim, 0);
  return { outputs: [b.one(name, [operand, starts, values], params)], dims: [0] };
}
