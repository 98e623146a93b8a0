/** Control flow: meaning, errors, and what differentiation keeps, shares and recomputes. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Builder } from "../compiler/graph/builder.ts";
import { DeferredGraph, type Equation, type Graph, type Operand } from "../compiler/graph/graph.ts";
import type { ScanParams } from "../compiler/graph/operations.ts";
import type { RefTensor } from "../compiler/graph/reference.ts";
import { refScalar, refTensor } from "../compiler/interpret/tensors.ts";
import {
  batchGraph,
  jvpGraph,
  linearizeGraph,
  transforms,
  transposeGraph,
  valueAndGradGraph,
  vjpGraph,
} from "../compiler/transforms/index.ts";
import { tensorType } from "../compiler/types/tensor-type.ts";
import { assertClose } from "./helpers/compare.ts";
import { assertResidualsAreInputs, build, numbers, ops, run } from "./helpers/graphs.ts";

const S = tensorType("float64", []);
const V2 = tensorType("float64", [2]);
const V3 = tensorType("float64", [3]);
const I = tensorType("int32", []);
const BOOL = tensorType("bool", []);

function scalar(value: number): RefTensor {
  return refScalar("float64", value);
}

function vector(...values: number[]): RefTensor {
  return refTensor("float64", [values.length], values);
}

function assertNear(got: readonly number[], wanted: readonly number[]): void {
  assertClose([vector(...got)], [vector(...wanted)], { relative: 1e-12 }, "numbers");
}

function only(graph: Graph, op: string): Equation {
  const found = graph.equations.filter((e) => e.op === op);
  assert.equal(found.length, 1, `@${graph.name} has ${found.length} ${op}`);
  return found[0];
}

const LOOP = { length: 3, reverse: false, unroll: 1 };

function emitScan(
  b: Builder,
  inputs: readonly Operand[],
  body: Graph,
  numConsts: number,
  numCarry: number,
  loop: Pick<ScanParams, "length" | "reverse" | "unroll"> = LOOP,
): readonly Operand[] {
  return b.emit("scan", inputs, { body, numConsts, numCarry, ...loop });
}

describe("scan", () => {
  const sums = build([S, S], (b, [c, x]) => [b.add(c, x), b.add(c, x)]);

  test("carries, slices and stacks, in either direction", () => {
    const forward = build([S, V3], (b, x) => emitScan(b, x, sums, 0, 1));
    assert.deepEqual(numbers(run(forward, [scalar(1), vector(1, 2, 3)])), [7, 2, 4, 7]);
    const backward = build([S, V3], (b, x) => emitScan(b, x, sums, 0, 1, { ...LOOP, reverse: true }));
    assert.deepEqual(numbers(run(backward, [scalar(1), vector(1, 2, 3)])), [7, 7, 6, 4]);
  });

  test("of length 0 gives back the carry", () => {
    const f = build([S, tensorType("float64", [0])], (b, x) =>
      emitScan(b, x, sums, 0, 1, { ...LOOP, length: 0 }),
    );
    assert.deepEqual(numbers(run(f, [scalar(5), vector()])), [5]);
    const vjp = vjpGraph(f, [true, true]);
    const residuals = run(vjp.forward, [scalar(5), vector()]).slice(2);
    assert.deepEqual(numbers(run(vjp.backward, [...residuals, scalar(4), vector()])), [4]);
  });

  test("refuses what does not fit, in JAX's words", () => {
    const changed = build([S], (b, [c]) => [b.convert(c, "float32")]);
    assert.throws(
      () => build([S], (b, x) => emitScan(b, x, changed, 0, 1)),
      /scan body function carry input and carry output must have equal types.*float64\[\].*float32\[\], so the dtypes do not match/,
    );
    assert.throws(
      () => build([S, V2], (b, x) => emitScan(b, x, sums, 0, 1)),
      /scan got `length` argument of 3 which disagrees with leading axis sizes 2/,
    );
    const two = build([S, S, S], (_, [c]) => [c]);
    assert.throws(
      () => build([S, V2, V3], (b, x) => emitScan(b, x, two, 0, 1)),
      /scan got values with different leading axis sizes: 2, 3\./,
    );
    assert.throws(
      () => build([S, S], (b, x) => emitScan(b, x, sums, 0, 1)),
      /scan got value with no leading axis to scan over: float64\[\]/,
    );
  });

  test("residuals: what no iteration changes is not stacked, what is a slice already is not copied", () => {
    const body = build([S, S, S], (b, [w, c, x]) => [b.mul(b.mul(c, b.unary("sin", w)), x)]);
    const f = build([S, S, V3], (b, x) => emitScan(b, x, body, 1, 1));
    const { primal, linear } = linearizeGraph(f, [false, true, false]);
    const loop = only(primal, "scan");
    assert.equal(loop.outputs.length, 1, "nothing is stacked: the carry's factors do not depend on it");
    assert.ok(ops(primal).includes("sin"), "sin(w) is computed before the loop");
    assert.ok(!ops(loop.params.body as Graph).includes("sin"), "and not in it");
    assert.ok(primal.outputs.includes(primal.inputs[2]), "the slices are the operand");
    const { params } = only(linear, "scan");
    assert.equal(params.numConsts, 1);
    const inputs = [scalar(0.3), scalar(2), vector(1, 2, 3)];
    const results = run(primal, inputs);
    const factor = Math.sin(0.3) ** 3 * 6;
    assertNear(numbers(run(linear, [...results.slice(1), scalar(1)])), [factor]);
  });

  test("residuals: a result that is stacked already is not stacked again", () => {
    const body = build([S], (b, [c]) => {
      const e = b.unary("exp", c);
      return [e, e];
    });
    const { primal } = linearizeGraph(
      build([S], (b, x) => emitScan(b, x, body, 0, 1)),
      [true],
    );
    assert.equal(only(primal, "scan").outputs.length, 2);
  });

  test("a carry that becomes differentiable in the loop has a tangent", () => {
    const body = build([S, S, S], (b, [w, c, d]) => [b.add(d, w), b.mul(c, b.literal(2, "float64"))]);
    const f = build([S], (b, [w]) => {
      const zero = b.literal(0, "float64");
      return [emitScan(b, [w, zero, zero], body, 1, 2)[0]];
    });
    // c, d: (w, 0), (w, 2w), (3w, 2w)
    assert.deepEqual(numbers(run(jvpGraph(f, [true]).graph, [scalar(1), scalar(1)])), [3, 3]);
    assert.deepEqual(numbers(run(valueAndGradGraph(f, [true]), [scalar(1)])), [3, 3]);
  });

  test("transposes with a counter in the carry", () => {
    // (w, i, t, known slice, x): known operands of every role beside the linear ones
    const body = build([S, I, S, S, S], (b, [w, i, t, known, x]) => {
      const k = b.mul(b.convert(i, "float64"), known);
      return [b.add(i, b.literal(1, "int32")), b.mul(b.add(t, x), k), b.mul(b.mul(t, k), w)];
    });
    for (const reverse of [false, true]) {
      const f = build([S, V3, S, V3], (b, [w, known, t, xs]) =>
        emitScan(b, [w, b.literal(2, "int32"), t, known, xs], body, 1, 2, { ...LOOP, reverse }).slice(1),
      );
      const given = [scalar(1.7), vector(0.3, 1.1, -0.6)];
      const v = [scalar(0.7), vector(0.1, -0.4, 0.9)];
      const w = [scalar(-1.3), vector(0.2, 0.5, -0.8)];
      const forward = numbers(run(f, [...given, ...v]));
      const backward = numbers(run(transposeGraph(f, [false, false, true, true]), [...given, ...w]));
      const inner = (x: readonly number[], y: readonly number[]): number =>
        x.reduce((s, a, i) => s + a * y[i], 0);
      assertNear([inner(forward, numbers(w))], [inner(numbers(v), backward)]);
    }
  });

  test("a const that gets no cotangent has no sum in the loop", () => {
    const body = build([S, S, S], (b, [w, unused, c]) => [
      b.mul(w, b.add(c, b.mul(unused, b.literal(0, "float64")))),
    ]);
    const f = build([S, S, S], (b, [w, u, c]) =>
      emitScan(b, [w, b.one("stop_gradient", [u], {}), c], body, 2, 1),
    );
    const graph = valueAndGradGraph(f, [true, true, true]);
    assert.deepEqual(numbers(run(graph, [scalar(2), scalar(9), scalar(1)])), [8, 12, 0, 8]);
  });

  test("vmap leaves carries alone that do not meet a batch", () => {
    const body = build([S, S], (b, [i, c]) => [b.add(i, b.literal(1, "float64")), b.mul(c, i)]);
    const f = build([S, S], (b, x) => emitScan(b, x, body, 0, 2));
    const { graph, outDims } = batchGraph(f, 4, [null, 0]);
    assert.deepEqual(outDims, [null, 0]);
    assert.equal(graph.outputs[0].type.text, "f64[]");
  });
});

describe("while", () => {
  const step = build([S, I, S], (b, [w, i, c]) => [b.add(i, b.literal(1, "int32")), b.mul(c, w)]);
  const below = build([I, I, S], (b, [n, i]) => [b.binary("lt", i, n)]);
  const power = build([I, S, S], (b, [n, w, c]) => [
    b.emit("while", [n, w, b.literal(0, "int32"), c], {
      cond: below,
      body: step,
      condConsts: 1,
      bodyConsts: 1,
    })[1],
  ]);

  test("runs until its condition fails, and differentiates forward", () => {
    assert.deepEqual(numbers(run(power, [refScalar("int32", 3), scalar(2), scalar(5)])), [40]);
    const { graph } = jvpGraph(power, [false, true, false]);
    assert.deepEqual(numbers(run(graph, [refScalar("int32", 3), scalar(2), scalar(5), scalar(1)])), [40, 60]);
  });

  test("has no reverse mode, in JAX's words", () => {
    assert.throws(() => valueAndGradGraph(power, [false, true, false]), {
      name: "UnsupportedError",
      message:
        /Reverse-mode differentiation does not work for lax\.while_loop or lax\.fori_loop with dynamic start\/stop values\. Try using lax\.scan/,
    });
  });

  test("passes in reverse mode where no cotangent comes back through it", () => {
    const f = build([I, S], (b, [n, x]) => {
      const [p] = b.inline(power, [n, x, x]);
      return [b.mul(x, b.one("stop_gradient", [p], {}))];
    });
    const graph = valueAndGradGraph(f, [false, true]);
    assert.deepEqual(numbers(run(graph, [refScalar("int32", 2), scalar(3)])), [81, 27]);
  });

  test("its linearisation can be run", () => {
    const { primal, linear } = linearizeGraph(power, [false, true, false]);
    const results = run(primal, [refScalar("int32", 3), scalar(2), scalar(5)]);
    assert.deepEqual(numbers(run(linear, [...results.slice(1), scalar(1)])), [60]);
  });

  test("under vmap every element stops by itself", () => {
    const { graph, outDims } = batchGraph(power, 3, [0, null, 0]);
    assert.deepEqual(outDims, [0]);
    const n = refTensor("int32", [3], [0, 3, 1]);
    assert.deepEqual(numbers(run(graph, [n, scalar(2), vector(1, 1, 5)])), [1, 8, 10]);
    assert.ok(
      !ops(only(batchGraph(power, 3, [null, 0, null]).graph, "while").params.cond as Graph).includes(
        "reduce_or",
      ),
    );
  });

  test("refuses what does not fit, in JAX's words", () => {
    const cond = build([S], (_, x) => x);
    const body = build([S], (_, x) => x);
    assert.throws(
      () => build([S], (b, x) => b.emit("while", x, { cond, body, condConsts: 0, bodyConsts: 0 })),
      /cond_fun must return a boolean scalar, but got output type\(s\) \[float64\[\]\]/,
    );
    const never = build([S], (b) => [b.literal(0, "bool")]);
    const wider = build([S], (b, [x]) => [b.splat(x, [2])]);
    assert.throws(
      () =>
        build([S], (b, x) => b.emit("while", x, { cond: never, body: wider, condConsts: 0, bodyConsts: 0 })),
      /while_loop body function carry input and carry output must have equal types.*the shapes do not match/,
    );
  });
});

describe("cond", () => {
  const branches = [
    build([S, S], (b, [x, y]) => [b.mul(b.unary("sin", x), y)]),
    build([S, S], (b, [x]) => [b.unary("exp", x)]),
    build([S, S], (b) => [b.literal(7, "float64")]),
  ];
  const choose = build([I, S, S], (b, x) => b.emit("cond", x, { branches }));
  const at = (i: number): RefTensor[] => [refScalar("int32", i), scalar(0.5), scalar(3)];

  test("clamps its index, as a scalar and batched", () => {
    const wanted = [3 * Math.sin(0.5), 3 * Math.sin(0.5), Math.exp(0.5), 7, 7];
    for (const [k, i] of [-5, 0, 1, 2, 9].entries()) assertNear(numbers(run(choose, at(i))), [wanted[k]]);
    const batched = batchGraph(choose, 5, [0, null, null]).graph;
    const index = refTensor("int32", [5], [-5, 0, 1, 2, 9]);
    assertNear(numbers(run(batched, [index, scalar(0.5), scalar(3)])), wanted);
  });

  test("differentiates the branch taken; a branch without a tangent gives zero", () => {
    const graph = valueAndGradGraph(choose, [false, true, true]);
    assertNear(numbers(run(graph, at(0))).slice(1), [3 * Math.cos(0.5), Math.sin(0.5)]);
    assertNear(numbers(run(graph, at(1))).slice(1), [Math.exp(0.5), 0]);
    assertNear(numbers(run(graph, at(2))).slice(1), [0, 0]);
  });

  test("branches share the places of their residuals, and operands need none", () => {
    const { primal } = linearizeGraph(choose, [false, true, true]);
    // sin needs cos(x), sin(x) and the operand y; exp needs exp(x): two places.
    assert.equal(only(primal, "cond").outputs.length, 1 + 2);
  });

  test("under vmap with one index stays one branch", () => {
    const { graph, outDims } = batchGraph(choose, 2, [null, 0, null]);
    assert.deepEqual(outDims, [0]);
    only(graph, "cond");
    assertNear(numbers(run(graph, [refScalar("int32", 2), vector(1, 2), scalar(3)])), [7, 7]);
  });

  test("branches that put the batch on different axes agree on one", () => {
    const sides = [build([V2, V2], (_, [x]) => [x]), build([V2, V2], (_, [, y]) => [y])];
    const f = build([I, V2, V2], (b, x) => b.emit("cond", x, { branches: sides }));
    const { graph, outDims } = batchGraph(f, 3, [null, 0, 1]);
    assert.deepEqual(outDims, [0]);
    const x = refTensor("float64", [3, 2], [1, 2, 3, 4, 5, 6]);
    const y = refTensor("float64", [2, 3], [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(numbers(run(graph, [refScalar("int32", 1), x, y])), [1, 4, 2, 5, 3, 6]);
  });

  test("refuses branches of different types and an index that is none", () => {
    const pair = [build([S], (_, x) => x), build([S], (b, [x]) => [b.splat(x, [2])])];
    assert.throws(
      () => build([I, S], (b, x) => b.emit("cond", x, { branches: pair })),
      /false_fun and true_fun output must have identical types, got \[float64\[\]\] and \[float64\[2\]\]/,
    );
    assert.throws(
      () => build([BOOL, S], (b, x) => b.emit("cond", x, { branches: [pair[0]] })),
      /branch index must be a scalar of type int32, got bool\[\]/,
    );
  });
});

describe("call", () => {
  test("keeps its name through every transformation, and passes operands that are residuals", () => {
    const inner = build([S, S], (b, [x, y]) => [b.mul(x, y)], "inner");
    const f = build([S, S], (b, x) => b.emit("call", x, { graph: inner, name: "inner" }));
    const { primal, linear } = linearizeGraph(f, [true, true]);
    const batched = batchGraph(f, 2, [0, null]).graph;
    const transposed = transposeGraph(linear, [false, false, true, true]);
    for (const graph of [jvpGraph(f, [true, true]).graph, primal, linear, batched, transposed]) {
      assert.equal(only(graph, "call").params.name, "inner");
    }
    assertResidualsAreInputs(primal);
  });

  test("checks its operands", () => {
    const inner = build([S], (_, x) => x, "inner");
    assert.throws(
      () => build([V2], (b, x) => b.emit("call", x, { graph: inner, name: "inner" })),
      /operand 0 of graph @inner must have type float64\[\], got float64\[2\]/,
    );
  });
});

describe("custom_jvp_call", () => {
  // f(x, k, y) = x·y with a rule that says d/dx = 10, d/dy = 100·y, so that its use is seen.
  const graph = build([S, I, S], (b, [x, , y]) => [b.mul(x, y)]);
  const jvp = new DeferredGraph({}, () =>
    build([S, I, S, S, S], (b, [x, , y, dx, dy]) => [
      b.mul(x, y),
      b.add(b.mul(b.literal(10, "float64"), dx), b.mul(b.mul(b.literal(100, "float64"), y), dy)),
    ]),
  );
  const f = build([S, I, S], (b, x) => b.emit("custom_jvp_call", x, { graph, jvp, name: "f" }));
  const k = refScalar("int32", 1);

  test("its rule is the derivative, forward and backward", () => {
    const forward = jvpGraph(f, [true, false, false]).graph;
    assert.deepEqual(numbers(run(forward, [scalar(2), k, scalar(3), scalar(1)])), [6, 10]);
    const reverse = valueAndGradGraph(f, [true, false, true]);
    assert.deepEqual(numbers(run(reverse, [scalar(2), k, scalar(3)])), [6, 10, 300]);
  });

  test("its rule is the derivative of the batched function", () => {
    const batched = batchGraph(f, 2, [0, null, null]).graph;
    only(batched, "custom_jvp_call");
    const total = build([V2, I, S], (b, x) => [b.sum(b.inline(batched, x)[0], [0])]);
    const reverse = valueAndGradGraph(total, [true, false, true]);
    assert.deepEqual(numbers(run(reverse, [vector(2, 4), k, scalar(3)])), [18, 10, 10, 600]);
  });

  test("a rule whose loop mixes primals and tangents has a reverse mode", () => {
    // x → x⁸ by squaring three times; the rule is the loop's own forward mode.
    const square = build([S], (b, [c]) => [b.mul(c, c)]);
    const power = build([S], (b, x) => emitScan(b, x, square, 0, 1));
    const rule = new DeferredGraph({}, () => transforms.jvp(power, [true]).graph);
    const g = build([S], (b, x) => b.emit("custom_jvp_call", x, { graph: power, jvp: rule, name: "g" }));
    const first = valueAndGradGraph(g, [true]);
    assert.deepEqual(numbers(run(first, [scalar(2)])), [256, 1024]);
    const slope = build([S], (b, x) => [b.inline(first, x)[1]]);
    assert.deepEqual(numbers(run(valueAndGradGraph(slope, [true]), [scalar(2)])), [1024, 8 * 7 * 64]);
  });
});

describe("custom_vjp_call", () => {
  // f(x, y) = x·y; the rule gives the cotangents 2·ct·y and 3·ct·x.
  const graph = build([S, S], (b, [x, y]) => [b.mul(x, y)]);
  const forward = new DeferredGraph({}, () => build([S, S], (b, [x, y]) => [b.mul(x, y), x, y]));
  const backward = new DeferredGraph({}, () =>
    build([S, S, S], (b, [x, y, ct]) => [
      b.mul(b.literal(2, "float64"), b.mul(ct, y)),
      b.mul(b.literal(3, "float64"), b.mul(ct, x)),
    ]),
  );
  const f = build([S, S], (b, x) => b.emit("custom_vjp_call", x, { graph, forward, backward, name: "f" }));

  test("its rule is the derivative, of the second order too", () => {
    const first = valueAndGradGraph(f, [true, true]);
    assert.deepEqual(numbers(run(first, [scalar(5), scalar(7)])), [35, 14, 15]);
    const slope = build([S, S], (b, x) => [b.inline(first, x)[1]]);
    assert.deepEqual(
      numbers(run(valueAndGradGraph(slope, [true, true]), [scalar(5), scalar(7)])),
      [14, 0, 2],
    );
  });

  test("has no forward mode, in JAX's words", () => {
    assert.throws(() => jvpGraph(f, [true, true]), {
      name: "WeftTypeError",
      message: /can't apply forward-mode differentiation \(jvp\) to a custom_vjp function\./,
    });
    const { primal, linear } = linearizeGraph(f, [true, false]);
    const results = run(primal, [scalar(5), scalar(7)]);
    assert.throws(() => run(linear, [...results.slice(1), scalar(1)]), /only a reverse-mode rule/);
  });

  test("an operand that is not batched gets the sum of the cotangents", () => {
    const batched = batchGraph(f, 3, [0, null]).graph;
    only(batched, "custom_vjp_call");
    const total = build([V3, S], (b, x) => [b.sum(b.inline(batched, x)[0], [0])]);
    const results = run(valueAndGradGraph(total, [true, true]), [vector(1, 2, 4), scalar(7)]);
    assert.deepEqual(numbers(results), [49, 14, 14, 14, 21]);
  });

  test("cotangents of batched operands come back along the operands' own axes", () => {
    const scale = build([V2], (b, [x]) => [b.mul(x, x)]);
    const kept = new DeferredGraph({}, () => build([V2], (b, [x]) => [b.mul(x, x), x]));
    const rule = new DeferredGraph({}, () => build([V2, V2], (b, [x, ct]) => [b.mul(x, ct)]));
    const g = build([V2], (b, x) =>
      b.emit("custom_vjp_call", x, { graph: scale, forward: kept, backward: rule, name: "g" }),
    );
    const batched = batchGraph(g, 3, [1]).graph;
    const total = build([tensorType("float64", [2, 3])], (b, x) => [b.sum(b.inline(batched, x)[0], [0, 1])]);
    const x = refTensor("float64", [2, 3], [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(numbers(run(valueAndGradGraph(total, [true]), [x])), [91, 1, 2, 3, 4, 5, 6]);
  });

  test("its tangent map can be batched, differentiated in the tangents, and then transposed", () => {
    const { primal, linear } = linearizeGraph(f, [true, true]);
    const residuals = run(primal, [scalar(5), scalar(7)]).slice(1);
    const again = linearizeGraph(linear, [false, false, true, true]);
    const back = transposeGraph(again.linear, [false, false, true, true]);
    assert.deepEqual(numbers(run(back, [...residuals, scalar(1)])), [14, 15]);
    assert.throws(() => jvpGraph(linear, [true, false, true, true]), /can't apply forward-mode/);
    const batched = batchGraph(linear, 2, [null, 0, 0, null]);
    assert.deepEqual(batched.outDims, [0]);
    const transposed = transposeGraph(batched.graph, [false, false, true, true]);
    // x is 5 for both, y is 7 and 8; the second tangent is shared by the batch.
    assert.deepEqual(numbers(run(transposed, [scalar(5), vector(7, 8), vector(1, 1)])), [14, 16, 30]);
  });

  test("an output without a cotangent counts as zero, an operand without a tangent is skipped", () => {
    const pair = new DeferredGraph({}, () => build([S], (b, [x]) => [x, b.neg(x)]));
    const rule = new DeferredGraph({}, () => build([S, S], (b, [ct, other]) => [b.add(ct, other)]));
    const g = build([S], (b, [x]) => [
      b.emit("custom_vjp_call", [x], { graph: pair.get(), forward: pair, backward: rule, name: "g" })[0],
    ]);
    assert.deepEqual(numbers(run(valueAndGradGraph(g, [true]), [scalar(3)])), [3, 1]);
  });
});

describe("checkpoint", () => {
  const inner = build([S, S], (b, [w, x]) => [b.unary("sin", b.mul(b.unary("exp", x), w))], "block");
  const f = build([S, S], (b, x) => b.emit("checkpoint", x, { graph: inner }));

  test("keeps its operands only, and computes its inside again behind a barrier", () => {
    const { forward, backward, residuals } = vjpGraph(f, [true, true]);
    assert.deepEqual(ops(forward), ["checkpoint"]);
    assert.equal(residuals, 2);
    assertResidualsAreInputs(forward);
    assert.equal(ops(backward)[0], "optimization_barrier");
    assert.ok(ops(backward).includes("exp") && ops(backward).includes("cos"));
    const results = run(forward, [scalar(0.4), scalar(0.3)]);
    const slope = Math.cos(0.4 * Math.exp(0.3)) * Math.exp(0.3);
    assertNear(numbers(run(backward, [...results.slice(1), scalar(1)])), [slope, 0.4 * slope]);
  });

  test("keeps an operand only if a derivative needs it", () => {
    const affine = build([S, S], (b, [x, y]) => [b.add(b.unary("sin", x), y)]);
    const g = build([S, S], (b, x) => b.emit("checkpoint", x, { graph: affine }));
    assert.equal(vjpGraph(g, [true, true]).residuals, 1);
  });

  test("in a loop stacks the carry and not what is inside", () => {
    const body = build([S, S], (b, x) => b.emit("checkpoint", x, { graph: inner }));
    const loop = build([S, S], (b, x) => emitScan(b, x, body, 1, 1));
    assert.equal(only(vjpGraph(loop, [true, true]).forward, "scan").outputs.length, 2);
  });
});
