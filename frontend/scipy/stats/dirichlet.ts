/** The Dirichlet distribution. */
import { type ArrayLike, formatShape, type NdArray, WeftValueError } from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { concatenate, reshape } from "../../lax/movement.ts";
import { where } from "../../numpy/logic.ts";
import { promoteDTypesInexact } from "../../numpy/promotion.ts";
import { all, sum } from "../../numpy/reductions.ts";
import { gammaln } from "../special/gamma.ts";
import { xlogy } from "../special/logarithmic.ts";
import { exponential } from "./parameters.ts";

/**
 * Logarithm of the density at x of shape [k, …], or [k − 1, …] without the last share; alpha: [k]
 * (`jax.scipy.stats.dirichlet.logpdf`). −∞ where x is no point of the simplex.
 */
export function logpdf(x: ArrayLike, alpha: ArrayLike): NdArray {
  const [given, a] = promoteDTypesInexact("dirichlet.logpdf", x, alpha);
  if (a.ndim !== 1) {
    throw new WeftValueError(`\`alpha\` must be one-dimensional; got alpha.shape=${formatShape(a.shape)}`);
  }
  const [k] = a.shape;
  if (given.ndim === 0 || (given.shape[0] !== k && given.shape[0] !== k - 1)) {
    throw new WeftValueError(
      "`x` must have either the same number of entries as `alpha` or one entry fewer; got " +
        `x.shape=${formatShape(given.shape)}, alpha.shape=${formatShape(a.shape)}`,
    );
  }
  const rest = lax.sub(1, sum(given, { axis: 0, keepdims: true }));
  const shares = given.shape[0] === k ? given : concatenate([given, rest], 0);
  const normalizer = sum(gammaln(a)).sub(gammaln(sum(a)));
  const column = reshape(a, [k, ...new Array<number>(shares.ndim - 1).fill(1)]);
  const value = sum(xlogy(column.sub(1), shares), { axis: 0 }).sub(normalizer);
  const positive = all(shares.greater(0), { axis: 0 });
  const whole = lax.abs(sum(shares, { axis: 0 }).sub(1)).less(1e-6);
  return where(positive.logicalAnd(whole), value, Number.NEGATIVE_INFINITY);
}

/** The density (`jax.scipy.stats.dirichlet.pdf`). */
export const pdf = exponential(logpdf);
