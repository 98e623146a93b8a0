/** Generalised matrix products and convolutions: element types, edges, guards and errors. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ConvParams, DotParams } from "../compiler/graph/operations.ts";
import { refTensor } from "../compiler/interpret/tensors.ts";
import { type BufferParam, type Expr, operandsOf } from "../compiler/kernel/expr.ts";
import { scalarOps } from "../compiler/kernel/scalar-ops.ts";
import { primitiveOf } from "../compiler/primitives/table.ts";
import { batchGraph, vjpGraph } from "../compiler/transforms/index.ts";
import { tensorType } from "../compiler/types/tensor-type.ts";
import { evaluate, execute, graphOf, means, pullback } from "./helpers/graphs.ts";

function dot(
  lhsContracting: readonly number[],
  rhsContracting: readonly number[],
  options: Partial<DotParams> = {},
): DotParams {
  return {
    lhsContracting,
    rhsContracting,
    lhsBatch: [],
    rhsBatch: [],
    precision: null,
    preferredElementType: null,
    ...options,
  };
}

function conv(rank: number, options: Partial<ConvParams> = {}): ConvParams {
  const spec = Array.from({ length: rank }, (_, axis) => axis);
  const ones = spec.slice(2).map(() => 1);
  return {
    windowStrides: ones,
    padding: ones.map(() => [0, 0] as const),
    lhsDilation: ones,
    rhsDilation: ones,
    lhsSpec: spec,
    rhsSpec: spec,
    outSpec: spec,
    featureGroupCount: 1,
    batchGroupCount: 1,
    precision: null,
    preferredElementType: null,
    ...options,
  };
}

describe("element types", () => {
  const both = (
    x: readonly number[],
    y: readonly number[],
    dtype: "int8" | "uint8" | "int32" | "bool" | "float16",
  ) => [refTensor(dtype, [x.length], x), refTensor(dtype, [y.length], y)] as const;

  test("integers wrap in their own dtype and not in a wider one", () => {
    const bytes = both([127, 127, -128], [127, 127, -128], "int8");
    means("dot_general", bytes, dot([0], [0], { preferredElementType: "int32" }), [
      2 * 127 * 127 + 128 * 128,
    ]);
    means("dot_general", bytes, dot([0], [0]), [(48642 << 24) >> 24]);
    means(
      "dot_general",
      both([255], [255], "uint8"),
      dot([0], [0], { preferredElementType: "uint32" }),
      [65025],
    );
    means("dot_general", both([65537], [65537], "int32"), dot([0], [0]), [131073]);
  });

  test("bool is and, or", () => {
    means("dot_general", both([1, 1, 0], [0, 1, 1], "bool"), dot([0], [0]), [1]);
    means("dot_general", both([1, 0, 0], [0, 1, 1], "bool"), dot([0], [0]), [0]);
  });

  test("float16 accumulates in float32", () => {
    const half = both([2048, ...new Array<number>(1024).fill(1)], new Array<number>(1025).fill(1), "float16");
    means("dot_general", half, dot([0], [0]), [3072]);
    means("dot_general", half, dot([0], [0], { preferredElementType: "float32" }), [3072]);
  });

  test("cotangents have the operands' dtype", () => {
    const types = [tensorType("float16", [2, 3]), tensorType("float16", [3, 4])];
    const graph = graphOf("dot_general", types, dot([1], [0], { preferredElementType: "float32" }));
    const { backward } = vjpGraph(graph, [true, true]);
    assert.deepEqual(
      backward.outputs.map((x) => x.type.text),
      ["f16[2,3]", "f16[3,4]"],
    );
    const image = [tensorType("float16", [1, 2, 5]), tensorType("float16", [3, 2, 3])];
    const convolution = graphOf("conv_general_dilated", image, conv(3, { preferredElementType: "float32" }));
    assert.deepEqual(
      vjpGraph(convolution, [true, true]).backward.outputs.map((x) => x.type.text),
      ["f16[1,2,5]", "f16[3,2,3]"],
    );
  });
});

describe("edges", () => {
  test("a product of one operand with itself", () => {
    const x = refTensor("float64", [2, 2], [1, 2, 3, 4]);
    const result = evaluate("dot_general", [x, x], dot([1], [0]))[0];
    assert.deepEqual([...result.data], [7, 10, 15, 22]);
  });

  test("a contraction over nothing is zero", () => {
    const result = execute(
      "dot_general",
      [refTensor("float32", [2, 0], []), refTensor("float32", [0, 3], [])],
      dot([1], [0]),
    )[0];
    assert.equal(result.type.text, "f32[2,3]");
    assert.deepEqual([...result.data], [0, 0, 0, 0, 0, 0]);
  });

  test("a kernel larger than the image gives an empty result and a zero kernel gradient", () => {
    const graph = graphOf(
      "conv_general_dilated",
      [tensorType("float64", [1, 1, 2]), tensorType("float64", [1, 1, 3])],
      conv(3),
    );
    assert.equal(graph.outputs[0].type.text, "f64[1,1,0]");
    const inputs = [refTensor("float64", [1, 1, 2], [1, 2]), refTensor("float64", [1, 1, 3], [1, 2, 3])];
    const [image, kernel] = pullback(graph, inputs, [refTensor("float64", [1, 1, 0], [])]);
    assert.deepEqual([...image.data, ...kernel.data], [0, 0, 0, 0, 0]);
  });

  test("a batch of no examples", () => {
    const graph = graphOf(
      "conv_general_dilated",
      [tensorType("float64", [1, 2, 5]), tensorType("float64", [3, 2, 3])],
      conv(3),
    );
    for (const dims of [
      [0, 0],
      [0, null],
      [null, 0],
    ]) {
      const { graph: batched, outDims } = batchGraph(graph, 0, dims);
      const { shape } = batched.outputs[0].type;
      assert.equal(shape[outDims[0] ?? -1], 0);
      assert.equal(shape.length, 4);
    }
  });
});

describe("lowering", () => {
  /** The kernel's loads of the image and their guards: conditions without a constant value. */
  function guards(params: ConvParams): number {
    const lower = primitiveOf("conv_general_dilated").lower;
    assert.equal(lower.kind, "reduce");
    if (lower.kind !== "reduce") return -1;
    const inputs = [tensorType("float32", [2, 3, 8, 9]), tensorType("float32", [4, 3, 3, 2])];
    const outputs = primitiveOf("conv_general_dilated").infer(inputs, params);
    const context = { params, inputs, outputs };
    const axes = (extents: readonly number[]): Expr[] =>
      extents.map((extent, i) => scalarOps.axis({ name: `a${i}`, extent, kind: "serial" }));
    const accesses = inputs.map((type) => {
      const buffer: BufferParam = { name: type.text, dtype: type.dtype, size: type.size, access: "read" };
      const read = (index: readonly Expr[]): Expr =>
        scalarOps.load(
          buffer,
          index.reduce((sum, i) => scalarOps.add(sum, i), scalarOps.int(0)),
        );
      return Object.assign(read, { type });
    });
    const [value] = lower.element(
      scalarOps,
      accesses,
      axes(outputs[0].shape),
      axes(lower.domain(context)),
      context,
    );
    const count = (e: Expr): number => operandsOf(e).reduce((n, x) => n + count(x), e.op === "guard" ? 1 : 0);
    return count(value);
  }

  test("a convolution guards its loads only where there is padding or a hole", () => {
    assert.equal(guards(conv(4)), 0);
    assert.equal(guards(conv(4, { windowStrides: [2, 3], rhsDilation: [2, 1] })), 0);
    const cropped: ConvParams["padding"] = [
      [-1, -1],
      [0, -2],
    ];
    assert.equal(guards(conv(4, { padding: cropped })), 0);
    const padded: ConvParams["padding"] = [
      [1, 0],
      [0, 0],
    ];
    assert.equal(guards(conv(4, { padding: padded })), 1);
    assert.equal(guards(conv(4, { lhsDilation: [2, 1] })), 1);
  });
});

