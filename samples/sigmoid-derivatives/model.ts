/** "Introduction into JAX and Haiku", its first code: the sigmoid with its first and second derivative. */
import { grad, type NdArray, numpy as np } from "weft";

/** 1 / (1 + exp(-x)), for each element. */
export function sigmoid(x: NdArray): NdArray {
  return np.divide(1, np.exp(x.neg()).add(1));
}

/** The derivative at one point, a scalar. */
export const gradient = grad(sigmoid);

/** The second derivative at one point, a scalar. */
export const hessian = grad(gradient);
