/** The workloads in jax-js. */
import type { Array as JaxArray } from "@jax-js/jax";
import { jit, lax, nn, numpy as np, valueAndGrad, vjp } from "@jax-js/jax";
import type { Implementations } from "../runner/contender.ts";
import {
  HWIO_TO_OIHW,
  NCHW_TO_NHWC,
  NHWC_TO_NCHW,
  OIHW_TO_HWIO,
  type Tensor,
  transposed,
} from "../workloads/tensor.ts";
import { transformerForward } from "./jax-js-transformer.ts";

export interface Program {
  run(): Promise<JaxArray[]>;
  /** Brings results into the layout of the workload. */
  results?(tensors: Tensor[]): Tensor[];
  dispose(): void;
}

const B1 = 0.9;
const B2 = 0.999;
const EPSILON = 1e-8;
const LEARNING_RATE = 1e-3;

type Function = (...arrays: JaxArray[]) => JaxArray | JaxArray[];

const array = (x: Tensor): JaxArray => np.array(x.data.slice(), { shape: [...x.shape] });

/** A jitted function called with the inputs. */
function over(inputs: readonly Tensor[], f: Function, results?: Program["results"]): Program {
  const arrays = inputs.map(array);
  const compiled = jit(f);
  return {
    run: async () => [compiled(...arrays.map((x) => x.ref))].flat(),
    results,
    dispose: () => {
      compiled.dispose();
      for (const x of arrays) x.dispose();
    },
  };
}

/** A jitted step called again and again on its own result, `captured` beside it. */
function stepwise(
  inputs: readonly Tensor[],
  carried: number,
  units: number,
  step: (state: JaxArray[], captured: JaxArray[], i: JaxArray) => JaxArray[],
): Program {
  const arrays = inputs.map(array);
  const compiled = jit((i: JaxArray, ...rest: JaxArray[]) =>
    step(rest.slice(0, carried), rest.slice(carried), i),
  );
  return {
    run: async () => {
      let state = arrays.slice(0, carried).map((x) => x.ref);
      for (let i = 0; i < units; i++) {
        const index = np.array(i, { dtype: np.float32 });
        state = compiled(index, ...state, ...arrays.slice(carried).map((x) => x.ref));
        // Without this, work piles up that is done only when somebody asks.
        for (const x of state) await x.blockUntilReady();
      }
      return state;
    },
    dispose: () => {
      compiled.dispose();
      for (const x of arrays) x.dispose();
    },
  };
}

function layerNorm(x: JaxArray, scale: JaxArray, shift: JaxArray): JaxArray {
  const deviation = x.ref.sub(np.mean(x, -1, { keepdims: true }));
  const variance = np.mean(np.square(deviation.ref), -1, { keepdims: true });
  return deviation
    .div(np.sqrt(variance.add(1e-5)))
    .mul(scale)
    .add(shift);
}

/** One step of Adam; `t` counts from 1. */
function adam(
  parameters: JaxArray[],
  gradient: JaxArray[],
  [m, v]: readonly [JaxArray[], JaxArray[]],
  t: JaxArray,
  learningRate: number,
): [parameters: JaxArray[], m: JaxArray[], v: JaxArray[]] {
  const nextM = m.map((x, i) => x.mul(B1).add(gradient[i].ref.mul(1 - B1)));
  const nextV = v.map((x, i) => x.mul(B2).add(np.square(gradient[i]).mul(1 - B2)));
  const scaleM = np.subtract(1, np.exp(t.ref.mul(Math.log(B1))));
  const scaleV = np.subtract(1, np.exp(t.mul(Math.log(B2))));
  const next = parameters.map((p, i) => {
    const direction = nextM[i].ref.div(scaleM.ref);
    const size = np.sqrt(nextV[i].ref.div(scaleV.ref)).add(EPSILON);
    return p.sub(direction.div(size).mul(learningRate));
  });
  scaleM.dispose();
  scaleV.dispose();
  return [next, nextM, nextV];
}

