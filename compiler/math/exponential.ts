/**
 * exp, exp2, expm1, and what is made of them: logistic, sinh, cosh, tanh.
 *
 * Reduction: x = n·log 2 + r, log 2 in two parts of which n times the first is exact
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

/** x - n·log 2, exact but for the last product and difference. */
function remainder(F: Format, x: Expr, n: Expr): Expr {
  const { high, low } = LN2[F.dtype];
  return s.fma(n, F.c(-low), s.fma(n, F.c(-high), x));
}

/** e^r - 1 = r + r²·P(r) for |r| ≤ ½ log 2. */
function expm1OfReduced(F: Format, r: Expr): Expr {
  return s.fma(s.mul(r, r), polynomial(F, r, EXP[F.dtype]), r);
}

/**
 * e^(x + tail) = (1 + t)·first·second for x within the range of exp. The product is taken with two powers of two, so
 * that results which are subnormal or overflow come out right, rounded once. Their exponents are n/2, rounded, and the
 * rest of n: as in `roundToPower`, the biases stand in the rounding constants, and the difference of the sums has one.
 */
export function expParts(
  F: Format,
  x: Expr,
  tail: Expr | null = null,
): { readonly t: Expr; readonly first: Expr; readonly second: Expr } {
  const whole = tail === null ? x : s.add(x, tail);
  const magic = F.c(F.roundingMagic + 2 * F.bias);
  const sum = s.fma(whole, F.c(Math.LOG2E), magic);
  const halfSum = s.fma(whole, F.c(Math.LOG2E / 2), F.c(F.roundingMagic + F.bias));
  const power = (bits: Expr): Expr => F.fromWord(s.shl(bits, s.int(F.fractionBits)));
  const r = remainder(F, x, s.sub(sum, magic));
  return {
    t: expm1OfReduced(F, tail === null ? r : s.add(r, tail)),
    first: power(F.magicBits(halfSum)),
    second: power(s.sub(F.magicBits(sum), F.magicBits(halfSum))),
  };
}

/** e^x for x within the range of exp; right also where it is subnormal. */
export function expScaled(F: Format, x: Expr): Expr {
  const { t, first, second } = expParts(F, x);
  return s.mul(s.mul(s.add(F.c(1), t), first), second);
}

function clampToExpRange(F: Format, x: Expr): Expr {
  const [low, high] = EXP_RANGE[F.dtype];
  return atMost(F, atLeast(F, x, low), high);
}

export const exp = defineBoth(FORMATS, "exp", 1, [1.25, 1], (F, x) => expScaled(F, clampToExpRange(F, x)));

/**
 * e^x for x not above 0, with the bits of `exp`: the product is taken with 2^(n + shift), which is a normal number for
 * all n that are left, and then with 2^-shift, which rounds it once. The shift is odd as the bias is, so that the
 * rounding constant is as even as that of `exp`.
 */
export const expNonpositive = defineBoth(FORMATS, "exp_nonpositive", 1, [1.25, 1], (F, x) => {
  const bounded = atLeast(F, x, EXP_RANGE[F.dtype][0]);
  const shift = F.dtype === "float32" ? 65 : 127;
  const { n, power } = roundToPower(F, bounded, Math.LOG2E, shift);
  const t = expm1OfReduced(F, remainder(F, bounded, n));
  return s.mul(s.mul(s.add(F.c(1), t), power), F.c(2 ** -shift));
});

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
 * 2^n (e^r - 1) + (2^n - 1) with |r| ≤ ½ log 2, computed with 2^(n-1) so that n may be one more than the greatest
 * exponent. It would lose the sign of zero.
 */
export const expm1 = defineBoth(FORMATS, "expm1", 1, [1.75, 1.75], (F, x) => {
  const [low, high] = F.dtype === "float32" ? [-20, 88.75] : [-40, 709.8];
  const bounded = atMost(F, atLeast(F, x, low), high);
  const { n, power } = roundToPower(F, bounded, Math.LOG2E, -1);
  const t = expm1OfReduced(F, remainder(F, bounded, n));
  const half = s.fma(t, power, s.sub(power, F.c(0.5)));
  return s.select(s.lt(s.abs(x), F.c(F.tiny)), x, s.add(half, half));
});

/**
 * e^x / (1 + e^x), which from 20 and 40 on is 1. What rounding the divisor lost is put back, over the divisor, whose
 * reciprocal is 1 - quotient. The bound on that is for e^x so great that the difference is not exact.
 */
export const logistic = defineBoth(FORMATS, "logistic", 1, [2, 2], (F, x) => {
  const one = F.c(1);
  const e = expScaled(F, atMost(F, atLeast(F, x, EXP_RANGE[F.dtype][0]), F.dtype === "float32" ? 20 : 40));
  const divisor = s.add(one, e);
  const quotient = s.div(e, divisor);
  const lost = atMost(F, s.sub(s.sub(divisor, one), e), 2 ** -F.digits);
  return s.fma(s.mul(quotient, lost), s.sub(one, quotient), quotient);
});

/**
 * A polynomial up to 0.55, where the result is ½; from there 1 - 2 / (e^(2|x|) + 1), in which the rounding of the
 * exponent of 2 is small enough. From 10 and 20 on it is 1.
 */
export const tanh = defineBoth(FORMATS, "tanh", 1, [1.75, 1.5], (F, x) => {
  const magnitude = s.abs(x);
  const z = s.mul(x, x);
  const small = s.fma(s.mul(magnitude, z), polynomial(F, z, TANH[F.dtype]), magnitude);
  const y = s.mul(atMost(F, magnitude, F.dtype === "float32" ? 10 : 20), F.c(2 * Math.LOG2E));
  const { n, power } = roundToPower(F, y, 1);
  const r = s.sub(y, n);
  const p = s.mul(r, polynomial(F, r, EXP2[F.dtype]));
  const large = s.sub(F.c(1), s.div(F.c(2), s.fma(power, p, s.add(power, F.c(1)))));
  return flipSign(F, s.select(s.lt(magnitude, F.c(0.55)), small, large), signBit(F, x));
});

/** e^|x| / 2, up to where sinh and cosh overflow. */
function halfExp(F: Format, magnitude: Expr): Expr {
  const { t, first, second } = expParts(F, atMost(F, magnitude, F.dtype === "float32" ? 89.5 : 711));
  return s.mul(s.mul(s.fma(t, F.c(0.5), F.c(0.5)), first), second);
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
