/**
 * log, log2, log1p, and the inverse hyperbolic functions made of log1p.
 *
 * x = 2^k (1 + f) with √½ ≤ 1 + f < √2. log(1 + f) = f - f²/2 + R(f), where R is a polynomial in f in float32, and in
 * float64 comes from s = f/(2 + f) as in fdlibm (Sun Microsystems, 1993): log(1 + f) = 2 atanh(s).
 */
import type { Expr } from "../kernel/expr.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import { ATANH, LOG } from "./coefficients.ts";
import { LN2 } from "./exponential.ts";
import { FORMATS, type Format, flipSign, polynomial, signBit } from "./format.ts";
import { defineBoth } from "./math-function.ts";

/** The words of √½, rounded down in float64. */
const SQRT_HALF = { float32: 0x3f3504f3, float64: 0x3fe6a09e } as const;

/** x = 2^k·m with √½ ≤ m < √2, for positive normal x. k is given as the int32 k·2^fractionBits. */
function splitExponent(F: Format, x: Expr): { shifted: Expr; m: Expr } {
  const word = F.word(x);
  const shifted = s.and(s.sub(word, s.int(SQRT_HALF[F.dtype])), s.int(-(2 ** F.fractionBits)));
  return { shifted, m: F.withWord(x, s.sub(word, shifted)) };
}

/** The same for subnormal x too; k as a float. */
export function splitAnyExponent(F: Format, x: Expr): { k: Expr; m: Expr } {
  const subnormal = s.lt(x, F.c(F.minNormal));
  const { shifted, m } = splitExponent(F, s.select(subnormal, s.mul(x, F.c(2 ** F.digits)), x));
  const raise = s.select(subnormal, F.c(-F.digits), F.c(0));
  return { k: s.fma(s.convert(shifted, F.dtype), F.c(2 ** -F.fractionBits), raise), m };
}

/** h = f²/2 and R with log(1 + f) = f - h + R. The h is exactly half of a rounded square. */
function logParts(F: Format, f: Expr): { h: Expr; R: Expr } {
  const square = s.mul(f, f);
  const h = s.mul(square, F.c(0.5));
  if (F.dtype === "float32") return { h, R: s.mul(s.mul(square, f), polynomial(F, f, LOG.float32)) };
  // 2 atanh(q) = 2q + q·z·Q(z) and 2q = f - q·f = f - h + q·h.
  const q = s.div(f, s.add(F.c(2), f));
  const z = s.mul(q, q);
  return { h, R: s.mul(q, s.fma(z, polynomial(F, z, ATANH.float64), h)) };
}

/** k·log 2 + f - h + R + c, the small terms first; k as `splitExponent` gives it. */
function assemble(F: Format, shifted: Expr, f: Expr, c: Expr | null): Expr {
  const { h, R } = logParts(F, f);
  const { high, low } = LN2[F.dtype];
  const unit = 2 ** -F.fractionBits;
  const k = s.convert(shifted, F.dtype);
  const small = s.fma(k, F.c(low * unit), c === null ? R : s.add(R, c));
  return s.fma(k, F.c(high * unit), s.sub(f, s.sub(h, small)));
}

/** Where 0 < x < ∞ does not hold: -∞ at zeros, NaN below, x itself (∞ or NaN) above. */
function logSpecial(F: Format, x: Expr): Expr {
  const negative = s.select(s.lt(x, F.c(0)), F.c(Number.NaN), x);
  return s.select(s.eq(x, F.c(0)), F.c(Number.NEGATIVE_INFINITY), negative);
}

function isSpecial(F: Format, x: Expr): Expr {
  return s.not(s.and(s.gt(x, F.c(0)), s.lt(x, F.c(Number.POSITIVE_INFINITY))));
}

/** The slow path of log: all that is not a positive normal number. */
const logIrregular = defineBoth(FORMATS, "log_irregular", 1, [0.9, 0.9], (F, x) => {
  const { shifted, m } = splitExponent(F, s.mul(x, F.c(2 ** F.digits)));
  const value = assemble(F, s.sub(shifted, s.int(F.digits * 2 ** F.fractionBits)), s.sub(m, F.c(1)), null);
  return s.select(isSpecial(F, x), logSpecial(F, x), value);
});

const logRegular = defineBoth(FORMATS, "log", 1, [0.9, 0.9], (F, x) => {
  const { shifted, m } = splitExponent(F, x);
  // As unsigned integers, in one comparison.
  const fromLeast = s.bitcast(s.sub(F.word(x), s.int(2 ** F.fractionBits)), "uint32");
  const irregular = s.ge(fromLeast, s.const(2 * F.bias * 2 ** F.fractionBits, "uint32"));
  return s.guard(irregular, s.call("log_irregular", x), assemble(F, shifted, s.sub(m, F.c(1)), null));
});

