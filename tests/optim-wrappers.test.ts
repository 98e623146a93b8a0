/** optim's transformations of transformations: state by name, hyperparameters, skipping, line searches, refusals. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as lax from "../frontend/lax/index.ts";
import * as np from "../frontend/numpy/index.ts";
import * as optim from "../frontend/optim/index.ts";
import * as random from "../frontend/random/index.ts";
import { jit, valueAndGrad } from "../frontend/transforms/index.ts";
import * as tree from "../frontend/tree/index.ts";

const params = { w: np.array([1, -2]), b: np.array(0.5) };
const grads = { w: np.array([0.5, 0.25]), b: np.array(-1) };
const NAN = { w: np.array([NaN, 0]), b: np.array(1) };
const values = (x: unknown) => tree.leaves<np.NdArray>(x).map((leaf) => leaf.toArray());

test("parts of a state are found and set by name", () => {
  const tx = optim.chain(optim.clip(1), optim.adam(0.1));
  const [, state] = tx.update(grads, tx.init(params), params);
  assert.equal(optim.tree.get(state, "count")?.item(), 1);
  assert.equal(optim.tree.get(state, "nothing"), undefined);
  assert.throws(
    () => optim.tree.get(state, "w"),
    /Found multiple values for 'w': at \[1\]\[0\]\.mu\.w, \[1\]\[0\]\.nu\.w/,
  );
  const inMu: optim.tree.StateFilter = (path) => tree.formatPath(path).includes(".mu");
  assert.equal(optim.tree.get(state, "w", inMu)?.size, 2);
  const set = optim.tree.set(state, { count: 7 });
  assert.equal(optim.tree.get(set, "count")?.item(), 7);
  assert.equal(optim.tree.get(set, "count")?.dtype, "int32");
  assert.throws(() => optim.tree.set(state, { rate: 1 }), /Found no values matching 'rate' in the state/);
});

test("injected hyperparameters can be read, scheduled and changed, without compiling anew", () => {
  let traced = 0;
  const tx = optim.injectHyperparams(({ learningRate, momentum }) => optim.sgd(learningRate, { momentum }), {
    learningRate: 0.5,
    momentum: optim.linearSchedule(0.5, 0.9, 4),
  });
  const step = jit((p: typeof params, s: optim.InjectHyperparamsState) => {
    traced++;
    return tx.update(grads, s, p);
  });
  let state = tx.init(params);
  assert.ok(Math.abs(state.hyperparams.momentum.item() - 0.5) < 1e-6);
  let [updates, next] = step(params, state);
  assert.deepEqual(updates.w.toArray(), [-0.25, -0.125]);
  state = optim.tree.set(next as optim.InjectHyperparamsState, { learningRate: 1 });
  [updates, next] = step(params, state);
  assert.ok(Math.abs(next.hyperparams.momentum.item() - 0.6) < 1e-6);
  assert.ok(np.allclose(updates.w, grads.w.mul(-1.6)));
  assert.equal(traced, 1);
});

test("MultiSteps says when it has stepped, and leaves out what it is told to", () => {
  const tx = new optim.MultiSteps(optim.sgd(1), 2, { shouldSkipUpdate: optim.skipNotFinite });
  let state = tx.init(params);
  const seen: unknown[] = [];
  for (const g of [grads, NAN, { w: np.zeros([2]), b: np.array(3) }]) {
    const [updates, next] = tx.update(g, state, params);
    state = next;
    seen.push([values(updates), tx.hasUpdated(state).item(), optim.tree.get(state, "shouldSkip")?.item()]);
  }
  assert.deepEqual(seen, [
    [[0, [0, 0]], 0, 0],
    [[0, [0, 0]], 0, 1],
    [[-1, [-0.25, -0.125]], 1, 0],
  ]);
  const large = new optim.MultiSteps(optim.sgd(1), 1, { shouldSkipUpdate: optim.skipLargeUpdates(1) });
  assert.deepEqual(values(large.update(grads, large.init(params), params)[0]), [0, [0, 0]]);
  const wrong = new optim.MultiSteps(optim.sgd(1), 1, { shouldSkipUpdate: () => [np.array([1]), null] });
  assert.throws(
    () => wrong.update(grads, wrong.init(params), params),
    /should return a boolean scalar array, but it returned an array of dtype float32 and shape \(1,\)/,
  );
});

test("applyIfFinite rejects NaN until there were too many", () => {
  const tx = optim.applyIfFinite(optim.sgd(1), 1);
  let state = tx.init(params);
  const seen: unknown[] = [];
  for (const g of [NAN, grads, NAN, NAN]) {
    const [updates, next] = tx.update(g, state, params);
    state = next;
    seen.push([
      updates.b.item(),
      state.notfiniteCount.item(),
      state.totalNotfinite.item(),
      state.lastFinite.item(),
    ]);
  }
  assert.deepEqual(seen, [
    [0, 1, 1, 0],
    [1, 0, 1, 1],
    [0, 1, 2, 0],
    [-1, 2, 3, 0],
  ]);
});

test("conditions see the step and, if forwarded, the extra arguments", () => {
  const odd = optim.conditionallyMask(optim.sgd(1), (step) => lax.eq(step.mod(2), 1));
  let state = odd.init(params);
  const seen: number[] = [];
  for (let i = 0; i < 4; i++) {
    const [updates, next] = odd.update(grads, state);
    state = next;
    seen.push(updates.b.item());
  }
  assert.deepEqual(seen, [0, 1, 0, 1]);
  const asked = optim.maybeUpdate(optim.sgd(1), (_, extra) => extra.wanted as boolean, {
    forwardExtraArgs: true,
  });
  assert.equal(asked.update(grads, asked.init(params), params, { wanted: false })[0].b.item(), -1);
  assert.equal(asked.update(grads, asked.init(params), params, { wanted: true })[0].b.item(), 1);
});

test("lookahead pulls the slow parameters after the fast ones and starts again there", () => {
  const tx = optim.lookahead(optim.sgd(1), 2, 0.5);
  let pair = optim.initSynced({ x: np.array(4) });
  let state = tx.init(pair);
  const seen: unknown[] = [];
  for (let i = 0; i < 4; i++) {
    const [updates, next] = tx.update({ x: np.array(1) }, state, pair);
    pair = optim.applyUpdates(pair, updates);
    state = next;
    seen.push([pair.fast.x.item(), pair.slow.x.item()]);
  }
  assert.deepEqual(seen, [
    [3, 4],
    [3, 3],
    [2, 3],
    [2, 2],
  ]);
  assert.throws(() => optim.lookahead(optim.sgd(1), 0, 0.5), /Synchronization period must be >= 1/);
  assert.throws(
    () => tx.update({ x: 1 }, state, { x: 1 } as never),
    /lookahead takes parameters \{ fast, slow \}/,
  );
});

test("monitors keep their measurements in a state of one structure", () => {
  const tx = optim.chain(
    optim.snapshot("last", (updates) => optim.globalNorm(updates)),
    optim.monitor({
      norm: (updates) => optim.globalNorm(updates),
      smooth: optim.measureWithEma((updates) => optim.globalNorm(updates), 0.5),
    }),
    optim.sgd(1),
  );
  const run = jit((p: typeof params) =>
    lax.scan<unknown, null, null>(
      (state) => [tx.update(grads, state as optim.OptState, p)[1], null],
      tx.init(p),
      null,
      { length: 3 },
    ),
  );
  const [state] = run(params);
  const norm = Math.hypot(0.5, 0.25, 1);
  for (const name of ["last", "norm", "smooth"]) {
    const [found] = optim.tree
      .getAllWithPath(state, name)
      .flatMap(({ value }) => (value instanceof np.NdArray ? [value.item()] : []));
    assert.ok(Math.abs(found - norm) < 1e-6, name);
  }
});

test("lbfgs finds the valley's end; values from the state spare an evaluation", () => {
  const rosenbrock = ({ x }: { x: np.NdArray }) => {
    const [a, b] = [x.slice(0), x.slice(1)];
    return np
      .square(b.sub(np.square(a)))
      .mul(100)
      .add(np.square(np.subtract(1, a)));
  };
  const tx = optim.lbfgs();
  const fromState = optim.valueAndGradFromState(rosenbrock);
  const step = jit((p: { x: np.NdArray }, s: optim.OptState) => {
    const [value, grad] = fromState(p, s);
    const [updates, next] = tx.update(grad, s, p, { value, grad, valueFn: rosenbrock });
    return [optim.applyUpdates(p, updates), next, value] as const;
  });
  let p = { x: np.array([-1.2, 1], { dtype: "float64" }) };
  let state = tx.init(p);
  for (let i = 0; i < 50; i++) {
    const [nextParams, nextState, value] = step(p, state);
    assert.ok(Math.abs(value.item() - rosenbrock(p).item()) < 1e-12);
    p = nextParams;
    state = nextState;
  }
  assert.ok(np.allclose(p.x, np.ones([2]), { atol: 1e-8 }), `${p.x}`);
  assert.throws(
    () => optim.valueAndGradFromState(rosenbrock)(p, optim.sgd(1).init(p)),
    /Value or gradient not found/,
  );
  const [value, grad] = valueAndGrad(rosenbrock)(p);
  assert.throws(
    () => tx.update(grad, state, p, { value }),
    /scaleByZoomLinesearch needs the extra arguments grad, valueFn: update\(grads, state, params, \{ value, grad/,
  );
  assert.throws(
    () => optim.polyakSgd().update(grad, optim.polyakSgd().init(p)),
    /needs the value of the loss/,
  );
  assert.throws(() => optim.lbfgs(null, { memorySize: 0 }), /memory_size must be >= 1/);
});

test("noise is that of its key, and the key goes on", () => {
  const tx = optim.addNoise(0.01, 0.55, random.key(0));
  const [a, state] = tx.update(grads, tx.init(params));
  const [b] = tx.update(grads, state);
  assert.notDeepEqual(values(a), values(b));
  assert.deepEqual(values(tx.update(grads, tx.init(params))[0]), values(a));
  const raw = optim.addNoise(0.01, 0.55, random.PRNGKey(0));
  assert.deepEqual(values(raw.update(grads, raw.init(params))[0]), values(a));
});

test("per-example clipping", () => {
  const batch = {
    w: np.array([
      [3, 4],
      [0.3, 0.4],
    ]),
    b: np.zeros([2]),
  };
  const [clipped, count] = optim.perExampleGlobalNormClip(batch, 1);
  assert.ok(np.allclose(clipped.w, np.array([0.9, 1.2])));
  assert.equal(count.item(), 1);
  const [byLayer] = optim.perExampleLayerNormClip(batch, Math.SQRT2);
  assert.ok(np.allclose(byLayer.w, np.array([0.9, 1.2])));
  assert.throws(
    () => optim.perExampleGlobalNormClip({ w: np.ones([2, 2]), b: np.ones([3]) }, 1),
    /batch dimension in the 0th/,
  );
});

test("refusals name what is missing and where", () => {
  const noParams =
    /requires the current value of parameters \(addDecayedWeights\), but you are not passing `params`/;
  assert.throws(() => optim.adamw(0.1).update(grads, optim.adamw(0.1).init(params)), noParams);
  const adam = optim.adam(0.1);
  const state = adam.init(params);
  assert.throws(() => adam.update({ w: grads.w }, state), /tree 2: dict key mismatch: unexpected key b/);
  assert.throws(
    () => optim.applyUpdates(params, { w: grads.w }),
    /updates: dict key mismatch: missing key b/,
  );
  assert.throws(
    () => optim.scaleByAdam().update(grads, optim.trace(0.9).init(params) as never),
    /the optimizer state has no "count", "mu", "nu": it belongs to another optimizer/,
  );
  assert.throws(
    () => optim.partition({ a: adam }, { w: "a", b: "c" }).init(params),
    /Some parameters have no corresponding transformation\.\nParameter labels: \[a, c\]\nTransforms keys: \[a\]/,
  );
  assert.throws(
    () => optim.masked(adam, { w: true }).init(params),
    /params: dict key mismatch: unexpected key b/,
  );
  assert.throws(
    () => optim.masked(adam, { w: 1, b: true }).init(params),
    /mask\.w must be a boolean, got number/,
  );
  assert.throws(() => optim.namedChain(["a", adam], ["a", adam]), /must have unique names, but got \[a, a\]/);
  assert.throws(() => optim.scaleByLion({ mode: "mild" as "hard" }), /Unknown lion mode: mild/);
  assert.throws(
    () => optim.l2Loss(np.ones([3]), np.ones([3, 1])),
    /l2Loss|Shape mismatch: got \(3,\) and \(3, 1\)/,
  );
  assert.throws(() => optim.l2Loss(np.arange(3)), /dtype that is a subdtype of floating, got int32/);
  assert.throws(() => optim.cosineDecaySchedule(1, 0), /requires positive decay_steps/);
  assert.throws(() => optim.linearOnecycleSchedule(0, 1), /non-positive `transition_steps`/);
  assert.throws(() => optim.piecewiseConstantSchedule(1, { 3: -1 }), /expects non-negative scale factors/);
});
