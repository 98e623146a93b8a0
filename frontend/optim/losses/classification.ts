/** Losses of classes, per example (optax's `losses/_classification.py`). Take their mean for a training loss. */
import { type ArrayLike, asArray, convert, type NdArray } from "../../core/index.ts";
import { canonicalizeAxis } from "../../lax/axes.ts";
import * as lax from "../../lax/elementwise.ts";
import { expandDims, reshape, squeeze, transpose } from "../../lax/movement.ts";
import { logSigmoid, sparsePlus } from "../../nn/activations.ts";
import { logSoftmax, logsumexp, oneHot, softmax } from "../../nn/functions.ts";
import { stack } from "../../numpy/joining.ts";
import { where as choose } from "../../numpy/logic.ts";
import { promoteArgsInexact } from "../../numpy/promotion.ts";
import { any, max, sum } from "../../numpy/reductions.ts";
import { takeAlongAxis } from "../../numpy/take.ts";
import { add, exp, maximum, multiply, negative, subtract } from "../../numpy/ufuncs.ts";
import { customJvp } from "../../transforms/custom-jvp.ts";
import { vmap } from "../../transforms/vmap.ts";
import { oneMinus } from "../moments.ts";
import { projectionSimplex } from "../projections.ts";
import { floating, integer, type LossOptions, maskFor, sameShapes } from "./checks.ts";

/** Cross entropy of logits with labels in [0, 1], elementwise (`optax.sigmoid_binary_cross_entropy`). */
export function sigmoidBinaryCrossEntropy(logits: ArrayLike, labels: ArrayLike): NdArray {
  const x = floating("sigmoidBinaryCrossEntropy", logits);
  const y = convert(asArray(labels), x.dtype);
  const [logP, logNotP] = [logSigmoid(x), logSigmoid(lax.neg(x))];
  return subtract(multiply(lax.neg(y), logP), multiply(subtract(1, y), logNotP));
}

/** Options of `sigmoidFocalLoss`. */
export interface FocalOptions {
  /** Weight of the positive class; null for equal weights. Default null. */
  readonly alpha?: ArrayLike | null;
  /** How much less what is classified well counts. Default 2. */
  readonly gamma?: ArrayLike;
}

/** Binary cross entropy that counts hard examples more (`optax.sigmoid_focal_loss`; Lin et al. 2018). */
export function sigmoidFocalLoss(logits: ArrayLike, labels: ArrayLike, options: FocalOptions = {}): NdArray {
  const { alpha = null, gamma = 2 } = options;
  const x = floating("sigmoidFocalLoss", logits);
  const y = convert(asArray(labels), x.dtype);
  const rest = subtract(1, y);
  // log(1 − p of the label), without cancellation.
  const logMiss = logsumexp(stack([logSigmoid(x), logSigmoid(lax.neg(x))], -1), {
    axis: -1,
    b: stack([rest, y], -1),
  });
  const loss = multiply(sigmoidBinaryCrossEntropy(x, y), exp(multiply(logMiss, gamma)));
  if (alpha === null) return loss;
  return multiply(add(multiply(y, alpha), multiply(rest, oneMinus(alpha))), loss);
}

/** max(0, 1 − predictions · targets), targets −1 or 1 (`optax.hinge_loss`). */
export function hingeLoss(predictions: ArrayLike, targets: ArrayLike): NdArray {
  return maximum(subtract(1, multiply(predictions, targets)), 0);
}

/** max(0, −predictions · targets), targets −1 or 1 (`optax.losses.perceptron_loss`; Rosenblatt 1958). */
export function perceptronLoss(predictions: ArrayLike, targets: ArrayLike): NdArray {
  sameShapes("perceptronLoss", asArray(predictions), asArray(targets));
  return maximum(multiply(negative(predictions), targets), 0);
}

/** Sparse logistic loss, labels 0 or 1 (`optax.losses.sparsemax_loss`; Martins & Astudillo 2016). */
export function sparsemaxLoss(logits: ArrayLike, labels: ArrayLike): NdArray {
  return sparsePlus(choose(labels, negative(logits), logits));
}

/** Cross entropy of logits with probabilities along axes (`optax.softmax_cross_entropy`). */
export function softmaxCrossEntropy(
  logits: ArrayLike,
  labels: ArrayLike,
  options: LossOptions = {},
): NdArray {
  const [x, y] = promoteArgsInexact("softmax_cross_entropy", floating("softmaxCrossEntropy", logits), labels);
  const { axis = -1 } = options;
  const where = maskFor(options.where ?? null, x, axis);
  return lax.neg(sum(multiply(y, logSoftmax(x, axis, { where })), { axis, where }));
}

/** weights · log softmax(x), 0 where a weight is 0 whatever the logit; so are its derivatives. */
const weightedLogSoftmax = customJvp((x: NdArray, weights: NdArray): NdArray => {
  const logs = logSoftmax(x, -1);
  return choose(lax.ne(weights, 0), multiply(weights, logs), 0);
});
weightedLogSoftmax.defJvp(([x, weights], [dx, dWeights]) => {
  const mean = sum(multiply(dx, softmax(x, -1)), { axis: -1, keepdims: true });
  const byLogits = subtract(multiply(weights, dx), multiply(weights, mean));
  return [weightedLogSoftmax(x, weights), add(byLogits, multiply(dWeights, logSoftmax(x, -1)))];
});

