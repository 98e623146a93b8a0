/** The geometric distribution of probability p: trials up to the first success. */
import * as lax from "../../lax/elementwise.ts";
import { where } from "../../numpy/logic.ts";
import { xlog1py } from "../special/logarithmic.ts";
import { counted1, exponential } from "./parameters.ts";

/** Logarithm of the probability of k (`jax.scipy.stats.geom.logpmf`). */
export const logpmf = counted1("geom.logpmf", ({ y }, p) => {
  const value = xlog1py(y.sub(1), lax.neg(p)).add(lax.log(p));
  return where(y.lessEqual(0), Number.NEGATIVE_INFINITY, value);
});

/** The probability of k (`jax.scipy.stats.geom.pmf`). */
export const pmf = exponential(logpmf);
