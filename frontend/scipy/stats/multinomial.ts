/** The multinomial distribution. */

import { isInteger } from "../../../compiler/types/dtype.ts";
import { type ArrayLike, type NdArray, WeftValueError } from "../../core/index.ts";
import { where } from "../../numpy/logic.ts";
import { inexact, promoteDTypes } from "../../numpy/promotion.ts";
import { sum } from "../../numpy/reductions.ts";
import { gammaln } from "../special/gamma.ts";
import { xlogy } from "../special/logarithmic.ts";
import { exponential } from "./parameters.ts";

/**
 * Logarithm of the probability of counts x (integers, along the last axis) of n trials with probabilities p
 * (`jax.scipy.stats.multinomial.logpmf`). Throws WeftValueError where x and n are no integers.
 */
export function logpmf(x: ArrayLike, n: ArrayLike, p: ArrayLike): NdArray {
  const probabilities = inexact("multinomial.logpmf", p);
  const [counts, trials] = promoteDTypes("multinomial.logpmf", x, n);
  if (!isInteger(counts.dtype)) {
    throw new WeftValueError(
      `x and n must be of integer type; got x.dtype=${counts.dtype}, n.dtype=${trials.dtype}`,
    );
  }
  const k = counts.astype(probabilities.dtype);
  const total = trials.astype(probabilities.dtype);
  const terms = sum(xlogy(k, probabilities).sub(gammaln(k.add(1))), { axis: -1 });
  return where(sum(k).equal(total), gammaln(total.add(1)).add(terms), Number.NEGATIVE_INFINITY);
}

/** The probability of counts (`jax.scipy.stats.multinomial.pmf`). */
export const pmf = exponential(logpmf);
