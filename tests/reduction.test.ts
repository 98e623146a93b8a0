/** Reductions and prefix operations: rules against each other, against JAX, and where they are easily wrong. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { refTensor } from "../compiler/interpret/tensors.ts";
import { primitiveOf } from "../compiler/primitives/table.ts";
import { vjpGraph } from "../compiler/transforms/index.ts";
import { tensorType } from "../compiler/types/tensor-type.ts";
import {
  checkForward,
  checkReverse,
  gradientGraph,
  randomNumbers,
  run,
} from "./helpers/derivative-checks.ts";
import { assertNear, checkCases, checkGolden, evaluate, singleOp } from "./helpers/primitive-cases.ts";
import { runLowering } from "./helpers/run-lowering.ts";

const SMOOTH = ["reduce_sum", "reduce_prod", "cumsum", "cumprod", "cumlogsumexp"] as const;
const OTHERS = [
  "reduce_max",
  "reduce_min",
  "reduce_and",
  "reduce_or",
  "argmax",
  "argmin",
  "cummax",
  "cummin",
] as const;

describe("rules agree with each other", () => {
  for (const name of SMOOTH) test(name, () => checkCases(name, { second: true }));
  for (const name of OTHERS) test(name, () => checkCases(name));
});

describe("numbers of JAX", () => {
  for (const name of [
    "reduce_prod",
    "reduce_max",
    "reduce_min",
    "argmax",
    "argmin",
    "cumsum",
    "cumprod",
    "cummax",
    "cummin",
    "cumlogsumexp",
  ] as const) {
    test(name, () => assert.ok(checkGolden(name) > 1));
  }
});

describe("products with zero factors", () => {
  for (const data of [
    [2, 0, 3, 4],
    [0, 0, 3, 4],
    [0, 0, 0, 4],
    [0, 5, -2, 0],
  ]) {
    for (const op of ["reduce_prod", "cumprod"] as const) {
      test(`${op} of ${data}: first and second derivatives`, () => {
        const type = tensorType("float64", [4]);
        const random = randomNumbers(3);
        const graph =
          op === "reduce_prod"
            ? singleOp(op, [type], { axes: [0] })
            : singleOp(op, [type], { axis: 0, reverse: false });
        const x = [refTensor("float64", [4], data)];
        checkForward(graph, x, random);
        checkReverse(graph, x, random);
        checkForward(gradientGraph(graph), x, random);
        checkReverse(gradientGraph(graph), x, random);
      });
    }
  }

  test("the gradient of a product with one zero is the product of the others there", () => {
    const graph = singleOp("reduce_prod", [tensorType("float64", [2, 3])], { axes: [1] });
    const { forward, backward } = vjpGraph(graph, [true]);
    const residuals = run(forward, [refTensor("float64", [2, 3], [2, 0, 5, 0, 0, 7])]).slice(1);
    const [gradient] = run(backward, [...residuals, refTensor("float64", [2], [1, 1])]);
    assert.deepEqual([...gradient.data], [0, 10, 0, 0, 0, 0]);
  });
});

describe("special values", () => {
  test("maxima and minima propagate NaN", () => {
    const x = refTensor("float32", [2, 3], [1, NaN, 3, -1, -Infinity, Infinity]);
    for (const [name, want] of [
      ["reduce_max", Infinity],
      ["reduce_min", -Infinity],
    ] as const) {
      for (const result of [evaluate(name, [x], { axes: [1] }), runLowering(name, [x], { axes: [1] })[0]]) {
        assert.deepEqual([...result.data], [NaN, want]);
      }
    }
  });

  test("argmax and argmin: the first NaN, else the first of equals, -0 equal to 0", () => {
    const rows = [
      [1, NaN, 3, NaN],
      [3, 1, 3, 1],
      [-0, 0, -0, 0],
      [-Infinity, -Infinity, -Infinity, -Infinity],
      [Infinity, Infinity, Infinity, Infinity],
    ];
    const x = refTensor("float32", [5, 4], rows.flat());
    const params = { axis: 1, indexDtype: "int32" } as const;
    for (const [name, want] of [
      ["argmax", [1, 0, 0, 0, 0]],
      ["argmin", [1, 1, 0, 0, 0]],
    ] as const) {
      assert.deepEqual([...evaluate(name, [x], params).data], want);
      assert.deepEqual([...runLowering(name, [x], params)[0].data], want);
    }
  });

  test("cumlogsumexp neither overflows nor loses infinities", () => {
    const x = refTensor("float64", [6], [-Infinity, -Infinity, 1000, 1000, -1000, Infinity]);
    const params = { axis: 0, reverse: false };
    const want = refTensor(
      "float64",
      [6],
      [-Infinity, -Infinity, 1000, 1000 + Math.LN2, 1000 + Math.LN2, Infinity],
    );
    assertNear(evaluate("cumlogsumexp", [x], params), want, 1e-15, "evaluate");
    assertNear(runLowering("cumlogsumexp", [x], params)[0], want, 1e-15, "lowering");
  });

  test("the gradient of cumlogsumexp is finite where prefixes are -inf", () => {
    const graph = singleOp("cumlogsumexp", [tensorType("float64", [4])], { axis: 0, reverse: false });
    const { forward, backward } = vjpGraph(graph, [true]);
    const residuals = run(forward, [refTensor("float64", [4], [-Infinity, -Infinity, 0, 0])]).slice(1);
    const [gradient] = run(backward, [...residuals, refTensor("float64", [4], [0, 0, 1, 1])]);
    assertNear(gradient, refTensor("float64", [4], [0, 0, 1.5, 0.5]), 1e-15, "gradient");
  });

  test("reductions over nothing give the identity", () => {
    const empty = (dtype: "float32" | "int8" | "uint32" | "bool") => refTensor(dtype, [0], []);
    const over = { axes: [0] };
    const cases = [
      ["reduce_sum", "float32", 0],
      ["reduce_prod", "int8", 1],
      ["reduce_max", "float32", -Infinity],
      ["reduce_max", "int8", -128],
      ["reduce_min", "uint32", 4294967295],
      ["reduce_max", "bool", 0],
      ["reduce_min", "bool", 1],
      ["reduce_and", "bool", 1],
      ["reduce_and", "int8", -1],
      ["reduce_and", "uint32", 4294967295],
      ["reduce_or", "bool", 0],
    ] as const;
    for (const [name, dtype, want] of cases) {
      assert.equal(evaluate(name, [empty(dtype)], over).data[0], want, `${name} of ${dtype}`);
      assert.equal(runLowering(name, [empty(dtype)], over)[0].data[0], want, `lowered ${name} of ${dtype}`);
    }
  });

  test("integers wrap", () => {
    const bytes = refTensor("int8", [3], [100, 100, 100]);
    assert.equal(evaluate("reduce_sum", [bytes], { axes: [0] }).data[0], 300 - 256);
    assert.equal(evaluate("reduce_prod", [bytes], { axes: [0] }).data[0], (1_000_000 << 24) >> 24);
    const words = refTensor("int32", [2], [65537, 65537]);
    assert.equal(evaluate("reduce_prod", [words], { axes: [0] }).data[0], 131073);
    assert.deepEqual([...evaluate("cumsum", [bytes], { axis: 0, reverse: true }).data], [44, -56, 100]);
  });

  test("float16 is accumulated in float32", () => {
    // In float16, 2048 + 1 is 2048.
    const x = refTensor("float16", [1025], [2048, ...new Array<number>(1024).fill(1)]);
    assert.equal(runLowering("reduce_sum", [x], { axes: [0] })[0].data[0], 3072);
  });
});

describe("derivatives of choices", () => {
  test("ties share a maximum's cotangent equally", () => {
    const graph = singleOp("reduce_max", [tensorType("float64", [4])], { axes: [0] });
    const { forward, backward } = vjpGraph(graph, [true]);
    const residuals = run(forward, [refTensor("float64", [4], [3, 1, 3, 3])]).slice(1);
    const [gradient] = run(backward, [...residuals, refTensor("float64", [], [6])]);
    assert.deepEqual([...gradient.data], [2, 0, 2, 2]);
  });

  test("a maximum over nothing has a zero gradient", () => {
    const graph = singleOp("reduce_max", [tensorType("float64", [2, 0])], { axes: [1] });
    assert.deepEqual(vjpGraph(graph, [true]).outNonzero, [false]);
  });

  test("argmax has no tangent", () => {
    const graph = singleOp("argmax", [tensorType("float64", [4])], { axis: 0, indexDtype: "int32" });
    assert.deepEqual(vjpGraph(graph, [true]).outNonzero, [false]);
  });
});

describe("what does not fit", () => {
  const f32 = tensorType("float32", [2, 3]);
  const i32 = tensorType("int32", [2, 3]);
  test("axes", () => {
    const { infer } = primitiveOf("reduce_sum");
    assert.throws(() => infer([f32], { axes: [0, 0] }), /duplicate value in 'axes' of reduction: \(0, 0\)/);
    assert.throws(
      () => infer([f32], { axes: [2] }),
      /reduction axes \(2,\) contains out-of-bounds indices for float32\[2,3\]/,
    );
    assert.throws(() => infer([f32], { axes: [-1] }), /out-of-bounds/);
    assert.throws(
      () => primitiveOf("cumsum").infer([f32], { axis: 2, reverse: false }),
      /axis 2 is out of bounds for array of shape \(2, 3\)/,
    );
    assert.throws(
      () => primitiveOf("cumsum").infer([f32], { axis: -1, reverse: false }),
      /do not allow negative axes/,
    );
    assert.throws(
      () => primitiveOf("argmax").infer([f32], { axis: 5, indexDtype: "int32" }),
      /Invalid axis 5 for operand shape \(2, 3\)/,
    );
    assert.throws(
      () => primitiveOf("argmin").infer([tensorType("float32", [0])], { axis: 0, indexDtype: "int32" }),
      /argmin and argmax require non-empty reduced dimension/,
    );
  });
  test("dtypes", () => {
    const bool = tensorType("bool", [3]);
    assert.throws(
      () => primitiveOf("reduce_sum").infer([bool], { axes: [0] }),
      /reduce_sum does not accept dtype bool/,
    );
    assert.throws(
      () => primitiveOf("reduce_and").infer([f32], { axes: [0] }),
      /does not accept dtype float32/,
    );
    assert.throws(
      () => primitiveOf("cumlogsumexp").infer([i32], { axis: 0, reverse: false }),
      /cumlogsumexp does not accept dtype int32/,
    );
  });
});
