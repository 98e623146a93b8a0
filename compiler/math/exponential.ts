/**
 * exp, exp2, expm1, and what is made of them: logistic, sinh, cosh, tanh.
 *
 * Reduction: x = n·log 2 + r, log 2 in two parts of which n times the first is exact
 * (W. J. Cody, W. Waite, "Software Manual for the Elementary Functions", 1980); then a polynomial in r.
 */
import type { Expr } from "../kernel/expr.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import { EXP, EXP2, EXPM1, SINH } from "./coefficients.ts";
import {
  atLeast,
  atMost,
  FORMATS,
  type Format,
  flipSign,
  polynomial,
  roundToPower,
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

/** x - n·log 2 with `multiple`·n for the n given, exact but for the last product and difference. */
function remainder(F: Format, x: Expr, n: Expr, multiple: 1 | 2): Expr {
  const { high, low } = LN2[F.dtype];
  return s.fma(n, F.c(-low * multiple), s.fma(n, F.c(-high * multiple), x));
}

/** e^r - 1 = r + r²·P(r) */
function expm1OfReduced(F: Format, r: Expr, coefficients: readonly number[]): Expr {
  return s.fma(s.mul(r, r), polynomial(F, r, coefficients), r);
}

/**
 * e^(x + tail) = (1 + t)·power², for x within the range of exp and |tail| small. As 2^(2n) is taken out, |r| ≤ log 2,
 * and one power of two serves both halves of a scaling that may end in a subnormal or overflow.
 */
export function expParts(F: Format, x: Expr, tail: Expr | null = null): { t: Expr; power: Expr } {
  const { n, power } = roundToPower(F, x, Math.LOG2E / 2);
  const r = remainder(F, x, n, 2);
  return { t: expm1OfReduced(F, tail === null ? r : s.add(r, tail), EXP[F.dtype]), power };
}

/** e^x for x within the range of exp; right also where it is subnormal. */
export function expScaled(F: Format, x: Expr): Expr {
  const { t, power } = expParts(F, x);
  return s.mul(s.mul(s.add(F.c(1), t), power), power);
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
 * (e^(multiple·x) - 1)·2^shift = 2^n (e^r - 1) + (2^n - 1), each times 2^shift, with |r| ≤ ½ log 2. Not for |x| so
 * small that it would lose the sign of zero.
 */
function expm1Scaled(F: Format, x: Expr, multiple: 1 | 2, shift: 0 | -1): Expr {
  const { n, power } = roundToPower(F, x, Math.LOG2E * multiple, shift);
  const r = remainder(F, multiple === 1 ? x : s.add(x, x), n, 1);
  return s.fma(expm1OfReduced(F, r, EXPM1[F.dtype]), power, s.sub(power, F.c(2 ** shift)));
}

/** Halved, as the n for which e^x overflows is one more than the greatest exponent. */
export const expm1 = defineBoth(FORMATS, "expm1", 1, [1.75, 1.75], (F, x) => {
  const [low, high] = F.dtype === "float32" ? [-20, 88.75] : [-40, 709.8];
  const half = expm1Scaled(F, atMost(F, atLeast(F, x, low), high), 1, -1);
  return s.select(s.lt(s.abs(x), F.c(F.tiny)), x, s.add(half, half));
});

/**
 * e^x / (1 + e^x), which from 20 and 40 on is 1. What rounding the divisor lost is put back, over the divisor, whose
 * reciprocal is 1 - quotient.
 */
export const logistic = defineBoth(FORMATS, "logistic", 1, [1.75, 1.75], (F, x) => {
  const one = F.c(1);
  const e = expScaled(F, atMost(F, atLeast(F, x, EXP_RANGE[F.dtype][0]), F.dtype === "float32" ? 20 : 40));
  const divisor = s.add(one, e);
  const quotient = s.div(e, divisor);
  const lost = s.sub(s.sub(divisor, one), e);
  return s.fma(s.mul(quotient, lost), s.sub(one, quotient), quotient);
});

/** E / (E + 2) with E = e^(2|x|) - 1, which from 10 and 20 on is 1. */
export const tanh = defineBoth(FORMATS, "tanh", 1, [2, 2], (F, x) => {
  const e = expm1Scaled(F, atMost(F, s.abs(x), F.dtype === "float32" ? 10 : 20), 2, 0);
  return flipSign(F, s.div(e, s.add(e, F.c(2))), signBit(F, x));
});

/** e^|x| / 2, up to where sinh and cosh overflow. */
function halfExp(F: Format, magnitude: Expr): Expr {
  const { t, power } = expParts(F, atMost(F, magnitude, F.dtype === "float32" ? 89.5 : 711));
  return s.mul(s.mul(s.fma(t, F.c(0.5), F.c(0.5)), power), power);
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
