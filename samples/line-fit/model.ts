/**
 * "Introduction to Machine Learning": a straight line by least squares and by gradient descent. Function by function
 * the document's code, with its names in camelCase.
 */
import { grad, jit, type NdArray, numpy as np, random, vmap } from "weft";
import { onHost } from "../run/device.ts";

export interface Points {
  /** f32[100] */
  readonly x: NdArray;
  /** 3 x + 2 with jitter: f32[100] */
  readonly y: NdArray;
}

/** 100 points of a straight line with jitter, from the document's keys. */
export function makePoints(): Points {
  const key = random.PRNGKey(0);
  const [rng, newKey] = random.split(key);

  const x = random.normal(rng, [100]);
  const jitter = random.normal(newKey, [100]);
  const y = x.mul(3).add(2).add(jitter.mul(0.5));
  return { x, y };
}

/** Offset and slope of the line with the least sum of squared residuals, in closed form. */
export function leastSquares({ x, y }: Points): { readonly beta0: NdArray; readonly beta1: NdArray } {
  const n = x.length;
  const above = np
    .sum(x.mul(y))
    .mul(n)
    .sub(np.sum(x).mul(np.sum(y)));
  const below = np.sum(x.pow(2)).mul(n).sub(np.sum(x).pow(2));
  const beta1 = above.div(below);
  const beta0 = np
    .sum(y)
    .sub(beta1.mul(np.sum(x)))
    .div(n);
  return { beta0, beta1 };
}

/** x² + y² of a pair. */
export function x2(beta: readonly [NdArray, NdArray]): NdArray {
  const [x, y] = beta;
  return x.pow(2).add(y.pow(2));
}

/** A pair again: the derivatives by x and by y. */
export const gradOfX2 = grad(x2);

/** This is our straight line function y = b0 + b1*x; beta is f32[2]. */
export function network(beta: NdArray, x: NdArray): NdArray {
  const [b0, b1] = beta;
  return b0.add(b1.mul(x));
}

/** The least squares loss function for the straight line model. */
export function loss(params: NdArray, x: NdArray, y: NdArray): NdArray {
  const yPred = network(params, x);
  return np.mean(yPred.sub(y).pow(2));
}

export const gradOfLoss = grad(loss);

/** One step of gradient descent with the document's learning rate. `print` gets its line. */
export async function oneEpoch(
  beta: NdArray,
  { x, y }: Points,
  iEpoch: number,
  print: (line: string) => void,
): Promise<NdArray> {
  const g = gradOfLoss(beta, x, y);
  beta = beta.sub(g.mul(0.1));
  const [lossNow, betaNow] = await onHost(loss(beta, x, y), beta);
  print(`Step ${iEpoch}, loss ${lossNow.item()} and beta ${betaNow}`);
  return beta;
}

/** The loss for a slope m and an offset b, both scalars. */
export function lossFn(x: NdArray, y: NdArray, m: NdArray, b: NdArray): NdArray {
  return np.mean(np.square(y.sub(m.mul(x)).sub(b)));
}

export interface Landscape {
  /** Offsets: f32[20] */
  readonly bRange: NdArray;
  /** Slopes: f32[20] */
  readonly mRange: NdArray;
  /** The loss for slope i and offset j: f32[20, 20] */
  readonly losses: NdArray;
}

/** For every slope a row, for every offset a column: where the document has two loops, two `vmap`s. */
export const lossGrid = jit(
  (x: NdArray, y: NdArray, mRange: NdArray, bRange: NdArray): NdArray =>
    vmap((m: NdArray) => vmap((b: NdArray) => lossFn(x, y, m, b))(bRange))(mRange),
  { name: "loss_grid" },
);

/** The loss on a grid of 20 × 20 slopes and offsets. */
export function lossLandscape({ x, y }: Points): Landscape {
  const bRange = np.linspace(-4, 4, 20);
  const mRange = np.linspace(-8, 8, 20);
  return { bRange, mRange, losses: lossGrid(x, y, mRange, bRange) };
}
