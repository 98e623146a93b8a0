import assert from "node:assert/strict";
import { test } from "node:test";
import { full, type NdArray } from "../frontend/core/index.ts";
import {
  ConcretizationTypeError,
  grad,
  jit,
  spec,
  TracerArrayConversionError,
  TracerBoolConversionError,
  UnexpectedTracerError,
} from "../frontend/index.ts";
import { add, array, close, greater, mul, onBoth, sin, sum } from "./helpers/frontend-ops.ts";

onBoth("jit traces once per structure and type", () => {
  let traces = 0;
  const f = jit((x: NdArray, p: { a: NdArray; b: NdArray | null }) => {
    traces++;
    return { out: add(mul(x, p.a), p.b ?? 0), list: [x] };
  });
  const x = array([1, 2]);
  close(f(x, { a: x, b: x }).out, [2, 6]);
  close(f(x, { b: x, a: x }).out, [2, 6]);
  close(f(array([3, 4]), { a: x, b: x }).out, [4, 10]);
  assert.equal(traces, 1);
  close(f(x, { a: x, b: null }).out, [1, 4]);
  assert.equal(traces, 2);
  close(f(array([1, 2, 3]), { a: array([1, 1, 1]), b: null }).out, [1, 2, 3]);
  assert.equal(traces, 3);
  close(f(2, { a: x, b: x }).list[0], 2);
  assert.equal(traces, 4);
  // A number is weakly typed, an array of the same type is not.
  close(f(5, { a: x, b: x }).out, [6, 12]);
  assert.equal(traces, 4);
  f(array([2], []), { a: x, b: x });
  assert.equal(traces, 5);
  close(f(x, { a: x, b: x }).out, [2, 6]);
  assert.equal(traces, 5);
});

onBoth("literals of different dtypes compile apart", () => {
  // Seen elsewhere: a cache keyed without the literal's dtype gave 1.4e-45.
  assert.equal(jit(() => full(1, "int32"))().item(), 1);
  const one = jit(() => full(1, "float32"))();
  assert.equal(one.dtype, "float32");
  assert.equal(one.item(), 1);
  assert.equal(jit(() => full(0, "float32"))().item(), 0);
  assert.ok(Object.is(jit(() => full(-0, "float32"))().item(), -0));
});

onBoth("static arguments go by value or identity", () => {
  const traced: unknown[] = [];
  const f = jit(
    (x: NdArray, s: unknown) => {
      traced.push(s);
      return typeof s === "number" ? add(x, s) : typeof s === "function" ? s(x) : x;
    },
    { staticArgnums: [1] },
  );
  const values = [Infinity, -Infinity, Number.NaN, 0, -0, 1, "1", true, null, undefined];
  for (const v of [...values, ...values]) f(1, v);
  assert.deepEqual(traced, values, "each once; 0 and -0, 1 and '1' apart");
  assert.equal(f(1, Infinity).item(), Infinity);
  assert.equal(f(1, -Infinity).item(), -Infinity);
  const double = (x: NdArray) => mul(x, 2);
  const triple = (x: NdArray) => mul(x, 3);
  assert.equal(f(1, double).item(), 2);
  assert.equal(f(1, triple).item(), 3);
  assert.equal(f(1, double).item(), 2);
});

test("static arguments with equals and hash", () => {
  class Config {
    constructor(readonly n: number) {}
    equals(other: unknown): boolean {
      return other instanceof Config && other.n === this.n;
    }
    hash(): number {
      return this.n % 2;
    }
  }
  let traces = 0;
  const f = jit(
    (x: NdArray, c: Config) => {
      traces++;
      return mul(x, c.n);
    },
    { staticArgnums: 1 },
  );
  assert.deepEqual(
    [2, 4, 2, 3].map((n) => f(1, new Config(n)).item()),
    [2, 4, 2, 3],
  );
  assert.equal(traces, 3, "2 and 4 have one hash and are not equal");
});

