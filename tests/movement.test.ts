/** Operations that move elements: their index expressions, the equations their rules emit, and their errors. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DenseTensor } from "../compiler/graph/graph.ts";
import type { PrimitiveName } from "../compiler/graph/names.ts";
import type { PrimitiveParams } from "../compiler/graph/operations.ts";
import type { Access } from "../compiler/graph/primitive.ts";
import { refTensor } from "../compiler/interpret/tensors.ts";
import { writeElement } from "../compiler/kernel/constants.ts";
import { type Expr, operandsOf } from "../compiler/kernel/expr.ts";
import { affineIn } from "../compiler/kernel/index-math.ts";
import { scalarOps as s } from "../compiler/kernel/scalar-ops.ts";
import { reshapeGroups } from "../compiler/primitives/movement/reshape.ts";
import { primitives } from "../compiler/primitives/table.ts";
import { batchGraph, jvpGraph, transposeGraph } from "../compiler/transforms/index.ts";
import { DTYPE_INFO, DTYPES, type DType } from "../compiler/types/dtype.ts";
import { InternalError, WeftTypeError, WeftValueError } from "../compiler/types/errors.ts";
import { type Shape, tensorType } from "../compiler/types/tensor-type.ts";
import { evaluate, graphOf, ops } from "./helpers/graphs.ts";
import { rejects } from "./helpers/rejects.ts";

const f32 = (...shape: number[]) => tensorType("float32", shape);
const i32 = (...shape: number[]) => tensorType("int32", shape);

describe("index expressions", () => {
  /** The indices at which the operands are read for one output element, by name. */
  function accesses<N extends PrimitiveName>(
    name: N,
    operands: readonly Shape[],
    params: PrimitiveParams[N],
  ): string[][] {
    const { lower, infer } = primitives[name];
    assert.equal(lower.kind, "map");
    if (lower.kind !== "map") return [];
    const types = operands.map((shape) => f32(...shape));
    const outputs = infer(types, params);
    const read: string[][] = [];
    const inputs = types.map((type, k): Access => {
      const buffer = { name: `x${k}`, dtype: type.dtype, size: type.size, access: "read" as const };
      const access = (index: readonly Expr[]): Expr => {
        read.push(index.map(format));
        return s.load(buffer, s.int(0));
      };
      return Object.assign(access, { type });
    });
    const i = outputs[0].shape.map((extent, axis) => s.axis({ name: "ijkl"[axis], extent, kind: "serial" }));
    lower.element(s, inputs, i, { params, inputs: types, outputs });
    return read;
  }

  /** `3i+j+1` where affine, otherwise the operation. */
  function format(e: Expr): string {
    const form = affineIn(e);
    if (form !== null && form.rest.terms.size === 0) {
      const terms = [...form.coefficients].map(([axis, k]) => (k === 1 ? axis.name : `${k}${axis.name}`));
      if (form.rest.constant !== 0 || terms.length === 0) terms.push(String(form.rest.constant));
      return terms.join("+");
    }
    const [x, y] = operandsOf(e).map(format);
    return e.op === "binary" ? `(${x} ${e.fn} ${y})` : e.op;
  }

  test("a reshape mixes only the axes it has to", () => {
    assert.deepEqual(accesses("reshape", [[2, 3, 5]], { newSizes: [2, 15] }), [
      ["i", "(j div 5)", "(j rem 5)"],
    ]);
    assert.deepEqual(accesses("reshape", [[6, 7]], { newSizes: [2, 3, 7] }), [["3i+j", "k"]]);
    assert.deepEqual(accesses("reshape", [[4, 5]], { newSizes: [4, 1, 5] }), [["i", "k"]]);
    assert.deepEqual(reshapeGroups([2, 3, 4, 5], [6, 4, 1, 5]), [
      { from: [0, 1], to: [0] },
      { from: [2], to: [1] },
      { from: [3], to: [3] },
    ]);
  });

  test("slice, rev, transpose and broadcast are affine", () => {
    const params = { startIndices: [1], limitIndices: [8], strides: [3] };
    assert.deepEqual(accesses("slice", [[9]], params), [["3i+1"]]);
    assert.deepEqual(accesses("rev", [[4, 5]], { dimensions: [0] }), [["-1i+3", "j"]]);
    assert.deepEqual(accesses("transpose", [[4, 5, 6]], { permutation: [2, 0, 1] }), [["j", "k", "i"]]);
    const broadcast = { shape: [4, 3, 5], broadcastDimensions: [1, 2] };
    assert.deepEqual(accesses("broadcast_in_dim", [[1, 5]], broadcast), [["0", "k"]]);
  });
});

