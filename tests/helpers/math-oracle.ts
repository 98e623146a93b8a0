/** What the functions of the math library should give, in double precision, and how far off a result is. */
import * as special from "../../compiler/primitives/elementwise/special-functions.ts";
import type { DType } from "../../compiler/types/dtype.ts";

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
  lgamma: special.lgamma,
  digamma: special.digamma,
  trigamma: special.trigamma,
  pow: special.power,
};

const FORMATS: Partial<Record<DType, { digits: number; least: number }>> = {
  float16: { digits: 11, least: -24 },
  float32: { digits: 24, least: -149 },
  float64: { digits: 53, least: -1074 },
};

/** The unit in the last place of `x` in a floating dtype. */
export function unitInLastPlace(x: number, dtype: DType): number {
  const { digits, least } = FORMATS[dtype] ?? { digits: 53, least: -1074 };
  const magnitude = Math.abs(x);
  if (magnitude === 0) return 2 ** least;
  let exponent = Math.floor(Math.log2(magnitude));
  // log2 rounds, so the exponent may be one off next to a power of two.
  if (2 ** exponent > magnitude) exponent--;
  else if (2 ** (exponent + 1) <= magnitude) exponent++;
  return 2 ** Math.max(exponent - digits + 1, least);
}

export function ulpError(actual: number, expected: number, dtype: DType): number {
  return Math.abs(actual - expected) / unitInLastPlace(expected, dtype);
}