test("a static argument that cannot be hashed", () => {
  const f = jit((x: NdArray, _options: unknown) => x, { staticArgnums: [1], name: "step" });
  for (const bad of [{ a: 1 }, [1], new Map(), array([1])]) {
    assert.throws(
      () => f(1, bad),
      /Non-hashable static arguments are used in a jit function: static argument \(index 1\) of type object of class \w+ for function step[\s\S]*frontend-jit\.test\.ts:\d+/,
    );
  }
  assert.throws(() => jit((x: NdArray) => x, { staticArgnums: [3] })(1), /staticArgnums=3 is out of range/);
});

onBoth("captured arrays are inputs, captured once", () => {
  const c = array([10, 20]);
  const f = jit((x: NdArray) => add(mul(x, c), c));
  close(f(array([1, 2])), [20, 60]);
  const { graph, captured } = f.trace(spec([2]));
  assert.equal(graph.inputs.length, 2);
  assert.deepEqual(captured, [c]);
  close(grad((x: NdArray) => sum(f(x)))(array([1, 2])), [10, 20]);
  c.dispose();
  assert.throws(() => f(array([1, 2])), /disposed/);
});

onBoth("an operation on concrete arrays is staged inside jit", () => {
  const c = array([1, 2]);
  const f = jit((_: NdArray) => sin(c));
  assert.equal(f.trace(spec([])).graph.equations.length, 1);
  close(f(0), [Math.sin(1), Math.sin(2)]);
  // In a transform context it is not: it is no function of the tracer.
  close(grad((x: NdArray) => sum(mul(x, sin(c))))(array([1, 1])), [Math.sin(1), Math.sin(2)]);
});

test("donation: the argument is gone, and its memory is reused", () => {
  const step = jit((w: NdArray, g: NdArray) => add(w, g), { donateArgnums: [0], name: "step" });
  const g = array(new Array(5000).fill(1));
  let w = array(new Array(5000).fill(0));
  for (let i = 0; i < 10; i++) w = step(w, g) as typeof w;
  assert.deepEqual([w.dataSync()[0], w.dataSync()[4999]], [10, 10]);
  const old = w;
  const next = step(w, g);
  assert.throws(() => old.dataSync(), /donated to step/);
  assert.throws(() => step(old, g), /donated to step/);
  assert.equal(next.dataSync()[0], 11);
  assert.throws(() => step(g, g), /donate a buffer which is also used/);
  assert.equal(g.dataSync()[0], 1, "a refused donation leaves the array");
  // Numbers may stand where an array is donated.
  close(step(1, 2), 3);
  close(step(1, 2), 3);
  assert.throws(
    () => jit((x: NdArray) => x, { donateArgnums: 0, staticArgnums: 0 })(1),
    /staticArgnums and donateArgnums cannot intersect/,
  );
});

test("values are unknown under jit", () => {
  const branchy = jit(function branchy(x: NdArray) {
    return mul(x, 2).item() > 0 ? x : mul(x, -1);
  });
  assert.throws(
    () => branchy(1),
    (e: unknown) => {
      assert.ok(e instanceof ConcretizationTypeError);
      assert.match(
        e.message,
        /Abstract tracer value encountered where concrete value is expected: traced array with shape float32\[\]/,
      );
      assert.match(e.message, /tracing the function branchy\d* at .*frontend-jit\.test\.ts:\d+ for jit/);
      assert.match(
        e.message,
        /float32\[\] = mul\(float32\[\], float32\[\]\)\n {4}from line \w+\/frontend-ops\.ts:\d+/,
      );
      assert.match(e.message, /np\.where or lax\.cond.*staticArgnums/);
      return true;
    },
  );
  assert.throws(() => jit((n: NdArray) => mul(n, n.item()))(1), /depends on the value of the argument n\./);
  assert.throws(() => jit((x: NdArray) => (greater(x, 0).item() ? x : x))(1), TracerBoolConversionError);
  assert.throws(() => jit((x: NdArray) => add(x, x.dataSync()[0]))(array([1])), TracerArrayConversionError);
  assert.throws(
    () => grad((y: NdArray) => jit((x: NdArray) => mul(x, x.item()))(y))(1),
    ConcretizationTypeError,
  );
  // The enclosing grad's own values stay known to code outside of the inner jit.
  close(grad((y: NdArray) => jit((x: NdArray) => mul(x, 3))(y.item() > 0 ? y : mul(y, 5)))(1), 3);
});

