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
import { Model as Bambi, type Position } from "../../../samples/bayesian-regression/model.ts";
import { createState as createGpt, GPT, trainerOf as gptTrainerOf } from "../../../samples/gpt/model.ts";
import { gradOfLoss, leastSquares, lossLandscape, makePoints } from "../../../samples/line-fit/model.ts";
import { makeObservations, onCpu } from "../../../samples/linear-regression/dataset.ts";
import {
  type State as FlaxState,
  LinearRegression,
  type Model,
  optimizer,
  trainerOf,
} from "../../../samples/linear-regression/model.ts";
import { classify, cost, iterate } from "../../../samples/logistic-regression/model.ts";
import { sampleChain } from "../../../samples/mcmc/sample-chain.ts";
import {
  DeepRegression,
  makeParabola,
  NonLinearRegression,
} from "../../../samples/nonlinear-regression/model.ts";
import {
  CharLSTM,
  createState as createLstm,
  trainerOf as lstmTrainerOf,
} from "../../../samples/rnn/model.ts";
import { gradient, hessian, sigmoid } from "../../../samples/sigmoid-derivatives/model.ts";
import { Vocabulary } from "../../../samples/text/vocabulary.ts";

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

/** Document 002: the linear model in Flax, on a plane with noise. */
async function linearRegression(): Promise<Results> {
  const { xObs, yObsNoisy } = makeObservations();
  const [x, y] = onCpu(() => [xObs, yObsNoisy].map((each) => each.astype("float32")));
  return trainFlax(new LinearRegression(), x!, y!, 200);
}

/** Document 002: both networks on a parabola. */
async function nonlinearRegression(): Promise<Results> {
  const { xNonLinear, yNonLinear } = makeParabola();
  const [x, y] = [xNonLinear.slice("...", null), yNonLinear.slice("...", null)];
  const deep = await trainFlax(new DeepRegression(), x, y, 40);
  const wide = await trainFlax(new NonLinearRegression(), x, y, 40);
  return { deep: deep.losses!, wide: wide.losses! };
}

/** Epochs of Adam as one compiled loop. */
async function trainFlax(model: Model, x: NdArray, y: NdArray, epochs: number): Promise<Results> {
  const params: nn.VariableDict = model.init(random.PRNGKey(0), x);
  const start: FlaxState = optim.TrainState.create({ applyFn: model.apply, params, tx: optimizer });
  const [, losses] = trainerOf(model, epochs)(start, x, y);
  return read({ losses });
}

/** Document 002: the density of the Bayesian model, its gradient, and where a chain goes first. */
async function bayesianRegression(): Promise<Results> {
  const { xObs, yObsNoisy } = makeObservations();
  const model = onCpu(() => {
    const df = { y: yObsNoisy.slice(":", 0), x0: xObs.slice(":", 0), x1: xObs.slice(":", 1) };
    return new Bambi("y ~ x0 + x1", df);
  });
  const at: Position = {
    Intercept: np.array(3),
    x0: np.array(1),
    x1: np.array(2),
    sigma_log: np.array(-0.5),
  };
  const [density, slopes] = jit(valueAndGrad((p: Position) => model.logDensity(p)))(at);
  const first = jit((key: NdArray) =>
    sampleChain((p: Position) => model.logDensity(p), key, model.initialPosition(key), {
      numWarmup: 0,
      numSamples: 2,
      maxTreeDepth: 2,
      stepSize: 1e-4,
    }),
  )(random.PRNGKey(3));
  return read({ density, ...slopes, potential: first.potential });
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

const TEXT =
  "Call me Ishmael. Some years ago, never mind how long precisely, I thought I would sail about a little. ";

/** A character-level LSTM, as 002 announces it. */
async function recurrent(): Promise<Results> {
  const vocabulary = new Vocabulary(TEXT);
  const text = np.array(vocabulary.encode(TEXT));
  const training = { batchSize: 4, length: 12, steps: 10, stepsPerCall: 10, learningRate: 1e-2 };
  const model = new CharLSTM({ vocabSize: vocabulary.size, features: 16, context: 32 });
  const [, losses] = lstmTrainerOf(model, training)(createLstm(model, random.PRNGKey(0), training), text);
  return read({ losses });
}

/** A small GPT with dropout, as 002 announces it. */
async function gpt(): Promise<Results> {
  const vocabulary = new Vocabulary(TEXT);
  const text = np.array(vocabulary.encode(TEXT));
  const config = {
    context: 16,
    layers: 2,
    heads: 2,
    features: 16,
    dropoutRate: 0.1,
    vocabSize: vocabulary.size,
  };
  const training = {
    batchSize: 4,
    steps: 8,
    stepsPerCall: 8,
    warmupSteps: 2,
    learningRate: 1e-2,
    weightDecay: 0.1,
  };
  const model = new GPT(config);
  const [, losses] = gptTrainerOf(model, training)(createGpt(model, random.PRNGKey(0), training), text);
  return read({ losses });
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
  linearRegression,
  bayesianRegression,
  nonlinearRegression,
  sigmoidDerivatives,
  logisticRegression,
  convolutional,
  recurrent,
  transformer,
  gpt,
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