/** `softmaxCrossEntropy` along the last axis where logits of labels 0 may be −∞ (`optax.safe_softmax_cross_entropy`). */
export function safeSoftmaxCrossEntropy(logits: ArrayLike, labels: ArrayLike): NdArray {
  const [x, y] = promoteArgsInexact(
    "safe_softmax_cross_entropy",
    floating("safeSoftmaxCrossEntropy", logits),
    labels,
  );
  return lax.neg(sum(weightedLogSoftmax(x, y), { axis: -1 }));
}

/** Options of `softmaxCrossEntropyWithIntegerLabels`. */
export interface IntegerLabelOptions {
  /** Axis of the classes, or several, which are taken for one in row-major order. Default the last. */
  readonly axis?: number | readonly number[];
  /** The classes that count: booleans of the shape of the logits, or of that of the labels. */
  readonly where?: ArrayLike | null;
}

/**
 * Cross entropy of logits with class numbers (`optax.softmax_cross_entropy_with_integer_labels`). labels: integers of the
 * shape of the logits without the axis. Throws WeftTypeError for labels of another dtype.
 */
export function softmaxCrossEntropyWithIntegerLabels(
  logits: ArrayLike,
  labels: ArrayLike,
  options: IntegerLabelOptions = {},
): NdArray {
  const name = "softmaxCrossEntropyWithIntegerLabels";
  let x = floating(name, logits);
  const y = integer(name, "labels", labels);
  const given = options.axis ?? -1;
  let where = maskFor(options.where ?? null, x, given);
  let axis: number;
  if (typeof given === "number") axis = canonicalizeAxis(given, x.ndim);
  else {
    const classes = given.map((a) => canonicalizeAxis(a, x.ndim));
    const batch = x.shape.map((_, i) => i).filter((i) => !classes.includes(i));
    axis = batch.length;
    const flat = (z: NdArray): NdArray => {
      const moved = transpose(z, [...batch, ...classes]);
      return reshape(moved, [
        ...moved.shape.slice(0, axis),
        moved.shape.slice(axis).reduce((a, b) => a * b, 1),
      ]);
    };
    x = flat(x);
    if (where !== null) where = flat(where);
  }
  const chosen = squeeze(takeAlongAxis(x, expandDims(y, [axis]), axis), [axis]);
  const loss = subtract(logsumexp(x, { axis, where }), chosen);
  return where === null ? loss : choose(any(where, { axis }), loss, 0);
}

/** scores of the labels: Σ scores · one-hot labels, along the last axis. */
function scoresOf(scores: NdArray, labels: NdArray): { oneHots: NdArray; chosen: NdArray } {
  const oneHots = oneHot(labels, scores.shape[scores.ndim - 1], { dtype: scores.dtype });
  return { oneHots, chosen: sum(multiply(scores, oneHots), { axis: -1 }) };
}

/** By how much another class comes within 1 of the label's score (`optax.losses.multiclass_hinge_loss`; Crammer & Singer 2001). */
export function multiclassHingeLoss(scores: ArrayLike, labels: ArrayLike): NdArray {
  const x = floating("multiclassHingeLoss", scores);
  const { oneHots, chosen } = scoresOf(x, integer("multiclassHingeLoss", "labels", labels));
  return subtract(max(subtract(add(x, 1), oneHots), { axis: -1 }), chosen);
}

/** By how much another class exceeds the label's score (`optax.losses.multiclass_perceptron_loss`; Collins 2002). */
export function multiclassPerceptronLoss(scores: ArrayLike, labels: ArrayLike): NdArray {
  const x = floating("multiclassPerceptronLoss", scores);
  const { chosen } = scoresOf(x, integer("multiclassPerceptronLoss", "labels", labels));
  return subtract(max(x, { axis: -1 }), chosen);
}

/**
 * Loss of the sparse probabilities that project scores onto the simplex (`optax.losses.multiclass_sparsemax_loss`; Martins
 * & Astudillo 2016). scores [batch, classes], labels [batch].
 */
export function multiclassSparsemaxLoss(scores: ArrayLike, labels: ArrayLike): NdArray {
  const x = floating("multiclassSparsemaxLoss", scores);
  const y = integer("multiclassSparsemaxLoss", "labels", labels);
  const one = (row: NdArray, label: NdArray): NdArray => {
    const probabilities = projectionSimplex(row);
    const { oneHots, chosen } = scoresOf(row, label);
    const above = choose(lax.ne(oneHots, 0), 0, subtract(row, chosen));
    const inside = choose(lax.ne(probabilities, 0), above, 0);
    const squares = sum(multiply(probabilities, probabilities));
    return add(sum(multiply(probabilities, inside)), multiply(subtract(1, squares), 0.5));
  };
  return vmap(one)(x, y);
}

export interface PolyLossOptions extends LossOptions {
  /** Coefficient of the first term. Default 2. */
  readonly epsilon?: ArrayLike;
}

/** Cross entropy plus ε (1 − p of the label) (`optax.losses.poly_loss_cross_entropy`; Leng et al. 2022). */
export function polyLossCrossEntropy(
  logits: ArrayLike,
  labels: ArrayLike,
  options: PolyLossOptions = {},
): NdArray {
  const { epsilon = 2, axis = -1 } = options;
  const x = floating("polyLossCrossEntropy", logits);
  const y = floating("polyLossCrossEntropy", labels);
  const where = options.where ?? null;
  const miss = sum(multiply(y, subtract(1, softmax(x, axis, { where }))), { axis, where });
  return add(softmaxCrossEntropy(x, y, { axis, where }), multiply(miss, epsilon));
}