test("a leaked tracer names its function and line", () => {
  const kept: NdArray[] = [];
  const leaky = jit(function leaky(x: NdArray) {
    kept.push(mul(x, 2));
    return x;
  });
  leaky(1);
  for (const use of [
    () => add(kept[0], 1),
    () => kept[0].item(),
    () => jit((x: NdArray) => add(x, kept[0]))(1),
  ]) {
    assert.throws(use, (e: unknown) => {
      assert.ok(e instanceof UnexpectedTracerError, String(e));
      assert.match(
        e.message,
        /Encountered an unexpected tracer.*float32\[\] wrapped in a JitTracer<float32\[\]>/,
      );
      assert.match(
        e.message,
        /when the value leaked was leaky\d* at .*frontend-jit\.test\.ts:\d+ traced for jit/,
      );
      return true;
    });
  }
  assert.equal(`${kept[0]}`, "JitTracer<float32[]>");
});

test("arguments and results that are not arrays", () => {
  const f = jit((x: unknown) => x as NdArray);
  assert.throws(
    () => f({ a: [1, "text"] }),
    /Error interpreting argument to .* as an abstract array\. The problematic value is string "text" and was passed to the function at path args\[0\]\.a\[1\]\..*staticArgnums/s,
  );
  assert.throws(() => f(undefined), /problematic value is undefined/);
  assert.throws(
    () => jit((x: NdArray) => ({ ok: x, bad: ["no"] }))(1),
    /returned a value of type string "no" at path \.bad\[0\], which is not a valid array type/,
  );
  assert.throws(() => jit((_: NdArray) => undefined)(1), /return its result\?/);
  assert.throws(() => f(spec([1])), /called with a ShapeDtypeStruct/);
  close(f(new Float32Array([1, 2])), [1, 2]);
  assert.equal(f(new Int32Array([1])).dtype, "int32");
  assert.equal(f(true).dtype, "bool");
});

test("a trace that throws leaves nothing behind", () => {
  const f = jit((x: NdArray) => {
    if (x.ndim === 1) throw new Error("mine");
    return x;
  });
  assert.throws(() => f(array([1])), /mine/);
  close(add(array([1]), 1), [2]);
  close(f(3), 3);
  assert.throws(() => grad((_: NdArray) => f(array([1])))(1), /mine/);
  close(add(array([1]), 1), [2]);
});

test("ahead of time: text, costs, memory, call", () => {
  const f = jit(function poly(x: NdArray, y: NdArray) {
    return sum(mul(sin(x), y));
  });
  const lowered = f.lower(spec([64]), spec([64]));
  assert.match(lowered.asText(), /graph @poly\(%x\d*: f32\[64\], %y: f32\[64\]\)/);
  assert.match(lowered.asText({ stage: "jaxpr" }), /lambda ; a:f32\[64\]/);
  const compiled = lowered.compile();
  const costs = compiled.costAnalysis();
  assert.equal(costs.transcendentals, 64);
  assert.ok(costs.flops >= 127);
  assert.equal(costs.bytesAccessed, 2 * 256 + 4);
  const memory = compiled.memoryAnalysis();
  assert.equal(memory.argumentSize, 512);
  assert.equal(memory.outputSize, 4);
  assert.ok(memory.generatedCodeSize > 0);
  for (const stage of ["optimized", "fusion", "program"] as const)
    assert.ok(compiled.asText({ stage }).length > 20, stage);
  const x = array(Array.from({ length: 64 }, (_, i) => i / 10));
  close(compiled.call(x, x), f(x, x));
  assert.throws(
    () => compiled.call(x, array([1])),
    /Argument types differ[\s\S]*\* args\[1\] was compiled for f32\[64\], got f32\[1\]/,
  );
});

test("a synchronous loop that never disposes stays bounded", () => {
  const step = jit((w: NdArray) => add(mul(w, 0.5), 1));
  let w: NdArray = array(new Array(2 ** 18).fill(0));
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 1200; i++) w = step(w);
  // 1.2 GB were written; the arena's soft limit is 256 MB.
  assert.ok(process.memoryUsage().rss - before < 600e6, `${(process.memoryUsage().rss - before) / 1e6} MB`);
  close(w.dataSync()[5], 2);
});
