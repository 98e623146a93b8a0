/** The training loops that the documents of other systems begin with: Adam on small perceptrons. */
import { grad, lax, type NdArray, nn, numpy as np, optim } from "weft";
import { filled, type Tensor, uniform, weights } from "./tensor.ts";
import type { Topic, Workload } from "./workload.ts";

/** Dense layers with ReLU between; parameters are [w, b, w, b, …]. */
export function perceptron(parameters: readonly NdArray[], x: NdArray): NdArray {
  for (let i = 0; i < parameters.length; i += 2) {
    x = np.matmul(x, parameters[i]).add(parameters[i + 1]);
    if (i + 2 < parameters.length) x = nn.relu(x);
  }
  return x;
}

/** `units` Adam steps in one compiled loop; the parameters after them. */
function trainingLoop(units: number, learningRate: number) {
  const optimizer = optim.adam(learningRate);
  return (x: NdArray, y: NdArray, ...parameters: NdArray[]): NdArray[] => {
    const loss = (p: NdArray[]): NdArray => np.mean(np.square(perceptron(p, x).sub(y)));
    const step = ([p, state]: [NdArray[], ReturnType<typeof optimizer.init>]): readonly [unknown, null] => {
      const [updates, next] = optimizer.update(grad(loss)(p), state, p);
      return [[optim.applyUpdates(p, updates), next], null];
    };
    const start: [NdArray[], ReturnType<typeof optimizer.init>] = [parameters, optimizer.init(parameters)];
    const [[trained]] = lax.scan(step, start, null, { length: units });
    return trained;
  };
}

interface Net {
  readonly name: string;
  readonly rows: number;
  readonly sizes: readonly number[];
  readonly learningRate: number;
  readonly microseconds: number;
}

function training({ name, rows, sizes, learningRate, microseconds }: Net): Workload {
  const parameters = (): Tensor[] =>
    sizes.slice(1).flatMap((out, i) => [weights([sizes[i], out], 10 + i, sizes[i]), filled([out], 0.01)]);
  return {
    name,
    op: "perceptron",
    params: { layers: sizes.length - 1, learningRate },
    inputs: () => [
      uniform([rows, sizes[0]], 1),
      uniform([rows, sizes[sizes.length - 1]], 2),
      ...parameters(),
    ],
    weft: (units) => trainingLoop(units, learningRate),
    tolerance: 1e-3,
    units: { name: "step", check: 20, compiled: 10_000, stepwise: 20 },
    target: { microseconds, peers: { tfjs: 30, jax: 1 } },
  };
}

export const trainingLoops: Topic = {
  name: "training",
  title: "Training loops, Adam, 10 000 steps",
  workloads: [
    training({ name: "Dense(1), 200×2", rows: 200, sizes: [2, 1], learningRate: 0.01, microseconds: 3 }),
    training({
      name: "1–128–1 ReLU, 100 points",
      rows: 100,
      sizes: [1, 128, 1],
      learningRate: 0.01,
      microseconds: 25,
    }),
  ],
};
