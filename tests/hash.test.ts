/** Structural hash and equality: what must make a compile cache miss, and what must not. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type Attribute,
  DeferredGraph,
  DenseTensor,
  Graph,
  literal,
  Value,
} from "../compiler/graph/graph.ts";
import { equalGraphs, hashGraph } from "../compiler/hash/index.ts";
import { GraphBuilder } from "../compiler/primitives/graph-builder.ts";
import { parseGraph, printGraph } from "../compiler/text/index.ts";
import { DTYPES, type DType } from "../compiler/types/dtype.ts";
import { tensorType } from "../compiler/types/tensor-type.ts";
import { Random } from "./helpers/random.ts";
import { randomGraph } from "./helpers/text-graphs.ts";

const f32 = tensorType("float32", []);

/** Attributes need not belong to their operation here. */
function withAttribute(a: Attribute): Graph {
  const y = new Value(f32);
  return new Graph("f", [], [{ op: "iota", inputs: [], params: { a }, outputs: [y], source: null }], [y]);
}

function same(a: Graph, b: Graph): void {
  assert.ok(equalGraphs(a, b) && equalGraphs(b, a));
  assert.equal(hashGraph(a), hashGraph(b));
}

function different(a: Graph, b: Graph): void {
  assert.ok(!equalGraphs(a, b) && !equalGraphs(b, a), `${printGraph(a)}${printGraph(b)}`);
  assert.notEqual(hashGraph(a), hashGraph(b));
}

function allDifferent(graphs: readonly Graph[]): void {
  for (const [i, a] of graphs.entries()) for (const b of graphs.slice(0, i)) different(a, b);
}

describe("equal", () => {
  test("names, hints and sources do not count", () => {
    same(
      parseGraph("graph @f(%x: f32[]) -> (f32[]) { %0: f32[] = neg %x // a.ts:1:1\n return %0 }"),
      parseGraph("graph @g(%1: f32[]) -> (f32[]) { %y: f32[] = neg %1 // b.ts:2:2\n return %y }"),
    );
  });

  test("the order of parameters does not count", () => {
    same(withAttribute({ p: 1, q: [2] }), withAttribute({ q: [2], p: 1 }));
  });

  test("NaN is NaN", () => same(withAttribute([NaN]), withAttribute([NaN])));

  test("dense constants compare by content", () => {
    const dense = (): DenseTensor =>
      new DenseTensor(tensorType("float32", [2]), Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    same(withAttribute(dense()), withAttribute(dense()));
  });

  test("deferred graphs are the same by key, and are not forced", () => {
    const key = {};
    const never = (): DeferredGraph =>
      new DeferredGraph(key, () => {
        throw new Error("forced");
      });
    same(withAttribute(never()), withAttribute(never()));
  });
});

describe("different", () => {
  test("the dtype of a literal (a cache keyed without it gave 1.4e-45 for 1)", () => {
    allDifferent(DTYPES.map((dtype: DType) => new Graph("f", [], [], [literal(1, dtype)])));
  });

  test("the shape of a literal and of an input", () => {
    const shapes = [[], [1], [2], [1, 1], [2, 1], [1, 2]];
    allDifferent(shapes.map((shape) => new Graph("f", [], [], [literal(1, "float32", shape)])));
    allDifferent(shapes.map((shape) => new Graph("f", [new Value(tensorType("float32", shape))], [], [])));
  });

  test("numbers that JSON confuses", () => {
    allDifferent(
      [null, 0, -0, NaN, Infinity, -Infinity, "0", "NaN", "null", false, [], {}, "", [0], [null]].map(
        withAttribute,
      ),
    );
    allDifferent(
      [0, -0, NaN, Infinity, -Infinity].map((x) => new Graph("f", [], [], [literal(x, "float32")])),
    );
    allDifferent([1, 2, 0.5, 1.5, 2 ** 31, 2 ** 32, 2 ** 53, -1, 1e-300].map(withAttribute));
  });

  test("the nesting of lists and records", () => {
    const lists: readonly Attribute[] = [
      [1, 2, 3],
      [[1, 2], 3],
      [1, [2, 3]],
      [[1], [2], [3]],
    ];
    const records: readonly Attribute[] = [{ a: 1, b: 2 }, { a: 2, b: 1 }, { a: { b: 2 } }];
    allDifferent([...lists, ...records].map(withAttribute));
  });

  test("which value is used", () => {
    const text = (body: string): Graph => parseGraph(`graph @f(%x: f32[], %y: f32[]) -> (f32[]) { ${body} }`);
    allDifferent([
      text("%0: f32[] = sub %x, %y return %0"),
      text("%0: f32[] = sub %y, %x return %0"),
      text("%0: f32[] = sub %x, %x return %0"),
      text("%0: f32[] = sub %x, %y return %x"),
      text("return %x"),
      text("return %y"),
      text("%0: f32[] = add %x, %y return %0"),
    ]);
  });

  test("sub-graphs, dense constants and deferred keys", () => {
    const inner = (value: number): Graph => new Graph("g", [], [], [literal(value, "float32")]);
    allDifferent([inner(1), inner(2), [inner(1)], [inner(1), inner(2)]].map(withAttribute));
    const bytes = new Uint8Array(8);
    allDifferent(
      [
        new DenseTensor(tensorType("float32", [2]), bytes),
        new DenseTensor(tensorType("int32", [2]), bytes),
        new DenseTensor(tensorType("float64", [1]), bytes),
        new DenseTensor(tensorType("float32", [2]), Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 128)),
      ].map(withAttribute),
    );
    const graph = inner(1);
    allDifferent([new DeferredGraph({}, () => graph), new DeferredGraph({}, () => graph)].map(withAttribute));
  });
});

describe("random graphs", () => {
  test("hashes of 300 of them collide only for equal ones", () => {
    const graphs = Array.from({ length: 300 }, (_, seed) =>
      randomGraph(new Random(seed), 6, { deferred: false }),
    );
    const byHash = new Map<number, Graph>();
    for (const graph of graphs) {
      const hash = hashGraph(graph);
      assert.ok(Number.isSafeInteger(hash) && hash >= 0);
      const other = byHash.get(hash);
      if (other) assert.ok(equalGraphs(graph, other));
      byHash.set(hash, graph);
    }
    assert.ok(byHash.size > 250);
  });

  test("any change of one literal is seen", () => {
    for (let seed = 0; seed < 40; seed++) {
      const build = (value: number): Graph => {
        const b = new GraphBuilder();
        let x = b.neg(b.input(f32));
        for (let i = 0; i < 20; i++) x = i === seed % 20 ? b.add(x, b.literal(value, "float32")) : b.neg(x);
        return b.finish("f", [x]);
      };
      same(build(1), build(1));
      different(build(1), build(2));
    }
  });
});
