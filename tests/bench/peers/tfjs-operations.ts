/** The workloads in TensorFlow.js, as its users write them. */
import type * as Tfjs from "@tensorflow/tfjs";
import type { Implementations } from "../runner/contender.ts";
import type { Tensor } from "../workloads/tensor.ts";
import { transformerForward } from "./tfjs-transformer.ts";

export interface Run {
  /** Computes the results; what else it allocates is freed by `tidy`. */
  run(): Tfjs.Tensor | Tfjs.Tensor[];
  dispose(): void;
}

/** Adam as optax has it; the library's own default for ε is another. */
const ADAM = [0.9, 0.999, 1e-8] as const;
const LEARNING_RATE = 1e-3;

export function tfjsImplementations(tf: typeof Tfjs): Implementations<Run> {
  const array = (x: Tensor): Tfjs.Tensor =>
    tf.tensor(x.data, [...x.shape], x.data instanceof Int32Array ? "int32" : "float32");
  const over = (
    inputs: readonly Tensor[],
    run: (...arrays: Tfjs.Tensor[]) => Tfjs.Tensor | Tfjs.Tensor[],
  ): Run => {
    const arrays = inputs.map(array);
    return { run: () => run(...arrays), dispose: () => tf.dispose(arrays) };
  };
  /** x·Φ(x) by tanh, as `jax.nn.gelu` has it. */
  const gelu = (x: Tfjs.Tensor): Tfjs.Tensor => {
    const inner = tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.mul(x, tf.mul(x, x)))));
    return tf.mul(tf.mul(0.5, x), tf.add(1, tf.tanh(inner)));
  };
  const layerNorm = (x: Tfjs.Tensor, scale: Tfjs.Tensor, shift: Tfjs.Tensor): Tfjs.Tensor => {
    const { mean, variance } = tf.moments(x, -1, true);
    return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5))), scale), shift);
  };
  const body = (x: Tfjs.Tensor): Tfjs.Tensor => {
    const a = tf.add(tf.mul(x, 0.75), 0.5);
    const b = tf.sub(a, tf.mul(x, 0.25));
    const c = tf.mul(tf.maximum(b, tf.neg(a)), 0.5);
    return tf.minimum(tf.add(c, tf.mul(x, 0.125)), 4);
  };
  const cnn = ([w1, b1, w2, b2, w3, b3, w4, b4]: Tfjs.Tensor[], x: Tfjs.Tensor): Tfjs.Tensor => {
    const layer = (input: Tfjs.Tensor, filter: Tfjs.Tensor, bias: Tfjs.Tensor): Tfjs.Tensor => {
      const y = tf.fused.conv2d({
        x: input as Tfjs.Tensor4D,
        filter: filter as Tfjs.Tensor4D,
        bias,
        strides: 1,
        pad: "same",
        activation: "relu",
      });
      return tf.maxPool(y, 2, 2, "valid");
    };
    const features = layer(layer(x, w1, b1), w2, b2).reshape([x.shape[0], -1]);
    const hidden = tf.fused.matMul({ a: features, b: w3, bias: b3, activation: "relu" });
    return tf.fused.matMul({ a: hidden, b: w4, bias: b4 });
  };
  /** `units` Adam steps from the given parameters. */
  const train = (
    parameters: Tfjs.Tensor[],
    learningRate: number,
    units: number,
    loss: (p: Tfjs.Tensor[]) => Tfjs.Tensor,
  ): Tfjs.Tensor[] => {
    const variables = parameters.map((x) => tf.variable(x));
    const optimizer = tf.train.adam(learningRate, ...ADAM);
    let value: Tfjs.Scalar | null = null;
    for (let i = 0; i < units; i++) {
      value?.dispose();
      value = optimizer.minimize(() => loss(variables) as Tfjs.Scalar, true, variables);
    }
    const trained = variables.map((x) => x.clone());
    optimizer.dispose();
    tf.dispose(variables);
    return value === null ? trained : [value, ...trained];
  };

  return {
    matmul: ({ transposeA, transposeB }, inputs) =>
      over(inputs, (a, b) => tf.matMul(a, b, transposeA, transposeB)),
    conv: ({ product, stride, groups, kernel }, inputs) => {
      const forward = (x: Tfjs.Tensor, w: Tfjs.Tensor): Tfjs.Tensor =>
        groups === 1
          ? tf.conv2d(x as Tfjs.Tensor4D, w as Tfjs.Tensor4D, stride, "same")
          : tf.depthwiseConv2d(
              x as Tfjs.Tensor4D,
              w.reshape([kernel[0], kernel[1], groups, kernel[3] / groups]) as Tfjs.Tensor4D,
              stride,
              "same",
            );
      if (product === "forward") return over(inputs, forward);
      if (product === "input") {
        return over(inputs, (x, w, ct) => tf.grad((a: Tfjs.Tensor) => forward(a, w))(x, ct));
      }
      return over(inputs, (x, w, ct) => tf.grad((a: Tfjs.Tensor) => forward(x, a))(w, ct));
    },
    softmax: (_, inputs) => over(inputs, (x) => tf.softmax(x)),
    crossEntropy: ({ labels }, inputs) =>
      over(inputs, (logits, given) => {
        const target =
          labels === "dense"
            ? given
            : tf.oneHot(given as Tfjs.Tensor1D, logits.shape[1] ?? 0).cast("float32");
        const loss = (x: Tfjs.Tensor): Tfjs.Scalar =>
          tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(x), target), -1)));
        const { value, grad } = tf.valueAndGrad(loss)(logits);
        return [value, grad];
      }),
    layerNorm: (_, inputs) => over(inputs, layerNorm),
    denseGelu: (_, inputs) => over(inputs, (x, w, b) => gelu(tf.fused.matMul({ a: x, b: w, bias: b }))),
    chain: ({ sum }, inputs) =>
      over(inputs, (x) => {
        const y = tf.add(tf.mul(tf.sigmoid(x), tf.tanh(x)), tf.exp(tf.neg(tf.square(x))));
        return sum ? tf.sum(y) : y;
      }),
    axpy: (_, inputs) => over(inputs, (x, y) => tf.add(tf.mul(x, 2.5), y)),
    reduce: ({ kind, axes }, inputs) =>
      over(inputs, (x) => (kind === "sum" ? tf.sum(x, [...axes]) : tf.max(x, [...axes]))),
    sort: (_, inputs) => over(inputs, (x) => tf.reverse(tf.topk(x, x.shape[0], true).values)),
    cumsum: (_, inputs) => over(inputs, (x) => tf.cumsum(x)),
    gather: (_, inputs) => over(inputs, (table, indices) => tf.gather(table, indices as Tfjs.Tensor1D)),
    addOne: (_, inputs) => over(inputs, (x) => tf.add(x, 1)),
    scalarLoop: (_, inputs, units) =>
      over(inputs, (start) => {
        let x = start.clone();
        for (let i = 0; i < units; i++) {
          const next = tf.tidy(() => body(x));
          x.dispose();
          x = next;
        }
        return x;
      }),
    recurrent: (_, inputs, units) =>
      over(inputs, (start, w, xs) => {
        const rows = tf.unstack(xs);
        let h = start.clone();
        for (let i = 0; i < units; i++) {
          const next = tf.tidy(() => tf.tanh(tf.add(tf.matMul(h, w), rows[i % rows.length])));
          h.dispose();
          h = next;
        }
        return h;
      }),
    perceptron: ({ layers, learningRate }, inputs, units) =>
      over(inputs, (x, y, ...parameters) => {
        const net = (p: Tfjs.Tensor[]): Tfjs.Tensor => {
          let h = x;
          for (let i = 0; i < layers; i++) {
            h = tf.add(tf.matMul(h, p[2 * i]), p[2 * i + 1]);
            if (i + 1 < layers) h = tf.relu(h);
          }
          return h;
        };
        const loss = (p: Tfjs.Tensor[]): Tfjs.Tensor => tf.mean(tf.square(tf.sub(net(p), y)));
        return train(parameters, learningRate, units, loss).slice(1);
      }),
    cnn: ({ step }, inputs) =>
      over(inputs, (x, labels, ...parameters) => {
        if (!step) return cnn(parameters, x);
        const loss = (p: Tfjs.Tensor[]): Tfjs.Tensor =>
          tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(cnn(p, x)), labels), -1)));
        return train(parameters, LEARNING_RATE, 1, loss);
      }),
    transformer: ({ heads, step }, inputs) =>
      over(inputs, (x, target, ...parameters) => {
        const forward = (p: Tfjs.Tensor[]): Tfjs.Tensor =>
          transformerForward(tf, { gelu, layerNorm, heads }, p, x);
        if (!step) return forward(parameters);
        return train(parameters, LEARNING_RATE, 1, (p) => tf.mean(tf.square(tf.sub(forward(p), target))));
      }),
  };
}
