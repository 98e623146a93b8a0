/** Sliding windows and the derivatives of pooling: ties, padding, NaN, zeros, errors. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { WindowParams } from "../compiler/graph/operations.ts";
import { refTensor } from "../compiler/interpret/tensors.ts";
import { primitiveOf } from "../compiler/primitives/table.ts";
import { tensorType } from "../compiler/types/tensor-type.ts";
import { checkForward, checkReverse, gradientGraph, pointOf } from "./helpers/derivative-checks.ts";
import { execute, graphOf, means, pullback } from "./helpers/graphs.ts";
import { Random } from "./helpers/random.ts";

function windows(windowDimensions: readonly number[], options: Partial<WindowParams> = {}): WindowParams {
  const ones = windowDimensions.map(() => 1);
  const padding = ones.map(() => [0, 0] as const);
  return {
    windowDimensions,
    windowStrides: ones,
    padding,
    baseDilation: ones,
    windowDilation: ones,
    ...options,
  };
}

describe("which element is chosen", () => {
  test("the first of equals, once per window", () => {
    const params = { select: "max", ...windows([3]) } as const;
    const operand = refTensor("float32", [5], [2, 2, 1, 2, 2]);
    const source = refTensor("float32", [3], [1, 10, 100]);
    means("select_and_scatter_add", [source, operand], params, [1, 10, 0, 100, 0]);
    const tangents = refTensor("float32", [5], [1, 2, 3, 4, 5]);
    means("select_and_gather_add", [tangents, operand], params, [1, 2, 4]);
  });

  test("the first NaN, never the padding, and the first element where all are infinite", () => {
    const params = { select: "max", ...windows([3], { windowStrides: [3], padding: [[1, 1]] }) } as const;
    const operand = refTensor("float32", [7], [-Infinity, -Infinity, 5, NaN, NaN, -3, -2]);
    const tangents = refTensor("float32", [7], [1, 2, 3, 4, 5, 6, 7]);
    means("select_and_gather_add", [tangents, operand], params, [1, 4, 7]);
  });

  test("a window of padding alone gathers 0 and scatters nothing", () => {
    const params = { select: "min", ...windows([2], { windowStrides: [2], padding: [[2, 2]] }) } as const;
    const operand = refTensor("int32", [2], [2147483647, -2147483648]);
    const tangents = refTensor("int32", [2], [5, 7]);
    const source = refTensor("int32", [3], [1, 10, 100]);
    means("select_and_gather_add", [tangents, operand], params, [0, 7, 0]);
    means("select_and_scatter_add", [source, operand], params, [0, 10]);
  });

  test("float16 sums are kept in float32", () => {
    const params = { select: "max", ...windows([129], { padding: [[128, 128]] }) } as const;
    const operand = refTensor("float16", [1], [1]);
    const source = refTensor("float16", [129], [2048, ...new Array<number>(128).fill(1)]);
    assert.equal(execute("select_and_scatter_add", [source, operand], params)[0].data[0], 2176);
  });
});

describe("gradients of pooling", () => {
  test("max pooling sends the cotangent to the maximum", () => {
    const params = windows([2, 2], { windowStrides: [2, 2] });
    const graph = graphOf("reduce_window_max", [tensorType("float64", [2, 4])], params);
    const [gradient] = pullback(
      graph,
      [refTensor("float64", [2, 4], [1, 5, 2, 0, 3, 4, 7, 6])],
      [refTensor("float64", [1, 2], [10, 20])],
    );
    assert.deepEqual([...gradient.data], [0, 10, 0, 0, 0, 0, 20, 0]);
  });

  test("products of windows with zeros", () => {
    const graph = graphOf(
      "reduce_window_prod",
      [tensorType("float64", [5])],
      windows([3], { padding: [[1, 0]] }),
    );
    const x = [refTensor("float64", [5], [0, 2, 0, 0, 3])];
    const random = new Random(5);
    checkForward(pointOf(graph, x, random));
    checkReverse(pointOf(graph, x, random), random);
    checkForward(pointOf(gradientGraph(graph), x, random));
  });

  test("maxima in holes and padding are the identity, and NaN spreads to its windows", () => {
    const x = refTensor("float32", [4], [1, NaN, 3, -1]);
    const params = windows([2], { padding: [[2, 0]] });
    means("reduce_window_max", [x], params, [-Infinity, 1, NaN, NaN, 3]);
  });
});

describe("what does not fit", () => {
  const x = tensorType("float32", [4, 5]);
  const infer = (params: WindowParams) => () => primitiveOf("reduce_window_sum").infer([x], params);
  test("windows", () => {
    assert.throws(
      infer(windows([2])),
      /got the wrong number of windowDimensions for operand: got operand shape \(4, 5\) with windowDimensions \(2,\)/,
    );
    assert.throws(
      infer(windows([2, 2], { windowStrides: [1] })),
      /got inconsistent windowStrides and windowDimensions: got windowStrides \(1,\) and windowDimensions \(2, 2\)/,
    );
    assert.throws(
      infer(windows([2, 0])),
      /windowDimensions must have every element be a strictly positive integer, got \(2, 0\)/,
    );
    assert.throws(infer(windows([2, 2], { padding: [[0, 0]] })), /one \[low, high\] pair per dimension/);
  });
  test("operands", () => {
    const params = { select: "max", ...windows([2, 2]) } as const;
    assert.throws(
      () => primitiveOf("select_and_scatter_add").infer([x, x], params),
      /source \(4, 5\), window-reduced operand \(3, 4\)/,
    );
    assert.throws(
      () => primitiveOf("select_and_gather_add").infer([tensorType("float32", [4, 4]), x], params),
      /tangents and operand shapes must match, got \(4, 4\) and \(4, 5\)/,
    );
    assert.throws(
      () => primitiveOf("select_and_gather_add").infer([tensorType("float64", [4, 5]), x], params),
      /requires arguments to have the same dtypes/,
    );
  });
});
