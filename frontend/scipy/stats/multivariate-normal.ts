/** The multivariate normal distribution. */
import { type ArrayLike, type NdArray, WeftValueError } from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { cholesky, diagonalOf, triangularSolve } from "../../lax/linalg.ts";
import { reshape, squeeze } from "../../lax/movement.ts";
import { broadcastShapes, broadcastTo } from "../../lax/operands.ts";
import { promoteDTypesInexact } from "../../numpy/promotion.ts";
import { sum } from "../../numpy/reductions.ts";
import { exponential } from "./parameters.ts";

const LOG_2_PI = Math.log(2 * Math.PI);

/**
 * Logarithm of the density at x[…, n] with mean[…, n] and cov[…, n, n], or a scalar times the identity; of scalars with
 * a variance where the mean is one (`jax.scipy.stats.multivariate_normal.logpdf`). Throws WeftValueError where the
 * shapes do not fit.
 */
export function logpdf(x: ArrayLike, mean: ArrayLike, cov: ArrayLike): NdArray {
  const [a, center, covariance] = promoteDTypesInexact("multivariate_normal.logpdf", x, mean, cov);
  const y = a.sub(center);
  const squares = (v: NdArray): NdArray => sum(lax.square(v), { axis: -1 }).mul(-0.5);
  if (center.ndim === 0) {
    return lax.square(y).mul(-0.5).div(covariance).sub(lax.log(covariance).add(LOG_2_PI).mul(0.5));
  }
  const n = center.shape[center.ndim - 1];
  if (covariance.ndim === 0) {
    return squares(y)
      .div(covariance)
      .sub(
        lax
          .log(covariance)
          .add(LOG_2_PI)
          .mul(n / 2),
      );
  }
  const { shape } = covariance;
  if (shape.length < 2 || shape[shape.length - 1] !== n || shape[shape.length - 2] !== n) {
    throw new WeftValueError("multivariate_normal.logpdf got incompatible shapes");
  }
  const factor = cholesky(covariance);
  const logDeterminant = sum(lax.log(diagonalOf(factor)), { axis: -1 });
  const batch = broadcastShapes(y.shape.slice(0, -1), shape.slice(0, -2));
  const column = reshape(broadcastTo(y, [...batch, n]), [...batch, n, 1]);
  const solved = triangularSolve(broadcastTo(factor, [...batch, n, n]), column, {
    leftSide: true,
    lower: true,
  });
  return squares(squeeze(solved, [batch.length + 1]))
    .sub((n / 2) * LOG_2_PI)
    .sub(logDeterminant);
}

/** The density (`jax.scipy.stats.multivariate_normal.pdf`). */
export const pdf = exponential(logpdf);
