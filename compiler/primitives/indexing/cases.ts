/** Test cases of gather and scatter: each kind of dimension numbers, in and out of bounds, each mode. */
import type { GatherParams, ScatterParams } from "../../graph/operations.ts";
import type { TestCase, TestDomain } from "../../graph/primitive.ts";
import type { DType } from "../../types/dtype.ts";

type Config = {
  readonly operand: readonly number[];
  readonly indices: readonly number[];
  readonly domain: TestDomain;
  readonly dtype?: DType;
  readonly indexDtype?: DType;
};

function gatherCase(config: Config, params: Partial<GatherParams>): TestCase<GatherParams> {
  const dtype = config.dtype ?? "float32";
  return {
    inputs: [
      { shape: config.operand, dtype, domain: dtype === "bool" ? "bool" : "normal" },
      { shape: config.indices, dtype: config.indexDtype ?? "int32", domain: config.domain },
    ],
    params: {
      offsetDims: [],
      collapsedSliceDims: [],
      startIndexMap: [0],
      operandBatchingDims: [],
      startIndicesBatchingDims: [],
      sliceSizes: [],
      mode: "fill",
      fillValue: null,
      ...params,
    },
  };
}

const TAKE = { collapsedSliceDims: [0], sliceSizes: [1] } as const;
const ROWS = { offsetDims: [1], collapsedSliceDims: [0] } as const;

export const GATHER_CASES: readonly TestCase<GatherParams>[] = [
  // x[i]
  gatherCase({ operand: [7], indices: [5, 1], domain: [0, 6] }, { ...TAKE, mode: "promiseInBounds" }),
  gatherCase({ operand: [7], indices: [5, 1], domain: [-3, 9] }, { ...TAKE, mode: "clip" }),
  gatherCase({ operand: [7], indices: [9, 1], domain: [-3, 9] }, { ...TAKE, fillValue: 0 }),
  gatherCase({ operand: [7], indices: [1], domain: [0, 6] }, TAKE),
  gatherCase({ operand: [5], indices: [2, 3, 1], domain: [0, 4], dtype: "float64" }, TAKE),
  gatherCase({ operand: [5], indices: [0, 1], domain: [0, 4] }, TAKE),
  // Rows of a matrix, and its columns.
  gatherCase({ operand: [4, 3], indices: [5, 1], domain: [0, 3] }, { ...ROWS, sliceSizes: [1, 3] }),
  gatherCase(
    { operand: [4, 3], indices: [2, 1], domain: [-2, 5], dtype: "float64" },
    { offsetDims: [0], collapsedSliceDims: [1], startIndexMap: [1], sliceSizes: [4, 1], fillValue: 7 },
  ),
  // Windows at a point, the index vector in swapped order.
  gatherCase(
    { operand: [5, 6], indices: [3, 2], domain: [-1, 5] },
    { offsetDims: [1, 2], startIndexMap: [1, 0], sliceSizes: [2, 3], mode: "clip" },
  ),
  gatherCase(
    { operand: [5, 6], indices: [3, 2], domain: [0, 4] },
    { offsetDims: [0, 2], startIndexMap: [0, 1], sliceSizes: [3, 2], fillValue: 0 },
  ),
  gatherCase(
    { operand: [5, 6], indices: [2], domain: [0, 4] },
    { collapsedSliceDims: [0, 1], startIndexMap: [0, 1], sliceSizes: [1, 1], mode: "clip" },
  ),
  // Batching axes: takeAlongAxis.
  gatherCase(
    { operand: [3, 5], indices: [3, 4, 1], domain: [0, 4] },
    {
      collapsedSliceDims: [1],
      startIndexMap: [1],
      operandBatchingDims: [0],
      startIndicesBatchingDims: [0],
      sliceSizes: [1, 1],
      mode: "clip",
    },
  ),
  gatherCase(
    { operand: [2, 5, 3], indices: [4, 3, 2, 1], domain: [-1, 5], dtype: "float64" },
    {
      collapsedSliceDims: [1],
      startIndexMap: [1],
      operandBatchingDims: [0, 2],
      startIndicesBatchingDims: [2, 1],
      sliceSizes: [1, 1, 1],
      fillValue: 0,
    },
  ),
  // Nothing to index, and no elements.
  gatherCase(
    { operand: [2, 3], indices: [4, 0], domain: [0, 1] },
    { offsetDims: [1, 2], startIndexMap: [], sliceSizes: [2, 3] },
  ),
  gatherCase({ operand: [0, 3], indices: [0, 1], domain: [0, 1] }, { ...ROWS, sliceSizes: [1, 3] }),
  // Dtypes, of the operand and of the indices.
  gatherCase({ operand: [7], indices: [5, 1], domain: [-9, 9], dtype: "int32" }, TAKE),
  gatherCase({ operand: [7], indices: [5, 1], domain: [-9, 9], dtype: "uint8" }, TAKE),
  gatherCase({ operand: [7], indices: [5, 1], domain: [-9, 9], dtype: "bool" }, TAKE),
  gatherCase(
    { operand: [7], indices: [5, 1], domain: [0, 200], indexDtype: "uint8" },
    { ...TAKE, mode: "clip" },
  ),
  gatherCase(
    { operand: [7], indices: [5, 1], domain: "any", indexDtype: "uint32" },
    { ...TAKE, mode: "clip" },
  ),
  gatherCase(
    { operand: [7], indices: [5, 1], domain: [-8, 8], indexDtype: "int8" },
    { ...TAKE, fillValue: 1 },
  ),
];