describe("batching", () => {
  test("dynamic_slice stays one with unbatched starts, and is one gather with batched ones", () => {
    const graph = graphOf("dynamic_slice", [f32(5, 4), i32(), i32()], { sliceSizes: [2, 3] });
    assert.deepEqual(ops(batchGraph(graph, 3, [1, null, null]).graph), ["dynamic_slice"]);
    const batched = ops(batchGraph(graph, 3, [0, 0, null]).graph);
    assert.equal(batched.at(-1), "gather");
    assert.ok(!batched.includes("scan"));
  });

  test("dynamic_update_slice stays one with unbatched starts, and is one scatter with batched ones", () => {
    const graph = graphOf("dynamic_update_slice", [f32(5), f32(2), i32()], {});
    assert.equal(ops(batchGraph(graph, 3, [null, 0, null]).graph).at(-1), "dynamic_update_slice");
    assert.equal(ops(batchGraph(graph, 3, [null, null, 0]).graph).at(-1), "scatter");
  });
});

describe("derivatives", () => {
  test("no equation for a symbolic zero", () => {
    const graph = graphOf("pad", [f32(3), f32()], { paddingConfig: [[1, 1, 1]] });
    // Transposed by the operand alone: no sum for the padding value.
    const linear = jvpGraph(graph, [true, false]).graph;
    assert.deepEqual(ops(linear), ["pad", "pad"]);
    const transposed = transposeGraph(graphOf("pad", [f32(3), f32()], { paddingConfig: [[1, 1, 0]] }), [
      true,
      false,
    ]);
    assert.deepEqual(ops(transposed), ["pad"]);
  });

  test("the transpose of concatenate slices for linear operands only", () => {
    const graph = graphOf("concatenate", [f32(3), f32(2), f32(4)], { dimension: 0 });
    assert.deepEqual(ops(transposeGraph(graph, [true, false, true])), ["slice", "slice"]);
  });
});

describe("constant", () => {
  test("reads its data in every dtype", () => {
    for (const dtype of DTYPES) {
      const values = dtype === "bool" ? [0, 1, 1] : [DTYPE_INFO[dtype].min, 0, DTYPE_INFO[dtype].max];
      const width = DTYPE_INFO[dtype].bytes;
      const bytes = new Uint8Array(3 * width);
      for (const [i, v] of values.entries()) writeElement(new DataView(bytes.buffer), i * width, dtype, v);
      const [result] = evaluate("constant", [], { value: new DenseTensor(tensorType(dtype, [3]), bytes) });
      assert.deepEqual([...result.data], values);
    }
  });

  test("has no lowering of its own", () => {
    const { lower } = primitives.constant;
    const value = new DenseTensor(f32(1), new Uint8Array(4));
    assert.equal(lower.kind, "map");
    if (lower.kind !== "map") return;
    const context = { params: { value }, inputs: [], outputs: [f32(1)] };
    assert.throws(() => lower.element(s, [], [s.int(0)], context), InternalError);
  });
});

test("iota counts with wrapping in narrow integers", () => {
  const last = (dtype: DType) =>
    evaluate("iota", [], { dtype, shape: [200], dimension: 0 })[0].data.slice(126, 130);
  assert.deepEqual([...last("int8")], [126, 127, -128, -127]);
  assert.deepEqual([...last("uint8")], [126, 127, 128, 129]);
});

test("padding puts its value where no element is, whatever the elements are", () => {
  const x = refTensor("float32", [2], [NaN, Infinity]);
  const [y] = evaluate("pad", [x, refTensor("float32", [], [0])], { paddingConfig: [[1, 1, 1]] });
  assert.deepEqual([...y.data], [0, NaN, 0, Infinity, 0]);
});

