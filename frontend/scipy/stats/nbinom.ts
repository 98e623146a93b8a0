/** The negative binomial distribution: failures before n successes of probability p. */
import * as lax from "../../lax/elementwise.ts";
import { where } from "../../numpy/logic.ts";
import { gammaln } from "../special/gamma.ts";
import { xlogy } from "../special/logarithmic.ts";
import { counted2, exponential } from "./parameters.ts";

/** Logarithm of the probability of k (`jax.scipy.stats.nbinom.logpmf`). */
export const logpmf = counted2("nbinom.logpmf", ({ x, loc, y }, n, p) => {
  const ways = gammaln(y.add(n))
    .sub(gammaln(n))
    .sub(gammaln(y.add(1)));
  const linear = xlogy(n, p).add(xlogy(y, lax.sub(1, p)));
  return where(x.less(loc), Number.NEGATIVE_INFINITY, ways.add(linear));
});

/** The probability of k (`jax.scipy.stats.nbinom.pmf`). */
export const pmf = exponential(logpmf);
