/** optim against optax: parameters after some steps, schedules, losses. */
import * as np from "../frontend/numpy/index.ts";
import * as optim from "../frontend/optim/index.ts";
import { a, b, goldenTests, m, n, p, u } from "./helpers/golden-api.ts";

/** Parameters after some steps down a fixed field of gradients; tests/golden/api.py has the same. */
function optimize(transform: optim.GradientTransformation, steps = 4): np.NdArray[] {
  let params = { w: a, b: m };
  let state = transform.init(params);
  for (let s = 0; s < steps; s++) {
    const grads = { w: params.w.mul(0.5).add(0.1), b: params.b.mul(0.5).add(0.1) };
    const [updates, next] = transform.update(grads, state, params);
    params = optim.applyUpdates(params, updates);
    state = next;
  }
  return [params.b, params.w];
}

const int = (values: number[]) => np.array(values, { dtype: "int32" });
const schedule = (f: optim.Schedule) =>
  np.stack([0, 1, 3, 5, 8, 10, 12, 20].map((s) => np.array(0).add(f(np.array(s, { dtype: "int32" })))));

goldenTests({
  "optimize(optax.sgd(0.1))": () => optimize(optim.sgd(0.1)),
  "optimize(optax.sgd(0.1, momentum=0.9))": () => optimize(optim.sgd(0.1, { momentum: 0.9 })),
  "optimize(optax.sgd(0.1, momentum=0.9, nesterov=True))": () =>
    optimize(optim.sgd(0.1, { momentum: 0.9, nesterov: true })),
  "optimize(optax.adam(0.1))": () => optimize(optim.adam(0.1)),
  "optimize(optax.adam(0.1, b1=0.8, b2=0.95, eps=1e-3, eps_root=1e-4))": () =>
    optimize(optim.adam(0.1, { b1: 0.8, b2: 0.95, eps: 1e-3, epsRoot: 1e-4 })),
  "optimize(optax.nadam(0.1))": () => optimize(optim.nadam(0.1)),
  "optimize(optax.adamw(0.1, weight_decay=0.05))": () => optimize(optim.adamw(0.1, { weightDecay: 0.05 })),
  "optimize(optax.adamax(0.1))": () => optimize(optim.adamax(0.1)),
  "optimize(optax.lion(0.1))": () => optimize(optim.lion(0.1)),
  "optimize(optax.rmsprop(0.1))": () => optimize(optim.rmsprop(0.1)),
  "optimize(optax.rmsprop(0.1, momentum=0.5, centered=True))": () =>
    optimize(optim.rmsprop(0.1, { momentum: 0.5, centered: true })),
  "optimize(optax.adagrad(0.1))": () => optimize(optim.adagrad(0.1)),
  "optimize(optax.adadelta(0.5))": () => optimize(optim.adadelta(0.5)),
  "optimize(optax.chain(optax.clip(0.3), optax.scale(-0.5)))": () =>
    optimize(optim.chain(optim.clip(0.3), optim.scale(-0.5))),
  "optimize(optax.chain(optax.clip_by_global_norm(1.0), optax.sgd(0.1)))": () =>
    optimize(optim.chain(optim.clipByGlobalNorm(1), optim.sgd(0.1))),
  "optimize(optax.chain(optax.clip_by_global_norm(1000.0), optax.sgd(0.1)))": () =>
    optimize(optim.chain(optim.clipByGlobalNorm(1000), optim.sgd(0.1))),
  "optimize(optax.chain(optax.add_decayed_weights(0.1), optax.sgd(0.1)))": () =>
    optimize(optim.chain(optim.addDecayedWeights(0.1), optim.sgd(0.1))),
  "optimize(optax.adam(optax.exponential_decay(0.1, 2, 0.5)))": () =>
    optimize(optim.adam(optim.exponentialDecay(0.1, 2, 0.5))),
  "optax.global_norm({'w': a, 'b': m})": () => optim.globalNorm({ w: a, b: m }),
  "optax.incremental_update(a, b, 0.1)": () => optim.incrementalUpdate(a, b, 0.1),

  "schedule(optax.constant_schedule(0.3))": () => schedule(optim.constantSchedule(0.3)),
  "schedule(optax.linear_schedule(1.0, 0.1, 10, transition_begin=2))": () =>
    schedule(optim.linearSchedule(1, 0.1, 10, { transitionBegin: 2 })),
  "schedule(optax.polynomial_schedule(1.0, 0.1, 2, 10))": () =>
    schedule(optim.polynomialSchedule(1, 0.1, 2, 10)),
  "schedule(optax.exponential_decay(1.0, 5, 0.5))": () => schedule(optim.exponentialDecay(1, 5, 0.5)),
  "schedule(optax.exponential_decay(1.0, 5, 0.5, transition_begin=2, staircase=True, end_value=0.3))": () =>
    schedule(optim.exponentialDecay(1, 5, 0.5, { transitionBegin: 2, staircase: true, endValue: 0.3 })),
  "schedule(optax.cosine_decay_schedule(1.0, 10, alpha=0.1))": () =>
    schedule(optim.cosineDecaySchedule(1, 10, { alpha: 0.1 })),
  "schedule(optax.piecewise_constant_schedule(1.0, {5: 0.1, 10: 0.5}))": () =>
    schedule(optim.piecewiseConstantSchedule(1, { 5: 0.1, 10: 0.5 })),
  "schedule(optax.warmup_cosine_decay_schedule(0.0, 1.0, 5, 15, end_value=0.1))": () =>
    schedule(optim.warmupCosineDecaySchedule(0, 1, 5, 15, { endValue: 0.1 })),
  "schedule(optax.warmup_exponential_decay_schedule(0.0, 1.0, 5, 4, 0.5))": () =>
    schedule(optim.warmupExponentialDecaySchedule(0, 1, 5, 4, 0.5)),

  "optax.squared_error(a, b)": () => optim.squaredError(a, b),
  "optax.l2_loss(a, b)": () => optim.l2Loss(a, b),
  "optax.huber_loss(a, b, delta=0.7)": () => optim.huberLoss(a, b, { delta: 0.7 }),
  "optax.log_cosh(a, b)": () => optim.logCosh(a, b),
  "optax.hinge_loss(a, jnp.where(p, 1.0, -1.0))": () => optim.hingeLoss(a, np.where(p, 1, -1)),
  "optax.sigmoid_binary_cross_entropy(a * 10, u)": () => optim.sigmoidBinaryCrossEntropy(a.mul(10), u),
  "optax.softmax_cross_entropy(m, jax.nn.softmax(m * 0.3))": () =>
    optim.softmaxCrossEntropy(m, np.exp(m.mul(0.3)).div(np.exp(m.mul(0.3)).sum({ axis: 1, keepdims: true }))),
  "optax.softmax_cross_entropy_with_integer_labels(m, jnp.array([0, 3, 1]))": () =>
    optim.softmaxCrossEntropyWithIntegerLabels(m, int([0, 3, 1])),
  "optax.softmax_cross_entropy_with_integer_labels(n, jnp.array([0, 3]), axis=0)": () =>
    optim.softmaxCrossEntropyWithIntegerLabels(n, int([0, 3]), { axis: 0 }),
  "optax.kl_divergence(jnp.log(u), jnp.array([0.0, 0.5, 0.25, 0.25, 0.0]))": () =>
    optim.klDivergence(np.log(u), np.array([0, 0.5, 0.25, 0.25, 0])),
  "optax.smooth_labels(jnp.eye(3), 0.1)": () => optim.smoothLabels(np.eye(3), 0.1),
  "optax.cosine_similarity(m, m[::-1])": () => optim.cosineSimilarity(m, m.slice([null, null, -1])),
});