/** [loss, …parameters] after one step of Adam from a state of zeros, which is an input like the parameters. */
function trainingStep(
  [x, target, ...parameters]: readonly Tensor[],
  loss: (p: JaxArray[], x: JaxArray, target: JaxArray) => JaxArray,
  results?: Program["results"],
): Program {
  const n = parameters.length;
  const zeros = parameters.map((p): Tensor => ({ shape: p.shape, data: new Float32Array(p.data.length) }));
  const time: Tensor = { shape: [], data: new Float32Array([1]) };
  const step = (a: JaxArray, b: JaxArray, t: JaxArray, ...rest: JaxArray[]): JaxArray[] => {
    const current = rest.slice(0, n);
    const [value, gradient] = valueAndGrad((p: JaxArray[]) => loss(p, a, b))(current.map((p) => p.ref));
    const [next, m, v] = adam(current, gradient, [rest.slice(n, 2 * n), rest.slice(2 * n)], t, LEARNING_RATE);
    return [value, ...next, ...m, ...v];
  };
  return over([x, target, time, ...parameters, ...zeros, ...zeros], step, (tensors) => {
    const own = tensors.slice(0, n + 1);
    return results?.(own) ?? own;
  });
}

/** conv 32, pool, conv 64, pool, dense 256, dense 10, of NCHW. */
function cnn([w1, b1, w2, b2, w3, b3, w4, b4]: JaxArray[], x: JaxArray): JaxArray {
  const layer = (input: JaxArray, w: JaxArray, b: JaxArray): JaxArray => {
    const y = nn.relu(lax.conv(input, w, [1, 1], "SAME").add(b.reshape([1, -1, 1, 1])));
    const [batch, features, height, width] = y.shape;
    return np.max(y.reshape([batch, features, height / 2, 2, width / 2, 2]), [3, 5]);
  };
  const features = layer(layer(x, w1, b1), w2, b2).transpose([0, 2, 3, 1]);
  const hidden = nn.relu(np.matmul(features.reshape([features.shape[0], 3136]), w3).add(b3));
  return np.matmul(hidden, w4).add(b4);
}

function cnnInputs([x, labels, w1, b1, w2, ...rest]: readonly Tensor[]): Tensor[] {
  return [
    transposed(x, NHWC_TO_NCHW),
    labels,
    transposed(w1, HWIO_TO_OIHW),
    b1,
    transposed(w2, HWIO_TO_OIHW),
    ...rest,
  ];
}

