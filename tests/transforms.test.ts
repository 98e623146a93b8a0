/** The transformations on small graphs: what they return for corner cases, errors, names, source lines. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Graph, Literal } from "../compiler/graph/graph.ts";
import { refScalar, refTensor } from "../compiler/interpret/tensors.ts";
import { GraphBuilder } from "../compiler/primitives/graph-builder.ts";
import {
  batchGraph,
  jvpGraph,
  linearizeGraph,
  transposeGraph,
  valueAndGradGraph,
  vjpGraph,
} from "../compiler/transforms/index.ts";
import { knownSource } from "../compiler/types/source.ts";
import { tensorType } from "../compiler/types/tensor-type.ts";
import { assertResidualsAreInputs, build, numbers, ops, run, scalars } from "./helpers/graphs.ts";

const S = tensorType("float64", []);
const V3 = tensorType("float64", [3]);
const I = tensorType("int32", []);

describe("jvp", () => {
  test("takes tangents only for the inputs asked for, and says which outputs have one", () => {
    const f = build([S, S], (b, [x, y]) => [b.mul(x, y), b.unary("sin", y), x]);
    const { graph, outNonzero } = jvpGraph(f, [true, false]);
    assert.equal(graph.name, "f_jvp");
    assert.equal(graph.inputs.length, 3);
    assert.deepEqual(outNonzero, [true, false, true]);
    assert.deepEqual(numbers(run(graph, scalars(2, 3, 10))), [6, Math.sin(3), 2, 30, 10]);
  });

  test("a forced output gets a zero tangent", () => {
    const f = build([S, S], (b, [x, y]) => [b.add(x, x), y]);
    const { graph, outNonzero } = jvpGraph(f, [true, false], [true, true]);
    assert.deepEqual(outNonzero, [true, true]);
    assert.deepEqual(numbers(run(graph, scalars(2, 3, 10))), [4, 3, 20, 0]);
  });

  test("integers and comparisons have no tangents", () => {
    const f = build([S, I], (b, [x, i]) => [
      b.convert(x, "int32"),
      b.add(i, i),
      b.binary("lt", x, b.literal(0, "float64")),
      b.convert(b.convert(x, "int32"), "float64"),
    ]);
    const { graph, outNonzero } = jvpGraph(f, [true, false]);
    assert.deepEqual(outNonzero, [false, false, false, false]);
    assert.deepEqual(
      numbers(run(graph, [refScalar("float64", 2.5), refScalar("int32", 4), ...scalars(1)])),
      [2, 8, 0, 2],
    );
  });

  test("stop_gradient has a zero tangent", () => {
    const f = build([S], (b, [x]) => [b.mul(x, b.one("stop_gradient", [x], {}))]);
    const { graph } = jvpGraph(f, [true]);
    assert.deepEqual(numbers(run(graph, scalars(3, 1))), [9, 3]);
  });

  test("an operation without a rule is an error with its reason and the user's line", () => {
    const b = new GraphBuilder();
    const x = b.input(S);
    b.source = knownSource({ file: "loss.ts", line: 7, column: 3 });
    const f = b.finish("f", [b.emit("igamma_grad_a", [x, x], {})[0]]);
    for (const differentiate of [() => jvpGraph(f, [true]), () => linearizeGraph(f, [true])]) {
      assert.throws(differentiate, {
        name: "UnsupportedError",
        message: /Differentiation rule for 'igamma_grad_a' not implemented.*\n.*loss\.ts:7/,
      });
    }
  });

  test("derivative equations keep the source of the equation they come from", () => {
    const b = new GraphBuilder();
    const x = b.input(S, "x");
    b.source = knownSource({ file: "a.ts", line: 1, column: 1 });
    const y = b.unary("sin", x);
    b.source = knownSource({ file: "a.ts", line: 2, column: 1 });
    const f = b.finish("f", [b.mul(y, y)]);
    const lines = (graph: Graph): (number | undefined)[] =>
      graph.equations.map((e) => e.source?.resolve()?.line);
    assert.deepEqual(new Set(lines(jvpGraph(f, [true]).graph)), new Set([1, 2]));
    const vjp = vjpGraph(f, [true]);
    assert.ok([...lines(vjp.forward), ...lines(vjp.backward)].every((line) => line === 1 || line === 2));
    assert.deepEqual(
      jvpGraph(f, [true]).graph.inputs.map((v) => v.hint),
      ["x", "x_t"],
    );
  });
});

describe("linearize", () => {
  test("keeps what the linear graph uses, each once, and no literals", () => {
    const f = build([S, S], (b, [x, y]) => {
      const s = b.unary("sin", x);
      return [b.mul(b.mul(s, y), b.add(s, b.literal(2, "float64")))];
    });
    const { primal, linear, residuals } = linearizeGraph(f, [false, true]);
    assert.equal(primal.outputs.length, 1 + residuals);
    assert.equal(new Set(primal.outputs.slice(1)).size, residuals);
    assert.equal(linear.inputs.length, residuals + 1);
    assert.ok(primal.outputs.every((x) => !(x instanceof Literal)));
  });

  test("an input as a residual is that input", () => {
    const f = build([S, S], (b, [x, y]) => [b.mul(x, y)]);
    const { primal, residuals } = linearizeGraph(f, [true, true]);
    assert.equal(residuals, 2);
    assertResidualsAreInputs(primal);
  });

  test("a broadcast is made again and not kept", () => {
    const f = build([S, V3], (b, [w, x]) => [b.mul(b.splat(w, [3]), x)]);
    const { primal, residuals } = linearizeGraph(f, [false, true]);
    assert.equal(residuals, 1);
    assert.equal(primal.outputs[1], primal.inputs[0]);
  });

  test("without a tangent all is primal", () => {
    const f = build([S], (b, [x]) => [b.unary("sin", x)]);
    const { linear, residuals, outNonzero } = linearizeGraph(f, [false]);
    assert.deepEqual([linear.inputs.length, linear.outputs.length, residuals], [0, 0, 0]);
    assert.deepEqual(outNonzero, [false]);
  });
});

describe("transpose", () => {
  test("a value used several times sums its cotangents", () => {
    const f = build([S], (b, [x]) => [b.add(x, b.neg(b.add(x, x))), x]);
    assert.deepEqual(numbers(run(transposeGraph(f, [true]), scalars(3, 5))), [2]);
  });

  test("outputs that are literals, inputs that are unused, inputs that are outputs", () => {
    const f = build([S, S], (b, [x]) => [b.literal(0, "float64"), x]);
    const t = transposeGraph(f, [true, true]);
    assert.equal(t.name, "f_transpose");
    assert.deepEqual(numbers(run(t, scalars(3, 5))), [5, 0]);
    assert.ok(t.outputs[1] instanceof Literal);
  });

  test("equations of residuals alone run forward, and only if something needs them", () => {
    const f = build([S, S], (b, [r, x]) => [b.mul(b.unary("exp", r), x), b.unary("cos", r)]);
    const t = transposeGraph(f, [false, true]);
    assert.deepEqual(ops(t).includes("cos"), false);
    assert.deepEqual(numbers(run(t, scalars(0, 3, 99))), [3]);
  });

  test("a symbolic zero cotangent takes no input and skips its equations", () => {
    const f = build([S], (b, [x]) => [b.neg(x), b.mul(x, b.literal(4, "float64"))]);
    const t = transposeGraph(f, [true], [false, true]);
    assert.equal(t.inputs.length, 1);
    assert.ok(!ops(t).includes("neg"));
    assert.deepEqual(numbers(run(t, scalars(3))), [12]);
  });

  test("an operation that is not linear is an error with the user's line", () => {
    const b = new GraphBuilder();
    const x = b.input(S);
    b.source = knownSource({ file: "loss.ts", line: 9, column: 3 });
    const f = b.finish("f", [b.unary("sin", x)]);
    assert.throws(() => transposeGraph(f, [true]), {
      name: "UnsupportedError",
      message:
        /Transpose rule \(for reverse-mode differentiation\) for 'sin' not implemented: .*\n.*loss\.ts:9/,
    });
  });
});

describe("valueAndGrad", () => {
  test("returns all outputs and then the gradients", () => {
    const f = build([S, I, S], (b, [x, i, y]) => [b.mul(x, b.mul(y, y)), b.add(i, i), b.unary("exp", x)]);
    const graph = valueAndGradGraph(f, [true, false, true]);
    const inputs = [refScalar("float64", 2), refScalar("int32", 5), refScalar("float64", 3)];
    assert.deepEqual(numbers(run(graph, inputs)), [18, 10, Math.exp(2), 9, 12]);
  });

  test("the gradient of what does not depend on an input is zero", () => {
    const f = build([S, V3], (b, [x]) => [b.literal(1, "float64"), x]);
    const results = run(valueAndGradGraph(f, [true, true]), [
      ...scalars(2),
      refTensor("float64", [3], [1, 2, 3]),
    ]);
    assert.deepEqual(numbers(results), [1, 2, 0, 0, 0, 0]);
  });

  test("refuses what is not a floating scalar, in JAX's words", () => {
    const vector = build([V3], (_, x) => x);
    assert.throws(() => valueAndGradGraph(vector, [true]), {
      name: "WeftTypeError",
      message: /Gradient only defined for scalar-output functions\. Output had shape: \(3,\)\./,
    });
    const integer = build([S], (b, [x]) => [b.convert(x, "int32")]);
    assert.throws(
      () => valueAndGradGraph(integer, [true]),
      /grad requires real-valued outputs.*but got int32/,
    );
  });

  test("a chain of equations takes time linear in its length", () => {
    const f = build([S], (b, [x]) => {
      let y = x;
      for (let i = 0; i < 3000; i++) y = b.unary("sin", y);
      return [y];
    });
    assert.equal(ops(valueAndGradGraph(f, [true])).filter((op) => op === "cos").length, 3000);
  });
});

describe("batch", () => {
  test("copies what is not batched, and batches by force", () => {
    const f = build([S, S], (b, [x, y]) => [b.add(x, x), b.unary("sin", y), b.literal(1, "float64")]);
    const free = batchGraph(f, 2, [null, 0]);
    assert.deepEqual(free.outDims, [null, 0, null]);
    assert.equal(free.graph.name, "f_batch");
    const forced = batchGraph(f, 2, [null, 0], [true, true, true]);
    assert.deepEqual(forced.outDims, [0, 0, 0]);
    const results = run(forced.graph, [...scalars(3), refTensor("float64", [2], [0, 0])]);
    assert.deepEqual(numbers(results), [6, 6, 0, 0, 1, 1]);
  });
});
