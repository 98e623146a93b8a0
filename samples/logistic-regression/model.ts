/** "Introduction into JAX and Haiku": a logistic regression. Function by function the document's code. */
import { grad, jit, type NdArray, numpy as np } from "weft";

/** 1 / (1 + exp(-x)), for each element. */
export function sigmoid(x: NdArray): NdArray {
  return np.divide(1, np.exp(x.neg()).add(1));
}

/** The probability of class 1 for each row of `input`: f32[n] from f32[n, 20], with bias c and weights w, f32[20]. */
export function predict(c: NdArray, w: NdArray, input: NdArray): NdArray {
  return sigmoid(np.dot(input, w).add(c));
}

/** The mean negative log likelihood of the classes y, f32[n] of zeros and ones. */
export const cost = jit(
  (c: NdArray, w: NdArray, X: NdArray, y: NdArray): NdArray => {
    const p = predict(c, w, X);

    return np.mean(y.mul(np.log(p)).add(np.subtract(1, y).mul(np.log(np.subtract(1, p))))).neg();
  },
  { name: "cost" },
);

/** The derivative by the bias. */
export const costByC = grad(cost, { argnums: 0 });

/** The derivative by the weights. */
export const costByW = grad(cost, { argnums: 1 });

/** One iteration: both derivatives at the current values, then the step. */
export function iterate(
  c: NdArray,
  w: NdArray,
  X: NdArray,
  y: NdArray,
  eta: number,
): [c: NdArray, w: NdArray] {
  const cCurrent = c;
  c = c.sub(costByC(cCurrent, w, X, y).mul(eta));
  w = w.sub(costByW(cCurrent, w, X, y).mul(eta));
  return [c, w];
}

/** The class of each row: i32[n]. */
export function classify(c: NdArray, w: NdArray, input: NdArray): NdArray {
  return predict(c, w, input).greater(0.5).astype("int32");
}
