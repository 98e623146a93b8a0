/** The beta-binomial distribution of n trials. */
import * as lax from "../../lax/elementwise.ts";
import { where } from "../../numpy/logic.ts";
import { betaln } from "../special/gamma.ts";
import { counted3, exponential } from "./parameters.ts";

/** Logarithm of the probability of k (`jax.scipy.stats.betabinom.logpmf`). */
export const logpmf = counted3("betabinom.logpmf", ({ x, loc }, n, a, b) => {
  const y = lax.floor(x).sub(loc);
  const rest = n.sub(y);
  const ways = lax.neg(lax.log1p(n).add(betaln(rest.add(1), y.add(1))));
  const value = ways.add(betaln(y.add(a), rest.add(b)).sub(betaln(a, b)));
  const certain = y.equal(0).logicalAnd(n.equal(0));
  const outside = y.less(lax.neg(loc)).logicalOr(y.greater(n)).logicalOr(y.add(a).lessEqual(0));
  const invalid = n.less(0).logicalOr(a.lessEqual(0)).logicalOr(b.lessEqual(0));
  return where(invalid, Number.NaN, where(outside, Number.NEGATIVE_INFINITY, where(certain, 0, value)));
});

/** The probability of k (`jax.scipy.stats.betabinom.pmf`). */
export const pmf = exponential(logpmf);
