/** The verifier of graphs on what no text can say: values out of scope, defined twice, foreign params. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  DenseTensor,
  type Equation,
  Graph,
  Literal,
  literal,
  type Params,
  Value,
} from "../compiler/graph/graph.ts";
import { paramProblem } from "../compiler/graph/params.ts";
import { GraphBuilder } from "../compiler/primitives/graph-builder.ts";
import { PRIMITIVE_NAMES, primitives } from "../compiler/primitives/table.ts";
import { knownSource } from "../compiler/types/source.ts";
import { tensorType } from "../compiler/types/tensor-type.ts";
import { graphViolations, VerifyError, verifyGraph } from "../compiler/verify/index.ts";

const f32 = tensorType("float32", []);
const source = knownSource({ file: "src/loss.ts", line: 7, column: 3 });

function equation(
  op: Equation["op"],
  inputs: Equation["inputs"],
  params: Params,
  ...outputs: Value[]
): Equation {
  return { op, inputs, params, outputs, source };
}

function messages(graph: Graph, level: "graph" | "optimised" = "graph"): string[] {
  return graphViolations(graph, { level }).map((v) => v.message);
}

describe("single assignment", () => {
  const x = new Value(f32, "x");
  const y = new Value(f32);
  const z = new Value(f32);

  test("a use before the definition", () => {
    const graph = new Graph("f", [x], [equation("neg", [y], {}, z), equation("neg", [x], {}, y)], [z]);
    assert.deepEqual(messages(graph), ["%1 is used before its definition"]);
  });

  test("a value of no graph", () => {
    assert.deepEqual(messages(new Graph("f", [], [], [x])), ["%undefined is not defined in this graph"]);
  });

  test("a value defined twice, an input too", () => {
    const graph = new Graph("f", [x, x], [equation("neg", [x], {}, y), equation("exp", [x], {}, y)], [y]);
    assert.deepEqual(messages(graph), ["%x is defined twice", "%0 is defined twice"]);
  });

  test("a sub-graph that captures", () => {
    const branch = new Graph("a", [], [], [x]);
    const graph = new Graph(
      "f",
      [x],
      [equation("cond", [literal(0, "int32")], { branches: [branch] }, y)],
      [y],
    );
    assert.deepEqual(messages(graph), ["a value belongs to an enclosing graph; sub-graphs are closed"]);
  });

  test("one sub-graph in two places is verified once", () => {
    const bad = new Graph("bad", [], [], [y]);
    const cond = equation("cond", [literal(0, "int32")], { branches: [bad, bad] }, z);
    assert.equal(messages(new Graph("f", [], [cond], [z])).length, 1);
  });

  test("an equation that uses its own result", () => {
    const graph = new Graph("f", [], [equation("neg", [y], {}, y)], [y]);
    assert.deepEqual(messages(graph), ["%0 is used before its definition"]);
  });
});

describe("types and parameters", () => {
  test("a literal that is none of its dtype", () => {
    const inexact = new Graph("f", [], [], [new Literal(f32, 0.1)]);
    assert.deepEqual(messages(inexact), ["the literal 0.1 is not a value of float32"]);
    assert.equal(messages(new Graph("f", [], [], [literal(2, "bool")])).length, 1);
    assert.equal(messages(new Graph("f", [], [], [literal(-1, "uint8")])).length, 1);
    assert.deepEqual(messages(new Graph("f", [], [], [literal(NaN, "float16"), literal(-0, "float32")])), []);
  });

  test("the number of results", () => {
    const x = new Value(f32);
    const graph = new Graph("f", [x], [equation("neg", [x], {}, new Value(f32), new Value(f32))], []);
    assert.deepEqual(messages(graph), ["neg gives 1 result, but recorded: 2"]);
  });

  test("a dense tensor with too few bytes", () => {
    const type = tensorType("float32", [3]);
    const y = new Value(type);
    const constant = equation("constant", [], { value: new DenseTensor(type, new Uint8Array(8)) }, y);
    assert.ok(messages(new Graph("f", [], [constant], [y])).includes("dense f32[3] has 8 bytes, not 12"));
  });

  test("an operation that does not exist", () => {
    const name: string = "frobnicate";
    const bad: Equation = { ...equation("neg", [], {}), ...JSON.parse(`{"op":"${name}"}`) };
    assert.deepEqual(messages(new Graph("f", [], [bad], [])), ["unknown operation frobnicate"]);
  });

  test("the parameters of every primitive's own test cases have the right kinds", () => {
    let checked = 0;
    for (const name of PRIMITIVE_NAMES) {
      for (const { params } of primitives[name].test.cases ?? []) {
        assert.equal(paramProblem(name, params), null);
        checked++;
      }
    }
    assert.ok(checked > 100);
  });

  test("parameters inherited from Object.prototype do not count", () => {
    assert.match(paramProblem("neg", { toString: 1 }) ?? "", /neg has no parameter toString; it takes none/);
    assert.match(paramProblem("reduce_sum", {}) ?? "", /needs the parameter axes/);
  });
});

describe("reports", () => {
  test("the error lists every violation with its equation and the user's line", () => {
    const x = new Value(f32, "x");
    const y = new Value(f32);
    const equations = [equation("neg", [y], {}, new Value(f32)), equation("exp", [y], {}, new Value(f32))];
    assert.throws(
      () => verifyGraph(new Graph("loss", [x], equations, [])),
      (error) => {
        assert.ok(error instanceof VerifyError);
        assert.equal(error.violations.length, 2);
        assert.match(
          error.message,
          /is not defined in this graph\n {2}in graph @loss, equation %0: f32\[\] = neg/,
        );
        assert.match(error.message, /loss\.ts:7:3/);
        return true;
      },
    );
  });

  test("dead equations and calls are violations of the optimised level only", () => {
    const b = new GraphBuilder();
    const x = b.input(f32);
    const inner = new GraphBuilder();
    const g = inner.finish("g", [inner.input(f32)]);
    b.neg(x);
    const graph = b.finish("f", b.emit("call", [x], { graph: g, name: "g" }));
    assert.deepEqual(messages(graph), []);
    assert.equal(messages(graph, "optimised").length, 2);
  });
});