export const jaxJsImplementations: Implementations<Program> = {
  matmul: ({ transposeA, transposeB }, inputs) => {
    const t = (x: JaxArray, yes: boolean): JaxArray => (yes ? np.swapaxes(x, -1, -2) : x);
    return over(inputs, (a, b) => np.matmul(t(a, transposeA), t(b, transposeB)));
  },
  conv: ({ product, stride, groups }, [image, kernel, cotangent]) => {
    const forward = (x: JaxArray, w: JaxArray): JaxArray =>
      lax.convGeneralDilated(x, w, [stride, stride], "SAME", { featureGroupCount: groups });
    const operands = [transposed(image, NHWC_TO_NCHW), transposed(kernel, HWIO_TO_OIHW)];
    const order = product === "kernel" ? OIHW_TO_HWIO : NCHW_TO_NHWC;
    const back = (tensors: Tensor[]): Tensor[] => tensors.map((x) => transposed(x, order));
    if (product === "forward") return over(operands, forward, back);
    const wrtInput = product === "input";
    return over(
      [...operands, transposed(cotangent, NHWC_TO_NCHW)],
      (x, w, ct) => {
        const [y, pullback] = wrtInput
          ? vjp((a: JaxArray) => forward(a, w), [x])
          : vjp((a: JaxArray) => forward(x, a), [w]);
        y.dispose();
        const [gradient] = pullback(ct);
        pullback.dispose();
        return gradient;
      },
      back,
    );
  },
  softmax: (_, inputs) => over(inputs, (x) => nn.softmax(x, -1)),
  layerNorm: (_, inputs) => over(inputs, layerNorm),
  denseGelu: (_, inputs) => over(inputs, (x, w, b) => nn.gelu(np.matmul(x, w).add(b))),
  chain: ({ sum }, inputs) =>
    over(inputs, (x) => {
      const y = nn
        .sigmoid(x.ref)
        .mul(np.tanh(x.ref))
        .add(np.exp(np.negative(np.square(x))));
      return sum ? np.sum(y) : y;
    }),
  axpy: (_, inputs) => over(inputs, (x, y) => x.mul(2.5).add(y)),
  reduce: ({ kind, axes }, inputs) =>
    over(inputs, (x) => (kind === "sum" ? np.sum(x, [...axes]) : np.max(x, [...axes]))),
  sort: (_, inputs) => over(inputs, (x) => np.sort(x)),
  cumsum: (_, inputs) => over(inputs, (x) => np.cumsum(x)),
  gather: (_, inputs) => over(inputs, (table, indices) => np.take(table, indices, 0)),
  addOne: (_, inputs) => over(inputs, (x) => x.add(1)),
  scalarLoop: (_, inputs, units) =>
    stepwise(inputs, 1, units, ([x]) => {
      const a = x.ref.mul(0.75).add(0.5);
      const b = a.ref.sub(x.ref.mul(0.25));
      const c = np.maximum(b, np.negative(a)).mul(0.5);
      return [np.minimum(c.add(x.mul(0.125)), 4)];
    }),
  recurrent: (_, inputs, units) => {
    const [h, w, xs] = inputs.map(array);
    const step = jit((state: JaxArray, weight: JaxArray, x: JaxArray) =>
      np.tanh(np.matmul(state, weight).add(x)),
    );
    const rows = np.split(xs, inputs[2].shape[0]).map((x) => x.reshape([1, -1]));
    return {
      run: async () => {
        let state = h.ref;
        for (let i = 0; i < units; i++) {
          state = step(state, w.ref, rows[i % rows.length].ref);
          await state.blockUntilReady();
        }
        return [state];
      },
      dispose: () => {
        step.dispose();
        for (const x of [h, w, ...rows]) x.dispose();
      },
    };
  },
  perceptron: ({ layers, learningRate }, [x, y, ...parameters], units) => {
    const n = parameters.length;
    const zeros = parameters.map((p): Tensor => ({ shape: p.shape, data: new Float32Array(p.data.length) }));
    const net = (p: JaxArray[], input: JaxArray): JaxArray => {
      let h = input;
      for (let i = 0; i < layers; i++) {
        h = np.matmul(h, p[2 * i]).add(p[2 * i + 1]);
        if (i + 1 < layers) h = nn.relu(h);
      }
      return h;
    };
    const program = stepwise(
      [...parameters, ...zeros, ...zeros, x, y],
      3 * n,
      units,
      (state, [input, target], i) => {
        const current = state.slice(0, n);
        const loss = (p: JaxArray[]): JaxArray => np.mean(np.square(net(p, input).sub(target)));
        const [value, gradient] = valueAndGrad(loss)(current.map((p) => p.ref));
        value.dispose();
        const moments = [state.slice(n, 2 * n), state.slice(2 * n)] as const;
        return adam(current, gradient, moments, i.add(1), learningRate).flat();
      },
    );
    return { ...program, results: (tensors) => tensors.slice(0, n) };
  },
  cnn: ({ step }, inputs) => {
    const [x, labels, ...parameters] = cnnInputs(inputs);
    if (!step) return over([x, ...parameters], (image, ...p) => cnn(p, image));
    const loss = (p: JaxArray[], image: JaxArray, target: JaxArray): JaxArray =>
      np.negative(np.mean(np.sum(nn.logSoftmax(cnn(p, image), -1).mul(target), -1)));
    return trainingStep([x, labels, ...parameters], loss, ([value, w1, b1, w2, ...rest]) => [
      value,
      transposed(w1, OIHW_TO_HWIO),
      b1,
      transposed(w2, OIHW_TO_HWIO),
      ...rest,
    ]);
  },
  transformer: ({ heads, step }, [x, target, ...parameters]) => {
    const forward = (p: JaxArray[], input: JaxArray): JaxArray =>
      transformerForward({ layerNorm, heads }, p, input);
    if (!step) return over([x, ...parameters], (input, ...p) => forward(p, input));
    return trainingStep([x, target, ...parameters], (p, input, wanted) =>
      np.mean(np.square(forward(p, input).sub(wanted))),
    );
  },
};
