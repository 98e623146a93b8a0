/**
 * The documents' models and the networks they announce, trained on a device: in a page and in Node alike. Each gives
 * numbers that stand for its result.
 */
import {
  device,
  jit,
  lax,
  type NdArray,
  nn,
  numpy as np,
  optim,
  type Platform,
  random,
  setDefaultDevice,
  valueAndGrad,
  vmap,
} from "weft";
import { buildAutoInsuranceDataset } from "../../../samples/auto-insurance/dataset.ts";
import { train } from "../../../samples/auto-insurance/model.ts";
import { gradOfLoss, leastSquares, lossLandscape, makePoints } from "../../../samples/line-fit/model.ts";
import { classify, cost, iterate } from "../../../samples/logistic-regression/model.ts";
import { gradient, hessian, sigmoid } from "../../../samples/sigmoid-derivatives/model.ts";

type Results = Readonly<Record<string, readonly number[]>>;

async function read(arrays: Record<string, NdArray>): Promise<Results> {
  const entries = Object.entries(arrays).map(async ([name, x]) => [name, [...(await x.data())]] as const);
  return Object.fromEntries(await Promise.all(entries));
}

/** Document 000: linear regression on the auto-insurance data. */
async function autoInsurance(csv: string): Promise<Results> {
  const { features, labels } = buildAutoInsuranceDataset(new TextEncoder().encode(csv));
  const { parameters, costs } = jit(() => train(features, labels))();
  return read({ ...parameters, costs });
}

/** Document 001: a line by least squares and by gradient descent, and the landscape of its loss. */
async function lineFit(): Promise<Results> {
  const points = makePoints();
  let beta: NdArray = np.array([1, 1]);
  for (let i = 0; i < 10; i++) beta = beta.sub(gradOfLoss(beta, points.x, points.y).mul(0.1));
  const { losses } = lossLandscape(points);
  return read({ ...leastSquares(points), beta, losses });
}

/** Document 002: the network 10–10–1 on a parabola with Adam. */
async function nonlinearRegression(): Promise<Results> {
  class NonLinearRegression extends nn.Module {
    call(x: NdArray): NdArray {
      x = nn.relu(new nn.Dense(10).call(x));
      x = nn.relu(new nn.Dense(10).call(x));
      return new nn.Dense(1).call(x);
    }
  }
  const x = np.linspace(-2, 2, 40).reshape([40, 1]);
  const y = np.square(x).mul(2);
  const model = new NonLinearRegression();
  const { params } = model.init(random.PRNGKey(0), x);
  return trainWithAdam(params, (p) => np.mean(np.square(model.apply({ params: p }, x).sub(y))), 40);
}

/** Document 003: the sigmoid and its derivatives. */
async function sigmoidDerivatives(): Promise<Results> {
  const x = np.linspace(-10, 10, 100);
  return read({ value: sigmoid(x), first: vmap(gradient)(x), second: vmap(hessian)(x) });
}

/** Document 003: logistic regression. */
async function logisticRegression(): Promise<Results> {
  const [a, b] = random.split(random.PRNGKey(1));
  const inputs = random.normal(a, [200, 20]);
  const classes = np
    .dot(inputs, random.normal(b, [20]))
    .greater(0)
    .astype("float32");
  let [c, w]: [NdArray, NdArray] = [np.array(1), np.ones(20).mul(1e-5)];
  const step = jit((c: NdArray, w: NdArray) => iterate(c, w, inputs, classes, 0.5));
  for (let i = 0; i < 20; i++) [c, w] = step(c, w);
  const hits = np.mean(np.equal(classify(c, w, inputs), classes.astype("int32")).astype("float32"));
  return read({ c, w, cost: cost(c, w, inputs, classes), hits });
}

/** A small convolutional network, as 003 announces it. */
async function convolutional(): Promise<Results> {
  const x = random.normal(random.PRNGKey(2), [8, 1, 8, 8]);
  const labels = np.array([0, 1, 2, 0, 1, 2, 0, 1], { dtype: "int32" });
  const [a, b] = random.split(random.PRNGKey(3));
  const start = {
    filters: random.normal(a, [4, 1, 3, 3]).mul(0.3),
    dense: random.normal(b, [64, 3]).mul(0.1),
  };
  return trainWithAdam(
    start,
    ({ filters, dense }) => {
      const convolved = nn.relu(lax.conv(x, filters, [1, 1], "SAME"));
      const pooled = lax.reduceWindow(convolved, -Infinity, lax.max, [1, 1, 2, 2], [1, 1, 2, 2], "VALID");
      const logits = pooled.reshape([8, 64]).matmul(dense);
      return np.mean(optim.softmaxCrossEntropyWithIntegerLabels(logits, labels));
    },
    10,
  );
}

/** Causal self-attention with layer norm and a gelu MLP, the block of a small GPT. */
async function transformer(): Promise<Results> {
  const [batch, length, heads, width] = [2, 8, 2, 16];
  const keys = [...random.split(random.PRNGKey(4), 6)];
  const weights = (key: NdArray, shape: number[]) => random.normal(key, shape).mul(0.25);
  const start = {
    qkv: weights(keys[0], [width, 3 * width]),
    out: weights(keys[1], [width, width]),
    up: weights(keys[2], [width, 4 * width]),
    down: weights(keys[3], [4 * width, width]),
  };
  const x = random.normal(keys[4], [batch, length, width]);
  const y = random.normal(keys[5], [batch, length, width]);
  const block = ({ qkv, out, up, down }: typeof start) => {
    const [q, k, v] = np
      .split(nn.standardize(x).matmul(qkv), 3, { axis: -1 })
      .map((each) => each.reshape([batch, length, heads, width / heads]));
    const attended = nn.dotProductAttention(q, k, v, { isCausal: true }).reshape([batch, length, width]);
    const h = x.add(attended.matmul(out));
    return h.add(nn.gelu(nn.standardize(h).matmul(up)).matmul(down));
  };
  return trainWithAdam(start, (p) => np.mean(np.square(block(p).sub(y))), 10);
}

type Tree = { readonly [name: string]: NdArray | Tree };
type State = optim.TrainState<Tree, (p: Tree) => NdArray>;

/** The loss before each of the steps. */
async function trainWithAdam<P extends Tree>(
  params: P,
  lossOf: (p: P) => NdArray,
  steps: number,
): Promise<Results> {
  const loss = lossOf as (p: Tree) => NdArray;
  let state: State = optim.TrainState.create({ applyFn: loss, params: params as Tree, tx: optim.adam(1e-2) });
  const step = jit((state: State): [State, NdArray] => {
    const [value, grads] = valueAndGrad(loss)(state.params);
    return [state.applyGradients({ grads }), value];
  });
  const losses: NdArray[] = [];
  for (let i = 0; i < steps; i++) {
    const [next, value] = step(state);
    state = next;
    losses.push(value);
  }
  return read({ losses: np.stack(losses) });
}

const MODELS = {
  autoInsurance,
  lineFit,
  nonlinearRegression,
  sigmoidDerivatives,
  logisticRegression,
  convolutional,
  transformer,
};
export const names = Object.keys(MODELS) as (keyof typeof MODELS)[];

/** Trains one of them on the default device of a platform. */
export async function run(name: keyof typeof MODELS, platform: Platform, csv: string): Promise<Results> {
  setDefaultDevice(await device(platform));
  try {
    return await MODELS[name](csv);
  } finally {
    setDefaultDevice(null);
  }
}
