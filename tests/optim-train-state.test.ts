/** TrainState: a tree with static fields, under jit, in scan, donated, with further fields; refusals. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as lax from "../frontend/lax/index.ts";
import * as np from "../frontend/numpy/index.ts";
import * as optim from "../frontend/optim/index.ts";
import { grad, jit, valueAndGrad } from "../frontend/transforms/index.ts";
import * as tree from "../frontend/tree/index.ts";

const x = np.linspace(-1, 1, 16).reshape(16, 1);
const y = x.mul(3).sub(0.5);
interface Line {
  readonly w: np.NdArray;
  readonly b: np.NdArray;
}
const line = (p: Line, inputs: np.NdArray) => inputs.matmul(p.w).add(p.b);
const start = (): Line => ({ w: np.zeros([1, 1]), b: np.zeros([1]) });
const create = (tx: optim.GradientTransformation = optim.adam(0.2)) =>
  optim.TrainState.create({ applyFn: line, params: start(), tx });
type State = ReturnType<typeof create>;
const loss = (state: State) => (p: Line) => optim.l2Loss(state.applyFn(p, x), y).mean();

test("a step is tx.update and applyUpdates", () => {
  const tx = optim.adamw(0.2);
  const state = create(tx);
  const grads = grad(loss(state))(state.params);
  const next = state.applyGradients({ grads });
  const [updates, optState] = tx.update(grads, tx.init(start()), start());
  assert.deepEqual(
    tree.map((v: np.NdArray) => v.toArray(), next.params),
    {
      b: optim.applyUpdates(start(), updates).b.toArray(),
      w: optim.applyUpdates(start(), updates).w.toArray(),
    },
  );
  assert.deepEqual(
    tree.leaves<np.NdArray>(next.optState).map((v) => v.toArray()),
    tree.leaves<np.NdArray>(optState).map((v) => v.toArray()),
  );
  assert.equal(next.step.dtype, "int32");
  assert.equal(next.step.item(), 1);
  assert.equal(state.step.item(), 0, "the state before is as it was");
  assert.equal(next.applyFn, line);
  assert.equal(next.tx, tx);
  assert.ok(next instanceof optim.TrainState);
});

test("trains step by step under jit with the state donated, traced once", () => {
  let traced = 0;
  const step = jit(
    (state: State) => {
      traced++;
      const [value, grads] = valueAndGrad(loss(state))(state.params);
      return [state.applyGradients({ grads }), value] as const;
    },
    { donateArgnums: 0 },
  );
  let state = create();
  for (let i = 0; i < 200; i++) [state] = step(state);
  assert.equal(traced, 1);
  assert.equal(state.step.item(), 200);
  assert.ok(Math.abs(state.params.w.item() - 3) < 0.05, `w = ${state.params.w.item()}`);
  assert.ok(Math.abs(state.params.b.item() + 0.5) < 0.05, `b = ${state.params.b.item()}`);
});

test("trains in one compiled scan and in foriLoop, to the same numbers", () => {
  const one = (state: State) => state.applyGradients({ grads: grad(loss(state))(state.params) });
  const scanned = jit((init: State) => lax.scan((s: State) => [one(s), s.step], init, null, { length: 50 }));
  const looped = jit((init: State) => lax.foriLoop(0, 50, (_, s: State) => one(s), init));
  const [a, steps] = scanned(create());
  const b = looped(create());
  assert.deepEqual(steps.toArray(), np.arange(50).toArray());
  assert.deepEqual(a.params.w.toArray(), b.params.w.toArray());
  let eager = create();
  for (let i = 0; i < 50; i++) eager = one(eager);
  assert.ok(np.allclose(a.params.w, eager.params.w, { rtol: 1e-5 }));
});

test("a step compiles into few kernels, however many parameters", () => {
  const kernels = (layers: number): number => {
    const params = Array.from({ length: layers }, () => ({ w: np.ones([8, 8]), b: np.ones([8]) }));
    const state = optim.TrainState.create({ applyFn: line, params, tx: optim.adam(1e-3) });
    const step = jit((s: typeof state) => s.applyGradients({ grads: s.params }));
    const text = step.lower(state).compile().asText({ stage: "kernel" });
    return [...text.matchAll(/kernel @/g)].length;
  };
  assert.ok(kernels(1) <= 2, `${kernels(1)} kernels`);
  assert.equal(kernels(6), kernels(1));
});

test("further fields are leaves, replaced with the gradients or by replace", () => {
  const state = optim.TrainState.create({
    applyFn: line,
    params: start(),
    tx: optim.sgd(0.1),
    batchStats: { mean: np.zeros([3]) },
    label: null,
  });
  assert.deepEqual(
    tree.leavesWithPath(state).map(({ path }) => tree.formatPath(path)),
    [".step", ".params.b", ".params.w", ".batchStats.mean"],
  );
  const next = jit((s: typeof state) =>
    s.applyGradients({ grads: s.params, batchStats: { mean: s.batchStats.mean.add(1) } }),
  )(state);
  assert.deepEqual(next.batchStats.mean.toArray(), [1, 1, 1]);
  assert.equal(next.replace({ step: np.array(7, { dtype: "int32" }) }).step.item(), 7);
  assert.throws(
    // @ts-expect-error no such field
    () => next.replace({ other: 1 }),
    /TrainState has no field other: its fields are step, params, optState/,
  );
});

test("states with another optimizer or model are other trees", () => {
  const tx = optim.sgd(0.1);
  const same = tree.sameStructure(tree.structure(create(tx)), tree.structure(create(tx)));
  const other = tree.sameStructure(tree.structure(create(tx)), tree.structure(create(optim.sgd(0.1))));
  assert.deepEqual([same, other], [true, false]);
});

test("what cannot be is refused", () => {
  const state = create();
  assert.throws(
    () => state.applyGradients({ grads: { w: x } as unknown as Line }),
    /applyGradients: grads must have the structure of params: grads: dict key mismatch: missing key b/,
  );
  assert.throws(
    () => state.applyGradients({ grads: { w: np.ones([1, 1]), b: np.ones([3, 1]) } }),
    /the update of params\.b has shape \(3, 1\), the parameter \(1,\)/,
  );
  assert.throws(
    () => optim.TrainState.create({ applyFn: line, params: start(), tx: {} as optim.GradientTransformation }),
    /tx must be a gradient transformation/,
  );
  assert.throws(
    () =>
      optim.TrainState.create({ applyFn: line, params: start(), tx: optim.sgd(1), optState: 1, replace: 2 }),
    /optState, replace cannot be given/,
  );
});
