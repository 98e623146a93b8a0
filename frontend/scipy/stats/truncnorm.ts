/** The normal distribution cut off outside of [a, b], in units of scale from loc. */
import type { NdArray } from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { select, where } from "../../numpy/logic.ts";
import { logNdtr, ndtr } from "../special/error-function.ts";
import { constant } from "../special/operands.ts";
import * as norm from "./norm.ts";
import { exponential, located2 } from "./parameters.ts";

/** log(eˣ − eʸ) for x ≥ y. */
function logDifference(x: NdArray, y: NdArray): NdArray {
  const top = lax.max(x, y);
  const shift = where(lax.isFinite(top), top, 0);
  return lax.log(lax.exp(x.sub(shift)).sub(lax.exp(y.sub(shift)))).add(shift);
}

/** log(Φ(b) − Φ(a)): in the right tail by symmetry in the left one, where the numbers have more digits. */
function logMass(a: NdArray, b: NdArray): NdArray {
  const isRight = a.greater(0);
  const isCentral = b.lessEqual(0).logicalOr(isRight).logicalNot();
  const [low, high] = [where(isRight, lax.neg(b), a), where(isRight, lax.neg(a), b)];
  const tail = logDifference(logNdtr(high), logNdtr(low));
  const central = lax.log1p(lax.neg(ndtr(a)).sub(ndtr(lax.neg(b))));
  return where(isCentral, central, tail);
}

/** log cdf at y, in units of scale from loc. */
function logDistribution(y: NdArray, a: NdArray, b: NdArray): NdArray {
  const mass = logMass(a, b);
  const below = logMass(a, y).sub(mass);
  const above = logMass(y, b).sub(mass);
  const value = select(
    // The third: no catastrophic cancellation (from SciPy).
    [y.greaterEqual(b), y.lessEqual(a), below.greater(-0.1), y.greater(a)],
    [constant(y, 0), constant(y, Number.NEGATIVE_INFINITY), lax.log1p(lax.neg(lax.exp(above))), below],
  );
  return where(a.greaterEqual(b), Number.NaN, value);
}

/** Logarithm of the density (`jax.scipy.stats.truncnorm.logpdf`). */
export const logpdf = located2("truncnorm.logpdf", ({ x, loc, scale, y }, a, b) => {
  const value = norm.logpdf(x, loc, scale).sub(logMass(a, b));
  const outside = y.less(a).logicalOr(y.greater(b));
  return where(a.greaterEqual(b), Number.NaN, where(outside, Number.NEGATIVE_INFINITY, value));
});

/** The density (`jax.scipy.stats.truncnorm.pdf`). */
export const pdf = exponential(logpdf);

/** Logarithm of the distribution function (`jax.scipy.stats.truncnorm.logcdf`). */
export const logcdf = located2("truncnorm.logcdf", ({ y }, a, b) => logDistribution(y, a, b));

/** The distribution function (`jax.scipy.stats.truncnorm.cdf`). */
export const cdf = exponential(logcdf);

/** Logarithm of the survival function (`jax.scipy.stats.truncnorm.logsf`). */
export const logsf = located2("truncnorm.logsf", ({ y }, a, b) =>
  logDistribution(lax.neg(y), lax.neg(b), lax.neg(a)),
);

/** The survival function 1 − cdf (`jax.scipy.stats.truncnorm.sf`). */
export const sf = exponential(logsf);
