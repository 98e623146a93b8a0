/**
 * The models of the documents Weft is made to run, through the public API: two linear regressions by gradient
 * descent, a neural network's building blocks trained with Adam, and a logistic regression.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { grad, hessian, jit, lax, type NdArray, numpy as np, random, valueAndGrad, vmap } from "weft";
import { buildAutoInsuranceDataset } from "../samples/auto-insurance/dataset.ts";
import {
  calculateCost,
  computeGradient,
  differentiateCost,
  forwardPass,
  type Gradient,
  type Parameters,
  train,
  updateWeights,
} from "../samples/auto-insurance/model.ts";
import { close, flat } from "./helpers/close.ts";
import { root } from "./helpers/paths.ts";

const readDataset = async () =>
  buildAutoInsuranceDataset(await readFile(path.join(root, "samples/data/auto-insurance.csv")));

/** "Machine learning with JAX from scratch, part II": what it prints. */
const COSTS: readonly (readonly [epoch: number, cost: number])[] = [
  [0, 8572.900390625],
  [5, 3279.61328125],
  [10, 1556.776611328125],
  [15, 996.0113525390625],
  [20, 813.46533203125],
  [25, 754.0178833007812],
  [30, 734.6356811523438],
  [35, 728.2933349609375],
  [40, 726.1950073242188],
  [45, 725.4779663085938],
];

const gradients: [string, Gradient][] = [
  ["by hand", computeGradient],
  ["grad", differentiateCost],
];

/** Within 1e-5, relative. */
function near(actual: number, expected: number, message: string): void {
  assert.ok(Math.abs(actual / expected - 1) <= 1e-5, `${message}: ${actual}, the document has ${expected}`);
}

test("auto insurance: the cost before training", async () => {
  const { features, labels } = await readDataset();
  assert.deepEqual(
    [features.shape, labels.shape],
    [
      [63, 1],
      [63, 1],
    ],
  );
  const predictions = forwardPass(features, np.array([0.5]), np.array([0.5]));
  near(calculateCost(predictions, labels).item(), 6621.81201171875, "cost");
  near(
    jit((x: NdArray, y: NdArray) => calculateCost(forwardPass(x, np.array([0.5]), np.array([0.5])), y))(
      features,
      labels,
    ).item(),
    6621.81201171875,
    "compiled",
  );
});

for (const [name, gradient] of gradients) {
  test(`auto insurance: 50 epochs in one compiled call, derivative ${name}`, async () => {
    const { features, labels } = await readDataset();
    const training = jit((x: NdArray, y: NdArray) =>
      train(x, y, { epochs: 50, learningRate: 1e-4, gradient }),
    );
    const { costs, parameters } = training(features, labels);
    const data = flat(costs);
    for (const [epoch, cost] of COSTS) near(data[epoch], cost, `epoch ${epoch}`);
    // The same descent in doubles, and its prediction for 80 claims.
    const [xs, ys] = [flat(features), flat(labels)];
    let [w, b] = [0, 0];
    for (let epoch = 0; epoch < 50; epoch++) {
      const errors = xs.map((x, i) => w * x + b - ys[i]);
      w -= (1e-4 * errors.reduce((sum, e, i) => sum + e * xs[i], 0)) / xs.length;
      b -= (1e-4 * errors.reduce((sum, e) => sum + e, 0)) / xs.length;
    }
    near(parameters.weight.item(), w, "weight");
    near(forwardPass(np.array([80]), parameters.weight, parameters.bias).item(), 80 * w + b, "80 claims");
  });

  test(`auto insurance: epoch by epoch as the document writes it, derivative ${name}`, async () => {
    const { features, labels } = await readDataset();
    let parameters: Parameters = { weight: np.array(0), bias: np.array(0) };
    const expected = new Map(COSTS);
    for (let epoch = 0; epoch < 50; epoch++) {
      const cost = calculateCost(forwardPass(features, parameters.weight, parameters.bias), labels);
      const known = expected.get(epoch);
      if (known !== undefined) near(cost.item(), known, `epoch ${epoch}`);
      parameters = updateWeights(features, parameters, labels, 1e-4, gradient);
    }
  });
}

