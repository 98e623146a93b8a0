/** Large transposes go tile by tile: the elements are where they belong, whatever is left of the tiles. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { jit, type NdArray, numpy as np, spec } from "weft";
import { flat } from "./helpers/close.ts";

type Triple = readonly [number, number, number];

const SHAPES: readonly Triple[] = [
  [1, 64, 64],
  [1, 67, 130],
  [2, 48, 95],
  [1, 33, 4097],
  [3, 40, 47],
];
const ORDERS: readonly Triple[] = [
  [0, 2, 1],
  [2, 1, 0],
  [2, 0, 1],
  [1, 2, 0],
];

const strides = ([, b, c]: Triple): Triple => [b * c, c, 1];

/** Element by element, in the order of the result. */
function transposed(shape: Triple, order: Triple): number[] {
  const [n, m, k] = order.map((d) => shape[d]);
  const [p, q, r] = order.map((d) => strides(shape)[d]);
  const result: number[] = [];
  for (let x = 0; x < n; x++) {
    for (let y = 0; y < m; y++) for (let z = 0; z < k; z++) result.push(x * p + y * q + z * r);
  }
  return result;
}

for (const shape of SHAPES) {
  for (const order of ORDERS) {
    test(`${shape.join("×")} in the order ${order.join()}, alone and with what stands around it`, () => {
      const size = shape[0] * shape[1] * shape[2];
      const x = np.arange(size, { dtype: "float32" }).reshape([...shape]);
      const want = transposed(shape, order);
      assert.deepEqual(flat(jit((a: NdArray) => np.transpose(a, [...order]))(x)), want);
      const y = np.arange(size, { dtype: "float32" }).reshape(order.map((d) => shape[d]));
      const f = jit((a: NdArray, b: NdArray) =>
        np
          .transpose(a, [...order])
          .mul(2)
          .add(b),
      );
      assert.deepEqual(
        flat(f(x, y)),
        want.map((v, i) => 2 * v + i),
      );
    });
  }
}

test("the kernel has tiles where what is read across does not stay in the cache, and only there", () => {
  const kernel = (n: number, m: number): string =>
    jit((a: NdArray) => a.transpose())
      .lower(spec([n, m], "float32"))
      .compile()
      .asText({ stage: "kernel" });
  assert.match(kernel(200, 300), /vector i1t in 0\.\.16/);
  assert.match(kernel(40, 50), /vector i1 in 0\.\.40/);
});
