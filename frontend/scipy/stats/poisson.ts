/** The Poisson distribution of mean mu. */
import type { ArrayLike, NdArray } from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { iota, reshape } from "../../lax/movement.ts";
import { broadcastShapes, broadcastTo } from "../../lax/operands.ts";
import { where } from "../../numpy/logic.ts";
import { promoteDTypesInexact } from "../../numpy/promotion.ts";
import { sum } from "../../numpy/reductions.ts";
import { rint } from "../../numpy/ufuncs.ts";
import { gammaincc, gammaln } from "../special/gamma.ts";
import { entr, xlogy } from "../special/logarithmic.ts";
import { counted1, exponential } from "./parameters.ts";

/** Logarithm of the probability of k (`jax.scipy.stats.poisson.logpmf`). */
export const logpmf = counted1("poisson.logpmf", ({ x, y }, mu) => {
  const value = xlogy(y, mu)
    .sub(gammaln(y.add(1)))
    .sub(mu);
  return where(y.less(0).logicalOr(rint(x).notEqual(x)), Number.NEGATIVE_INFINITY, value);
});

/** The probability of k (`jax.scipy.stats.poisson.pmf`). */
export const pmf = exponential(logpmf);

/** The distribution function (`jax.scipy.stats.poisson.cdf`). */
export const cdf = counted1("poisson.cdf", ({ y }, mu) =>
  where(y.less(0), 0, gammaincc(lax.floor(y.add(1)), mu)),
);

/** Σ −p log p over the counts k < terms that are not beyond `bound`. */
function entropySum(mu: NdArray, terms: number, bound: NdArray): NdArray {
  const k = reshape(iota(mu.dtype, terms), [terms, ...mu.shape.map(() => 1)]);
  const inside = k.less(lax.ceil(bound));
  return sum(entr(where(inside, pmf(k, mu), 0)), { axis: 0 });
}

/** The entropy (`jax.scipy.stats.poisson.entropy`): a sum up to mu = 100, then Stirling's formula. */
export function entropy(mu: ArrayLike, loc: ArrayLike = 0): NdArray {
  const [a, b] = promoteDTypesInexact("poisson.entropy", mu, loc);
  const small = entropySum(a, 35, a.add(20));
  const medium = entropySum(a, 250, a.add(lax.sqrt(a).mul(10)).add(20));
  const large = lax
    .log(a.mul(2 * Math.PI * Math.E))
    .mul(0.5)
    .sub(lax.reciprocal(a.mul(12)));
  const value = where(a.equal(0), 0, where(a.less(10), small, where(a.less(100), medium, large)));
  return broadcastTo(value, broadcastShapes(a.shape, b.shape));
}