describe("what does not fit", () => {
  const matrix = tensorType("float32", [2, 3]);
  const inferDot =
    (params: DotParams, rhs = tensorType("float32", [4, 5])) =>
    () =>
      primitiveOf("dot_general").infer([matrix, rhs], params);
  test("dot_general", () => {
    assert.throws(inferDot(dot([1], [0])), {
      name: "WeftTypeError",
      message:
        /^dot_general requires contracting dimensions to have the same shape, got \(3,\) and \(4,\)\.$/m,
    });
    assert.throws(inferDot(dot([2], [0])), /less than the number of axes of the lhs value/);
    assert.throws(
      inferDot(dot([], [], { lhsBatch: [0] })),
      /equal numbers of lhsBatch and rhsBatch dimensions/,
    );
    assert.throws(
      inferDot(dot([], [], { lhsBatch: [0], rhsBatch: [0] })),
      /lhs batch dimensions and rhs batch dimensions to have the same shape, got \(2,\) and \(4,\)/,
    );
    assert.throws(inferDot(dot([1, 1], [0, 1])), /lhs contracting dimensions to be distinct/);
    assert.throws(
      inferDot(dot([0], [0], { lhsBatch: [0], rhsBatch: [0] })),
      /disjoint from contracting dimensions/,
    );
    assert.throws(inferDot(dot([1], [0]), tensorType("int32", [3, 2])), /arguments to have the same dtypes/);
    const square = tensorType("float32", [3, 3]);
    assert.throws(
      inferDot(dot([1], [0], { preferredElementType: "int32" }), square),
      /Input type is incompatible with `preferredElementType`/,
    );
    assert.throws(
      inferDot(dot([1], [0], { preferredElementType: "float16" }), square),
      /must not be narrower than the original type/,
    );
  });

  test("conv_general_dilated", () => {
    const image = tensorType("float32", [2, 4, 5, 5]);
    const kernel = tensorType("float32", [6, 2, 3, 3]);
    const infer =
      (params: ConvParams, rhs = kernel) =>
      () =>
        primitiveOf("conv_general_dilated").infer([image, rhs], params);
    assert.throws(
      infer(conv(4)),
      /lhs feature dimension size divided by featureGroupCount must equal the rhs input feature dimension size, but 4 \/\/ 1 != 2/,
    );
    assert.throws(
      infer(conv(4, { featureGroupCount: 3 })),
      /featureGroupCount must divide lhs feature dimension size/,
    );
    assert.throws(
      infer(conv(4), tensorType("float32", [6, 4, 3])),
      /lhs and rhs must have the same number of dimensions, but got \(2, 4, 5, 5\) and \(6, 4, 3\)/,
    );
    assert.throws(
      infer(conv(4, { windowStrides: [1] })),
      /must have the same number of dimensions, but got 2 and 1/,
    );
    assert.throws(infer(conv(4, { windowStrides: [0, 1] })), /strictly positive integer/);
    assert.throws(infer(conv(4, { lhsSpec: [0, 0, 1, 2] })), /lhsSpec must be a permutation/);
    assert.throws(
      infer(conv(4, { featureGroupCount: 2, batchGroupCount: 2 })),
      /At most one of batchGroupCount and featureGroupCount may be > 1/,
    );
    assert.throws(
      infer(conv(4, { featureGroupCount: 2, batchGroupCount: 4 })),
      /batchGroupCount must divide lhs batch/,
    );
  });
});
