/** lax: numbers beside arrays, errors in JAX's words, derivatives of what np does not cover. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as lax from "../frontend/lax/index.ts";
import * as np from "../frontend/numpy/index.ts";
import { grad, jit, vmap } from "../frontend/transforms/index.ts";

const x = np.array([1, 2, 3]);
const matrix = np.ones([2, 3]);
const ints = np.array([1, 2, 3], { dtype: "int32" });

test("numbers take the dtype of the arrays, and are refused where it cannot hold them", () => {
  assert.equal(lax.add(ints, 1).dtype, "int32");
  assert.equal(lax.add(np.array([1], { dtype: "float64" }), 0.1).dtype, "float64");
  assert.throws(() => lax.add(ints, 1.5), /add requires arguments to have equal types, got int32, float32/);
});

const errors: readonly (readonly [string, () => unknown, RegExp])[] = [
  ["dtypes", () => lax.mul(x, ints), /mul requires arguments to have equal types, got float32, int32/],
  ["ranks", () => lax.add(matrix, x), /add: arrays must have the same number of dimensions, got \{1, 2\}/],
  ["shapes", () => lax.add(x, np.ones(2)), /add got incompatible shapes for broadcasting: \(3,\), \(2,\)/],
  ["sqrt of integers", () => lax.sqrt(ints), /sqrt does not accept dtype int32/],
  [
    "reshape",
    () => lax.reshape(x, [2, 2]),
    /reshape total size must be unchanged, got new_sizes \(2, 2\) \(size 4\) for shape \(3,\)/,
  ],
  [
    "broadcastInDim",
    () => lax.broadcastInDim(x, [3, 2], [1]),
    /must either be 1, or be equal to their corresponding dimensions/,
  ],
  [
    "dynamicSlice",
    () => lax.dynamicSlice(matrix, [0], [1, 1]),
    /Length of slice indices must match number of operand dimensions \(1 vs \(2, 3\)\)/,
  ],
  ["dot", () => lax.dot(matrix, matrix), /contracting dimensions to have the same shape/],
  [
    "padding",
    () => lax.conv(np.ones([1, 1, 3, 3]), np.ones([1, 1, 2, 2]), [1, 1], "FOO" as never),
    /Unrecognized padding type: expected 'VALID', 'SAME', or 'SAME_LOWER', got FOO/,
  ],
  [
    "letters",
    () =>
      lax.convGeneralDilated(np.ones([1, 3, 3, 1]), np.ones([2, 2, 1, 1]), [1, 1], "SAME", {
        dimensionNumbers: ["NHWC", "HWIO", "NHWQ"],
      }),
    /dimension_numbers\[2\] must contain the characters 'N' and 'C' exactly once, got NHWQ/,
  ],
  [
    "reduceWindow",
    () => lax.reduceWindow(x, 0, lax.add, [2, 2], [1], "VALID"),
    /windowDimensions to have one entry for each axis of the operand, got \(2, 2\) for operand shape \(3,\)/,
  ],
  [
    "topK",
    () => lax.topK(x, 4),
    /k argument to top_k must be no larger than size along axis; got k=4 with shape=\[3\] and axis=0/,
  ],
  [
    "gather mode",
    () =>
      lax.gather(
        x,
        np.zeros([1, 1], { dtype: "int32" }),
        { offsetDims: [], collapsedSliceDims: [0], startIndexMap: [0] },
        [1],
        { mode: "round" as never },
      ),
    /Unknown gather mode/,
  ],
  ["sort", () => lax.sort([x, matrix]), /sort requires arguments to have equal shapes/],
  ["index", () => lax.indexInDim(x, 3), /index 3 is out of bounds for axis 0 with size 3/],
];
for (const [name, body, message] of errors) {
  test(`error: ${name}`, () => assert.throws(body, message));
}

test("max pooling and its gradient", () => {
  const image = np.arange(16).astype("float32").reshape(4, 4);
  const pool = (y: np.NdArray) => lax.reduceWindow(y, -Infinity, lax.max, [2, 2], [2, 2], "VALID");
  assert.deepEqual(pool(image).toArray(), [
    [5, 7],
    [13, 15],
  ]);
  const slopes = grad((y: np.NdArray) => pool(y).sum())(image);
  assert.equal(slopes.sum().item(), 4);
  assert.equal(slopes.slice(1, 1).item(), 1);
});

test("a convolution is differentiable in both operands, and jit gives the same", () => {
  const image = np.linspace(-1, 1, 25).reshape(1, 5, 5, 1);
  const kernel = np.linspace(0.5, -0.5, 9).reshape(3, 3, 1, 1);
  const loss = (a: np.NdArray, k: np.NdArray) =>
    lax
      .convGeneralDilated(a, k, [2, 2], "SAME", { dimensionNumbers: ["NHWC", "HWIO", "NHWC"] })
      .pow(2)
      .sum();
  const both = grad(loss, { argnums: [0, 1] });
  const [slopeImage, slopeKernel] = both(image, kernel);
  const step = 1e-2;
  for (const [operand, slope, f] of [
    [image, slopeImage, (y: np.NdArray) => loss(y, kernel)],
    [kernel, slopeKernel, (y: np.NdArray) => loss(image, y)],
  ] as const) {
    const direction = np.linspace(-1, 2, operand.size).reshape([...operand.shape]);
    const difference = f(operand.add(direction.mul(step)))
      .sub(f(operand.sub(direction.mul(step))))
      .item();
    const expected = slope.mul(direction).sum().item();
    assert.ok(Math.abs(difference / (2 * step) - expected) < 2e-2 * Math.abs(expected) + 1e-2);
  }
  const [compiled] = jit(both)(image, kernel);
  assert.ok(np.allclose(compiled, slopeImage, { rtol: 1e-4, atol: 1e-5 }).item());
});

test("associativeScan is the prefix of any associative function, at odd lengths too", () => {
  for (const n of [0, 1, 2, 5, 8]) {
    const y = np.arange(n).astype("float32").add(1);
    const sums = lax.associativeScan((p: np.NdArray, q: np.NdArray) => p.add(q), y);
    assert.deepEqual(sums.toArray(), np.cumsum(y).toArray());
  }
});

test("dynamic slices count negative starts from the end and clamp", () => {
  const at = (start: number) => lax.dynamicSliceInDim(x, np.array(start, { dtype: "int32" }), 2).toArray();
  assert.deepEqual(at(-2), [2, 3]);
  assert.deepEqual(at(7), [2, 3]);
  const rows = vmap((start: np.NdArray) => lax.dynamicSliceInDim(x, start, 1))(
    np.array([2, 0], { dtype: "int32" }),
  );
  assert.deepEqual(rows.toArray(), [[3], [1]]);
});

test("the names that are keywords elsewhere are exported", () => {
  assert.equal(lax.switch(1, [() => np.zeros(1), () => np.ones(1)]).item(), 1);
  assert.equal(lax.isFinite(np.array([Infinity])).item(), 0);
  assert.equal(
    lax.scan((c: np.NdArray, y: np.NdArray) => [c.add(y), c] as const, np.array(0), x)[0].item(),
    6,
  );
});