describe("errors in JAX's wording", () => {
  test("reshape", () => {
    rejects(
      "reshape",
      [f32(3)],
      { newSizes: [2, 2] },
      WeftTypeError,
      /^cannot reshape array of shape \(3,\) \(size 3\) into shape \(2, 2\) \(size 4\)$/m,
    );
    rejects("reshape", [f32(3)], { newSizes: [-3] }, WeftTypeError, /must all be positive, got \(-3,\)/);
    rejects("reshape", [f32(3), f32(3)], { newSizes: [3] }, WeftTypeError, /reshape takes 1 operand, got 2/);
  });

  test("transpose, broadcast_in_dim, rev", () => {
    rejects(
      "transpose",
      [f32(2, 3)],
      { permutation: [0, 0] },
      WeftTypeError,
      /isn't a permutation of operand dimensions, got permutation \(0, 0\) for operand shape \(2, 3\)/,
    );
    const shape = [4, 3];
    rejects(
      "broadcast_in_dim",
      [f32(2)],
      { shape, broadcastDimensions: [1] },
      WeftTypeError,
      /must either be 1, or be equal/,
    );
    rejects(
      "broadcast_in_dim",
      [f32(3)],
      { shape, broadcastDimensions: [] },
      WeftTypeError,
      /must have length equal to operand ndim/,
    );
    rejects(
      "broadcast_in_dim",
      [f32(3)],
      { shape, broadcastDimensions: [2] },
      WeftTypeError,
      /must be a subset of output dimensions/,
    );
    rejects(
      "broadcast_in_dim",
      [f32(1, 1)],
      { shape, broadcastDimensions: [1, 1] },
      WeftTypeError,
      /must not contain duplicates/,
    );
    rejects(
      "broadcast_in_dim",
      [f32(1, 1)],
      { shape: [3], broadcastDimensions: [0, 1] },
      WeftTypeError,
      /equal or higher rank/,
    );
    rejects(
      "rev",
      [f32(2)],
      { dimensions: [1] },
      WeftTypeError,
      /must all be less than operand ndim, got dimensions \(1,\) for operand ndim 1/,
    );
    rejects("rev", [f32(2)], { dimensions: [0, 0] }, WeftTypeError, /must be unique/);
  });

  test("slice", () => {
    const slice = (start: number, limit: number, stride: number, message: RegExp) =>
      rejects(
        "slice",
        [f32(5)],
        { startIndices: [start], limitIndices: [limit], strides: [stride] },
        WeftTypeError,
        message,
      );
    slice(
      0,
      6,
      1,
      /limit_indices must be less than or equal to operand shape, got limit_indices \(6,\) for operand shape \(5,\)/,
    );
    slice(-1, 4, 1, /start_indices must be greater than or equal to zero/);
    slice(3, 2, 1, /limit_indices must be greater than or equal to start_indices/);
    slice(0, 5, 0, /strides must be positive, got \(0,\)/);
    slice(0.5, 5, 1, /must be integers/);
  });

  test("dynamic_slice and dynamic_update_slice", () => {
    rejects(
      "dynamic_slice",
      [f32(5), i32()],
      { sliceSizes: [6] },
      WeftTypeError,
      /slice_sizes must be less than or equal to operand shape/,
    );
    rejects("dynamic_slice", [f32(5), i32(1)], { sliceSizes: [2] }, WeftTypeError, /must be scalars/);
    rejects(
      "dynamic_slice",
      [f32(5), f32()],
      { sliceSizes: [2] },
      WeftTypeError,
      /must be integers of the same type, got: float32/,
    );
    rejects(
      "dynamic_slice",
      [f32(5)],
      { sliceSizes: [2] },
      WeftTypeError,
      /start_indices must have length equal to the rank/,
    );
    rejects(
      "dynamic_update_slice",
      [f32(5), f32(6), i32()],
      {},
      WeftTypeError,
      /update shape must be smaller than operand shape/,
    );
    rejects("dynamic_update_slice", [f32(5), f32(1, 2), i32()], {}, WeftTypeError, /must have the same rank/);
    rejects(
      "dynamic_update_slice",
      [f32(5), i32(2), i32()],
      {},
      WeftTypeError,
      /requires arguments to have the same dtypes, got float32, int32/,
    );
  });

  test("pad", () => {
    const config = (low: number, high: number, interior: number) => ({
      paddingConfig: [[low, high, interior] as const],
    });
    rejects(
      "pad",
      [f32(2), f32()],
      config(-2, -1, 0),
      WeftValueError,
      /Dimension size after padding is not at least 0, got result shape \(-1,\)/,
    );
    rejects(
      "pad",
      [f32(2), f32()],
      config(0, 0, -1),
      WeftValueError,
      /interior padding in padding_config must be nonnegative/,
    );
    rejects("pad", [f32(2), f32(1)], config(0, 0, 0), WeftValueError, /padding_value must be a scalar/);
    rejects(
      "pad",
      [f32(2, 2), f32()],
      config(0, 0, 0),
      WeftValueError,
      /length of padding_config must equal/,
    );
    rejects("pad", [f32(2), i32()], config(0, 0, 0), WeftTypeError, /same dtypes/);
  });

  test("concatenate and iota", () => {
    rejects(
      "concatenate",
      [],
      { dimension: 0 },
      WeftTypeError,
      /^concatenate expects at least one operand, got 0\.$/m,
    );
    rejects(
      "concatenate",
      [f32(2), f32(2, 2)],
      { dimension: 0 },
      WeftTypeError,
      /different numbers of dimensions: got \(2,\), \(2, 2\)/,
    );
    rejects(
      "concatenate",
      [f32(2)],
      { dimension: 1 },
      WeftTypeError,
      /dimension out of bounds: dimension 1 for shapes \(2,\)/,
    );
    rejects(
      "concatenate",
      [f32(2, 3), f32(2, 4)],
      { dimension: 0 },
      WeftTypeError,
      /concatenating along dimension 0 for shapes \(2, 3\), \(2, 4\)/,
    );
    rejects("concatenate", [f32(2), i32(2)], { dimension: 0 }, WeftTypeError, /same dtypes/);
    rejects(
      "iota",
      [],
      { dtype: "bool", shape: [2], dimension: 0 },
      WeftTypeError,
      /iota does not accept dtype bool/,
    );
    rejects(
      "iota",
      [],
      { dtype: "int32", shape: [2], dimension: 1 },
      WeftValueError,
      /between 0 and len\(shape\), got dimension=1 for shape \(2,\)/,
    );
  });
});
