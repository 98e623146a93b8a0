/**
 * lgamma, digamma, trigamma. Stirling's series from 8 (6) on; smaller arguments are moved there, or for lgamma and
 * digamma to the neighbourhood of a zero, so that they keep their relative accuracy next to the zeros 1, 2 and 1.46 as
 * well. Negative arguments are reflected behind a guard.
 */
import type { Expr } from "../kernel/expr.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import { FORMATS, type Format, polynomial } from "./format.ts";
import { DIGAMMA, DIGAMMA_ROOT, LGAMMA_1, LGAMMA_2, STIRLING, TRIGAMMA } from "./gamma-coefficients.ts";
import { defineBoth } from "./math-function.ts";

const HALF_LOG_2_PI = 0.9189385332046728;

/** log Γ(x) for x ≥ 0. */
export const lgammaPositive = defineBoth(FORMATS, "lgamma_positive", 1, [3.5, 3], (F, x) => {
  const one = F.c(1);
  // Below ½: log Γ(x) = L2(x) - log(x (1 + x)). Around 1 and 2 a polynomial times the distance, which is exact.
  const below = s.lt(x, F.c(0.5));
  const aroundOne = s.lt(x, F.c(1.4));
  // From 2.5 to 8: log Γ(x) = L2(z) + log((x - 1)(x - 2)…).
  let lowered = one;
  let y = x;
  for (let i = 0; i < 6; i++) {
    const step = s.gt(y, F.c(2.5));
    y = s.select(step, s.sub(y, one), y);
    lowered = s.select(step, s.mul(lowered, y), lowered);
  }
  const shifted = s.gt(x, F.c(2.5));
  const zOne = s.sub(x, one);
  // log Γ(1) is +0; a GPU's compiler would drop a zero that is added.
  const atOne = s.eq(zOne, F.c(0));
  const nearOne = s.select(atOne, F.c(0), s.mul(zOne, polynomial(F, zOne, LGAMMA_1[F.dtype])));
  const zTwo = s.select(below, x, s.sub(y, F.c(2)));
  const nearTwo = s.mul(zTwo, polynomial(F, zTwo, LGAMMA_2[F.dtype]));

  const large = s.ge(x, F.c(8));
  const product = s.select(below, s.mul(x, s.add(one, x)), lowered);
  const log = s.call("log", s.select(large, x, product));
  const atTwo = s.select(shifted, s.add(nearTwo, log), nearTwo);
  const small = s.select(below, s.sub(nearTwo, log), s.select(aroundOne, nearOne, atTwo));
  // (x - ½) log x - x = x (log x - 1) - ½ log x, which overflows no sooner than the result.
  const inverse = s.div(one, x);
  const series = s.mul(inverse, polynomial(F, s.mul(inverse, inverse), STIRLING[F.dtype]));
  const constant = s.add(F.c(HALF_LOG_2_PI), series);
  const main = s.mul(x, s.sub(log, one));
  const stirling = s.add(main, s.sub(constant, s.mul(F.c(0.5), log)));
  const infinite = s.eq(x, F.c(Number.POSITIVE_INFINITY));
  return s.select(large, s.select(infinite, x, stirling), small);
});

/** sin(πa) for a ≥ 0, without its sign: the reduction is exact. */
function absSinPi(F: Format, a: Expr): Expr {
  return s.call("sin", s.mul(s.abs(s.sub(a, s.nearest(a))), F.c(Math.PI)));
}

const EULER_GAMMA = 0.5772156649015329;

/** log |Γ(x)|: +∞ at the poles and at ±∞. */
export const lgamma = defineBoth(FORMATS, "lgamma", 1, [3.5, 3], (F, x) => {
  const a = s.abs(x);
  const base = s.call("lgamma_positive", a);
  // log |Γ(-a)| = log(π / (a |sin πa|)) - log Γ(a). Next to 0 that is log Γ(a) + 2γa, where the product underflows.
  const sine = absSinPi(F, a);
  const reflected = s.sub(s.call("log", s.div(F.c(Math.PI), s.mul(a, sine))), base);
  const nearZero = s.fma(F.c(2 * EULER_GAMMA), a, base);
  const limit = F.dtype === "float32" ? 2 ** -9 : 2 ** -20;
  const finite = s.select(s.lt(a, F.c(limit)), nearZero, reflected);
  // Poles, and -∞.
  const value = s.select(s.eq(a, s.nearest(a)), F.c(Number.POSITIVE_INFINITY), finite);
  return s.guard(s.lt(x, F.c(0)), value, base);
});

