/** The transformer blocks in TensorFlow.js. */
import type * as Tfjs from "@tensorflow/tfjs";

interface Parts {
  readonly gelu: (x: Tfjs.Tensor) => Tfjs.Tensor;
  readonly layerNorm: (x: Tfjs.Tensor, scale: Tfjs.Tensor, shift: Tfjs.Tensor) => Tfjs.Tensor;
  readonly heads: number;
}

const BLOCK = 12;

export function transformerForward(
  tf: typeof Tfjs,
  { gelu, layerNorm, heads }: Parts,
  parameters: readonly Tfjs.Tensor[],
  x: Tfjs.Tensor,
): Tfjs.Tensor {
  const [batch, length, width] = x.shape;
  // A product of matrices of different ranks is a broadcast of the smaller one, so rows are flattened first.
  const dense = (input: Tfjs.Tensor, w: Tfjs.Tensor, b: Tfjs.Tensor): Tfjs.Tensor =>
    tf.fused.matMul({ a: input, b: w, bias: b });
  const attend = (input: Tfjs.Tensor, w: Tfjs.Tensor, b: Tfjs.Tensor): Tfjs.Tensor => {
    const [q, k, v] = tf.unstack(
      dense(input, w, b)
        .reshape([batch, length, 3, heads, width / heads])
        .transpose([2, 0, 3, 1, 4]),
    );
    const scores = tf.mul(tf.matMul(q, k, false, true), Math.sqrt(heads / width));
    return tf
      .matMul(tf.softmax(scores), v)
      .transpose([0, 2, 1, 3])
      .reshape([batch * length, width]);
  };
  let rows: Tfjs.Tensor = x.reshape([batch * length, width]);
  for (let at = 0; at < parameters.length; at += BLOCK) {
    const [g1, s1, wqkv, bqkv, wo, bo, g2, s2, w1, b1, w2, b2] = parameters.slice(at, at + BLOCK);
    rows = tf.add(rows, dense(attend(layerNorm(rows, g1, s1), wqkv, bqkv), wo, bo));
    rows = tf.add(rows, dense(gelu(dense(layerNorm(rows, g2, s2), w1, b1)), w2, b2));
  }
  return rows.reshape([batch, length, width]);
}
