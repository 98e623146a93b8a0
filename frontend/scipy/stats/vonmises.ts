/** The von Mises distribution of concentration kappa. */
import type { ArrayLike, NdArray } from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { besselI0e } from "../../lax/special.ts";
import { where } from "../../numpy/logic.ts";
import { promoteArgsInexact } from "../../numpy/promotion.ts";
import { exponential } from "./parameters.ts";

/** Logarithm of the density (`jax.scipy.stats.vonmises.logpdf`). */
export function logpdf(x: ArrayLike, kappa: ArrayLike): NdArray {
  const [a, k] = promoteArgsInexact("vonmises.logpdf", x, kappa);
  const value = k.mul(lax.cos(a).sub(1)).sub(lax.log(besselI0e(k).mul(2 * Math.PI)));
  return where(k.greater(0), value, Number.NaN);
}

/** The density (`jax.scipy.stats.vonmises.pdf`). */
export const pdf = exponential(logpdf);
