/** Losses of numbers (optax's `losses/_regression.py`). Elementwise; take their mean for a training loss. */
import { type ArrayLike, asArray, type NdArray } from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { promoteArgsInexact } from "../../numpy/promotion.ts";
import { sum } from "../../numpy/reductions.ts";
import { add, divide, logaddexp, maximum, minimum, multiply, square, subtract } from "../../numpy/ufuncs.ts";
import { floating, type LossOptions, sameShapes } from "./checks.ts";

/**
 * (predictions − targets)²; of predictions alone, their squares (`optax.squared_error`). Throws WeftValueError where the
 * shapes differ: of [n] and [n, 1] no broadcasting makes [n, n].
 */
export function squaredError(predictions: ArrayLike, targets: ArrayLike | null = null): NdArray {
  const p = floating("squaredError", predictions);
  if (targets === null) return square(p);
  sameShapes("squaredError", p, asArray(targets));
  return square(subtract(p, targets));
}

/** ½ (predictions − targets)² (`optax.l2_loss`). Throws WeftValueError where the shapes differ. */
export function l2Loss(predictions: ArrayLike, targets: ArrayLike | null = null): NdArray {
  return lax.mul(squaredError(predictions, targets), 0.5);
}

function errorsOf(name: string, predictions: ArrayLike, targets: ArrayLike | null): NdArray {
  const p = floating(name, predictions);
  return targets === null ? p : subtract(p, targets);
}

/** Squared up to delta, 1 by default, linear beyond (`optax.huber_loss`; Huber 1964). */
export function huberLoss(
  predictions: ArrayLike,
  targets: ArrayLike | null = null,
  options: { readonly delta?: ArrayLike } = {},
): NdArray {
  const { delta = 1 } = options;
  const errors = lax.abs(errorsOf("huberLoss", predictions, targets));
  const quadratic = minimum(errors, delta);
  return add(multiply(square(quadratic), 0.5), multiply(subtract(errors, quadratic), delta));
}

/** log cosh(predictions − targets) (`optax.log_cosh`; Chen et al. 2019). */
export function logCosh(predictions: ArrayLike, targets: ArrayLike | null = null): NdArray {
  const errors = errorsOf("logCosh", predictions, targets);
  return lax.sub(logaddexp(errors, lax.neg(errors)), Math.LN2);
}

export interface CosineOptions extends LossOptions {
  /** Least squared norm. Default 0. */
  readonly epsilon?: ArrayLike;
}

/** Cosine of the angle between vectors along an axis (`optax.cosine_similarity`). */
export function cosineSimilarity(
  predictions: ArrayLike,
  targets: ArrayLike,
  options: CosineOptions = {},
): NdArray {
  const { epsilon = 0, axis = -1, where = null } = options;
  const [p, t] = promoteArgsInexact(
    "cosine_similarity",
    floating("cosineSimilarity", predictions),
    floating("cosineSimilarity", targets),
  );
  const unit = (x: NdArray): NdArray => {
    const squares = sum(square(x), { axis, where, keepdims: true });
    return divide(x, lax.sqrt(maximum(squares, epsilon)));
  };
  return sum(multiply(unit(p), unit(t)), { axis, where });
}

/** 1 − cosine similarity (`optax.cosine_distance`). */
export function cosineDistance(
  predictions: ArrayLike,
  targets: ArrayLike,
  options: CosineOptions = {},
): NdArray {
  return subtract(1, cosineSimilarity(predictions, targets, options));
}
