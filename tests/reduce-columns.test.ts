/** Reductions and prefixes along every axis: how they walk memory, NaN and zeros in them, and the accuracy of long sums. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { jit, lax, type NdArray, numpy as np } from "weft";
import { flat } from "./helpers/close.ts";

/** Whole numbers, so that every order of summation gives the same sum. */
const whole = (n: number) => Array.from({ length: n }, (_, i) => ((i * 37) % 101) - 50);

/** Folds a row-major tensor of three dimensions along one. */
function fold(
  xs: readonly number[],
  shape: readonly [number, number, number],
  axis: number,
  f: (column: readonly number[]) => number,
): number[] {
  const [a, b, c] = shape;
  const kept = shape.filter((_, d) => d !== axis);
  return Array.from({ length: kept[0] * kept[1] }, (_, at) => {
    const [i, j] = [Math.floor(at / kept[1]), at % kept[1]];
    const column = Array.from({ length: shape[axis] }, (_, r) => {
      const [x, y, z] = axis === 0 ? [r, i, j] : axis === 1 ? [i, r, j] : [i, j, r];
      return xs[(x * b + y) * c + z];
    });
    assert.ok(a > 0);
    return f(column);
  });
}

const SHAPES: readonly (readonly [number, number, number])[] = [
  [3, 9, 33],
  [17, 2, 70],
  [8, 5, 3],
  [1, 40, 129],
  [2, 7, 4200],
  // Rows of less than a page, two results side by side; and an odd number of results.
  [6, 131, 127],
  [5, 130, 128],
];

test("sum, max, min, argmax and argmin of every axis", () => {
  for (const shape of SHAPES) {
    const xs = whole(shape[0] * shape[1] * shape[2]);
    const x = np.array(xs).reshape(shape);
    for (const axis of [0, 1, 2]) {
      const f = jit((x: NdArray) => [
        np.sum(x, { axis }),
        np.max(x, { axis }),
        np.min(x, { axis }),
        np.argmax(x, { axis }),
        np.sum(x.mul(2), { axis }).add(1),
      ]);
      const [sum, max, min, place, after] = f(x);
      const title = `axis ${axis} of ${shape.join("×")}`;
      const total = (c: readonly number[]) => c.reduce((p, q) => p + q, 0);
      assert.deepEqual(flat(sum), fold(xs, shape, axis, total), `sum, ${title}`);
      assert.deepEqual(
        flat(max),
        fold(xs, shape, axis, (c) => Math.max(...c)),
        `max, ${title}`,
      );
      assert.deepEqual(
        flat(min),
        fold(xs, shape, axis, (c) => Math.min(...c)),
        `min, ${title}`,
      );
      assert.deepEqual(
        flat(place),
        fold(xs, shape, axis, (c) => c.indexOf(Math.max(...c))),
        `argmax, ${title}`,
      );
      assert.deepEqual(
        flat(after),
        fold(xs, shape, axis, (c) => 2 * total(c) + 1),
        `epilogue, ${title}`,
      );
    }
  }
});

test("two axes at once, with others between and around them", () => {
  const shape = [9, 3, 11, 40];
  const xs = whole(9 * 3 * 11 * 40);
  const want = new Array<number>(3 * 40).fill(0);
  for (const [at, x] of xs.entries()) want[(Math.floor(at / 440) % 3) * 40 + (at % 40)] += x;
  const sum = jit((x: NdArray) => np.sum(x, { axis: [0, 2] }))(np.array(xs).reshape(shape));
  assert.deepEqual(flat(sum), want);
});

/** Every place of a NaN, an infinity or a zero in columns and in rows, each dtype. */
for (const dtype of ["float32", "float64", "float16"] as const) {
  test(`max and min of ${dtype}: NaN, infinities and zeros`, () => {
    const [rows, columns] = [19, 45];
    const special = [Number.NaN, Infinity, -Infinity, 0, -0];
    const base = (fill: number) => new Array<number>(rows * columns).fill(fill);
    const same = (got: readonly number[], want: readonly number[], title: string) =>
      assert.ok(
        got.every((g, i) => Object.is(g, want[i])),
        `${title}: ${got} and not ${want}`,
      );
    const f = jit((x: NdArray) => [
      np.max(x, { axis: 0 }),
      np.min(x, { axis: 0 }),
      np.max(x, { axis: 1 }),
      np.min(x, { axis: 1 }),
      np.max(x),
      np.min(x),
    ]);
    for (const fill of [0, -0, 1, -1, -Infinity, Infinity]) {
      for (const [n, value] of special.entries()) {
        const xs = base(fill);
        // One in each column and each row, at a place of its own.
        for (let i = 0; i < rows * columns; i += columns + 1 + n) xs[i] = value;
        const table = Array.from({ length: rows }, (_, r) => xs.slice(r * columns, (r + 1) * columns));
        const byColumn = table[0].map((_, c) => table.map((row) => row[c]));
        const want = [
          byColumn.map((c) => Math.max(...c)),
          byColumn.map((c) => Math.min(...c)),
          table.map((r) => Math.max(...r)),
          table.map((r) => Math.min(...r)),
          [Math.max(...xs)],
          [Math.min(...xs)],
        ];
        const got = f(np.array(xs, { dtype }).reshape([rows, columns]));
        for (const [k, result] of got.entries())
          same(flat(result), want[k], `${k} of ${value} among ${fill}`);
      }
    }
  });
}

test("a sum of many equal terms is as exact as a pairwise one", () => {
  const n = 1 << 20;
  const tenth = Math.fround(0.1);
  const error = (got: number, want: number) => Math.abs(got - want) / want;
  const line = np.full([n], 0.1);
  assert.ok(error(flat(jit((x: NdArray) => np.sum(x))(line))[0], tenth * n) < 5e-6);
  for (const columns of [4, 64]) {
    const table = line.reshape([n / columns, columns]);
    const sums = flat(jit((x: NdArray) => np.sum(x, { axis: 0 }))(table));
    for (const sum of sums) assert.ok(error(sum, (tenth * n) / columns) < 2e-5, `${columns} columns`);
  }
});

test("cumulative operations along every axis, in both directions", () => {
  const shapes = [[67], [8], [7, 40], [40, 7], [3, 5, 33], [3, 33, 5], [2, 9, 3, 36]];
  const scans = {
    cumsum: { f: lax.cumsum, fold: (x: number, y: number) => x + y },
    cummax: { f: lax.cummax, fold: Math.max },
  };
  for (const shape of shapes) {
    const size = shape.reduce((n, d) => n * d, 1);
    const xs = whole(size);
    for (const axis of shape.keys()) {
      const n = shape[axis];
      const inner = shape.slice(axis + 1).reduce((p, d) => p * d, 1);
      for (const reverse of [false, true]) {
        for (const [name, { f, fold }] of Object.entries(scans)) {
          const want = [...xs];
          for (let at = 0; at < size; at++) {
            if (Math.floor(at / inner) % n !== 0) continue;
            for (let t = 1; t < n; t++) {
              const place = (step: number) => at + (reverse ? n - 1 - step : step) * inner;
              want[place(t)] = fold(want[place(t - 1)], want[place(t)]);
            }
          }
          const got = jit((x: NdArray) => f(x, axis, { reverse }))(np.array(xs).reshape(shape));
          assert.deepEqual(
            flat(got),
            want,
            `${name} of ${shape.join("×")}, axis ${axis}, reverse ${reverse}`,
          );
        }
      }
    }
  }
});
