/** Wrong answers seen in other systems (pitfalls: "Wrong answers"), each through the public API. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { grad, hessian, jit, jvp, lax, type NdArray, numpy as np, tree, valueAndGrad, vmap } from "weft";
import { equalGraphs, type Graph, GraphBuilder } from "weft/compiler";
import { currentBackend } from "../frontend/core/backend.ts";
import { CompiledCache } from "../frontend/core/compiled-cache.ts";
import { close } from "./helpers/close.ts";

const int32 = (data: readonly number[]) => np.array(data, { dtype: "int32" });

test("a literal's dtype is part of the compile cache's key", () => {
  const one = jit(() => np.array(1, { dtype: "int32" }))();
  const float = jit(() => np.array(1, { dtype: "float32" }))();
  assert.deepEqual([one.dtype, float.dtype], ["int32", "float32"]);
  assert.equal(one.item(), 1);
  assert.equal(float.item(), 1, "not 1.4e-45");
  // The same outside of jit, where operations are cached too, and for the two zeros.
  assert.equal(np.array(1, { dtype: "int32" }).add(1).item(), 2);
  assert.equal(np.array(1).add(1).item(), 2);
  const zero = jit((x: NdArray) => np.copysign(x, 0));
  const minusZero = jit((x: NdArray) => np.copysign(x, -0));
  assert.equal(zero(3).item(), 3);
  assert.equal(minusZero(3).item(), -3);
});

test("static arguments: two functions are two", () => {
  const scaleBy = (k: number) => (x: NdArray) => x.mul(k);
  const f = jit((x: NdArray, g: (x: NdArray) => NdArray) => g(x), { staticArgnums: [1] });
  // Same name and same text.
  const [double, triple] = [scaleBy(2), scaleBy(3)];
  assert.deepEqual(
    [double, triple, double, triple].map((g) => f(5, g).item()),
    [10, 15, 10, 15],
  );
});

test("static arguments: values that JSON confuses", () => {
  let traces = 0;
  const f = jit(
    (x: NdArray, s: number | string | null | undefined) => {
      traces++;
      return typeof s === "number"
        ? np
            .copysign(1, s)
            .mul(np.where(np.isnan(s), 7, np.abs(s)))
            .add(x)
        : x;
    },
    { staticArgnums: [1] },
  );
  const cases: [number | string | null | undefined, number][] = [
    [Infinity, Infinity],
    [-Infinity, -Infinity],
    [Number.NaN, 7],
    [1, 1],
    ["1", 0],
    [null, 0],
    [undefined, 0],
    ["null", 0],
  ];
  for (let round = 0; round < 2; round++) {
    for (const [s, expected] of cases) assert.equal(f(0, s).item(), expected, String(s));
  }
  assert.equal(traces, cases.length);
  const sign = jit((x: NdArray, s: number) => np.copysign(x, s), { staticArgnums: [1] });
  assert.deepEqual([sign(1, 0).item(), sign(1, -0).item(), sign(1, 0).item()], [1, -1, 1]);
});

test("static arguments: objects that look alike go by identity", () => {
  class Config {
    constructor(readonly scale: number) {}
  }
  let traces = 0;
  const f = jit(
    (x: NdArray, config: Config) => {
      traces++;
      return x.mul(config.scale);
    },
    { staticArgnums: [1] },
  );
  const a = new Config(2);
  const b = new Config(2);
  assert.deepEqual([f(3, a).item(), f(3, b).item(), f(3, a).item()], [6, 6, 6]);
  assert.equal(traces, 2);
});

test("a hash collision is decided by equality: static arguments", () => {
  class Key {
    constructor(readonly n: number) {}
    equals(other: unknown): boolean {
      return other instanceof Key && other.n === this.n;
    }
    hash(): number {
      return 1;
    }
  }
  const f = jit((x: NdArray, key: Key) => x.mul(key.n), { staticArgnums: [1] });
  assert.deepEqual(
    [1, 2, 3, 2, 1].map((n) => f(10, new Key(n)).item()),
    [10, 20, 30, 20, 10],
  );
});

test("a hash collision is decided by equality: graphs", () => {
  const graphs = ["add", "mul", "sub"].map((op): Graph => {
    const builder = new GraphBuilder();
    const like = jit((x: NdArray) => (op === "add" ? x.add(x) : op === "mul" ? x.mul(x) : x.sub(x))).lower(
      3,
    ).graph;
    const inputs = like.inputs.map((v) => builder.input(v.type));
    return builder.finish(op, builder.inline(like, inputs));
  });
  const cache = new CompiledCache(8, () => 7);
  const executables = graphs.map((g) => cache.get(g, currentBackend()));
  assert.equal(new Set(executables).size, 3);
  assert.equal(cache.size, 3);
  for (const [i, g] of graphs.entries()) {
    assert.equal(cache.get(g, currentBackend()), executables[i]);
    assert.ok(equalGraphs(executables[i].compiled?.graph ?? g, g));
  }
});

test("integer remainder under grad leaves the primal alone", () => {
  const n = int32([-7, -1, 0, 1, 5, 7]);
  const f = (x: NdArray) => np.sum(x.mul(np.remainder(n, 3).astype("float32")));
  const weights = [2, 2, 0, 1, 2, 1];
  const [value, gradient] = valueAndGrad(f)(np.ones(6));
  close(value, 8);
  close(gradient, weights);
  const [primal, tangent] = jvp(
    (x: NdArray) => x.mul(lax.rem(n, 3).astype("float32")),
    [np.ones(6)],
    [np.ones(6)],
  );
  close(primal, [-1, -1, 0, 1, 2, 1]);
  close(tangent, [-1, -1, 0, 1, 2, 1]);
  // And floats, by x and by y: d(x mod y)/dy = -floor(x / y).
  const [v, g] = valueAndGrad((x: NdArray, y: NdArray) => np.remainder(x, y), { argnums: [0, 1] })(-7.5, 2);
  close(v, 0.5);
  close(g, [1, 4]);
});

test("derivatives of x³ at 0", () => {
  const cubes: [string, (x: NdArray) => NdArray][] = [
    ["x.pow(3)", (x) => x.pow(3)],
    ["np.power of an array of integers", (x) => np.power(x, np.array(3, { dtype: "int32" }))],
    ["lax.integerPow", (x) => lax.integerPow(x, 3)],
    ["lax.pow", (x) => lax.pow(x, np.array(3))],
  ];
  for (const [name, cube] of cubes) {
    close(grad(cube)(0), 0, 0, name);
    close(grad(grad(cube))(0), 0, 0, `${name}, twice`);
    close(jit(grad(grad(cube)))(2), 12, 1e-5, `${name}, twice at 2`);
    close(vmap(grad(cube))(np.array([-2, 0, 2])), [12, 0, 12], 1e-5, `${name}, batched`);
  }
  close(grad((x: NdArray) => x.pow(1))(0), 1);
  close(grad((x: NdArray) => x.pow(0))(0), 0);
  close(grad((x: NdArray) => x.pow(2))(0), 0);
});

test("derivatives of a product with zero factors", () => {
  const prod = (x: NdArray) => np.prod(x);
  close(grad(prod)(np.array([2, 0, 3])), [0, 6, 0]);
  close(grad(prod)(np.array([0, 0, 3])), [0, 0, 0]);
  close(grad(prod)(np.array([2, 5, 3])), [15, 6, 10]);
  close(hessian(prod)(np.array([2, 0, 3])), [0, 3, 0, 3, 0, 2, 0, 2, 0]);
  close(hessian(prod)(np.array([0, 0, 3])), [0, 3, 0, 3, 0, 0, 0, 0, 0]);
  close(
    grad((x: NdArray) => np.sum(np.prod(x, { axis: 1 })))(
      np.array([
        [2, 0],
        [0, 0],
      ]),
    ),
    [0, 2, 0, 0],
  );
  close(grad((x: NdArray) => np.sum(np.cumprod(x)))(np.array([2, 0, 3])), [1, 8, 0]);
});

test("shifts of negative numbers", () => {
  // Seven elements: a vector and a tail.
  const x = int32([-8, -1, -2147483648, 7, -7, 2147483647, -3]);
  const arithmetic = [-4, -1, -1073741824, 3, -4, 1073741823, -2];
  const logical = [2147483644, 2147483647, 1073741824, 3, 2147483644, 1073741823, 2147483646];
  const checks: [string, (x: NdArray) => NdArray, number[]][] = [
    ["np.rightShift", (v) => np.rightShift(v, 1), arithmetic],
    ["x.rightShift", (v) => v.rightShift(1), arithmetic],
    ["lax.shiftRightArithmetic", (v) => lax.shiftRightArithmetic(v, 1), arithmetic],
    ["lax.shiftRightLogical", (v) => lax.shiftRightLogical(v, 1), logical],
    ["by more than the width", (v) => lax.shiftRightArithmetic(v, 40), [-1, -1, -1, 0, -1, 0, -1]],
    ["logically by more than the width", (v) => lax.shiftRightLogical(v, 40), [0, 0, 0, 0, 0, 0, 0]],
    ["left by more than the width", (v) => lax.shiftLeft(v, 32), [0, 0, 0, 0, 0, 0, 0]],
  ];
  for (const [name, f, expected] of checks) {
    assert.deepEqual(f(x).toArray(), expected, name);
    assert.deepEqual(jit(f)(x).toArray(), expected, `${name}, compiled`);
    assert.deepEqual(
      [...x].map((v) => f(v).item()),
      expected,
      `${name}, scalars`,
    );
  }
  assert.deepEqual(np.rightShift(np.array([-128, -1, 100], { dtype: "int8" }), 3).toArray(), [-16, -1, 12]);
  const unsigned = np.array([4294967288, 1], { dtype: "uint32" });
  assert.deepEqual(np.rightShift(unsigned, 1).toArray(), [2147483644, 0]);
});

test("isnan, isinf and isfinite look at bits", () => {
  const patterns = [
    0x7fc00000, 0xffc00001, 0x7f800001, 0xff800001, 0x7fffffff, 0x7f800000, 0xff800000, 0x00000001,
    0x80000001, 0x00000000, 0x80000000, 0x7f7fffff, 0x3f800000,
  ];
  const nan = patterns.map((b) => (b & 0x7fffffff) > 0x7f800000);
  const inf = patterns.map((b) => (b & 0x7fffffff) === 0x7f800000);
  const bits = np.array(patterns, { dtype: "uint32" });
  const tests = (b: NdArray) => {
    const x = lax.bitcastConvertType(b, "float32");
    return { nan: np.isnan(x), inf: np.isinf(x), finite: np.isfinite(x), negative: np.isneginf(x) };
  };
  for (const results of [tests(bits), jit(tests)(bits)]) {
    assert.deepEqual(results.nan.toArray(), nan);
    assert.deepEqual(results.inf.toArray(), inf);
    assert.deepEqual(
      results.finite.toArray(),
      nan.map((is, i) => !is && !inf[i]),
    );
    assert.deepEqual(
      results.negative.toArray(),
      patterns.map((b) => b === 0xff800000),
    );
  }
  const doubles = np.array(
    new Float64Array(new BigUint64Array([0x7ff0000000000001n, 0x7ff0000000000000n, 1n]).buffer),
  );
  assert.equal(doubles.dtype, "float64");
  assert.deepEqual(np.isnan(doubles).toArray(), [true, false, false]);
  assert.deepEqual(np.isfinite(doubles).toArray(), [false, false, true]);
});

test("padding an expression pads with the padding value", () => {
  const x = np.array([1, 2, 3]);
  const exp = [1, 2, 3].map(Math.exp);
  // f(0) is 1 for both functions: it must not stand in the padding.
  close(jit((v: NdArray) => lax.pad(v.add(1), 0, [[1, 2, 0]]))(x), [0, 2, 3, 4, 0, 0]);
  close(jit((v: NdArray) => lax.pad(np.exp(v), 0, [[2, 1, 1]]))(x), [0, 0, exp[0], 0, exp[1], 0, exp[2], 0]);
  close(jit((v: NdArray) => lax.pad(np.exp(v), 9, [[-1, 1, 0]]))(x), [exp[1], exp[2], 9]);
  const twice = jit((v: NdArray) => lax.pad(lax.pad(v.add(1), 5, [[1, 0, 0]]).mul(2), 7, [[1, 0, 0]]));
  close(twice(x), [7, 10, 4, 6, 8]);
  const view = jit((m: NdArray) =>
    np.cos(
      lax.pad(np.flip(m.T, 0).add(1), 0, [
        [0, 0, 0],
        [1, 0, 0],
      ]),
    ),
  );
  close(view(np.array([[0, 1]])), [1, Math.cos(2), 1, Math.cos(1)]);
  close(grad((v: NdArray) => np.sum(lax.pad(np.exp(v), 0, [[1, 1, 0]])))(x), exp);
});

test("tree.map over different structures names the path", () => {
  const add = (x: number, y: number) => x + y;
  assert.deepEqual(tree.map(add, { a: 1, b: [2] }, { b: [20], a: 10 }), { a: 11, b: [22] });
  assert.throws(
    () => tree.map(add, { p: { a: 1, b: 2 } }, { p: { a: 1, c: 2 } }),
    (e: unknown) => {
      assert.ok(e instanceof Error);
      assert.match(e.message, /\.p/);
      assert.match(e.message, /\bb\b.*\bc\b/);
      return true;
    },
  );
  assert.throws(() => tree.map(add, { w: [1, 2] }, { w: [1, 2, 3] }), /\.w.*2.*3/s);
  assert.throws(() => tree.map(add, [{ w: 1 }], [[1]]), /\[0\]/);
});
