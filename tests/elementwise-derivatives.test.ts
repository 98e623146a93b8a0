/** Derivatives of elementwise primitives where the textbook rule fails, and through a chain of linear rules. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Graph } from "../compiler/graph/graph.ts";
import type { PrimitiveName } from "../compiler/graph/names.ts";
import type { PrimitiveParams } from "../compiler/graph/operations.ts";
import { Absent } from "../compiler/graph/primitive.ts";
import { interpretGraph } from "../compiler/interpret/reference.ts";
import { refTensor } from "../compiler/interpret/tensors.ts";
import { GraphBuilder } from "../compiler/primitives/graph-builder.ts";
import { primitiveOf } from "../compiler/primitives/table.ts";
import { jvpGraph, valueAndGradGraph } from "../compiler/transforms/index.ts";
import { tensorType } from "../compiler/types/tensor-type.ts";
import { graphOf } from "./helpers/graphs.ts";

const SCALAR = tensorType("float64", []);

/** The derivative of a graph of scalars with respect to one input, as a graph of the same inputs; null: it is zero. */
function derivative(graph: Graph, input: number): Graph | null {
  const mask = graph.inputs.map((_, i) => i === input);
  const { graph: jvp, outNonzero } = jvpGraph(graph, mask);
  if (!outNonzero[0]) return null;
  const b = new GraphBuilder();
  const inputs = graph.inputs.map((x) => b.input(x.type));
  const outputs = b.inline(jvp, [...inputs, b.literal(1, "float64")]);
  return b.finish("derivative", [outputs[1]]);
}

function run(graph: Graph | null, at: readonly number[]): number {
  if (graph === null) return 0;
  return interpretGraph(
    graph,
    at.map((x) => refTensor("float64", [], [x])),
  )[0].data[0];
}

test("every floating operation without a derivative says why", () => {
  const { jvp } = primitiveOf("igamma_grad_a");
  assert.ok(jvp instanceof Absent && /igamma_grad_a/.test(jvp.reason));
});

describe("where the textbook rule fails", () => {
  const d = <N extends PrimitiveName>(
    name: N,
    params: PrimitiveParams[N],
    at: number[],
    input = 0,
    order = 1,
  ): number => {
    let graph: Graph | null = graphOf(
      name,
      at.map(() => SCALAR),
      params,
    );
    for (let i = 0; i < order && graph !== null; i++) graph = derivative(graph, input);
    return run(graph, at);
  };

  test("x³ and x⁰ at 0, by integer_pow and by pow", () => {
    assert.equal(d("integer_pow", { y: 3 }, [0]), 0);
    assert.equal(d("integer_pow", { y: 3 }, [0], 0, 3), 6);
    assert.equal(d("integer_pow", { y: 3 }, [0], 0, 4), 0);
    assert.equal(d("integer_pow", { y: 0 }, [0]), 0);
    assert.equal(d("integer_pow", { y: 1 }, [0]), 1);
    assert.equal(d("pow", {}, [0, 3]), 0);
    assert.equal(d("pow", {}, [0, 2], 0, 2), 2);
    assert.equal(d("pow", {}, [0, 2], 0, 3), 0);
    assert.equal(d("pow", {}, [0, 1]), 1);
    assert.equal(d("pow", {}, [0, 0]), 0);
    assert.equal(d("pow", {}, [-2, 3]), 12);
    assert.equal(d("pow", {}, [0, 3], 1), 0);
  });

  test("a tie of max or min gives each operand half", () => {
    for (const name of ["max", "min"] as const) {
      assert.equal(d(name, {}, [2, 2], 0), 0.5);
      assert.equal(d(name, {}, [2, 2], 1), 0.5);
    }
    assert.equal(d("max", {}, [2, 1], 0), 1);
    assert.equal(d("max", {}, [2, 1], 1), 0);
    assert.equal(d("clamp", {}, [0, 0, 1], 1), 0);
  });

  test("clamp follows the operand it returns", () => {
    for (const [x, by] of [
      [-0.5, 0],
      [0.5, 1],
      [1.5, 2],
    ]) {
      for (const input of [0, 1, 2]) assert.equal(d("clamp", {}, [0, x, 1], input), input === by ? 1 : 0);
    }
  });

  test("abs at 0, sqrt at 0, rem", () => {
    assert.deepEqual(
      [0, -0, NaN].map((x) => d("abs", {}, [x])),
      [1, 1, -1],
    );
    assert.equal(d("sqrt", {}, [0]), Infinity);
    assert.equal(d("rem", {}, [7.5, 2], 0), 1);
    assert.equal(d("rem", {}, [7.5, 2], 1), -3);
    assert.equal(d("rem", {}, [-7.5, 2], 1), 3);
  });

  test("logistic and tanh far out have derivatives without NaN", () => {
    assert.equal(d("logistic", {}, [-800]), 0);
    assert.equal(d("tanh", {}, [500]), 0);
    assert.equal(d("logistic", {}, [40], 0, 2), 0);
  });

  test("step functions have the symbolic zero", () => {
    for (const name of ["sign", "floor", "ceil", "trunc"] as const) {
      assert.equal(derivative(graphOf(name, [SCALAR], {}), 0), null, name);
    }
    assert.equal(derivative(graphOf("nextafter", [SCALAR, SCALAR], {}), 0), null);
    assert.equal(derivative(graphOf("stop_gradient", [SCALAR], {}), 0), null);
    assert.equal(derivative(graphOf("lt", [SCALAR, SCALAR], {}), 0), null);
  });

  test("an integer remainder next to a gradient keeps its value", () => {
    const b = new GraphBuilder();
    const x = b.input(SCALAR);
    const n = b.input(tensorType("int32", []));
    const rest = b.convert(b.binary("rem", n, b.literal(3, "int32")), "float64");
    const graph = b.finish("f", [b.mul(x, rest)]);
    const grad = valueAndGradGraph(graph, [true, false]);
    const outputs = interpretGraph(grad, [refTensor("float64", [], [5]), refTensor("int32", [], [-7])]);
    assert.deepEqual(
      outputs.map((t) => t.data[0]),
      [-5, -1],
    );
  });
});

describe("reverse mode", () => {
  test("linear rules: neg, add, sub, mul, div, select, convert and the barrier", () => {
    const b = new GraphBuilder();
    const x = b.input(SCALAR);
    const y = b.input(SCALAR);
    const pred = b.binary("gt", x, y);
    const [p, q] = b.emit("optimization_barrier", [b.div(b.neg(x), y), b.sub(x, b.mul(x, y))], {});
    const single = b.convert(b.convert(b.add(p, q), "float32"), "float64");
    const graph = b.finish("f", [b.select(pred, single, b.mul(x, x))]);
    const grad = valueAndGradGraph(graph, [true, true]);
    const at = (u: number, v: number): number[] =>
      interpretGraph(grad, [refTensor("float64", [], [u]), refTensor("float64", [], [v])]).map(
        (t) => t.data[0],
      );
    // -x/y + x - xy where x > y; x² elsewhere.
    assert.deepEqual(at(4, 2), [-6, -0.5 + 1 - 2, 1 - 4]);
    assert.deepEqual(at(1, 2), [1, 2, 0]);
  });
});