function scatterCase(
  config: Config & { readonly updates: readonly number[] },
  params: Partial<ScatterParams>,
): TestCase<ScatterParams> {
  const dtype = config.dtype ?? "float32";
  const domain = dtype === "bool" ? "bool" : "normal";
  return {
    inputs: [
      { shape: config.operand, dtype, domain },
      { shape: config.indices, dtype: config.indexDtype ?? "int32", domain: config.domain },
      { shape: config.updates, dtype, domain },
    ],
    params: {
      updateWindowDims: [],
      insertedWindowDims: [],
      scatterDimsToOperandDims: [0],
      operandBatchingDims: [],
      scatterIndicesBatchingDims: [],
      indicesAreSorted: false,
      uniqueIndices: false,
      mode: "fill",
      ...params,
    },
  };
}

const PUT = { insertedWindowDims: [0] } as const;

/** Cases in which no element is written twice, so that `uniqueIndices` holds whatever the indices are. */
export const UNIQUE_SCATTER_CASES: readonly TestCase<ScatterParams>[] = [
  scatterCase(
    { operand: [7], indices: [1, 1], updates: [1], domain: [0, 6] },
    { ...PUT, uniqueIndices: true },
  ),
  scatterCase(
    { operand: [7], indices: [1], updates: [], domain: [-3, 9] },
    { ...PUT, uniqueIndices: true, mode: "clip" },
  ),
  scatterCase(
    { operand: [4, 3], indices: [1, 1], updates: [1, 3], domain: [-1, 4], dtype: "float64" },
    { updateWindowDims: [1], insertedWindowDims: [0], uniqueIndices: true },
  ),
  scatterCase(
    { operand: [5, 6], indices: [2], updates: [2, 3], domain: [-1, 5] },
    {
      updateWindowDims: [0, 1],
      scatterDimsToOperandDims: [1, 0],
      uniqueIndices: true,
      indicesAreSorted: true,
      mode: "clip",
    },
  ),
  // One element of each row: a batching axis keeps the rows apart.
  scatterCase(
    { operand: [3, 5], indices: [3, 1], updates: [3], domain: [0, 4] },
    {
      insertedWindowDims: [1],
      scatterDimsToOperandDims: [1],
      operandBatchingDims: [0],
      scatterIndicesBatchingDims: [0],
      uniqueIndices: true,
    },
  ),
  scatterCase(
    { operand: [2, 4, 3], indices: [3, 2, 1], updates: [3, 2, 2], domain: [0, 2], dtype: "float64" },
    {
      updateWindowDims: [2],
      scatterDimsToOperandDims: [1],
      operandBatchingDims: [0, 2],
      scatterIndicesBatchingDims: [1, 0],
      uniqueIndices: true,
      mode: "promiseInBounds",
    },
  ),
];

/** Cases with repeated indices and overlapping windows. */
export const REPEATED_SCATTER_CASES: readonly TestCase<ScatterParams>[] = [
  scatterCase({ operand: [4], indices: [9, 1], updates: [9], domain: [0, 3] }, PUT),
  scatterCase({ operand: [4], indices: [9, 1], updates: [9], domain: [-2, 6] }, PUT),
  scatterCase(
    { operand: [4], indices: [6, 1], updates: [6], domain: [-2, 6], dtype: "float64" },
    { ...PUT, mode: "clip" },
  ),
  scatterCase(
    { operand: [4, 3], indices: [5, 1], updates: [5, 3], domain: [-1, 4] },
    { updateWindowDims: [1], insertedWindowDims: [0] },
  ),
  scatterCase(
    { operand: [4, 3], indices: [2, 3, 1], updates: [4, 2, 3], domain: [0, 2], dtype: "float64" },
    { updateWindowDims: [0], insertedWindowDims: [1], scatterDimsToOperandDims: [1] },
  ),
  scatterCase({ operand: [8], indices: [4, 1], updates: [4, 3], domain: [-1, 7] }, { updateWindowDims: [1] }),
  scatterCase(
    { operand: [5, 5], indices: [3, 2], updates: [2, 3, 2], domain: [0, 4] },
    { updateWindowDims: [0, 2], scatterDimsToOperandDims: [0, 1], mode: "clip" },
  ),
];

/** Cases of other dtypes, and without elements. */
export const OTHER_SCATTER_CASES: readonly TestCase<ScatterParams>[] = [
  scatterCase(
    { operand: [4], indices: [0, 1], updates: [0], domain: [0, 3] },
    { ...PUT, uniqueIndices: true },
  ),
  scatterCase(
    { operand: [0, 2], indices: [3, 1], updates: [3, 0, 2], domain: [0, 1] },
    { updateWindowDims: [1, 2], uniqueIndices: true },
  ),
  scatterCase({ operand: [4], indices: [9, 1], updates: [9], domain: [-1, 4], dtype: "int32" }, PUT),
  scatterCase({ operand: [4], indices: [9, 1], updates: [9], domain: [-1, 4], dtype: "uint8" }, PUT),
  scatterCase({ operand: [4], indices: [9, 1], updates: [9], domain: [-1, 4], dtype: "bool" }, PUT),
  scatterCase(
    { operand: [4], indices: [9, 1], updates: [9], domain: [0, 5], dtype: "int16", indexDtype: "uint8" },
    { ...PUT, mode: "clip" },
  ),
];
