/** Checks and shapes of gather and scatter dimension numbers, in JAX's wording (jax/_src/lax/slicing.py). */
import type { GatherParams, ScatterParams } from "../../graph/operations.ts";
import { isInteger } from "../../types/dtype.ts";
import { WeftTypeError, WeftValueError } from "../../types/errors.ts";
import { type Shape, sameShape, sizeOf, type TensorType } from "../../types/tensor-type.ts";
import { checkSameDtypes, formatShape } from "../typing.ts";

type OpName = "gather" | "scatter";

function fail(message: string): never {
  throw new WeftTypeError(message);
}

function title(op: OpName): string {
  return op === "gather" ? "Gather" : "Scatter";
}

function checkSorted(dims: readonly number[], op: OpName, name: string): void {
  if (dims.some((d, i) => i > 0 && d < dims[i - 1])) {
    fail(`${name} in ${op} op must be sorted; got ${formatShape(dims)}`);
  }
}

function checkUnique(dims: readonly number[], op: OpName, name: string): void {
  if (new Set(dims).size !== dims.length) {
    fail(`${name} in ${op} op must not repeat; got: ${formatShape(dims)}.`);
  }
}

function checkInRange(dims: readonly number[], rank: number, op: OpName, name: string): void {
  for (const d of dims) {
    if (!Number.isInteger(d) || d < 0 || d >= rank) {
      fail(`Invalid ${name} set in ${op} op; valid range is [0, ${rank}); got: ${d}.`);
    }
  }
}

function checkDisjoint(
  [name1, dims1]: readonly [string, readonly number[]],
  [name2, dims2]: readonly [string, readonly number[]],
  op: OpName,
): void {
  if (dims1.some((d) => dims2.includes(d))) {
    fail(
      `${name1} and ${name2} in ${op} op must be disjoint; got: ${formatShape(dims1)} and ${formatShape(dims2)}.`,
    );
  }
}

function checkDims(dims: readonly number[], rank: number, op: OpName, name: string): void {
  checkSorted(dims, op, name);
  checkInRange(dims, rank, op, name);
  checkUnique(dims, op, name);
}

/** What gather and scatter ask alike of the map from index vectors to operand axes, and of batching axes. */
function checkIndexing(
  op: OpName,
  operand: TensorType,
  indices: TensorType,
  names: { map: string; collapsed: string; indicesBatching: string },
  dims: {
    map: readonly number[];
    collapsed: readonly number[];
    operandBatching: readonly number[];
    indicesBatching: readonly number[];
  },
): void {
  const vectorAxis = indices.shape.length - 1;
  const rank = operand.shape.length;
  if (dims.map.length !== indices.shape[vectorAxis]) {
    fail(
      `${title(op)} op has ${dims.map.length} elements in ${names.map} and the bound of dimension ` +
        `index_vector_dim=${vectorAxis} of indices is ${indices.shape[vectorAxis]}. These two numbers must be equal.`,
    );
  }
  for (const [i, d] of dims.map.entries()) {
    if (!Number.isInteger(d) || d < 0 || d >= rank) {
      fail(`Invalid ${names.map}; domain is [0, ${rank}), got: ${i}->${d}.`);
    }
  }
  checkUnique(dims.map, op, names.map);
  checkDims(dims.collapsed, rank, op, names.collapsed);
  checkDims(dims.operandBatching, rank, op, "operand_batching_dims");
  const batching = ["operand_batching_dims", dims.operandBatching] as const;
  checkDisjoint([names.collapsed, dims.collapsed], batching, op);
  checkDisjoint([names.map, dims.map], batching, op);
  checkUnique(dims.indicesBatching, op, names.indicesBatching);
  checkInRange(dims.indicesBatching, indices.shape.length, op, names.indicesBatching);
  if (dims.indicesBatching.includes(vectorAxis)) {
    fail(
      `${title(op)} op cannot have the index vector dimension as a batching dimension; ` +
        `got ${formatShape(dims.indicesBatching)}.`,
    );
  }
  if (dims.operandBatching.length !== dims.indicesBatching.length) {
    fail(
      `${title(op)} op requires equal numbers of operand_batching_dims and ${names.indicesBatching}, ` +
        `got ${formatShape(dims.operandBatching)} and ${formatShape(dims.indicesBatching)}.`,
    );
  }
  const operandBatch = dims.operandBatching.map((d) => operand.shape[d]);
  const indicesBatch = dims.indicesBatching.map((d) => indices.shape[d]);
  if (!sameShape(operandBatch, indicesBatch)) {
    fail(
      `${title(op)} op requires operand batching dimensions and indices batching dimensions to have the same shape, ` +
        `got ${formatShape(operandBatch)} and ${formatShape(indicesBatch)}.`,
    );
  }
}