test("the gradient of x² + y² is a tuple", () => {
  const x2 = ([x, y]: [NdArray, NdArray]) => x.pow(2).add(y.pow(2));
  assert.equal(x2([np.array(3), np.array(4)]).item(), 25);
  const gradient = grad(x2);
  for (const [x, y] of [
    [1, 1],
    [2, 3],
    [3, 4],
  ] as const) {
    const result = gradient([x, y]);
    assert.equal(result.length, 2);
    assert.deepEqual(
      result.map((g) => g.item()),
      [2 * x, 2 * y],
    );
  }
  close(hessian(x2)([1, 2]), [2, 0, 0, 2]);
});

/** 100 points of y = 3x + 2 with noise, from the document's own keys. */
function straightLine(): { x: NdArray; y: NdArray } {
  const [rng, newKey] = random.split(random.key(0));
  const x = random.normal(rng, [100]);
  const jitter = random.normal(newKey, [100]);
  return { x, y: x.mul(3).add(2).add(jitter.mul(0.5)) };
}

/** y = b0 + b1 x */
const network = (beta: NdArray, x: NdArray) => beta.slice(0).add(beta.slice(1).mul(x));
const lineLoss = (beta: NdArray, x: NdArray, y: NdArray) => np.mean(network(beta, x).sub(y).pow(2));

test("a straight line by least squares and by gradient descent", () => {
  const { x, y } = straightLine();
  const n = x.length;
  const [sx, sy] = [np.sum(x), np.sum(y)];
  const slope = np
    .sum(x.mul(y))
    .mul(n)
    .sub(sx.mul(sy))
    .div(np.sum(x.pow(2)).mul(n).sub(sx.pow(2)));
  const offset = sy.sub(slope.mul(sx)).div(n);
  assert.ok(Math.abs(slope.item() - 3) < 0.2 && Math.abs(offset.item() - 2) < 0.2);

  const gradOfLoss = grad(lineLoss);
  const epoch = (beta: NdArray) => beta.sub(gradOfLoss(beta, x, y).mul(0.1));
  let beta: NdArray = np.array([1, 1]);
  const losses = [lineLoss(beta, x, y).item()];
  for (let i = 0; i < 60; i++) {
    beta = epoch(beta);
    losses.push(lineLoss(beta, x, y).item());
  }
  for (let i = 1; i < 20; i++) assert.ok(losses[i] < losses[i - 1], `epoch ${i}`);
  close(beta, [offset.item(), slope.item()], 1e-2);
  // The same loop, compiled.
  const fit = jit((start: NdArray) => lax.foriLoop(0, 60, (_: NdArray, b: NdArray) => epoch(b), start));
  close(fit(np.array([1, 1])), beta, 1e-5);
});

test("a loss landscape of 20 × 20 by nested vmap", () => {
  const { x, y } = straightLine();
  const [bs, ms] = [np.linspace(-4, 4, 20), np.linspace(-8, 8, 20)];
  const lossAt = (m: NdArray, b: NdArray) => np.mean(np.square(y.sub(m.mul(x)).sub(b)));
  const landscape = jit(vmap(vmap(lossAt, { inAxes: [null, 0] }), { inAxes: [0, null] }))(ms, bs);
  assert.deepEqual(landscape.shape, [20, 20]);
  const [mData, bData, all] = [flat(ms), flat(bs), flat(landscape)];
  const [xs, ys] = [flat(x), flat(y)];
  for (const [i, j] of [
    [0, 0],
    [3, 17],
    [13, 14],
    [19, 19],
  ] as const) {
    const expected = xs.reduce((sum, v, k) => sum + (ys[k] - mData[i] * v - bData[j]) ** 2, 0) / xs.length;
    near(all[i * 20 + j], expected, `m ${i}, b ${j}`);
  }
  // The lowest point is next to the line the data were made of.
  const lowest = all.indexOf(Math.min(...all));
  assert.ok(Math.abs(mData[Math.floor(lowest / 20)] - 3) < 0.9 && Math.abs(bData[lowest % 20] - 2) < 0.5);
});

