/** Student's distribution of df degrees of freedom. */
import * as lax from "../../lax/elementwise.ts";
import { exponential, located1 } from "./parameters.ts";

/** Logarithm of the density (`jax.scipy.stats.t.logpdf`). */
export const logpdf = located1("t.logpdf", ({ y, scale }, df) => {
  const half = df.div(2);
  const more = half.add(0.5);
  const constant = lax.log(scale.mul(scale).mul(Math.PI).mul(df)).div(2);
  const normalizer = lax.lgamma(half).add(constant).sub(lax.lgamma(more));
  return lax.neg(normalizer.add(more.mul(lax.log1p(y.mul(y).div(df)))));
});

/** The density (`jax.scipy.stats.t.pdf`). */
export const pdf = exponential(logpdf);
