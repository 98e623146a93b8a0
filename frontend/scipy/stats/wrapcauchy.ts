/** The wrapped Cauchy distribution of shape c on [0, 2π]. */
import type { ArrayLike, NdArray } from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { where } from "../../numpy/logic.ts";
import { promoteArgsInexact } from "../../numpy/promotion.ts";
import { exponential } from "./parameters.ts";

/** Logarithm of the density (`jax.scipy.stats.wrapcauchy.logpdf`). */
export function logpdf(x: ArrayLike, c: ArrayLike): NdArray {
  const [a, b] = promoteArgsInexact("wrapcauchy.logpdf", x, c);
  const square = b.mul(b);
  const denominator = square.add(1).sub(b.mul(2).mul(lax.cos(a)));
  const value = lax
    .log(lax.sub(1, square))
    .sub(Math.log(2 * Math.PI))
    .sub(lax.log(denominator));
  const inside = a.greaterEqual(0).logicalAnd(a.lessEqual(2 * Math.PI));
  return where(
    b.greater(0).logicalAnd(b.less(1)),
    where(inside, value, Number.NEGATIVE_INFINITY),
    Number.NaN,
  );
}

/** The density (`jax.scipy.stats.wrapcauchy.pdf`). */
export const pdf = exponential(logpdf);