test("sigmoid with its first and second derivative at 100 points", () => {
  const sigmoid = (x: NdArray) => np.divide(1, np.exp(x.neg()).add(1));
  const xs = np.linspace(-5, 5, 100);
  const gradient = grad(sigmoid);
  const second = grad(gradient);
  const points = flat(xs);
  const s = points.map((x) => 1 / (1 + Math.exp(-x)));
  close(sigmoid(xs), s, 1e-6);
  close(
    vmap(gradient)(xs),
    s.map((p) => p * (1 - p)),
    1e-6,
  );
  close(
    jit(vmap(second))(xs),
    s.map((p) => p * (1 - p) * (1 - 2 * p)),
    1e-6,
  );
  // Point by point, as the document's list comprehension does.
  close(
    points.slice(40, 60).map((x) => second(x)),
    s.slice(40, 60).map((p) => p * (1 - p) * (1 - 2 * p)),
    1e-6,
  );
  assert.ok(Math.abs(second(0).item()) < 1e-7, "a saddle point at 0");
});

test("logistic regression: argnums 0 and 1, accuracy on a synthetic set", () => {
  const sigmoid = (x: NdArray) => np.divide(1, np.exp(x.neg()).add(1));
  const predict = (c: NdArray, w: NdArray, input: NdArray) => sigmoid(np.dot(input, w).add(c));
  const cost = jit((c: NdArray, w: NdArray, x: NdArray, y: NdArray) => {
    const p = predict(c, w, x);
    return np.mean(y.mul(np.log(p)).add(np.subtract(1, y).mul(np.log(np.subtract(1, p))))).neg();
  });
  const [kx, kw, kn] = random.split(random.key(1), 3);
  const x = random.normal(kx, [375, 20]);
  const truth = random.normal(kw, [20]);
  const y = np
    .dot(x, truth)
    .add(random.normal(kn, [375]))
    .greater(0.5)
    .astype("float32");
  let c: NdArray = np.array(1);
  let w: NdArray = random.normal(random.key(0), [20]);
  const accuracy = () => np.mean(predict(c, w, x).greater(0.5).equal(y.greater(0.5))).item();
  const [before, costBefore] = [accuracy(), cost(c, w, x, y).item()];
  const [byC, byW] = [grad(cost, { argnums: 0 }), grad(cost, { argnums: 1 })];
  for (let i = 0; i < 60; i++) {
    const current = c;
    c = c.sub(byC(current, w, x, y).mul(1));
    w = w.sub(byW(current, w, x, y).mul(1));
  }
  assert.ok(cost(c, w, x, y).item() < 0.5 * costBefore);
  assert.ok(accuracy() > 0.85 && accuracy() > before, `${before} → ${accuracy()}`);
  const [gc, gw] = grad(cost, { argnums: [0, 1] })(c, w, x, y);
  close([byC(c, w, x, y), byW(c, w, x, y)], [gc, gw], 1e-6);
});

