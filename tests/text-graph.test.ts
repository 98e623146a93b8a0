/** The graph text form: round trips of random graphs, exact numbers, names, errors on any malformed text. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type Attribute,
  DeferredGraph,
  DenseTensor,
  type Equation,
  Graph,
  literal,
  Value,
} from "../compiler/graph/graph.ts";
import { equalGraphs, hashGraph } from "../compiler/hash/index.ts";
import { float16FromBits } from "../compiler/kernel/constants.ts";
import { GraphBuilder } from "../compiler/primitives/graph-builder.ts";
import { ParseError, parseGraph, printGraph, printJaxpr } from "../compiler/text/index.ts";
import { formatElement, formatNumber } from "../compiler/text/numbers.ts";
import { nearestName } from "../compiler/text/parse-error.ts";
import { UnsupportedError } from "../compiler/types/errors.ts";
import type { SourceLocation } from "../compiler/types/source.ts";
import { tensorType } from "../compiler/types/tensor-type.ts";
import { verifyGraph } from "../compiler/verify/index.ts";
import { Random } from "./helpers/random.ts";
import { randomGraph } from "./helpers/text-graphs.ts";

const f32 = tensorType("float32", []);

describe("round trip of random graphs", () => {
  test("parse(print(g)) equals g, sources included", () => {
    for (let seed = 0; seed < 80; seed++) {
      const graph = randomGraph(new Random(seed), 1 + (seed % 20), { deferred: false });
      verifyGraph(graph);
      const text = printGraph(graph);
      const parsed = parseGraph(text, `seed ${seed}`);
      assert.ok(equalGraphs(graph, parsed), `seed ${seed}:\n${text}`);
      assert.equal(hashGraph(graph), hashGraph(parsed));
      assert.equal(printGraph(parsed), text);
      assert.equal(parsed.name, graph.name);
      assert.deepEqual(sourcesOf(parsed), sourcesOf(graph));
      printJaxpr(parsed);
    }
  });

  test("with deferred rules the text is a fixed point", () => {
    for (let seed = 0; seed < 50; seed++) {
      const text = printGraph(randomGraph(new Random(1000 + seed), 15, { deferred: true }));
      assert.equal(printGraph(parseGraph(text)), text);
    }
  });

  test("without sources no comment is printed", () => {
    const graph = randomGraph(new Random(7), 20, { deferred: false });
    assert.match(printGraph(graph), /\/\/ /);
    const parsed = parseGraph(printGraph(graph, { sources: false }));
    assert.ok(sourcesOf(parsed).every((location) => location === null));
    assert.ok(equalGraphs(parsed, graph));
  });
});

function sourcesOf(graph: Graph): (SourceLocation | null)[] {
  return graph.equations.map((equation) => equation.source?.resolve() ?? null);
}

describe("numbers", () => {
  test("every float16 prints and parses exactly", () => {
    const values = Array.from({ length: 65536 }, (_, bits) => float16FromBits(bits)).filter(
      (x) => !Number.isNaN(x),
    );
    const type = tensorType("float16", []);
    const graph = new Graph(
      "f",
      [],
      [],
      values.map((x) => literal(x, "float16")),
    );
    const parsed = parseGraph(printGraph(graph));
    assert.ok(equalGraphs(graph, parsed));
    assert.equal(parsed.outputs[0].type, type);
  });

  test("random float32 and float64 bits print and parse exactly, and no shorter text would do", () => {
    const r = new Random(3);
    const view = new DataView(new ArrayBuffer(8));
    for (let i = 0; i < 5000; i++) {
      view.setUint32(0, r.bits());
      view.setUint32(4, r.bits());
      const single = view.getFloat32(0);
      const double = view.getFloat64(0);
      if (Number.isFinite(single)) {
        const text = formatElement(single, "float32");
        assert.equal(Math.fround(Number(text)), single);
        const digits = text.replace(/e.*|[-.]/g, "").replace(/^0+|0+$/g, "").length;
        if (digits > 1) assert.notEqual(Math.fround(Number(single.toPrecision(digits - 1))), single, text);
      }
      if (Number.isFinite(double)) assert.equal(Number(formatElement(double, "float64")), double);
    }
  });

  test("spellings", () => {
    assert.equal(formatElement(2, "float32"), "2.0");
    assert.equal(formatElement(Math.fround(0.1), "float32"), "0.1");
    assert.equal(formatElement(Math.fround(0.1), "float64"), "0.10000000149011612");
    assert.equal(formatElement(-0, "float32"), "-0.0");
    assert.equal(formatElement(1e21, "float64"), "1e+21");
    assert.equal(formatElement(NaN, "float16"), "nan");
    assert.equal(formatElement(1, "bool"), "true");
    assert.equal(formatElement(7, "uint8"), "7");
    assert.equal(formatNumber(-0), "-0");
  });
});

describe("attributes", () => {
  const roundTrip = (a: Attribute): Attribute => {
    const graph = new Graph("f", [], [equation(a)], []);
    const parsed = parseGraph(printGraph(graph), "a", { check: false });
    assert.ok(equalGraphs(graph, parsed), printGraph(graph));
    return parsed.equations[0].params.a;
  };
  const equation = (a: Attribute): Equation => ({
    op: "neg",
    inputs: [],
    params: { a },
    outputs: [],
    source: null,
  });

  test("every kind survives", () => {
    for (const a of [
      null,
      true,
      false,
      0,
      -0,
      1.5,
      -1e300,
      NaN,
      Infinity,
      -Infinity,
      "",
      'a"\\\n\u0000\u2028é😀',
    ]) {
      roundTrip(a);
    }
    assert.ok(Object.is(roundTrip(-0), -0));
    roundTrip([]);
    roundTrip([[1], [], [null, "x", { k: [true] }]]);
    roundTrip({});
    roundTrip({ "odd key": 1, "": 2, "1": 3, in: 4 });
    roundTrip(new DenseTensor(tensorType("float64", [2]), new Uint8Array(16).fill(255)));
  });

  test("a key named __proto__ is an ordinary key", () => {
    const parsed = parseGraph("graph @f() -> () { neg {__proto__={x=1}} return }", "a", { check: false });
    assert.ok(Object.hasOwn(parsed.equations[0].params, "__proto__"));
    assert.equal(Object.getPrototypeOf(parsed.equations[0].params), Object.prototype);
  });

  test("the order of parameters does not show", () => {
    const text = (params: string): string =>
      `graph @f(%x: f32[2]) -> () { %0: f32[2] = cumsum %x {${params}} return }`;
    assert.equal(
      printGraph(parseGraph(text("axis=0, reverse=true"))),
      printGraph(parseGraph(text("reverse=true, axis=0"))),
    );
  });

  test("a large constant is printed whole", () => {
    const bytes = Uint8Array.from({ length: 400_000 }, (_, i) => (i * 31) & 255);
    const value = roundTrip(new DenseTensor(tensorType("float32", [100_000]), bytes));
    assert.ok(value instanceof DenseTensor);
    assert.deepEqual(value.bytes, bytes);
  });
});

describe("deferred graphs", () => {
  test("a rule that uses its own function ends in a marker, which fails when it is used", () => {
    const key = {};
    const inner = new GraphBuilder();
    const ix = inner.input(f32);
    const g = inner.finish("g", [ix]);
    const rule: DeferredGraph = new DeferredGraph(key, () => {
      const b = new GraphBuilder();
      const x = b.input(f32, "x");
      const t = b.input(f32, "t");
      const [y] = b.emit("custom_jvp_call", [x], {
        graph: g,
        jvp: new DeferredGraph(key, () => rule.get()),
        name: "g",
      });
      return b.finish("rule", [y, t]);
    });
    const b = new GraphBuilder();
    const x = b.input(f32, "x");
    const graph = b.finish("f", b.emit("custom_jvp_call", [x], { graph: g, jvp: rule, name: "g" }));
    const text = printGraph(graph);
    assert.match(text, /jvp=deferred graph @rule/);
    assert.match(text, /jvp=deferred @recursive/);
    const parsed = parseGraph(text);
    assert.equal(printGraph(parsed), text);
    const first = parsed.equations[0].params.jvp;
    assert.ok(first instanceof DeferredGraph);
    const second = first.get().equations[0].params.jvp;
    assert.ok(second instanceof DeferredGraph);
    assert.throws(() => second.get(), UnsupportedError);
  });

  test("printing while the rule is being made does not recurse", () => {
    let seen = "";
    const b = new GraphBuilder();
    const x = b.input(f32);
    const g = b.finish("g", [x]);
    const outer = new GraphBuilder();
    const y = outer.input(f32);
    const rule: DeferredGraph = new DeferredGraph({}, () => {
      seen = printGraph(graph);
      return g;
    });
    const graph = outer.finish("f", outer.emit("custom_jvp_call", [y], { graph: g, jvp: rule, name: "g" }));
    rule.get();
    assert.match(seen, /deferred @recursive/);
  });

  test("a rule that throws is printed with its reason", () => {
    const b = new GraphBuilder();
    const x = b.input(f32);
    const graph = b.finish("g", [x]);
    const failing = new DeferredGraph({}, () => {
      throw new Error('no "rule"\nhere');
    });
    const outer = new GraphBuilder();
    const y = outer.input(f32);
    const text = printGraph(
      outer.finish("f", outer.emit("custom_jvp_call", [y], { graph, jvp: failing, name: "g" })),
    );
    const parsed = parseGraph(text);
    assert.equal(printGraph(parsed), text);
    const jvp = parsed.equations[0].params.jvp;
    assert.ok(jvp instanceof DeferredGraph);
    assert.throws(() => jvp.get(), /no "rule"/);
  });
});

describe("names", () => {
  test("hints become identifiers and stay unique", () => {
    const hints = ["x", "x", "args[0].w", "args_0_w", "3", "", null, "θ", "%", "x_1"];
    const inputs = hints.map((hint) => new Value(f32, hint));
    const text = printGraph(new Graph("f", inputs, [], inputs));
    const names = [...text.split("{")[0].matchAll(/(%\S+):/g)].map((m) => m[1]);
    assert.equal(new Set(names).size, hints.length);
    assert.deepEqual(names, [
      "%x",
      "%x_1",
      "%args_0_w",
      "%args_0_w_1",
      "%v3",
      "%v",
      "%0",
      "%θ",
      "%v_1",
      "%x_1_1",
    ]);
    assert.equal(printGraph(parseGraph(text)), text);
  });

  test("near names", () => {
    assert.equal(nearestName("reduce_smu", ["reduce_sum", "reduce_max"]), "reduce_sum");
    assert.equal(nearestName("relu", ["add", "mul"]), null);
    assert.equal(nearestName("x".repeat(100), ["x".repeat(99)]), null);
  });
});

describe("errors", () => {
  test("the message shows file, line, column, the line and a caret", () => {
    const text = "graph @f(%x: f32[3]) -> (f32[3]) {\n\t%0: f32[3] = nge %x\n  return %0\n}\n";
    assert.throws(
      () => parseGraph(text, "a/f.ir"),
      (error) => {
        assert.ok(error instanceof ParseError && error instanceof SyntaxError);
        assert.equal(error.name, "ParseError");
        assert.deepEqual([error.fileName, error.line, error.column], ["a/f.ir", 2, 15]);
        const lines = error.message.split("\n");
        assert.equal(lines[0], "a/f.ir:2:15: unknown operation nge; did you mean neg?");
        assert.equal(lines[1], "   %0: f32[3] = nge %x");
        assert.equal(lines[2].indexOf("^") - 2, 14);
        return true;
      },
    );
  });

  test("an error in a very long line shows an excerpt", () => {
    const data = "A".repeat(1_000_000);
    const text = `graph @f() -> () { %0: f32[3] = constant {value=dense f32[3] "${data}"} nope return }`;
    assert.throws(
      () => parseGraph(text),
      (error) => error instanceof ParseError && error.message.length < 500,
    );
  });

  test("columns count with CRLF line ends too", () => {
    assert.throws(
      () => parseGraph("graph @f() -> () {\r\n  retrun\r\n}\r\n"),
      (error) =>
        error instanceof ParseError &&
        error.line === 2 &&
        error.column === 3 &&
        !error.message.includes("\r"),
    );
  });

  test("every prefix of a text is an error", () => {
    const text = printGraph(randomGraph(new Random(5), 6, { deferred: true })).trimEnd();
    for (let n = 0; n < text.length; n++) {
      assert.throws(() => parseGraph(text.slice(0, n)), ParseError, `prefix of ${n} characters`);
    }
  });

  test("mutated texts parse to a fixed point or are a ParseError, never a crash", () => {
    const r = new Random(11);
    const pieces = [
      "%0",
      "%x",
      "graph",
      "@f",
      "{",
      "}",
      "(",
      ")",
      "[",
      "]",
      "-",
      "1e99",
      "0",
      "-1",
      "nan",
      ",",
      ":",
    ];
    pieces.push(
      "f32[2]",
      "null",
      '"',
      "4294967296",
      "return",
      "=",
      "dense",
      "deferred",
      "\n",
      "add",
      "9".repeat(30),
    );
    let failed = 0;
    for (let i = 0; i < 600; i++) {
      const text = printGraph(randomGraph(new Random(i % 30), 8, { deferred: true }));
      const at = r.below(text.length);
      const mutated = text.slice(0, at) + r.pick(pieces) + text.slice(at + r.below(6));
      try {
        const printed = printGraph(parseGraph(mutated));
        assert.equal(printGraph(parseGraph(printed)), printed);
      } catch (error) {
        if (!(error instanceof ParseError)) throw error;
        assert.ok(error.line >= 1 && error.column >= 1);
        failed++;
      }
    }
    assert.ok(failed > 100);
  });

  test("an unchecked text is read although its types are wrong", () => {
    const text = "graph @f(%x: f32[3]) -> (f32[3]) {\n  %0: i32[] = neg %x\n  return %0\n}\n";
    assert.throws(() => parseGraph(text), ParseError);
    assert.equal(parseGraph(text, "f", { check: false }).equations[0].outputs[0].type.text, "i32[]");
  });

  test("a source comment belongs to the equation on its line; others are ignored", () => {
    const graph = parseGraph(`
      // head.ts:1:1
      graph @f(%x: f32[]) -> (f32[]) { // g.ts:2:2
        %0: f32[] = neg %x // just words
        %1: f32[] = neg %0
        // alone.ts:3:3
        %2: f32[] = neg %1 // a.ts:4:4
        return %2
      }`);
    assert.deepEqual(sourcesOf(graph), [null, null, { file: "a.ts", line: 4, column: 4 }]);
  });
});