function checkIndices(op: OpName, indices: TensorType): void {
  if (!isInteger(indices.dtype)) throw new WeftValueError("indices must have an integer type");
  if (indices.shape.length === 0) {
    fail(
      `${title(op)} index leaf dimension must be within [0, rank(indices) + 1). ` +
        `rank(indices) is 0 and ${op} index leaf dimension is -1.`,
    );
  }
}

/** Checks the operands of a gather and gives the shape of its result. */
export function gatherShape(operand: TensorType, indices: TensorType, p: GatherParams): number[] {
  const { offsetDims, collapsedSliceDims, operandBatchingDims, sliceSizes } = p;
  checkIndices("gather", indices);
  checkSorted(offsetDims, "gather", "offset_dims");
  checkUnique(offsetDims, "gather", "offset_dims");
  const outRank = offsetDims.length + indices.shape.length - 1;
  for (const [i, d] of offsetDims.entries()) {
    if (!Number.isInteger(d) || d < 0 || d >= outRank) {
      fail(
        `Offset dimension ${i} in gather op is out of bounds; got ${d}, but should have been in [0, ${outRank})`,
      );
    }
  }
  checkIndexing(
    "gather",
    operand,
    indices,
    {
      map: "start_index_map",
      collapsed: "collapsed_slice_dims",
      indicesBatching: "start_indices_batching_dims",
    },
    {
      map: p.startIndexMap,
      collapsed: collapsedSliceDims,
      operandBatching: operandBatchingDims,
      indicesBatching: p.startIndicesBatchingDims,
    },
  );
  const rank = operand.shape.length;
  if (sliceSizes.length !== rank) {
    fail(
      "Gather op must have one slice size for every input dimension; " +
        `got: len(slice_sizes)=${sliceSizes.length}, input_shape.rank=${rank}`,
    );
  }
  if (rank !== offsetDims.length + collapsedSliceDims.length + operandBatchingDims.length) {
    fail(
      "All components of the offset index in a gather op must either be a offset dimension or explicitly " +
        `collapsed/batching; got len(slice_sizes)=${rank}, output_slice_sizes=${formatShape(offsetDims)}, ` +
        `collapsed_slice_dims=${formatShape(collapsedSliceDims)}, ` +
        `operand_batching_dims=${formatShape(operandBatchingDims)}.`,
    );
  }
  for (const [i, size] of sliceSizes.entries()) {
    const fits = Number.isInteger(size) && size >= 0 && size <= operand.shape[i];
    if (sizeOf(indices.shape) !== 0 && !fits) {
      fail(
        `Slice size at index ${i} in gather op is out of range, must be within [0, ${operand.shape[i]} + 1), got ${size}.`,
      );
    }
  }
  for (const [i, d] of collapsedSliceDims.entries()) {
    if (sliceSizes[d] !== 1) {
      fail(
        `Gather op can only collapse slice dims with bound 1, but bound is ${sliceSizes[d]} for index ${d} at position ${i}.`,
      );
    }
  }
  for (const [i, d] of operandBatchingDims.entries()) {
    if (sliceSizes[d] > 1) {
      fail(
        `Gather op can only have operand batching dims with bound 0/1, but bound is ${sliceSizes[d]} ` +
          `for index ${d} at position ${i}.`,
      );
    }
  }
  const offsets = gatherOffsetAxes(p).map((d) => sliceSizes[d]);
  const batch = [...indices.shape.slice(0, -1)];
  return Array.from({ length: outRank }, (_, axis) =>
    offsetDims.includes(axis) ? (offsets.shift() ?? 0) : (batch.shift() ?? 0),
  );
}

/** Operand axes that stay in the result: those neither collapsed nor batching, in order; they match `offsetDims`. */
export function gatherOffsetAxes(p: GatherParams): number[] {
  return p.sliceSizes
    .map((_, axis) => axis)
    .filter((axis) => !p.collapsedSliceDims.includes(axis) && !p.operandBatchingDims.includes(axis));
}

