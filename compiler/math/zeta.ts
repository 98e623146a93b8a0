/**
 * The Hurwitz zeta function and the derivatives of digamma. Euler–Maclaurin summation with nine terms summed before it,
 * as Cephes (S. L. Moshier, zeta.c) and XLA have it, but always with all of the correction terms: an expression without
 * branches.
 */
import type { Expr } from "../kernel/expr.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import type { Format } from "./format.ts";

/** (2k)! / B(2k) for k from 1. */
const EULER_MACLAURIN = [
  12, -720, 30240, -1209600, 47900160, -1892437580.3183792, 74724249600, -2950130727918.164,
  116467828143500.67, -4597978722407473.0, 1.8152105401943546e17, -7.166165256175667e18,
] as const;

/** Terms summed before the correction. */
const TERMS = 9;

/** ζ(x, q) = Σ (q + k)⁻ˣ; x > 1. At the poles q = 0, -1, …: ∞ for even x, else NaN. NaN also for a negative q with x no integer. */
export function zeta(F: Format, x: Expr, q: Expr): Expr {
  const [one, half, infinity] = [F.c(1), F.c(0.5), F.c(Number.POSITIVE_INFINITY)];
  const exponent = s.neg(x);
  let sum = s.call("pow", q, exponent);
  let a = q;
  let power = sum;
  for (let k = 0; k < TERMS; k++) {
    a = s.add(a, one);
    power = s.call("pow", a, exponent);
    sum = s.add(sum, power);
  }
  sum = s.add(sum, s.div(s.mul(power, a), s.sub(x, one)));
  sum = s.sub(sum, s.mul(half, power));
  const count = F.dtype === "float32" ? 6 : EULER_MACLAURIN.length;
  const inverse = s.div(one, a);
  let rising = x;
  let scaled = s.mul(power, inverse);
  let corrections = F.c(0);
  for (let k = 0; k < count; k++) {
    corrections = s.add(corrections, s.div(s.mul(rising, scaled), F.c(EULER_MACLAURIN[k])));
    rising = s.mul(rising, s.mul(s.add(x, F.c(2 * k + 1)), s.add(x, F.c(2 * k + 2))));
    scaled = s.mul(scaled, s.mul(inverse, inverse));
  }
  // Where the power has underflowed there is nothing to correct; the rising factor may be infinite there.
  sum = s.add(sum, s.select(s.eq(power, F.c(0)), F.c(0), corrections));

  const evenX = s.eq(s.sub(x, s.mul(F.c(2), s.nearest(s.mul(half, x)))), F.c(0));
  const notPositive = s.le(q, F.c(0));
  const atPole = s.and(notPositive, s.eq(q, s.floor(q)));
  const noPower = s.and(notPositive, s.ne(x, s.floor(x)));
  const nan = F.c(Number.NaN);
  const regular = s.select(s.or(noPower, s.lt(x, one)), nan, sum);
  const usual = s.select(atPole, s.select(evenX, infinity, nan), regular);
  return s.select(s.eq(x, one), infinity, usual);
}

/** ψ⁽ᵐ⁾(x) = (-1)^(m+1) m! ζ(m + 1, x); NaN where m is no natural number. */
export function polygamma(F: Format, m: Expr, x: Expr): Expr {
  const [zero, one] = [F.c(0), F.c(1)];
  const next = s.add(m, one);
  const even = s.eq(s.sub(m, s.mul(F.c(2), s.nearest(s.mul(F.c(0.5), m)))), zero);
  const magnitude = s.mul(s.call("exp", s.call("lgamma", next)), zeta(F, next, x));
  const value = s.select(even, s.neg(magnitude), magnitude);
  const order = s.select(s.eq(m, zero), s.call("digamma", x), value);
  const natural = s.and(s.ge(m, zero), s.eq(m, s.floor(m)));
  return s.select(natural, order, F.c(Number.NaN));
}
