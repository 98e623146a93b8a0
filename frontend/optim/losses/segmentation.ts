/** Overlap of segmentations (optax's `losses/_segmentation.py`; Milletari et al. 2016, Salehi et al. 2017). */
import { type ArrayLike, type NdArray, WeftValueError } from "../../core/index.ts";
import { expandDims, sliceInDim } from "../../lax/movement.ts";
import { sigmoid } from "../../nn/activations.ts";
import { softmax } from "../../nn/functions.ts";
import { toArray } from "../../numpy/promotion.ts";
import { mean, sum } from "../../numpy/reductions.ts";
import { add, divide, multiply, square, subtract } from "../../numpy/ufuncs.ts";
import { checkRank, sameShapes } from "./checks.ts";

/** Options of `diceLoss` and `multiclassGeneralizedDiceLoss`. */
export interface DiceOptions {
  /** Weights of the classes, [classes]. */
  readonly classWeights?: ArrayLike | null;
  /** Added to numerator and denominator. Default 1. */
  readonly smooth?: ArrayLike;
  /** Weight of false positives. Default ½. */
  readonly alpha?: ArrayLike;
  /** Weight of false negatives. Default ½. */
  readonly beta?: ArrayLike;
  /** Whether predictions are logits: softmax over classes, sigmoid of a single one. Default true. */
  readonly applySoftmax?: boolean;
  /** Over the classes. Default "mean". */
  readonly reduction?: "mean" | "sum" | "none";
  /** Whether class 0 is left out. Default false. */
  readonly ignoreBackground?: boolean;
  /** Axes summed over; default all but the first and the last. */
  readonly axis?: number | readonly number[] | null;
}

/**
 * 1 − Dice's coefficient (`optax.losses.dice_loss`). predictions and targets [batch, …, classes]; [batch], or
 * [batch, classes] without reduction.
 */
export function diceLoss(predictions: ArrayLike, targets: ArrayLike, options: DiceOptions = {}): NdArray {
  const { classWeights = null, smooth = 1, alpha = 0.5, beta = 0.5, applySoftmax = true } = options;
  const { reduction = "mean", ignoreBackground = false, axis = null } = options;
  let x = toArray("diceLoss", predictions);
  let y = toArray("diceLoss", targets);
  if (x.ndim === y.ndim - 1) x = expandDims(x, [x.ndim]);
  if (y.ndim === x.ndim - 1) y = expandDims(y, [y.ndim]);
  sameShapes("diceLoss", x, y);
  const classes = x.shape[x.ndim - 1];
  const p = applySoftmax ? (classes === 1 ? sigmoid(x) : softmax(x, -1)) : x;
  const axes = axis ?? p.shape.slice(1, -1).map((_, i) => i + 1);
  const both = sum(multiply(p, y), { axis: axes });
  const missed = multiply(subtract(sum(y, { axis: axes }), both), beta);
  const wrong = multiply(subtract(sum(p, { axis: axes }), both), alpha);
  const coefficient = divide(add(both, smooth), add(add(add(both, wrong), missed), smooth));
  let loss = subtract(1, coefficient);
  if (classWeights !== null) {
    const weights = toArray("diceLoss", classWeights);
    checkRank("diceLoss", "classWeights", weights, 1);
    loss = multiply(loss, weights);
  }
  if (ignoreBackground && classes > 1) loss = sliceInDim(loss, 1, null, { axis: loss.ndim - 1 });
  switch (reduction) {
    case "mean":
      return mean(loss, { axis: -1 });
    case "sum":
      return sum(loss, { axis: -1 });
    case "none":
      return loss;
    default:
      throw new WeftValueError(`Unsupported reduction: ${String(reduction)}`);
  }
}

/** Dice loss with classes weighted by 1 / frequency² (`optax.losses.multiclass_generalized_dice_loss`; Sudre et al. 2017). A scalar. */
export function multiclassGeneralizedDiceLoss(
  predictions: ArrayLike,
  targets: ArrayLike,
  options: Pick<DiceOptions, "smooth" | "applySoftmax" | "ignoreBackground"> = {},
): NdArray {
  const y = toArray("multiclassGeneralizedDiceLoss", targets);
  sameShapes("multiclassGeneralizedDiceLoss", toArray("multiclassGeneralizedDiceLoss", predictions), y);
  const frequencies = sum(y, { axis: y.shape.slice(1).map((_, i) => i) });
  const raw = divide(1, add(square(frequencies), 1e-7));
  const classWeights = multiply(divide(raw, sum(raw)), raw.size);
  return mean(diceLoss(predictions, y, { ...options, classWeights, reduction: "none" }));
}

/** Dice loss of a single class (`optax.losses.binary_dice_loss`). predictions [batch, …] with or without a last axis of 1. */
export function binaryDiceLoss(
  predictions: ArrayLike,
  targets: ArrayLike,
  options: { readonly smooth?: ArrayLike; readonly applySigmoid?: boolean } = {},
): NdArray {
  const { smooth, applySigmoid } = options;
  let x = toArray("binaryDiceLoss", predictions);
  let y = toArray("binaryDiceLoss", targets);
  if (x.ndim === y.ndim && x.shape[x.ndim - 1] !== 1) {
    x = expandDims(x, [x.ndim]);
    y = expandDims(y, [y.ndim]);
  }
  return diceLoss(x, y, { smooth, applySoftmax: applySigmoid });
}
