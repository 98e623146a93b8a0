/** optim: training loops under jit and in scan, refusals; optax's numbers are in optim-golden. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as lax from "../frontend/lax/index.ts";
import * as nn from "../frontend/nn/index.ts";
import * as np from "../frontend/numpy/index.ts";
import * as optim from "../frontend/optim/index.ts";
import * as random from "../frontend/random/index.ts";
import { grad, jit, valueAndGrad } from "../frontend/transforms/index.ts";

const x = np.linspace(-1, 1, 16).reshape(16, 1);
const y = x.mul(3).sub(0.5);
const loss = (p: { w: np.NdArray; b: np.NdArray }) => optim.l2Loss(x.matmul(p.w).add(p.b), y).mean();

const optimizers: readonly (readonly [string, optim.GradientTransformation])[] = [
  ["sgd", optim.sgd(0.5)],
  ["momentum", optim.sgd(0.1, { momentum: 0.9, nesterov: true })],
  ["adam", optim.adam(0.2)],
  ["adamw", optim.adamw(0.2, { weightDecay: 1e-5 })],
  ["rmsprop", optim.rmsprop(0.05)],
  ["adagrad", optim.adagrad(0.7)],
  [
    "clipped",
    optim.chain(optim.clipByGlobalNorm(1), optim.adam(optim.cosineDecaySchedule(0.4, 200, { alpha: 0.05 }))),
  ],
];
for (const [name, optimizer] of optimizers) {
  test(`${name} fits a line in one compiled loop`, () => {
    const init = { w: np.zeros([1, 1]), b: np.zeros([1]) };
    const train = jit((start: { w: np.NdArray; b: np.NdArray }) => {
      const state: optim.OptState = optimizer.init(start);
      const [last] = lax.scan(
        ([params, s]) => {
          const [updates, next] = optimizer.update(grad(loss)(params), s, params);
          return [[optim.applyUpdates(params, updates), next], null];
        },
        [start, state] as [{ w: np.NdArray; b: np.NdArray }, optim.OptState],
        null,
        { length: 200 },
      );
      return last[0];
    });
    const fitted = train(init);
    assert.ok(Math.abs(fitted.w.item() - 3) < 0.05, `w = ${fitted.w.item()}`);
    assert.ok(Math.abs(fitted.b.item() + 0.5) < 0.05, `b = ${fitted.b.item()}`);
  });
}

test("a small classifier learns with jit step by step", () => {
  const key = random.key(0);
  const [k1, k2] = random.split(key);
  const points = np.array([
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ]);
  const labels = np.array([0, 1, 1, 0], { dtype: "int32" });
  const model = (p: { w1: np.NdArray; b1: np.NdArray; w2: np.NdArray }) =>
    nn.gelu(points.matmul(p.w1).add(p.b1)).matmul(p.w2);
  const cost = (p: { w1: np.NdArray; b1: np.NdArray; w2: np.NdArray }) =>
    optim.softmaxCrossEntropyWithIntegerLabels(model(p), labels).mean();
  const optimizer = optim.adam(0.1);
  let params = {
    w1: nn.initializers.glorotNormal()(k1, [2, 8]),
    b1: np.zeros([8]),
    w2: nn.initializers.glorotNormal()(k2, [8, 2]),
  };
  let state = optimizer.init(params);
  const step = jit((p: typeof params, s: optim.OptState) => {
    const [value, gradients] = valueAndGrad(cost)(p);
    const [updates, next] = optimizer.update(gradients, s, p);
    return [optim.applyUpdates(p, updates), next, value] as const;
  });
  let value = Infinity;
  for (let i = 0; i < 100; i++) {
    const [nextParams, nextState, now] = step(params, state);
    params = nextParams;
    state = nextState;
    value = now.item();
  }
  assert.ok(value < 0.05, `cost ${value}`);
  assert.deepEqual(np.argmax(model(params), 1).toArray(), labels.toArray());
});

test("trees of another structure and missing parameters are refused", () => {
  const adamw = optim.adamw(0.1);
  const state = adamw.init({ w: x });
  assert.throws(() => adamw.update({ w: x }, state), /requires the current value of parameters/);
  assert.throws(() => optim.applyUpdates({ w: x }, { v: x }));
  assert.throws(
    () => optim.chain(optim.scale(1)).update({ w: x }, state),
    /Make sure you have called init first/,
  );
  assert.throws(
    () => optim.softmaxCrossEntropyWithIntegerLabels(np.ones([2, 3]), np.ones([2])),
    /takes integer labels, got float32/,
  );
});

test("updates keep the dtype of the parameters", () => {
  const params = { w: np.ones([2], { dtype: "float16" }) };
  const optimizer = optim.adam(0.1);
  const [updates] = optimizer.update(
    { w: np.ones([2], { dtype: "float16" }) },
    optimizer.init(params),
    params,
  );
  assert.equal(optim.applyUpdates(params, updates).w.dtype, "float16");
});
