/** Sorting short rows and long ones: order of special values, stability, several keys, every axis, results in place. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { jit, lax, type NdArray, numpy as np } from "weft";
import { flat } from "./helpers/close.ts";
import { Random } from "./helpers/random.ts";

/** On both sides of the borders between insertion, merging, and digits of either length. */
const LENGTHS = [1, 2, 7, 8, 9, 64, 255, 256, 257, 1000, 16383, 16384];

function compare(x: number, y: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
  return x < y ? -1 : x > y ? 1 : 0;
}

const SPECIAL = [0, -0, Infinity, -Infinity, Number.NaN, 1, -1, 1e-40, -1e-40, 3e38, -3e38];

for (const dtype of ["float32", "float64", "float16"] as const) {
  test(`${dtype}: NaN last, zeros equal and in their order`, () => {
    const sort = jit((x: NdArray, i: NdArray) => lax.sort([x, i], { dimension: 0, numKeys: 1 }));
    for (const n of LENGTHS) {
      const random = new Random(n);
      const raw = Array.from({ length: n }, () =>
        random.chance(0.4) ? SPECIAL[random.below(SPECIAL.length)] : (random.next() - 0.5) * 100,
      );
      const x = np.array(raw, { dtype });
      const xs = flat(x);
      const order = xs.map((_, i) => i).sort((a, b) => compare(xs[a], xs[b]) || a - b);
      const [values, places] = sort(x, np.arange(n, { dtype: "int32" }));
      assert.deepEqual(flat(places), order, `n = ${n}`);
      assert.ok(
        flat(values).every((v, i) => Object.is(v, xs[order[i]])),
        `values, n = ${n}`,
      );
    }
  });
}

test("integers of every width, and bool", () => {
  for (const dtype of ["int8", "uint8", "int16", "uint16", "int32", "uint32", "bool"] as const) {
    const info = dtype === "bool" ? { min: 0, max: 1 } : np.iinfo(dtype);
    for (const n of [9, 300, 20000]) {
      const random = new Random(n);
      const [low, high] = [Number(info.min), Number(info.max)];
      const xs = Array.from({ length: n }, () => {
        if (random.chance(0.1)) return random.chance(0.5) ? low : high;
        return Math.min(high, Math.floor(low + random.next() * (high - low + 1)));
      });
      const x = np.array(xs, { dtype });
      const got = flat(jit((x: NdArray) => np.sort(x))(x)).map(Number);
      assert.deepEqual(
        got,
        [...xs].sort((a, b) => a - b),
        `${dtype}, n = ${n}`,
      );
    }
  }
});

test("several keys and payloads, along the first and the middle axis", () => {
  const sort = jit((a: NdArray, b: NdArray, c: NdArray) => lax.sort([a, b, c], { dimension: 1, numKeys: 2 }));
  const [outer, n, inner] = [2, 300, 3];
  const random = new Random(3);
  const size = outer * n * inner;
  const first = Array.from({ length: size }, () => random.below(5) - 2);
  const second = Array.from({ length: size }, () => Math.fround(random.next()));
  const third = Array.from({ length: size }, (_, i) => i);
  const shape = [outer, n, inner];
  const [a, b, c] = sort(
    np.array(first, { dtype: "int16" }).reshape(shape),
    np.array(second).reshape(shape),
    np.array(third, { dtype: "int32" }).reshape(shape),
  );
  const want = new Array<number>(size);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const places = Array.from({ length: n }, (_, j) => (o * n + j) * inner + i);
      const order = [...places].sort((p, q) => first[p] - first[q] || second[p] - second[q]);
      for (const [j, at] of places.entries()) want[at] = order[j];
    }
  }
  assert.deepEqual(flat(c), want);
  assert.deepEqual(
    flat(a),
    want.map((at) => first[at]),
  );
  assert.deepEqual(
    flat(b),
    want.map((at) => second[at]),
  );
});

test("a donated operand is sorted where it lies", () => {
  for (const [dtype, n] of [
    ["uint8", 400],
    ["uint16", 400],
    ["float32", 400],
    ["float32", 20000],
    ["float32", 40],
  ] as const) {
    const xs = Array.from({ length: n }, (_, i) => (i * 7919) % 251);
    const f = jit((x: NdArray) => np.sort(x), { donateArgnums: [0] });
    assert.deepEqual(
      flat(f(np.array(xs, { dtype }))),
      [...xs].sort((a, b) => a - b),
      `${dtype}, ${n}`,
    );
  }
});