export const log = [...logRegular, ...logIrregular];

/** 1 / log 2 in a head of 12 and 26 digits, and the rest. */
const INV_LN2 = {
  float32: { head: 1.4423828125, tail: 0.00031222839 },
  float64: { head: 1.4426950216293335, tail: 1.925962991126617e-8 },
} as const;

export const log2 = defineBoth(FORMATS, "log2", 1, [0.9, 0.75], (F, x) => {
  const { k, m } = splitAnyExponent(F, x);
  const f = s.sub(m, F.c(1));
  const { h, R } = logParts(F, f);
  // log(1 + f) = high + low, so that high times the head of 1/log 2 is exact.
  const high = F.head(s.sub(f, h));
  const low = s.add(s.sub(s.sub(f, high), h), R);
  const { head, tail } = INV_LN2[F.dtype];
  const product = s.mul(high, F.c(head));
  const sum = s.add(k, product);
  // |k| ≥ 1 > |product|, or k = 0: in both cases this is the rounding error of the sum (Dekker).
  const error = s.add(s.sub(k, sum), product);
  const rest = s.fma(low, F.c(head + tail), s.mul(high, F.c(tail)));
  return s.guard(isSpecial(F, x), logSpecial(F, x), s.add(sum, s.add(error, rest)));
});

export const log1p = defineBoth(FORMATS, "log1p", 1, [0.9, 0.8], (F, x) => {
  const one = F.c(1);
  const u = s.add(one, x);
  const { shifted, m } = splitExponent(F, u);
  const noShift = s.eq(shifted, s.int(0));
  // log(1 + x) = log u + (what rounding u lost) / u.
  const lost = s.select(s.lt(x, one), s.sub(x, s.sub(u, one)), s.sub(one, s.sub(u, x)));
  const correction = s.select(noShift, F.c(0), s.div(lost, u));
  const f = s.select(noShift, x, s.sub(m, one));
  const value = assemble(F, shifted, f, correction);
  const below = s.select(s.lt(x, F.c(-1)), F.c(Number.NaN), x);
  const special = s.select(s.eq(x, F.c(-1)), F.c(Number.NEGATIVE_INFINITY), below);
  const inDomain = s.and(s.gt(x, F.c(-1)), s.lt(x, F.c(Number.POSITIVE_INFINITY)));
  // Zeros go the special way, which keeps their sign.
  return s.guard(s.not(s.and(inDomain, s.ne(x, F.c(0)))), special, value);
});

/** From here on log(2x) and the exact value agree, and squares need not be formed. */
const HUGE = { float32: 2 ** 27, float64: 2 ** 56 } as const;

/** log1p(y), plus log 2 where x is huge and y is x itself. */
function log1pOrLogOfTwice(F: Format, x: Expr, y: Expr): Expr {
  const huge = s.ge(x, F.c(HUGE[F.dtype]));
  const value = s.call("log1p", s.select(huge, x, y));
  return s.add(value, s.select(huge, F.c(Math.LN2), F.c(0)));
}

/** log(x + √(x² + 1)) = log1p(x + x² / (1 + √(x² + 1))) for x ≥ 0. */
export const asinh = defineBoth(FORMATS, "asinh", 1, [2, 1.75], (F, x) => {
  const magnitude = s.abs(x);
  const square = s.mul(x, x);
  const root = s.sqrt(s.add(square, F.c(1)));
  const y = s.add(magnitude, s.div(square, s.add(F.c(1), root)));
  return flipSign(F, log1pOrLogOfTwice(F, magnitude, y), signBit(F, x));
});

/** log(x + √(x² - 1)) = log1p(t + √(2t + t²)) with t = x - 1. */
export const acosh = defineBoth(FORMATS, "acosh", 1, [2.5, 2.25], (F, x) => {
  const t = s.sub(x, F.c(1));
  const y = s.add(t, s.sqrt(s.mul(t, s.add(t, F.c(2)))));
  const value = log1pOrLogOfTwice(F, x, y);
  return s.select(s.lt(x, F.c(1)), F.c(Number.NaN), value);
});

/** ½ log((1 + x) / (1 - x)) = ½ log1p(2x / (1 - x)) for x ≥ 0. */
export const atanh = defineBoth(FORMATS, "atanh", 1, [1.75, 1.75], (F, x) => {
  const magnitude = s.abs(x);
  const twice = s.add(magnitude, magnitude);
  const rest = s.sub(F.c(1), magnitude);
  const small = s.add(twice, s.div(s.mul(twice, magnitude), rest));
  const y = s.select(s.lt(magnitude, F.c(0.5)), small, s.div(twice, rest));
  return flipSign(F, s.mul(F.c(0.5), s.call("log1p", y)), signBit(F, x));
});
