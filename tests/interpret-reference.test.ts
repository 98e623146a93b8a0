/** The reference interpreter and its tensors. What single operations mean is tested from the primitive table. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Graph, Literal, Value } from "../compiler/graph/graph.ts";
import { interpretGraph } from "../compiler/interpret/reference.ts";
import {
  fromBytes,
  fromDense,
  fromTypedArray,
  refScalar,
  refTensor,
  toBytes,
  toDense,
  toTypedArray,
} from "../compiler/interpret/tensors.ts";
import { parseGraph } from "../compiler/text/index.ts";
import { DTYPE_INFO, DTYPES } from "../compiler/types/dtype.ts";
import { InternalError, WeftTypeError } from "../compiler/types/errors.ts";
import { tensorType } from "../compiler/types/tensor-type.ts";

describe("interpretGraph", () => {
  const graph = parseGraph(`graph @f(%x: f32[2], %n: i32[]) -> (f32[2], f32[2], i32[]) {
    %0: f32[2] = div %x, 3.0:f32[2]
    return %0, %x, %n
  }`);

  test("floats stay in double precision; inputs are passed through", () => {
    const [y, x, n] = interpretGraph(graph, [refTensor("float32", [2], [1, 2]), refScalar("int32", 5)]);
    assert.deepEqual([...y.data], [1 / 3, 2 / 3]);
    assert.deepEqual([...x.data], [1, 2]);
    assert.deepEqual([...n.data], [5]);
  });

  test("inputs that do not fit are refused", () => {
    const x = refTensor("float32", [2], [1, 2]);
    const n = refScalar("int32", 5);
    assert.throws(() => interpretGraph(graph, [x]), WeftTypeError);
    assert.throws(() => interpretGraph(graph, [n, x]), /input 0 of graph @f must be f32\[2\], got i32\[\]/);
    assert.throws(
      () => interpretGraph(graph, [{ type: x.type, data: new Float64Array(3) }, n]),
      /has 3 elements/,
    );
  });

  test("a value that nothing defines is an internal error", () => {
    const stray = new Value(tensorType("float32", []));
    assert.throws(() => interpretGraph(new Graph("f", [], [], [stray]), []), InternalError);
  });

  test("a result that is not what infer promises is an internal error", () => {
    const [x] = graph.inputs;
    const wrong = new Value(tensorType("float32", [3]));
    const bad = new Graph(
      "f",
      [x],
      [{ op: "neg", inputs: [x], params: {}, outputs: [wrong], source: null }],
      [wrong],
    );
    assert.throws(() => interpretGraph(bad, [refTensor("float32", [2], [1, 2])]), InternalError);
  });

  test("a literal has the value of its dtype", () => {
    const inexact = new Literal(tensorType("float32", [2]), 0.1);
    const [x] = interpretGraph(new Graph("f", [], [], [inexact]), []);
    assert.deepEqual([...x.data], [Math.fround(0.1), Math.fround(0.1)]);
  });
});

describe("tensors", () => {
  test("numbers are rounded or wrapped to the dtype", () => {
    assert.deepEqual([...refTensor("float32", [1], [0.1]).data], [Math.fround(0.1)]);
    assert.deepEqual([...refTensor("float16", [2], [0.1, 1e6]).data], [0.0999755859375, Infinity]);
    assert.deepEqual([...refTensor("uint8", [2], [-1, 256]).data], [255, 0]);
    assert.throws(() => refTensor("float32", [2], [1]), /f32\[2\] has 2 elements, got 1/);
  });

  test("every dtype survives bytes, typed arrays and constants at its extremes", () => {
    for (const dtype of DTYPES) {
      const { min, max } = DTYPE_INFO[dtype];
      const x = refTensor(dtype, [3], [min, max, 1]);
      assert.deepEqual(fromBytes(x.type, toBytes(x)), x);
      assert.deepEqual(fromDense(toDense(x)), x);
      assert.deepEqual(fromTypedArray(x.type, toTypedArray(x)), x);
    }
    const floats = refTensor("float64", [4], [-0, NaN, Infinity, 5e-324]);
    assert.deepEqual(fromBytes(floats.type, toBytes(floats)), floats);
  });

  test("bytes at an odd offset are read, a wrong number of them is refused", () => {
    const x = refTensor("int32", [2], [1, -2]);
    const shifted = new Uint8Array(9);
    shifted.set(toBytes(x), 1);
    assert.deepEqual(fromBytes(x.type, shifted.subarray(1)), x);
    assert.throws(() => fromBytes(x.type, shifted), WeftTypeError);
  });
});
