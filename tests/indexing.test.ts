/** gather, the scatter family, sort and random bits: special values, ties, derivatives at corners, and errors. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { GatherParams, ScatterParams } from "../compiler/graph/operations.ts";
import { interpretGraph } from "../compiler/interpret/reference.ts";
import { refTensor } from "../compiler/interpret/tensors.ts";
import { jvpGraph, transposeGraph } from "../compiler/transforms/index.ts";
import type { DType } from "../compiler/types/dtype.ts";
import { UnsupportedError, WeftTypeError, WeftValueError } from "../compiler/types/errors.ts";
import { type TensorType, tensorType } from "../compiler/types/tensor-type.ts";
import { assertClose } from "./helpers/compare.ts";
import { evaluate, execute, graphOf } from "./helpers/graphs.ts";
import { Random } from "./helpers/random.ts";
import { rejects } from "./helpers/rejects.ts";
import { randomTensor } from "./helpers/tensors.ts";

const f32 = (...shape: number[]) => tensorType("float32", shape);
const i32 = (...shape: number[]) => tensorType("int32", shape);

const TAKE: GatherParams = {
  offsetDims: [],
  collapsedSliceDims: [0],
  startIndexMap: [0],
  operandBatchingDims: [],
  startIndicesBatchingDims: [],
  sliceSizes: [1],
  mode: "fill",
  fillValue: null,
};
const PUT: ScatterParams = {
  updateWindowDims: [],
  insertedWindowDims: [0],
  scatterDimsToOperandDims: [0],
  operandBatchingDims: [],
  scatterIndicesBatchingDims: [],
  indicesAreSorted: false,
  uniqueIndices: false,
  mode: "fill",
};

describe("gather", () => {
  test("fills with NaN, the least signed and the greatest unsigned number, as JAX", () => {
    const filled = (dtype: DType) => {
      const x = refTensor(dtype, [2], [1, 1]);
      const out = execute("gather", [x, refTensor("int32", [2, 1], [1, 2])], TAKE);
      assertClose(out, evaluate("gather", [x, refTensor("int32", [2, 1], [1, 2])], TAKE), {}, "gather");
      return [...out[0].data];
    };
    assert.deepEqual(filled("float32"), [1, NaN]);
    assert.deepEqual(filled("int16"), [1, -32768]);
    assert.deepEqual(filled("uint32"), [1, 4294967295]);
    assert.deepEqual(filled("bool"), [1, 1]);
  });

  test("a broken promise reads the nearest element and no other memory", () => {
    const x = refTensor("float32", [3], [1, 2, 3]);
    const indices = refTensor("int32", [2, 1], [-1000, 1000]);
    const [y] = execute("gather", [x, indices], { ...TAKE, mode: "promiseInBounds" });
    assert.deepEqual([...y.data], [1, 3]);
  });

  test("uint32 indices beyond int32 are past the end, not negative", () => {
    const x = refTensor("float32", [3], [1, 2, 3]);
    const indices = refTensor("uint32", [2, 1], [4294967295, 2147483648]);
    const [y] = execute("gather", [x, indices], { ...TAKE, mode: "clip" });
    assert.deepEqual([...y.data], [3, 3]);
  });
});

describe("scatter", () => {
  test("the last of several updates of one element stays", () => {
    const x = refTensor("float32", [3], [0, 0, 0]);
    const indices = refTensor("int32", [4, 1], [1, 2, 1, 7]);
    const updates = refTensor("float32", [4], [1, 2, 3, 4]);
    const [y] = execute("scatter", [x, indices, updates], PUT);
    assert.deepEqual([...y.data], [0, 3, 2]);
  });

  test("only the winner of several updates has a tangent, and the primal keeps its bits", () => {
    const graph = graphOf("scatter", [f32(3), i32(2, 1), f32(2)], PUT);
    const { graph: jvp } = jvpGraph(graph, [true, false, true]);
    const [out, tangent] = interpretGraph(jvp, [
      refTensor("float32", [3], [5, -0, 6]),
      refTensor("int32", [2, 1], [1, 1]),
      refTensor("float32", [2], [9, -0]),
      refTensor("float32", [3], [10, 20, 30]),
      refTensor("float32", [2], [1, 2]),
    ]);
    assert.deepEqual([...out.data], [5, -0, 6]);
    assert.deepEqual([...tangent.data], [10, 2, 30]);
  });

  test("scatter_add of an operand's tangent alone is that tangent", () => {
    const graph = graphOf("scatter_add", [f32(3), i32(2, 1), f32(2)], PUT);
    const ops = jvpGraph(graph, [true, false, false]).graph.equations.map((e) => e.op);
    assert.deepEqual(ops, ["scatter_add"]);
  });

  test("what JAX cannot differentiate is refused, with the way round it", () => {
    const graph = graphOf("scatter_mul", [f32(3), i32(2, 1), f32(2)], PUT);
    assert.throws(() => jvpGraph(graph, [false, false, true]), UnsupportedError);
    assert.throws(() => jvpGraph(graph, [false, false, true]), /only implemented if `uniqueIndices=true`/);
    // By the operand it can.
    jvpGraph(graph, [true, false, false]);
    const set = graphOf("scatter", [f32(3), i32(2, 1), f32(2)], PUT);
    assert.throws(() => transposeGraph(set, [true, false, false]), UnsupportedError);
  });

  test("NaN and elements no update reaches keep their tangent under scatter_max", () => {
    const graph = graphOf("scatter_max", [f32(3), i32(1, 1), f32(1)], PUT);
    const [, tangent] = interpretGraph(jvpGraph(graph, [true, false, true]).graph, [
      refTensor("float32", [3], [NaN, 1, 2]),
      refTensor("int32", [1, 1], [2]),
      refTensor("float32", [1], [5]),
      refTensor("float32", [3], [1, 2, 3]),
      refTensor("float32", [1], [4]),
    ]);
    assert.deepEqual([...tangent.data], [1, 2, 4]);
  });
});

describe("sort", () => {
  const params = { dimension: 0, isStable: true, numKeys: 1 };

  test("long rows, lengths around the run and merge widths", () => {
    const random = new Random(3);
    for (const n of [2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 127, 128, 129, 1000, 2049]) {
      const keys = randomTensor(random, tensorType("float32", [n]));
      const order = refTensor(
        "int32",
        [n],
        Array.from({ length: n }, (_, i) => i),
      );
      const [sorted, positions] = execute("sort", [keys, order], params);
      assert.deepEqual(
        [...sorted.data],
        [...keys.data].sort((x, y) => x - y),
      );
      assert.deepEqual(
        [...positions.data].map((i) => keys.data[i]),
        [...sorted.data],
      );
    }
  });

  test("equal keys keep their order across merges", () => {
    const n = 500;
    const keys = randomTensor(new Random(4), i32(n), [0, 5]);
    const order = refTensor(
      "int32",
      [n],
      Array.from({ length: n }, (_, i) => i),
    );
    const [sorted, positions] = execute("sort", [keys, order], params);
    for (let i = 1; i < n; i++) {
      assert.ok(sorted.data[i - 1] <= sorted.data[i]);
      if (sorted.data[i - 1] === sorted.data[i]) assert.ok(positions.data[i - 1] < positions.data[i]);
    }
  });

  test("NaN last, -0 and 0 equal, infinities at the ends", () => {
    const keys = refTensor("float32", [7], [NaN, 0, -0, Infinity, -Infinity, NaN, 1]);
    const order = refTensor("int32", [7], [0, 1, 2, 3, 4, 5, 6]);
    const [sorted, positions] = execute("sort", [keys, order], params);
    assert.deepEqual([...sorted.data], [-Infinity, 0, -0, 1, Infinity, NaN, NaN]);
    assert.deepEqual([...positions.data], [4, 1, 2, 6, 3, 0, 5]);
  });
});

test("threefry2x32 gives Random123's known answers", () => {
  // kat_vectors of Random123: threefry2x32 20, counter and key.
  const counts = [
    [0, 0],
    [0xffffffff, 0xffffffff],
    [0x243f6a88, 0x85a308d3],
  ];
  const keys = [
    [0, 0],
    [0xffffffff, 0xffffffff],
    [0x13198a2e, 0x03707344],
  ];
  const words = [...[0, 1].map((w) => keys.map((k) => k[w])), ...[0, 1].map((w) => counts.map((c) => c[w]))];
  const inputs = words.map((column) => refTensor("uint32", [3], column));
  for (const run of [evaluate, execute]) {
    const [first, second] = run("threefry2x32", inputs, {});
    assert.deepEqual([...first.data], [0x6b200159, 0x1cb996fc, 0xc4923a9c]);
    assert.deepEqual([...second.data], [0x99ba4efe, 0xbb002be7, 0x483df7a0]);
  }
});

describe("errors in JAX's wording", () => {
  test("gather", () => {
    const gather = (params: Partial<GatherParams>, message: RegExp) =>
      rejects(
        "gather",
        [f32(4, 3), i32(2, 1)],
        { ...TAKE, sliceSizes: [1, 3], offsetDims: [1], ...params },
        WeftTypeError,
        message,
      );
    gather({ offsetDims: [1, 0] }, /offset_dims in gather op must be sorted/);
    gather({ offsetDims: [1, 1] }, /offset_dims in gather op must not repeat/);
    gather(
      { offsetDims: [2] },
      /Offset dimension 0 in gather op is out of bounds; got 2, but should have been in \[0, 2\)/,
    );
    gather(
      { startIndexMap: [0, 1] },
      /2 elements in start_index_map and the bound of dimension index_vector_dim=1 of indices is 1/,
    );
    gather({ startIndexMap: [2] }, /Invalid start_index_map; domain is \[0, 2\), got: 0->2/);
    gather(
      { collapsedSliceDims: [5] },
      /Invalid collapsed_slice_dims set in gather op; valid range is \[0, 2\); got: 5/,
    );
    gather({ collapsedSliceDims: [1] }, /can only collapse slice dims with bound 1, but bound is 3/);
    gather(
      { sliceSizes: [1, 4] },
      /Slice size at index 1 in gather op is out of range, must be within \[0, 3 \+ 1\), got 4/,
    );
    gather({ sliceSizes: [1] }, /must have one slice size for every input dimension/);
    gather({ offsetDims: [] }, /All components of the offset index/);
    gather({ operandBatchingDims: [0], startIndicesBatchingDims: [0] }, /must be disjoint/);
    gather({ operandBatchingDims: [1] }, /equal numbers of operand_batching_dims/);
    gather(
      { operandBatchingDims: [1], startIndicesBatchingDims: [0], sliceSizes: [1, 1], offsetDims: [] },
      /same shape, got \(3,\) and \(2,\)/,
    );
    rejects("gather", [f32(4), f32(2, 1)], TAKE, WeftValueError, /indices must have an integer type/);
    rejects("gather", [f32(4), i32()], TAKE, WeftTypeError, /index leaf dimension/);
  });

  test("scatter", () => {
    const scatter = (types: TensorType[], params: Partial<ScatterParams>, message: RegExp) =>
      rejects("scatter_add", types, { ...PUT, ...params }, WeftTypeError, message);
    scatter([f32(4), i32(2, 1), f32(2, 1)], {}, /Updates tensor must be of rank 1; got 2/);
    scatter([f32(4), i32(2, 1), i32(2)], {}, /scatter_add requires arguments to have the same dtypes/);
    scatter(
      [f32(4), i32(2, 1), f32(3)],
      {},
      /For scatter dimension 0, updates bound is 3, indices bound is 2/,
    );
    scatter([f32(4, 2), i32(2, 1), f32(2)], {}, /window of size 1; doesn't match operand of rank 2/);
    scatter(
      [f32(4, 2), i32(2, 1), f32(2, 3)],
      { updateWindowDims: [1] },
      /For dimension 1, updates bound is 3, operand bound is 2/,
    );
    scatter([f32(4), i32(2, 2), f32(2)], {}, /1 elements in scatter_dims_to_operand_dims/);
    scatter(
      [f32(4), i32(2, 1), f32(2)],
      { insertedWindowDims: [1] },
      /Invalid inserted_window_dims set in scatter op/,
    );
  });

  test("sort and threefry2x32", () => {
    const sort = { dimension: 0, isStable: true, numKeys: 1 };
    rejects(
      "sort",
      [f32(2), f32(3)],
      sort,
      WeftTypeError,
      /Arguments to sort must have equal shapes, got: \(2,\) \(3,\)/,
    );
    rejects("sort", [f32()], sort, WeftValueError, /dimension 0 is out of bounds for array of dimension 0/);
    rejects(
      "sort",
      [f32(2)],
      { ...sort, numKeys: 2 },
      WeftValueError,
      /num_keys=2 must be between 1 and the number of operands, 1/,
    );
    const u32 = tensorType("uint32", [2]);
    rejects("threefry2x32", [u32, u32, u32, i32(2)], {}, WeftTypeError, /must have uint32 type/);
  });
});
