/** Whole networks: the forward pass, and a training step with Adam. */
import { lax, type NdArray, nn, numpy as np, optim, valueAndGrad } from "weft";
import { layerNorm } from "./rows.ts";
import { filled, integers, type Tensor, uniform, weights } from "./tensor.ts";
import type { Topic, Workload } from "./workload.ts";

const LEARNING_RATE = 1e-3;
const BATCH = 64;
const CLASSES = 10;
const TRANSFORMER = { layers: 4, width: 128, heads: 4, hidden: 512, batch: 8, length: 64 };

type Loss = (parameters: NdArray[], x: NdArray, target: NdArray) => NdArray;

/** [loss, …parameters] after one step. */
function adamStep(loss: Loss) {
  const optimizer = optim.adam(LEARNING_RATE);
  return (x: NdArray, target: NdArray, parameters: NdArray[], state: optim.OptState): unknown[] => {
    const [value, gradient] = valueAndGrad((p: NdArray[]) => loss(p, x, target))(parameters);
    const [updates, next] = optimizer.update(gradient, state, parameters);
    return [value, optim.applyUpdates(parameters, updates), next];
  };
}

/** The optimizer's state is an input of a step, so that nothing of it is known when it is compiled. */
function stepArguments([x, target, ...parameters]: readonly NdArray[]): unknown[] {
  return [x, target, parameters, optim.adam(LEARNING_RATE).init(parameters)];
}

function convolve(x: NdArray, w: NdArray, b: NdArray): NdArray {
  const y = lax.convGeneralDilated(x, w, [1, 1], "SAME", { dimensionNumbers: ["NHWC", "HWIO", "NHWC"] });
  return lax.reduceWindow(nn.relu(y.add(b)), -Infinity, lax.max, [1, 2, 2, 1], [1, 2, 2, 1], "VALID");
}

/** conv 32, pool, conv 64, pool, dense 256, dense 10. */
function cnn([w1, b1, w2, b2, w3, b3, w4, b4]: readonly NdArray[], x: NdArray): NdArray {
  const features = convolve(convolve(x, w1, b1), w2, b2);
  const hidden = nn.relu(np.matmul(features.reshape([x.shape[0], -1]), w3).add(b3));
  return np.matmul(hidden, w4).add(b4);
}

const crossEntropy: Loss = (parameters, x, labels) =>
  np.negative(np.mean(np.sum(nn.logSoftmax(cnn(parameters, x)).mul(labels), { axis: -1 })));

function cnnInputs(): Tensor[] {
  const labels = filled([BATCH, CLASSES], 0);
  for (const [row, label] of integers([BATCH], 2, CLASSES).data.entries())
    labels.data[row * CLASSES + label] = 1;
  return [
    uniform([BATCH, 28, 28, 1], 1),
    labels,
    weights([3, 3, 1, 32], 3, 9),
    uniform([32], 4, 0.1),
    weights([3, 3, 32, 64], 5, 288),
    uniform([64], 6, 0.1),
    weights([3136, 256], 7, 3136),
    uniform([256], 8, 0.1),
    weights([256, CLASSES], 9, 256),
    uniform([CLASSES], 10, 0.1),
  ];
}

/** conv 1, conv 2, dense 1, dense 2. */
const CNN_FLOPS = 2 * BATCH * (28 * 28 * 9 * 32 + 14 * 14 * 288 * 64 + 3136 * 256 + 256 * CLASSES);

/** Parameters of one block, in the order of `transformerInputs`. */
const BLOCK = 12;

function attention(x: NdArray, w: NdArray, b: NdArray): NdArray {
  const [batch, length, width] = x.shape;
  const heads = np
    .matmul(x, w)
    .add(b)
    .reshape([batch, length, 3, TRANSFORMER.heads, width / TRANSFORMER.heads])
    .transpose([2, 0, 3, 1, 4]);
  const [q, k, v] = [0, 1, 2].map((i) => lax.indexInDim(heads, i, { keepdims: false }));
  const scores = np.matmul(q, np.swapaxes(k, -1, -2)).mul(Math.sqrt(TRANSFORMER.heads / width));
  return np.matmul(nn.softmax(scores), v).transpose([0, 2, 1, 3]).reshape([batch, length, width]);
}

/** Blocks with normalisation first (Xiong et al. 2020), no mask. */
function transformer(parameters: readonly NdArray[], x: NdArray): NdArray {
  for (let at = 0; at < parameters.length; at += BLOCK) {
    const [g1, s1, wqkv, bqkv, wo, bo, g2, s2, w1, b1, w2, b2] = parameters.slice(at, at + BLOCK);
    x = x.add(np.matmul(attention(layerNorm(x, g1, s1), wqkv, bqkv), wo).add(bo));
    x = x.add(np.matmul(nn.gelu(np.matmul(layerNorm(x, g2, s2), w1).add(b1)), w2).add(b2));
  }
  return x;
}

const meanSquare: Loss = (parameters, x, target) =>
  np.mean(np.square(transformer(parameters, x).sub(target)));

function transformerInputs(): Tensor[] {
  const { layers, width, hidden, batch, length } = TRANSFORMER;
  const block = (seed: number): Tensor[] => [
    filled([width], 1),
    filled([width], 0),
    weights([width, 3 * width], seed, width),
    uniform([3 * width], seed + 1, 0.1),
    weights([width, width], seed + 2, width),
    uniform([width], seed + 3, 0.1),
    filled([width], 1),
    filled([width], 0),
    weights([width, hidden], seed + 4, width),
    uniform([hidden], seed + 5, 0.1),
    weights([hidden, width], seed + 6, hidden),
    uniform([width], seed + 7, 0.1),
  ];
  return [
    uniform([batch, length, width], 1),
    uniform([batch, length, width], 2),
    ...Array.from({ length: layers }, (_, i) => block(100 + 10 * i)).flat(),
  ];
}

const { layers, width, hidden, batch, length } = TRANSFORMER;
const TRANSFORMER_FLOPS =
  2 * layers * batch * length * (4 * width * width + 2 * width * hidden + 2 * length * width);

function network(name: string, step: boolean): Pick<Workload, "name" | "bound" | "weftArguments"> {
  return {
    name: `${name} ${step ? "training step" : "forward"}`,
    bound: "compute",
    weftArguments: step ? stepArguments : ([x, , ...parameters]) => [x, parameters],
  };
}

export const networks: Topic = {
  name: "networks",
  title: "Networks",
  workloads: [false, true].flatMap((step): Workload[] => [
    {
      ...network("MNIST CNN, batch 64,", step),
      op: "cnn",
      params: { step },
      inputs: cnnInputs,
      weft: () => (step ? adamStep(crossEntropy) : (x: NdArray, p: NdArray[]) => cnn(p, x)),
      tolerance: 2e-3,
      // The gradients by input and weights cost as much as the forward pass each; the first layer needs only one.
      flops: step ? 3 * CNN_FLOPS : CNN_FLOPS,
      target: step ? { best: 3 } : { peers: { tfjs: 2 } },
    },
    {
      ...network("transformer, 4 blocks, width 128, 8×64,", step),
      op: "transformer",
      params: { layers, heads: TRANSFORMER.heads, step },
      inputs: transformerInputs,
      weft: () => (step ? adamStep(meanSquare) : (x: NdArray, p: NdArray[]) => transformer(p, x)),
      tolerance: 2e-3,
      flops: step ? 3 * TRANSFORMER_FLOPS : TRANSFORMER_FLOPS,
    },
  ]),
};
