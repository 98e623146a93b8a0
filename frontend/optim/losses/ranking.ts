/** Losses of rankings (optax's `losses/_ranking.py`). */
import { type ArrayLike, asArray, convert, type NdArray } from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { logSoftmax } from "../../nn/functions.ts";
import { where as choose, isnan, logicalAnd, logicalNot } from "../../numpy/logic.ts";
import { any, mean, sum } from "../../numpy/reductions.ts";
import { multiply } from "../../numpy/ufuncs.ts";
import { floating } from "./checks.ts";

/** Options of `rankingSoftmaxLoss`. */
export interface RankingOptions {
  /** The items that are there: booleans of the shape of the logits. */
  readonly where?: ArrayLike | null;
  /** Weights of the items. */
  readonly weights?: ArrayLike | null;
  /** Over the lists. Default "mean", over those with items. */
  readonly reduction?: "mean" | "sum" | "none";
}

/** Cross entropy of relevance labels with scores, per list along the last axis (`optax.losses.ranking_softmax_loss`; Cao et al. 2007). */
export function rankingSoftmaxLoss(
  logits: ArrayLike,
  labels: ArrayLike,
  options: RankingOptions = {},
): NdArray {
  const { where = null, weights = null, reduction = "mean" } = options;
  let x = floating("rankingSoftmaxLoss", logits);
  let y = convert(asArray(labels), x.dtype);
  if (where !== null) {
    y = choose(where, y, 0);
    x = choose(where, x, -Infinity);
  }
  if (weights !== null) y = multiply(y, weights);
  const loss = lax.neg(sum(multiply(y, logSoftmax(x, -1)), { axis: -1, where }));
  const lists = where === null ? null : any(where, { axis: -1 });
  if (reduction === "sum") return sum(loss, { where: lists });
  if (reduction === "none") return lists === null ? loss : choose(lists, loss, 0);
  const average = mean(loss, { where: lists });
  // Of no lists at all the mean is 0, not NaN.
  return choose(logicalAnd(isnan(average), logicalNot(any(isnan(loss)))), 0, average);
}
