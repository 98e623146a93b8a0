/** Divergences of probabilities (optax's `losses/_classification.py`). */
import type { ArrayLike, NdArray } from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { where as choose } from "../../numpy/logic.ts";
import { promoteArgsInexact } from "../../numpy/promotion.ts";
import { sum } from "../../numpy/reductions.ts";
import { add, exp, multiply, subtract } from "../../numpy/ufuncs.ts";
import { floating, type LossOptions } from "./checks.ts";

function pair(name: string, x: ArrayLike, y: ArrayLike): NdArray[] {
  return promoteArgsInexact(name, floating(name, x), floating(name, y));
}

/** Σ targets (log targets − logPredictions) along an axis (`optax.losses.kl_divergence`). Targets may be 0. */
export function klDivergence(
  logPredictions: ArrayLike,
  targets: ArrayLike,
  options: LossOptions = {},
): NdArray {
  const { axis = -1, where = null } = options;
  const [q, p] = pair("klDivergence", logPredictions, targets);
  const zero = lax.eq(p, 0);
  const logP = choose(zero, 0, lax.log(choose(zero, 1, p)));
  return sum(multiply(p, subtract(logP, q)), { axis, where });
}

/** The same of the logarithm of the targets (`optax.losses.kl_divergence_with_log_targets`). */
export function klDivergenceWithLogTargets(
  logPredictions: ArrayLike,
  logTargets: ArrayLike,
  options: LossOptions = {},
): NdArray {
  const { axis = -1, where = null } = options;
  const [q, p] = pair("klDivergenceWithLogTargets", logPredictions, logTargets);
  return sum(multiply(exp(p), subtract(p, q)), { axis, where });
}

/** Relative entropy that is jointly convex also where masses are not 1 (`optax.losses.generalized_kl_divergence`). */
export function generalizedKlDivergence(
  logPredictions: ArrayLike,
  targets: ArrayLike,
  options: LossOptions = {},
): NdArray {
  const { axis = -1, where = null } = options;
  const excess = sum(subtract(exp(logPredictions), targets), { axis, where });
  return add(klDivergence(logPredictions, targets, options), excess);
}

/** The older name of `generalizedKlDivergence` (`optax.losses.convex_kl_divergence`). */
export const convexKlDivergence = generalizedKlDivergence;
