/** asin, acos, atan, atan2. */
import type { Expr } from "../kernel/expr.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import { ASIN, ATAN } from "./coefficients.ts";
import { FORMATS, type Format, flipSign, polynomial, signBit } from "./format.ts";
import { defineBoth } from "./math-function.ts";

/** π = high + low in each format. */
const PI = {
  float32: { high: 3.1415927410125732, low: -8.742278e-8 },
  float64: { high: Math.PI, low: 1.2246467991473532e-16 },
} as const;

/** (value·fraction) of π minus x, where the low part of π comes first. */
function piMinus(F: Format, fraction: number, x: Expr): Expr {
  const { high, low } = PI[F.dtype];
  return s.sub(F.c(high * fraction), s.sub(x, F.c(low * fraction)));
}

/**
 * asin(t) = t + t³·A(t²) for t ≤ ½. Beyond, asin(a) = π/2 - 2 asin(√((1 - a)/2)); `t` is then that root, and `tail`
 * what its rounding lost.
 */
function asinParts(F: Format, magnitude: Expr): { large: Expr; value: Expr } {
  const large = s.gt(magnitude, F.c(0.5));
  const halved = s.mul(s.sub(F.c(1), magnitude), F.c(0.5));
  const z = s.select(large, halved, s.mul(magnitude, magnitude));
  const root = s.sqrt(halved);
  // z - root² through a head, over 2·root; at 1 the root is 0 and so is its error.
  const head = F.head(root);
  const tail = s.div(s.sub(halved, s.mul(head, head)), s.add(root, head));
  const accurate = s.select(s.gt(root, F.c(0)), s.sub(tail, s.sub(root, head)), F.c(0));
  const t = s.select(large, root, magnitude);
  const rest = s.select(large, accurate, F.c(0));
  return { large, value: s.add(t, s.fma(s.mul(t, z), polynomial(F, z, ASIN[F.dtype]), rest)) };
}

export const asin = defineBoth(FORMATS, "asin", 1, [2, 1.75], (F, x) => {
  const { large, value } = asinParts(F, s.abs(x));
  const result = s.select(large, piMinus(F, 0.5, s.add(value, value)), value);
  return flipSign(F, result, signBit(F, x));
});

export const acos = defineBoth(FORMATS, "acos", 1, [1, 1], (F, x) => {
  const { large, value } = asinParts(F, s.abs(x));
  const twice = s.add(value, value);
  const negative = s.lt(x, F.c(0));
  const outer = s.select(negative, piMinus(F, 1, twice), twice);
  const inner = piMinus(F, 0.5, flipSign(F, value, signBit(F, x)));
  return s.select(large, outer, inner);
});

/**
 * The angle of the point (b, a) with 0 ≤ a, b < ∞, not both zero: the quotient is turned by 45° or 90° so that it is at
 * most tan(π/8).
 */
function firstQuadrant(F: Format, a: Expr, b: Expr): Expr {
  const steep = s.gt(a, s.mul(b, F.c(2.414213562373095)));
  const middle = s.gt(a, s.mul(b, F.c(0.41421356237309503)));
  const numerator = s.select(steep, s.neg(b), s.select(middle, s.sub(a, b), a));
  const denominator = s.select(steep, a, s.select(middle, s.add(a, b), b));
  const { high, low } = PI[F.dtype];
  const turn = (part: number): Expr =>
    s.select(steep, F.c(part / 2), s.select(middle, F.c(part / 4), F.c(0)));
  const t = s.div(numerator, denominator);
  const z = s.mul(t, t);
  const rest = s.fma(s.mul(t, z), polynomial(F, z, ATAN[F.dtype]), turn(low));
  return s.add(turn(high), s.add(t, rest));
}

export const atan = defineBoth(FORMATS, "atan", 1, [2, 1.5], (F, x) => {
  const magnitude = s.abs(x);
  // An infinity would meet itself in the quotients; from 2^60 on the angle is π/2.
  const bounded = s.select(s.lt(F.c(2 ** 60), magnitude), F.c(2 ** 60), magnitude);
  return flipSign(F, firstQuadrant(F, bounded, F.c(1)), signBit(F, x));
});

export const atan2 = defineBoth(FORMATS, "atan2", 2, [2, 1.75], (F, y, x) => {
  const infinity = F.c(Number.POSITIVE_INFINITY);
  const [zero, one] = [0, 1].map(F.c);
  const a = s.abs(y);
  const b = s.abs(x);
  const sum = s.add(a, b);
  const least = F.c(F.minNormal * 2 ** (F.digits + 8));
  const special = s.not(s.and(s.lt(sum, infinity), s.gt(sum, least)));
  // Infinities count as 1 against 0, or against each other; large numbers are scaled so that a + b is finite, and
  // small ones so that their difference, and what a quotient's rounding has lost, are not subnormal: a GPU takes those for 0.
  const anyInfinite = s.or(s.eq(a, infinity), s.eq(b, infinity));
  const scale = s.select(s.lt(sum, one), F.c(2 ** (2 * F.digits)), F.c(0.25));
  const tame = (v: Expr): Expr =>
    s.select(anyInfinite, s.select(s.eq(v, infinity), one, zero), s.mul(v, scale));
  const origin = s.eq(sum, zero);
  const aSafe = s.guard(special, tame(a), a);
  const bSafe = s.guard(special, s.select(origin, one, tame(b)), b);
  const acute = firstQuadrant(F, aSafe, bSafe);
  const angle = s.select(s.lt(F.word(x), s.int(0)), piMinus(F, 1, acute), acute);
  const signed = flipSign(F, angle, signBit(F, y));
  const unordered = s.or(s.ne(x, x), s.ne(y, y));
  return s.select(unordered, s.add(x, y), signed);
});
