/** Math functions in hot loops, where lanes run their bodies in place of a call, give the bits that calls give. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { jit, lax, type NdArray, numpy as np } from "weft";

/** Enough that the loop is hot, and no multiple of the lanes. */
const SIZE = 4099;
/** A size that calls. */
const PIECE = 61;

const functions: Readonly<Record<string, (x: NdArray) => NdArray>> = {
  exp: lax.exp,
  expm1: lax.expm1,
  logistic: lax.logistic,
  tanh: lax.tanh,
  erf: lax.erf,
  atan: lax.atan,
  // More than is inlined into one loop: the rest are calls beside bodies.
  several: (x) =>
    lax
      .erf(lax.tanh(x))
      .add(lax.sinh(x))
      .mul(lax.atan(lax.exp(x)))
      .add(lax.logistic(lax.log1p(x.mul(x)))),
};

for (const dtype of ["float32", "float64"] as const) {
  for (const [name, f] of Object.entries(functions)) {
    test(`${name} of ${dtype}`, () => {
      const values = Array.from({ length: SIZE }, (_, i) => Math.sin(i * 0.7) * 10 ** ((i % 7) - 3));
      values.splice(5, 6, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0, 1e-42);
      const hot = jit(f);
      const whole = hot(np.array(values, { dtype })).dataSync();
      for (let start = 0; start < SIZE; start += PIECE) {
        const part = hot(np.array(values.slice(start, start + PIECE), { dtype })).dataSync();
        assert.deepEqual([...whole.subarray(start, start + PIECE)], [...part], `from ${start}`);
      }
    });
  }
}

test("softmax of many rows equals softmax of each", () => {
  const rows = 33;
  const columns = 131;
  const softmax = jit((x: NdArray) => {
    const e = np.exp(x.sub(np.max(x, { axis: -1, keepdims: true })));
    return e.div(np.sum(e, { axis: -1, keepdims: true }));
  });
  const x = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i * 1.3) * 20);
  const all = softmax(np.array(x).reshape([rows, columns])).dataSync();
  for (let row = 0; row < rows; row++) {
    const one = softmax(
      np.array(x.subarray(row * columns, (row + 1) * columns)).reshape([1, columns]),
    ).dataSync();
    assert.deepEqual([...all.subarray(row * columns, (row + 1) * columns)], [...one], `row ${row}`);
  }
});
