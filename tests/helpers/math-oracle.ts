/** What the functions of the math library should give, in double precision. */

import * as special from "../../compiler/primitives/elementwise/special-functions.ts";
import * as gamma from "../../compiler/primitives/special/gamma-functions.ts";
import * as series from "../../compiler/primitives/special/series.ts";

/** V8's functions, which are fdlibm's, are within 1 ULP or two; the special functions within about 16. */
export const MATH_ORACLE: Readonly<Record<string, (x: number, y: number) => number>> = {
  exp: Math.exp,
  exp2: (x) => 2 ** x,
  expm1: Math.expm1,
  log: Math.log,
  log2: Math.log2,
  log1p: Math.log1p,
  cbrt: Math.cbrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  atan2: Math.atan2,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  logistic: (x) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x))),
  erf: special.erf,
  erfc: special.erfc,
  erf_inv: special.erfInv,
  lgamma: gamma.lgamma,
  digamma: gamma.digamma,
  trigamma: gamma.trigamma,
  bessel_i0e: series.besselI0e,
  bessel_i1e: series.besselI1e,
  pow: special.power,
};
