/** The transformer blocks in jax-js. */
import type { Array as JaxArray } from "@jax-js/jax";
import { nn, numpy as np } from "@jax-js/jax";

interface Parts {
  readonly layerNorm: (x: JaxArray, scale: JaxArray, shift: JaxArray) => JaxArray;
  readonly heads: number;
}

const BLOCK = 12;

export function transformerForward(
  { layerNorm, heads }: Parts,
  parameters: JaxArray[],
  x: JaxArray,
): JaxArray {
  const [batch, length, width] = x.shape;
  const attend = (input: JaxArray, w: JaxArray, b: JaxArray): JaxArray => {
    const [q, k, v] = np
      .split(np.matmul(input, w).add(b), 3, -1)
      .map((part) => part.reshape([batch, length, heads, width / heads]).transpose([0, 2, 1, 3]));
    const scores = np.matmul(q, np.swapaxes(k, -1, -2)).mul(Math.sqrt(heads / width));
    return np.matmul(nn.softmax(scores, -1), v).transpose([0, 2, 1, 3]).reshape([batch, length, width]);
  };
  let h = x;
  for (let at = 0; at < parameters.length; at += BLOCK) {
    const [g1, s1, wqkv, bqkv, wo, bo, g2, s2, w1, b1, w2, b2] = parameters.slice(at, at + BLOCK);
    h = h.ref.add(np.matmul(attend(layerNorm(h, g1, s1), wqkv, bqkv), wo).add(bo));
    h = h.ref.add(np.matmul(nn.gelu(np.matmul(layerNorm(h, g2, s2), w1).add(b1)), w2).add(b2));
  }
  return h;
}