/** Axes of a rank that are not in `dims`, in order. */
export function otherAxes(rank: number, dims: readonly number[]): number[] {
  return Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !dims.includes(axis));
}

/** Operand axes that the windows of a scatter's updates cover, in the order of `updateWindowDims`. */
export function scatterWindowAxes(rank: number, p: ScatterParams): number[] {
  return otherAxes(rank, [...p.insertedWindowDims, ...p.operandBatchingDims]);
}

/** Checks the operands of a scatter. */
export function checkScatter(
  name: string,
  operand: TensorType,
  indices: TensorType,
  updates: TensorType,
  p: ScatterParams,
): void {
  checkIndices("scatter", indices);
  checkSameDtypes(name, [operand, updates]);
  const { updateWindowDims, insertedWindowDims, operandBatchingDims } = p;
  const rank = operand.shape.length;
  const updatesRank = indices.shape.length - 1 + updateWindowDims.length;
  if (updates.shape.length !== updatesRank) {
    fail(`Updates tensor must be of rank ${updatesRank}; got ${updates.shape.length}.`);
  }
  checkDims(updateWindowDims, updatesRank, "scatter", "update_window_dims");
  const window = updateWindowDims.length + insertedWindowDims.length + operandBatchingDims.length;
  checkIndexing(
    "scatter",
    operand,
    indices,
    {
      map: "scatter_dims_to_operand_dims",
      collapsed: "inserted_window_dims",
      indicesBatching: "scatter_indices_batching_dims",
    },
    {
      map: p.scatterDimsToOperandDims,
      collapsed: insertedWindowDims,
      operandBatching: operandBatchingDims,
      indicesBatching: p.scatterIndicesBatchingDims,
    },
  );
  if (rank !== window) {
    fail(`Scatter op has window of size ${window}; doesn't match operand of rank ${rank}.`);
  }
  for (const [i, axis] of scatterWindowAxes(rank, p).entries()) {
    const d = updateWindowDims[i];
    if (operand.shape[axis] < updates.shape[d]) {
      fail(
        "Bounds of the window dimensions of updates must not exceed the bounds of the corresponding dimensions of " +
          `operand. For dimension ${d}, updates bound is ${updates.shape[d]}, operand bound is ${operand.shape[axis]}.`,
      );
    }
  }
  for (const [i, d] of otherAxes(updatesRank, updateWindowDims).entries()) {
    if (updates.shape[d] !== indices.shape[i]) {
      fail(
        "Bounds of the scatter dimensions of updates must be the same as the bounds of the corresponding dimensions " +
          `of scatter indices. For scatter dimension ${d}, updates bound is ${updates.shape[d]}, ` +
          `indices bound is ${indices.shape[i]}.`,
      );
    }
  }
}

/** Extent of a scatter's window along each operand axis: 1 along inserted and batching axes. */
export function scatterWindowSizes(operand: Shape, updates: Shape, p: ScatterParams): number[] {
  const sizes = operand.map(() => 1);
  for (const [i, axis] of scatterWindowAxes(operand.length, p).entries()) {
    sizes[axis] = updates[p.updateWindowDims[i]];
  }
  return sizes;
}

/** The gather that reads what a scatter writes: one element for each of its updates. */
export function gatherOfScatter(operand: Shape, updates: Shape, p: ScatterParams): GatherParams {
  return {
    offsetDims: p.updateWindowDims,
    collapsedSliceDims: p.insertedWindowDims,
    startIndexMap: p.scatterDimsToOperandDims,
    operandBatchingDims: p.operandBatchingDims,
    startIndicesBatchingDims: p.scatterIndicesBatchingDims,
    sliceSizes: scatterWindowSizes(operand, updates, p),
    mode: p.mode,
    fillValue: 0,
  };
}

/** The scatter that writes where a gather reads. */
export function scatterOfGather(p: GatherParams): ScatterParams {
  return {
    updateWindowDims: p.offsetDims,
    insertedWindowDims: p.collapsedSliceDims,
    scatterDimsToOperandDims: p.startIndexMap,
    operandBatchingDims: p.operandBatchingDims,
    scatterIndicesBatchingDims: p.startIndicesBatchingDims,
    indicesAreSorted: false,
    uniqueIndices: false,
    mode: p.mode,
  };
}