/** The zero of digamma on x > 0 as high + low in each format. */
const DIGAMMA_ZERO = {
  float32: { high: 1.4616321325302124, low: 1.243815e-8 },
  float64: { high: 1.4616321449683622, low: 9.549995429965697e-17 },
} as const;

/**
 * From 6 on an asymptotic series. Below, ψ(x) = ψ(y) ± Σ 1/(y + k) with 1 ≤ y ≤ 2, where ψ(y) is the distance to the
 * zero, in two parts, times a polynomial. The terms 1/(y + k) are one quotient whose numerator and denominator are
 * built up; all have one sign, and ψ(y) is small beside them.
 */
export const digammaPositive = defineBoth(FORMATS, "digamma_positive", 1, [4.5, 4], (F, x) => {
  const one = F.c(1);
  const large = s.ge(x, F.c(6));
  const below = s.lt(x, one);
  let y = s.select(below, s.add(x, one), x);
  let numerator = s.select(below, F.c(-1), F.c(0));
  let denominator = s.select(below, x, one);
  for (let i = 0; i < 4; i++) {
    const step = s.gt(y, F.c(2));
    y = s.select(step, s.sub(y, one), y);
    numerator = s.select(step, s.fma(numerator, y, denominator), numerator);
    denominator = s.select(step, s.mul(denominator, y), denominator);
  }
  const { high, low } = DIGAMMA_ZERO[F.dtype];
  const d = s.sub(s.sub(y, F.c(high)), F.c(low));
  const small = s.fma(d, polynomial(F, d, DIGAMMA_ROOT[F.dtype]), s.div(numerator, denominator));
  const inverse = s.div(one, x);
  const u = s.mul(inverse, inverse);
  const series = s.mul(u, polynomial(F, u, DIGAMMA[F.dtype]));
  const asymptotic = s.sub(s.call("log", x), s.fma(F.c(0.5), inverse, series));
  return s.select(large, asymptotic, small);
});

/** cot(πa), the reduction exact. */
function cotPi(F: Format, a: Expr): Expr {
  return s.div(F.c(1), s.call("tan", s.mul(s.sub(a, s.nearest(a)), F.c(Math.PI))));
}

/** NaN at 0 and the negative integers, as XLA. */
export const digamma = defineBoth(FORMATS, "digamma", 1, [6, 4], (F, x) => {
  const a = s.abs(x);
  // ψ(-a) = ψ(1 + a) + π cot(πa)
  const raised = s.call("digamma_positive", s.add(a, F.c(1)));
  const reflected = s.add(raised, s.mul(F.c(Math.PI), cotPi(F, a)));
  const value = s.select(s.eq(a, s.nearest(a)), F.c(Number.NaN), reflected);
  return s.guard(s.not(s.gt(x, F.c(0))), value, s.call("digamma_positive", x));
});

export const trigammaPositive = defineBoth(FORMATS, "trigamma_positive", 1, [3, 3], (F, x) => {
  // Raises x to 6 or more; the terms 1/x² that this takes are added to the series from the least on.
  let y = x;
  const terms: Expr[] = [];
  for (let i = 0; i < 6; i++) {
    const step = s.lt(y, F.c(6));
    // The square of a small x may be below the normal numbers, which a GPU may take for zero.
    const reciprocal = s.div(F.c(1), y);
    terms.push(s.select(step, s.mul(reciprocal, reciprocal), F.c(0)));
    y = s.select(step, s.add(y, F.c(1)), y);
  }
  const inverse = s.div(F.c(1), y);
  const u = s.mul(inverse, inverse);
  const series = s.mul(u, s.fma(inverse, polynomial(F, u, TRIGAMMA[F.dtype]), F.c(0.5)));
  return terms.reduceRight((sum, term) => s.add(term, sum), s.add(inverse, series));
});

/** +∞ at 0 and the negative integers. */
export const trigamma = defineBoth(FORMATS, "trigamma", 1, [6, 4], (F, x) => {
  const a = s.abs(x);
  // ψ'(-a) = π² / sin²(πa) - ψ'(1 + a)
  const ratio = s.div(F.c(Math.PI), absSinPi(F, a));
  const raised = s.call("trigamma_positive", s.add(a, F.c(1)));
  const reflected = s.sub(s.mul(ratio, ratio), raised);
  const infinity = F.c(Number.POSITIVE_INFINITY);
  const finite = s.select(s.eq(a, s.nearest(a)), infinity, reflected);
  const value = s.select(s.lt(a, infinity), finite, F.c(Number.NaN));
  return s.guard(s.not(s.gt(x, F.c(0))), value, s.call("trigamma_positive", x));
});
