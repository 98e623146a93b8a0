/** Reductions and prefix operations where they are easily wrong: zeros, NaN, ties, empty axes; and their errors. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { refTensor } from "../compiler/interpret/tensors.ts";
import { primitiveOf } from "../compiler/primitives/table.ts";
import { vjpGraph } from "../compiler/transforms/index.ts";
import { tensorType } from "../compiler/types/tensor-type.ts";
import { assertClose } from "./helpers/compare.ts";
import { checkForward, checkReverse, gradientGraph, pointOf } from "./helpers/derivative-checks.ts";
import { evaluate, execute, graphOf, means, pullback } from "./helpers/graphs.ts";
import { Random } from "./helpers/random.ts";

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
        const random = new Random(3);
        const graph =
          op === "reduce_prod"
            ? graphOf(op, [type], { axes: [0] })
            : graphOf(op, [type], { axis: 0, reverse: false });
        const x = [refTensor("float64", [4], data)];
        checkForward(pointOf(graph, x, random));
        checkReverse(pointOf(graph, x, random), random);
        checkForward(pointOf(gradientGraph(graph), x, random));
        checkReverse(pointOf(gradientGraph(graph), x, random), random);
      });
    }
  }

  test("the gradient of a product with one zero is the product of the others there", () => {
    const graph = graphOf("reduce_prod", [tensorType("float64", [2, 3])], { axes: [1] });
    const [gradient] = pullback(
      graph,
      [refTensor("float64", [2, 3], [2, 0, 5, 0, 0, 7])],
      [refTensor("float64", [2], [1, 1])],
    );
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
      means(name, [x], { axes: [1] }, [NaN, want]);
    }
  });

  test("argmax and argmin of long rows: the first of equals, the first NaN, zeros of both signs", () => {
    const random = new Random("arg");
    for (const length of [16, 23, 64, 131]) {
      const rows = 12;
      for (const dtype of ["float32", "float64", "int32"] as const) {
        const values = Array.from({ length: rows * length }, () => Math.floor(random.next() * 9) - 4);
        if (dtype !== "int32") {
          for (let i = 0; i < rows * length; i += 7) if (values[i] === 0) values[i] = -0;
          values[2 * length + 5] = NaN;
          values[2 * length + length - 1] = NaN;
          values.fill(-Infinity, 3 * length, 4 * length);
          values.fill(Infinity, 5 * length, 6 * length);
          values.fill(-0, 7 * length, 8 * length);
          values[7 * length + 9] = 0;
          values.fill(NaN, 8 * length, 9 * length);
        }
        const x = refTensor(dtype, [rows, length], values);
        for (const [name, better] of [
          ["argmax", (a: number, b: number) => a > b],
          ["argmin", (a: number, b: number) => a < b],
        ] as const) {
          const want = Array.from({ length: rows }, (_, i) => {
            const row = values.slice(i * length, (i + 1) * length);
            const nan = row.findIndex(Number.isNaN);
            if (nan >= 0) return nan;
            return row.reduce((best, v, at) => (better(v, row[best]) ? at : best), 0);
          });
          means(name, [x], { axis: 1, indexDtype: "int32" }, want);
        }
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
      means(name, [x], params, want);
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
    assertClose(evaluate("cumlogsumexp", [x], params), [want], { relative: 1e-15 }, "oracle");
    assertClose(execute("cumlogsumexp", [x], params), [want], { relative: 1e-15 }, "kernels");
  });

  test("the gradient of cumlogsumexp is finite where prefixes are -inf", () => {
    const graph = graphOf("cumlogsumexp", [tensorType("float64", [4])], { axis: 0, reverse: false });
    const [gradient] = pullback(
      graph,
      [refTensor("float64", [4], [-Infinity, -Infinity, 0, 0])],
      [refTensor("float64", [4], [0, 0, 1, 1])],
    );
    const want = refTensor("float64", [4], [0, 0, 1.5, 0.5]);
    assertClose([gradient], [want], { relative: 1e-15 }, "gradient");
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
      means(name, [empty(dtype)], over, [want]);
    }
  });

  test("integers wrap", () => {
    const bytes = refTensor("int8", [3], [100, 100, 100]);
    means("reduce_sum", [bytes], { axes: [0] }, [300 - 256]);
    means("reduce_prod", [bytes], { axes: [0] }, [(1_000_000 << 24) >> 24]);
    const words = refTensor("int32", [2], [65537, 65537]);
    means("reduce_prod", [words], { axes: [0] }, [131073]);
    means("cumsum", [bytes], { axis: 0, reverse: true }, [44, -56, 100]);
  });

  test("float16 is accumulated in float32", () => {
    // In float16, 2048 + 1 is 2048.
    const x = refTensor("float16", [1025], [2048, ...new Array<number>(1024).fill(1)]);
    assert.equal(execute("reduce_sum", [x], { axes: [0] })[0].data[0], 3072);
  });
});

describe("derivatives of choices", () => {
  test("ties share a maximum's cotangent equally", () => {
    const graph = graphOf("reduce_max", [tensorType("float64", [4])], { axes: [0] });
    const [gradient] = pullback(
      graph,
      [refTensor("float64", [4], [3, 1, 3, 3])],
      [refTensor("float64", [], [6])],
    );
    assert.deepEqual([...gradient.data], [2, 0, 2, 2]);
  });

  test("a maximum over nothing has a zero gradient", () => {
    const graph = graphOf("reduce_max", [tensorType("float64", [2, 0])], { axes: [1] });
    assert.deepEqual(vjpGraph(graph, [true]).outNonzero, [false]);
  });

  test("argmax has no tangent", () => {
    const graph = graphOf("argmax", [tensorType("float64", [4])], { axis: 0, indexDtype: "int32" });
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
