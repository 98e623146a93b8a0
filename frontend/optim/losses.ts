/** Losses (`optax.losses`), elementwise or per example: take their mean for a training loss. */

import { isInteger } from "../../compiler/types/dtype.ts";
import { type ArrayLike, type NdArray, WeftTypeError } from "../core/index.ts";
import { canonicalizeAxis } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { expandDims, squeeze } from "../lax/movement.ts";
import { logSigmoid } from "../nn/activations.ts";
import { logSoftmax, logsumexp } from "../nn/functions.ts";
import { where } from "../numpy/logic.ts";
import { inexact, promoteArgsInexact, toArray } from "../numpy/promotion.ts";
import { sum } from "../numpy/reductions.ts";
import { takeAlongAxis } from "../numpy/take.ts";
import {
  abs,
  add,
  divide,
  logaddexp,
  maximum,
  minimum,
  multiply,
  negative,
  square,
  subtract,
} from "../numpy/ufuncs.ts";

/** (predictions − targets)² (`optax.squared_error`). */
export function squaredError(predictions: ArrayLike, targets: ArrayLike = 0): NdArray {
  const [p, t] = promoteArgsInexact("squared_error", predictions, targets);
  return square(lax.sub(p, t));
}

/** ½ (predictions − targets)² (`optax.l2_loss`). */
export function l2Loss(predictions: ArrayLike, targets: ArrayLike = 0): NdArray {
  return lax.mul(squaredError(predictions, targets), 0.5);
}

/** Squared up to delta, linear beyond (`optax.huber_loss`; Huber 1964). */
export function huberLoss(predictions: ArrayLike, targets: ArrayLike = 0, delta = 1): NdArray {
  const errors = abs(subtract(predictions, targets));
  const quadratic = minimum(errors, delta);
  return add(multiply(square(quadratic), 0.5), multiply(subtract(errors, quadratic), delta));
}

/** log cosh(predictions − targets) (`optax.log_cosh`). */
export function logCosh(predictions: ArrayLike, targets: ArrayLike = 0): NdArray {
  const errors = inexact("log_cosh", subtract(predictions, targets));
  return lax.sub(logaddexp(errors, lax.neg(errors)), Math.LN2);
}

/** max(0, 1 − predictions · targets), targets −1 or 1 (`optax.hinge_loss`). */
export function hingeLoss(predictions: ArrayLike, targets: ArrayLike): NdArray {
  return maximum(subtract(1, multiply(predictions, targets)), 0);
}

/** Cross entropy of logits with labels in [0, 1], elementwise (`optax.sigmoid_binary_cross_entropy`). */
export function sigmoidBinaryCrossEntropy(logits: ArrayLike, labels: ArrayLike): NdArray {
  const [x, y] = promoteArgsInexact("sigmoid_binary_cross_entropy", logits, labels);
  const [logP, logNotP] = [logSigmoid(x), logSigmoid(lax.neg(x))];
  return lax.sub(lax.neg(lax.mul(y, logP)), lax.mul(lax.sub(1, y), logNotP));
}

export interface CrossEntropyOptions {
  /** Axis of the classes. Default the last. */
  readonly axis?: number;
}

/** Cross entropy of logits with probabilities along an axis, per example (`optax.softmax_cross_entropy`). */
export function softmaxCrossEntropy(
  logits: ArrayLike,
  labels: ArrayLike,
  options: CrossEntropyOptions = {},
): NdArray {
  const [x, y] = promoteArgsInexact("softmax_cross_entropy", logits, labels);
  const { axis = -1 } = options;
  return lax.neg(sum(lax.mul(y, logSoftmax(x, axis)), { axis }));
}

/**
 * Cross entropy of logits with class numbers, per example (`optax.softmax_cross_entropy_with_integer_labels`).
 * labels: integers of the shape of the logits without the axis.
 */
export function softmaxCrossEntropyWithIntegerLabels(
  logits: ArrayLike,
  labels: ArrayLike,
  options: CrossEntropyOptions = {},
): NdArray {
  const x = inexact("softmax_cross_entropy", logits);
  const y = toArray("softmax_cross_entropy", labels);
  if (!isInteger(y.dtype)) {
    throw new WeftTypeError(
      `softmaxCrossEntropyWithIntegerLabels takes integer labels, got ${y.dtype}: use astype`,
    );
  }
  const axis = canonicalizeAxis(options.axis ?? -1, x.ndim);
  const chosen = squeeze(takeAlongAxis(x, expandDims(y, [axis]), axis), [axis]);
  return lax.sub(logsumexp(x, { axis }), chosen);
}

/** Relative entropy of targets to predicted log probabilities, per example (`optax.kl_divergence`). */
export function klDivergence(
  logPredictions: ArrayLike,
  targets: ArrayLike,
  options: CrossEntropyOptions = {},
): NdArray {
  const [q, p] = promoteArgsInexact("kl_divergence", logPredictions, targets);
  const zero = lax.eq(p, 0);
  const logP = where(zero, 0, lax.log(where(zero, 1, p)));
  return sum(lax.mul(p, lax.sub(logP, q)), { axis: options.axis ?? -1 });
}

/** Labels drawn towards the uniform distribution (`optax.smooth_labels`). */
export function smoothLabels(labels: ArrayLike, alpha: number): NdArray {
  const y = inexact("smooth_labels", labels);
  return add(multiply(y, 1 - alpha), alpha / y.shape[y.ndim - 1]);
}

/** Cosine of the angle between vectors along the last axis (`optax.cosine_similarity`). */
export function cosineSimilarity(predictions: ArrayLike, targets: ArrayLike, epsilon = 0): NdArray {
  const [p, t] = promoteArgsInexact("cosine_similarity", predictions, targets);
  const length = (x: NdArray): NdArray => maximum(lax.sqrt(sum(square(x), { axis: -1 })), epsilon);
  return divide(sum(lax.mul(p, t), { axis: -1 }), multiply(length(p), length(t)));
}

/** 1 − cosine similarity (`optax.cosine_distance`). */
export function cosineDistance(predictions: ArrayLike, targets: ArrayLike, epsilon = 0): NdArray {
  return add(negative(cosineSimilarity(predictions, targets, epsilon)), 1);
}
