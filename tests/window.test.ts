/** Sliding windows and the derivatives of pooling: rules against each other, against JAX, and ties, padding, errors. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { WindowParams } from "../compiler/graph/operations.ts";
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
import { checkCases, checkGolden, evaluate, singleOp } from "./helpers/primitive-cases.ts";
import { runLowering } from "./helpers/run-lowering.ts";

describe("rules agree with each other", () => {
  test("reduce_window_sum", () => checkCases("reduce_window_sum", { second: true }));
  test("reduce_window_prod", () => checkCases("reduce_window_prod", { second: true }));
  test("reduce_window_max", () => checkCases("reduce_window_max"));
  test("reduce_window_min", () => checkCases("reduce_window_min"));
  test("select_and_gather_add", () => checkCases("select_and_gather_add"));
  test("select_and_scatter_add", () => checkCases("select_and_scatter_add"));
});

describe("numbers of JAX", () => {
  for (const name of [
    "reduce_window_sum",
    "reduce_window_prod",
    "reduce_window_max",
    "reduce_window_min",
  ] as const) {
    test(name, () => assert.ok(checkGolden(name) > 1));
  }
});

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
    for (const result of [
      evaluate("select_and_scatter_add", [source, operand], params),
      runLowering("select_and_scatter_add", [source, operand], params)[0],
    ]) {
      assert.deepEqual([...result.data], [1, 10, 0, 100, 0]);
    }
    const tangents = refTensor("float32", [5], [1, 2, 3, 4, 5]);
    for (const result of [
      evaluate("select_and_gather_add", [tangents, operand], params),
      runLowering("select_and_gather_add", [tangents, operand], params)[0],
    ]) {
      assert.deepEqual([...result.data], [1, 2, 4]);
    }
  });

  test("the first NaN, never the padding, and the first element where all are infinite", () => {
    const params = { select: "max", ...windows([3], { windowStrides: [3], padding: [[1, 1]] }) } as const;
    const operand = refTensor("float32", [7], [-Infinity, -Infinity, 5, NaN, NaN, -3, -2]);
    const tangents = refTensor("float32", [7], [1, 2, 3, 4, 5, 6, 7]);
    for (const result of [
      evaluate("select_and_gather_add", [tangents, operand], params),
      runLowering("select_and_gather_add", [tangents, operand], params)[0],
    ]) {
      assert.deepEqual([...result.data], [1, 4, 7]);
    }
  });

  test("a window of padding alone gathers 0 and scatters nothing", () => {
    const params = { select: "min", ...windows([2], { windowStrides: [2], padding: [[2, 2]] }) } as const;
    const operand = refTensor("int32", [2], [2147483647, -2147483648]);
    const tangents = refTensor("int32", [2], [5, 7]);
    const source = refTensor("int32", [3], [1, 10, 100]);
    assert.deepEqual(
      [...runLowering("select_and_gather_add", [tangents, operand], params)[0].data],
      [0, 7, 0],
    );
    assert.deepEqual([...runLowering("select_and_scatter_add", [source, operand], params)[0].data], [0, 10]);
  });

  test("float16 sums are kept in float32", () => {
    const params = { select: "max", ...windows([129], { padding: [[128, 128]] }) } as const;
    const operand = refTensor("float16", [1], [1]);
    const source = refTensor("float16", [129], [2048, ...new Array<number>(128).fill(1)]);
    assert.equal(runLowering("select_and_scatter_add", [source, operand], params)[0].data[0], 2176);
  });
});

describe("gradients of pooling", () => {
  test("max pooling sends the cotangent to the maximum", () => {
    const params = windows([2, 2], { windowStrides: [2, 2] });
    const graph = singleOp("reduce_window_max", [tensorType("float64", [2, 4])], params);
    const { forward, backward } = vjpGraph(graph, [true]);
    const residuals = run(forward, [refTensor("float64", [2, 4], [1, 5, 2, 0, 3, 4, 7, 6])]).slice(1);
    const [gradient] = run(backward, [...residuals, refTensor("float64", [1, 2], [10, 20])]);
    assert.deepEqual([...gradient.data], [0, 10, 0, 0, 0, 0, 20, 0]);
  });

  test("products of windows with zeros", () => {
    const graph = singleOp(
      "reduce_window_prod",
      [tensorType("float64", [5])],
      windows([3], { padding: [[1, 0]] }),
    );
    const x = [refTensor("float64", [5], [0, 2, 0, 0, 3])];
    const random = randomNumbers(5);
    checkForward(graph, x, random);
    checkReverse(graph, x, random);
    checkForward(gradientGraph(graph), x, random);
  });

  test("maxima in holes and padding are the identity, and NaN spreads to its windows", () => {
    const x = refTensor("float32", [4], [1, NaN, 3, -1]);
    const params = windows([2], { padding: [[2, 0]] });
    for (const result of [
      evaluate("reduce_window_max", [x], params),
      runLowering("reduce_window_max", [x], params)[0],
    ]) {
      assert.deepEqual([...result.data], [-Infinity, 1, NaN, NaN, 3]);
    }
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
