/**
 * exp, exp2, expm1, and what is made of them: logistic, sinh, cosh, tanh.
 *
 * Reduction: x = n·log 2 + r with |r| ≤ ½ log 2, log 2 in two parts of which n times the first is exact
 * (W. J. Cody, W. Waite, "Software Manual for the Elementary Functions", 1980); then a polynomial in r.
 */
import type { Expr } from "../kernel/expr.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import { EXP, EXP2, SINH, TANH } from "./coefficients.ts";
import {
  atLeast,
  atMost,
  FORMATS,
  type Format,
  flipSign,
  polynomial,
  power2,
  scaleByPower2,
  signBit,
} from "./format.ts";
import { defineBoth } from "./math-function.ts";

/** log 2 = high + low; the high part has 15 and 41 digits. */
export const LN2 = {
  float32: { high: 0.693145751953125, low: 1.4286068e-6 },
  float64: { high: 0.693147180559663, low: 2.8235290563031577e-13 },
} as const;

/** Arguments beyond which exp is 0 or infinite, rounded outwards. */
const EXP_RANGE = { float32: [-104, 89], float64: [-746, 710] } as const;

interface Reduced {
  /** n as an int32. */
  readonly n: Expr;
  readonly r: Expr;
}

/** n and r of x = n·log 2 + r, for arguments clamped to the range of exp. `tail` is added to r. */
function reduce(F: Format, x: Expr, tail: Expr | null = null): Reduced {
  const sum = s.fma(x, F.c(Math.LOG2E), F.c(F.roundingMagic));
  const n = s.sub(sum, F.c(F.roundingMagic));
  const { high, low } = LN2[F.dtype];
  const r = s.fma(n, F.c(-low), s.fma(n, F.c(-high), x));
  return { n: F.magicInteger(sum), r: tail === null ? r : s.add(r, tail) };
}

/** e^r - 1 = r + r²·P(r) */
function expm1OfReduced(F: Format, r: Expr): Expr {
  return s.fma(s.mul(r, r), polynomial(F, r, EXP[F.dtype]), r);
}

/** e^(x + tail)·2^shift, for x within the range of exp and |tail| small; right also where it is subnormal. */
export function expScaled(F: Format, x: Expr, shift = 0, tail: Expr | null = null): Expr {
  const { n, r } = reduce(F, x, tail);
  const value = s.add(F.c(1), expm1OfReduced(F, r));
  return scaleByPower2(F, value, shift === 0 ? n : s.add(n, s.int(shift)));
}

/** e^x for x in [-60, 60], where one scaling does. */
export function expModerate(F: Format, x: Expr): Expr {
  const { n, r } = reduce(F, x);
  return s.mul(s.add(F.c(1), expm1OfReduced(F, r)), power2(F, n));
}

function clampToExpRange(F: Format, x: Expr): Expr {
  const [low, high] = EXP_RANGE[F.dtype];
  return atMost(F, atLeast(F, x, low), high);
}

export const exp = defineBoth(FORMATS, "exp", 1, [1, 1], (F, x) => expScaled(F, clampToExpRange(F, x)));

/** 2^(n + r + tail) from n near the argument: 1 + r·P(r), exact at integers. */
export function exp2OfReduced(F: Format, n: Expr, r: Expr, tail: Expr | null = null): Expr {
  const product = s.mul(r, polynomial(F, r, EXP2[F.dtype]));
  const rest = tail === null ? product : s.fma(tail, F.c(Math.LN2), product);
  return scaleByPower2(F, s.add(F.c(1), rest), n);
}

export const exp2 = defineBoth(FORMATS, "exp2", 1, [1.25, 1.25], (F, x) => {
  const limit = F.dtype === "float32" ? 151 : 1076;
  const clamped = atMost(F, atLeast(F, x, -limit), limit);
  const sum = s.add(clamped, F.c(F.roundingMagic));
  const r = s.sub(clamped, s.sub(sum, F.c(F.roundingMagic)));
  return exp2OfReduced(F, F.magicInteger(sum), r);
});

/**
 * e^x - 1 for x up to where exp overflows: 2^n (e^r - 1) + (2^n - 1), computed with 2^(n-1) so that n may be one more
 * than the greatest exponent. Not for |x| so small that it would lose the sign of zero.
 */
function expm1Moderate(F: Format, x: Expr): Expr {
  const { n, r } = reduce(F, x);
  const scale = power2(F, s.sub(n, s.int(1)));
  const half = s.fma(expm1OfReduced(F, r), scale, s.sub(scale, F.c(0.5)));
  return s.add(half, half);
}

export const expm1 = defineBoth(FORMATS, "expm1", 1, [1.75, 2], (F, x) => {
  const [low, high] = F.dtype === "float32" ? [-20, 88.75] : [-40, 709.8];
  const value = expm1Moderate(F, atMost(F, atLeast(F, x, low), high));
  return s.select(s.lt(s.abs(x), F.c(F.tiny)), x, value);
});

/**
 * e^min(x,0) / (1 + e^-|x|): the exponential never overflows, and small results keep their digits. What rounding the
 * divisor lost is put back, times 1/divisor ≈ 1 - e/2.
 */
export const logistic = defineBoth(FORMATS, "logistic", 1, [2, 2], (F, x) => {
  const one = F.c(1);
  const e = expScaled(F, atLeast(F, s.neg(s.abs(x)), EXP_RANGE[F.dtype][0]));
  const divisor = s.add(one, e);
  const quotient = s.div(s.select(s.lt(x, F.c(0)), e, one), divisor);
  const lost = s.sub(s.sub(divisor, one), e);
  return s.fma(s.mul(quotient, lost), s.fma(e, F.c(-0.5), one), quotient);
});

/** A polynomial up to 0.625, then 1 - 2 / (e^(2|x|) + 1), which from 10 and 20 on is 1. */
export const tanh = defineBoth(FORMATS, "tanh", 1, [1.5, 1.5], (F, x) => {
  const magnitude = s.abs(x);
  const z = s.mul(x, x);
  const small = s.fma(s.mul(magnitude, z), polynomial(F, z, TANH[F.dtype]), magnitude);
  const bounded = atMost(F, magnitude, F.dtype === "float32" ? 10 : 20);
  const e = expModerate(F, s.add(bounded, bounded));
  const large = s.sub(F.c(1), s.div(F.c(2), s.add(e, F.c(1))));
  const value = s.select(s.lt(magnitude, F.c(0.625)), small, large);
  return flipSign(F, value, signBit(F, x));
});

/** e^|x| / 2, up to where sinh and cosh overflow. */
function halfExp(F: Format, magnitude: Expr): Expr {
  return expScaled(F, atMost(F, magnitude, F.dtype === "float32" ? 89.5 : 711), -1);
}

export const sinh = defineBoth(FORMATS, "sinh", 1, [1.75, 1.75], (F, x) => {
  const magnitude = s.abs(x);
  const z = s.mul(x, x);
  const small = s.fma(s.mul(magnitude, z), polynomial(F, z, SINH[F.dtype]), magnitude);
  const half = halfExp(F, magnitude);
  const large = s.sub(half, s.div(F.c(0.25), half));
  const value = s.select(s.lt(magnitude, F.c(1)), small, large);
  return flipSign(F, value, signBit(F, x));
});

export const cosh = defineBoth(FORMATS, "cosh", 1, [1.5, 1.5], (F, x) => {
  const half = halfExp(F, s.abs(x));
  return s.add(half, s.div(F.c(0.25), half));
});
