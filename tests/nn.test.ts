/** nn: refusals and second derivatives; JAX's numbers are in nn-golden. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as nn from "../frontend/nn/index.ts";
import * as np from "../frontend/numpy/index.ts";
import * as random from "../frontend/random/index.ts";
import { grad, jit, jvp, vmap } from "../frontend/transforms/index.ts";

test("relu and its derivative are right under jit, vmap and forward mode", () => {
  const x = np.array([-1, 0, 2]);
  const slope = (y: np.NdArray) => grad((z: np.NdArray) => nn.relu(z).sum())(y);
  assert.deepEqual(jit(slope)(x).toArray(), [0, 0, 1]);
  assert.deepEqual(vmap(grad((z: np.NdArray) => nn.relu(z)))(x).toArray(), [0, 0, 1]);
  const [value, tangent] = jvp(nn.relu, [x], [np.array([5, 6, 7])]);
  assert.deepEqual(value.toArray(), [0, 0, 2]);
  assert.deepEqual(tangent.toArray(), [0, 0, 7]);
});

test("second derivatives of smooth activations are finite differences of the first", () => {
  for (const f of [nn.gelu, nn.silu, nn.softplus, nn.mish, nn.sigmoid]) {
    const first = grad((x: np.NdArray) => f(x));
    const at = 0.7;
    const step = 1e-2;
    const difference = (first(np.array(at + step)).item() - first(np.array(at - step)).item()) / (2 * step);
    assert.ok(Math.abs(grad(first)(np.array(at)).item() - difference) < 2e-3, f.name);
  }
});

test("a softmax of huge or masked scores sums to one, and its gradient is finite", () => {
  const scores = np.array([1e4, -1e4, 9999, -Infinity]);
  assert.ok(Math.abs(nn.softmax(scores).sum().item() - 1) < 1e-6);
  const slopes = grad((x: np.NdArray) => nn.softmax(x).slice(0))(scores).dataSync();
  assert.ok([...slopes].every(Number.isFinite));
  const row = grad((x: np.NdArray) => nn.logsumexp(x))(np.array([-Infinity, 0]));
  assert.deepEqual(row.toArray(), [0, 1]);
});

const errors: readonly (readonly [string, () => unknown, RegExp])[] = [
  ["glu", () => nn.glu(np.ones(3)), /axis size must be divisible by 2, got 3/],
  [
    "fans",
    () => nn.initializers.glorotNormal()(random.key(0), [3]),
    /Can't compute input and output sizes of a 1-dimensional weights tensor/,
  ],
  [
    "heads",
    () => nn.dotProductAttention(np.ones([2, 3, 4]), np.ones([2, 2, 4]), np.ones([2, 2, 4])),
    /must be a multiple of key\/value heads, but got 3 vs 2/,
  ],
  ["classes", () => nn.oneHot(np.arange(2), 1.5), /number of classes as a non-negative integer/],
];
for (const [name, body, message] of errors) {
  test(`error: ${name}`, () => assert.throws(body, message));
}

test("attention hides what is masked", () => {
  const q = random.normal(random.key(0), [1, 3, 2, 4]);
  const v = random.normal(random.key(1), [1, 3, 2, 4]);
  const causal = nn.dotProductAttention(q, q, v, { isCausal: true });
  assert.ok(np.allclose(causal.slice(0, 0), v.slice(0, 0), { atol: 1e-6 }).item());
  const rows = np.arange(3).reshape(3, 1).greaterEqual(np.arange(3));
  const masked = nn.dotProductAttention(q, q, v, { mask: rows.slice(null, null) });
  assert.ok(np.allclose(masked, causal, { atol: 1e-6 }).item());
});
