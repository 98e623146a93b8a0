/**
 * pow, by log2 x in twice the digits. The method is that of fdlibm's e_pow (Sun Microsystems, 2004): heads of half
 * the digits make every large product exact without a fused multiply-add.
 */
import type { Expr } from "../kernel/expr.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import { POW_LOG } from "./coefficients.ts";
import { exp2OfReduced } from "./exponential.ts";
import { atLeast, atMost, FORMATS, type Format, polynomial } from "./format.ts";
import { splitAnyExponent } from "./logarithm.ts";
import { defineBoth } from "./math-function.ts";

/** 2 / (3 log 2) in a head of 12 and 26 digits, and the rest. */
const TWO_THIRDS_INV_LN2 = {
  float32: { head: 0.961669921875, tail: 0.00012677205 },
  float64: { head: 0.9617966935038567, tail: 4.221189459710696e-10 },
} as const;

/** log2 of a positive finite x as high + low, where high has half the digits. */
function log2InTwo(F: Format, x: Expr): { high: Expr; low: Expr } {
  const { k, m } = splitAnyExponent(F, x);
  const one = F.c(1);
  // q = (m - 1) / (m + 1) = qHigh + qLow; the denominator is dHigh + dLow exactly.
  const f = s.sub(m, one);
  const d = s.add(m, one);
  const q = s.div(f, d);
  const qHigh = F.head(q);
  const dHigh = F.head(d);
  const dLow = s.sub(m, s.sub(dHigh, one));
  const remainder = s.sub(s.sub(f, s.mul(qHigh, dHigh)), s.mul(qHigh, dLow));
  const qLow = s.div(remainder, d);
  // log m = 2 atanh q = (2/3) q (3 + q² + 3 q⁴ P(q²)), with q² = qHigh² + qLow (qHigh + q).
  const z = s.mul(q, q);
  const zHigh = s.mul(qHigh, qHigh);
  const series = s.mul(s.mul(z, z), polynomial(F, z, POW_LOG[F.dtype]));
  const rest = s.fma(qLow, s.add(qHigh, q), series);
  const three = F.c(3);
  const tHigh = F.head(s.add(s.add(three, zHigh), rest));
  const tLow = s.sub(rest, s.sub(s.sub(tHigh, three), zHigh));
  const u = s.mul(qHigh, tHigh);
  const v = s.fma(qLow, tHigh, s.mul(tLow, q));
  const pHigh = F.head(s.add(u, v));
  const pLow = s.sub(v, s.sub(pHigh, u));
  const { head, tail } = TWO_THIRDS_INV_LN2[F.dtype];
  const wHigh = s.mul(pHigh, F.c(head));
  const wLow = s.fma(pHigh, F.c(tail), s.mul(pLow, F.c(head + tail)));
  const high = F.head(s.add(s.add(wHigh, wLow), k));
  const low = s.sub(wLow, s.sub(s.sub(high, k), wHigh));
  return { high, low };
}

/** x^y for finite positive x and finite y. */
function powerOfPositive(F: Format, x: Expr, y: Expr): Expr {
  // A greater exponent overflows or underflows as well, whatever x ≠ 1 is, and would make infinities below.
  const greatest = F.dtype === "float32" ? 2 ** 40 : 2 ** 80;
  const limited = atMost(F, atLeast(F, y, -greatest), greatest);
  const { high, low } = log2InTwo(F, x);
  const yHigh = F.head(limited);
  const product = s.mul(yHigh, high);
  const rest = s.fma(s.sub(limited, yHigh), high, s.mul(limited, low));
  const limit = F.dtype === "float32" ? 152 : 1100;
  const total = s.add(product, rest);
  const inRange = s.lt(s.abs(total), F.c(limit));
  const clamped = atMost(F, atLeast(F, total, -limit), limit);
  const sum = s.add(clamped, F.c(F.roundingMagic));
  const n = s.sub(sum, F.c(F.roundingMagic));
  const whole = s.sub(product, n);
  const r = s.add(whole, rest);
  const tail = s.sub(rest, s.sub(r, whole));
  const zero = F.c(0);
  return exp2OfReduced(F, F.magicInteger(sum), s.select(inRange, r, zero), s.select(inRange, tail, zero));
}

/** C's special cases (C11 F.10.4.4): zeros, infinities, NaN and negative bases. */
function powerSpecial(F: Format, x: Expr, y: Expr): Expr {
  const [zero, one, infinity] = [0, 1, Number.POSITIVE_INFINITY].map(F.c);
  const magnitude = s.abs(x);
  const shrinking = s.xor(s.gt(magnitude, one), s.gt(y, zero));
  const whole = s.eq(s.nearest(y), y);
  const half = s.mul(y, F.c(0.5));
  const odd = s.and(whole, s.ne(s.nearest(half), half));
  const extreme = s.select(shrinking, zero, infinity);
  const atExtreme = s.or(s.or(s.eq(magnitude, zero), s.eq(magnitude, infinity)), s.eq(s.abs(y), infinity));
  const finite = s.call("pow_positive", magnitude, y);
  const positive = s.select(s.eq(magnitude, one), one, s.select(atExtreme, extreme, finite));
  const negativeBase = s.lt(F.word(x), s.int(0));
  const signed = s.select(s.and(negativeBase, odd), s.neg(positive), positive);
  // A negative finite base other than zero needs a whole exponent.
  const outside = s.and(
    s.and(s.lt(x, zero), s.gt(x, F.c(Number.NEGATIVE_INFINITY))),
    s.and(s.not(whole), s.lt(s.abs(y), infinity)),
  );
  const value = s.select(outside, F.c(Number.NaN), signed);
  const unordered = s.or(s.ne(x, x), s.ne(y, y));
  const isOne = s.or(s.eq(x, one), s.eq(y, zero));
  return s.select(isOne, one, s.select(unordered, s.add(x, y), value));
}

export const powPositive = defineBoth(FORMATS, "pow_positive", 2, [1.25, 1.25], powerOfPositive);

export const pow = defineBoth(FORMATS, "pow", 2, [1.25, 1.25], (F, x, y) => {
  const infinity = F.c(Number.POSITIVE_INFINITY);
  const regular = s.and(s.and(s.gt(x, F.c(0)), s.lt(x, infinity)), s.lt(s.abs(y), infinity));
  return s.guard(s.not(regular), powerSpecial(F, x, y), s.call("pow_positive", x, y));
});
