/** The binomial distribution of n trials with probability p. */
import * as lax from "../../lax/elementwise.ts";
import { where } from "../../numpy/logic.ts";
import { gammaln } from "../special/gamma.ts";
import { xlog1py, xlogy } from "../special/logarithmic.ts";
import { counted2, exponential } from "./parameters.ts";

/** Logarithm of the probability of k (`jax.scipy.stats.binom.logpmf`). */
export const logpmf = counted2("binom.logpmf", ({ x, loc, y }, n, p) => {
  const ways = gammaln(n.add(1)).sub(gammaln(y.add(1)).add(gammaln(n.sub(y).add(1))));
  const linear = xlogy(y, p).add(xlog1py(n.sub(y), lax.neg(p)));
  const certain = y.equal(0).logicalAnd(n.equal(0)).logicalOr(linear.equal(0));
  const inside = x.greaterEqual(loc).logicalAnd(x.less(loc.add(n).add(1)));
  return where(inside, where(certain, 0, ways.add(linear)), Number.NEGATIVE_INFINITY);
});

/** The probability of k (`jax.scipy.stats.binom.pmf`). */
export const pmf = exponential(logpmf);