test("Adam finds the coefficients of a Dense(1), written by hand", () => {
  type Dense = { kernel: NdArray; bias: NdArray };
  const [kx, kn, kp] = random.split(random.key(7), 3);
  const coefficients = np.array([[1.1, 2.1]]);
  const x = random.uniform(kx, [200, 2], { minval: -10, maxval: 10 });
  const exact = np.einsum("ij,kj->ki", coefficients, x).add(3.1);
  close(exact, x.matmul(coefficients.T).add(3.1));
  const y = exact.add(random.normal(kn, [200, 1]).mul(0.5));

  const apply = ({ kernel, bias }: Dense, input: NdArray) => input.matmul(kernel).add(bias);
  const loss = (p: Dense) => np.mean(np.square(apply(p, x).sub(y)));
  const adam = (p: NdArray, g: NdArray, m: NdArray, v: NdArray, t: NdArray) => {
    const [rate, b1, b2] = [0.1, 0.9, 0.999];
    const m1 = m.mul(b1).add(g.mul(1 - b1));
    const v1 = v.mul(b2).add(np.square(g).mul(1 - b2));
    const mHat = m1.div(np.subtract(1, np.power(b1, t)));
    const vHat = v1.div(np.subtract(1, np.power(b2, t)));
    return { p: p.sub(mHat.mul(rate).div(np.sqrt(vHat).add(1e-8))), m: m1, v: v1 };
  };
  interface State {
    readonly p: Dense;
    readonly m: Dense;
    readonly v: Dense;
  }
  const step = (t: NdArray, { p, m, v }: State) => {
    const [value, g] = valueAndGrad(loss)(p);
    const kernel = adam(p.kernel, g.kernel, m.kernel, v.kernel, t);
    const bias = adam(p.bias, g.bias, m.bias, v.bias, t);
    const next = {
      p: { kernel: kernel.p, bias: bias.p },
      m: { kernel: kernel.m, bias: bias.m },
      v: { kernel: kernel.v, bias: bias.v },
    };
    return [next, value] as const;
  };
  const zeros = { kernel: np.zeros([2, 1]), bias: np.zeros([1]) };
  const start: State = { p: { kernel: random.normal(kp, [2, 1]), bias: np.zeros([1]) }, m: zeros, v: zeros };
  const training = jit((state: State) =>
    lax.scan((s: State, i: NdArray) => step(i.add(1), s), state, np.arange(400, { dtype: "float32" })),
  );
  const [final, losses] = training(start);
  close(final.p.kernel, [1.1, 2.1], 3e-2);
  close(final.p.bias, 3.1, 5e-2);
  const history = flat(losses);
  assert.ok(history[399] < 0.3 && history[0] > 10, `${history[0]} → ${history[399]}`);
  // Step by step outside of the loop: the same.
  let state = start;
  const one = jit(step);
  for (let t = 1; t <= 20; t++) [state] = one(t, state);
  const [after20] = jit((s: State) =>
    lax.scan((c: State, i: NdArray) => step(i.add(1), c), s, np.arange(20, { dtype: "float32" })),
  )(start);
  close(state.p, after20.p, 1e-5);
});

test("a 1–64–1 ReLU network fits what no line can", () => {
  type Net = { w1: NdArray; b1: NdArray; w2: NdArray; b2: NdArray };
  const x = np.linspace(-2, 2, 64).reshape([64, 1]);
  const y = np.square(x);
  const apply = (p: Net, input: NdArray) =>
    np.maximum(input.matmul(p.w1).add(p.b1), 0).matmul(p.w2).add(p.b2);
  const loss = (p: Net) => np.mean(np.square(apply(p, x).sub(y)));
  const [k1, k2] = random.split(random.key(3));
  const start: Net = {
    w1: random.normal(k1, [1, 64]),
    b1: np.linspace(-1, 1, 64),
    w2: random.normal(k2, [64, 1]).mul(0.1),
    b2: np.zeros([1]),
  };
  const training = jit((p: Net) =>
    lax.foriLoop(
      0,
      500,
      (_: NdArray, c: Net) => {
        const g = grad(loss)(c);
        return {
          w1: c.w1.sub(g.w1.mul(0.02)),
          b1: c.b1.sub(g.b1.mul(0.02)),
          w2: c.w2.sub(g.w2.mul(0.02)),
          b2: c.b2.sub(g.b2.mul(0.02)),
        };
      },
      p,
    ),
  );
  const [before, after] = [loss(start).item(), loss(training(start)).item()];
  assert.ok(after < 0.02 && after < before / 10, `${before} → ${after}`);
});
