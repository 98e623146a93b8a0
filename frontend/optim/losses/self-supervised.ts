/** Losses of embeddings (optax's `losses/_self_supervised.py`). */
import { type ArrayLike, asArray, convert, type NdArray, WeftValueError } from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { expandDims } from "../../lax/movement.ts";
import { eye } from "../../numpy/creation.ts";
import { finfo } from "../../numpy/dtypes.ts";
import { logicalAnd, logicalNot, where } from "../../numpy/logic.ts";
import { max, sum } from "../../numpy/reductions.ts";
import { add, divide, exp, log, maximum, power, subtract } from "../../numpy/ufuncs.ts";
import { stopGradient } from "../../transforms/checkpoint.ts";
import { floating } from "./checks.ts";
import { cosineSimilarity } from "./regression.ts";

/**
 * Normalized temperature-scaled cross entropy: embeddings of one label near each other, those of others apart
 * (`optax.losses.ntxent`; Chen et al. 2020). embeddings [batch, features], labels [batch]; a scalar.
 */
export function ntxent(embeddings: ArrayLike, labels: ArrayLike, temperature: ArrayLike = 0.07): NdArray {
  const x = floating("ntxent", embeddings);
  const y = asArray(labels);
  if (y.shape[0] !== x.shape[0]) {
    throw new WeftValueError(
      "Labels and embeddings must have the same leading dimension, found " +
        `${y.shape[0]} for labels and ${x.shape[0]} for embeddings.`,
    );
  }
  const similarity = cosineSimilarity(expandDims(x, [0]), expandDims(x, [1]), {
    epsilon: finfo(x.dtype).eps,
  });
  const scores = divide(similarity, temperature);
  const equal = lax.eq(...broadcastPair(y));
  const others = logicalNot(equal);
  const matches = logicalAnd(equal, logicalNot(eye(x.shape[0], null, { dtype: "bool" })));
  const of = (mask: NdArray): NdArray => where(mask, scores, -Infinity);
  const top = stopGradient(
    maximum(max(of(others), { axis: 1, keepdims: true }), max(of(matches), { axis: 1, keepdims: true })),
  );
  const numerator = subtract(of(matches), top);
  const total = add(sum(exp(subtract(of(others), top)), { axis: 1, keepdims: true }), exp(numerator));
  // The logarithm is taken only where it counts: elsewhere it may be of 0.
  const logs = subtract(where(matches, numerator, 0), log(where(matches, total, 1)));
  return divide(lax.neg(sum(where(matches, logs, 0))), convert(sum(matches), x.dtype));
}

function broadcastPair(labels: NdArray): [NdArray, NdArray] {
  return [expandDims(labels, [1]), expandDims(labels, [0])];
}

/** Options of `tripletMarginLoss`. */
export interface TripletOptions {
  /** Axis of the features. Default the last. */
  readonly axis?: number;
  /** Degree of the norm. Default 2. */
  readonly normDegree?: number;
  /** Default 1. */
  readonly margin?: ArrayLike;
  /** Added under the root. Default 1e-6. */
  readonly eps?: ArrayLike;
}

/** How much nearer than by the margin negatives are than positives (`optax.losses.triplet_margin_loss`; Schroff et al. 2015). */
export function tripletMarginLoss(
  anchors: ArrayLike,
  positives: ArrayLike,
  negatives: ArrayLike,
  options: TripletOptions = {},
): NdArray {
  const { axis = -1, normDegree = 2, margin = 1, eps = 1e-6 } = options;
  const a = floating("tripletMarginLoss", anchors);
  const distance = (other: ArrayLike): NdArray => {
    const powers = power(subtract(a, floating("tripletMarginLoss", other)), normDegree);
    return power(add(sum(powers, { axis }), eps), 1 / normDegree);
  };
  return maximum(add(subtract(distance(positives), distance(negatives)), margin), 0);
}
