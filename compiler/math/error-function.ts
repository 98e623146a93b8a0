/** erf, erfc, erf_inv. */
import type { Expr } from "../kernel/expr.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import {
  ERF,
  ERF_INV_32,
  ERF_INV_64,
  ERF_TAIL,
  ERFCX,
  EXP2_SHORT,
  XLA_LOG,
  XLA_LOG1P,
} from "./coefficients.ts";
import { expParts } from "./exponential.ts";
import {
  atMost,
  FLOAT32,
  FLOAT64,
  FORMATS,
  type Format,
  flipSign,
  polynomial,
  roundToPower,
  signBit,
} from "./format.ts";
import { defineBoth, defineMath, type MathFunction } from "./math-function.ts";

/** erf for |x| up to 1: x + x·E(x²). */
function erfSmall(F: Format, x: Expr): Expr {
  return s.fma(x, polynomial(F, s.mul(x, x), ERF[F.dtype]), x);
}

/** erfc for x of at least 0.45: exp(-x²)·P((x - k)/(x + k)) / (1 + 2x), the square split so that it is exact. */
function erfcPositive(F: Format, x: Expr): Expr {
  const [limit, k] = F.dtype === "float32" ? [10.1875, 3] : [27.375, 4];
  const a = atMost(F, x, limit);
  const head = F.head(a);
  const tail = s.mul(s.sub(head, a), s.add(head, a));
  const { t, first, second } = expParts(F, s.neg(s.mul(head, head)), tail);
  const q = s.div(s.sub(a, F.c(k)), s.add(a, F.c(k)));
  const scaled = s.div(polynomial(F, q, ERFCX[F.dtype]), s.fma(F.c(2), a, F.c(1)));
  return s.mul(s.mul(s.fma(scaled, t, scaled), first), second);
}

/** 1 - 2^y with y = x·T(x), for x from 1 to 4. */
function erfTail32(x: Expr): Expr {
  const F = FLOAT32;
  const y = s.mul(x, polynomial(F, x, ERF_TAIL.float32));
  const { n, power } = roundToPower(F, y, 1);
  const r = s.sub(y, n);
  const p = s.mul(r, polynomial(F, r, EXP2_SHORT.float32));
  return s.fma(s.neg(power), p, s.sub(F.c(1), power));
}

/** In float32 the tail is 1 - 2^(x·T(x)); in float64 it is 1 - erfc. At 4 and 6 it has reached 1. */
export const erf = defineBoth(FORMATS, "erf", 1, [1.5, 1.25], (F, x) => {
  const magnitude = s.abs(x);
  let large: Expr;
  if (F.dtype === "float32") {
    large = erfTail32(atMost(F, magnitude, 4));
  } else {
    large = s.sub(F.c(1), erfcPositive(F, atMost(F, magnitude, 6)));
  }
  const value = s.select(s.lt(magnitude, F.c(1)), erfSmall(F, magnitude), large);
  return flipSign(F, value, signBit(F, x));
});

export const erfc = defineBoth(FORMATS, "erfc", 1, [3.75, 2.5], (F, x) => {
  const magnitude = s.abs(x);
  const tail = erfcPositive(F, magnitude);
  // x·E(x²) = erf(x) - x is small where erfc is.
  const small = s.sub(s.sub(F.c(1), x), s.mul(x, polynomial(F, s.mul(x, x), ERF[F.dtype])));
  const outer = s.select(s.lt(x, F.c(0)), s.sub(F.c(2), tail), tail);
  return s.select(s.lt(magnitude, F.c(0.9)), small, outer);
});

function erfInvResult(F: Format, x: Expr, p: Expr): Expr {
  const atOne = s.eq(s.abs(x), F.c(1));
  return s.select(atOne, s.mul(x, F.c(Number.POSITIVE_INFINITY)), s.mul(p, x));
}

/**
 * XLA's log for CPUs (`GenerateVF32Log`, the Cephes polynomial), with its roundings: x positive and normal. Here only
 * for the bits of JAX's normal numbers; `log` is more accurate.
 */
function xlaLog(x: Expr): Expr {
  const F = FLOAT32;
  const P = XLA_LOG;
  const word = F.word(x);
  const fraction = F.fromWord(s.or(s.and(word, s.int(0x807fffff | 0)), s.int(0x3f000000)));
  const exponent = s.convert(s.sub(s.shr(word, s.int(23)), s.int(126)), "float32");
  const small = s.lt(fraction, F.c(Math.fround(Math.SQRT1_2)));
  const t = s.add(s.sub(fraction, F.c(1)), s.select(small, fraction, F.c(0)));
  const e = s.sub(exponent, s.select(small, F.c(1), F.c(0)));
  const t2 = s.mul(t, t);
  const t3 = s.mul(t2, t);
  const part = (i: number): Expr => s.fused(s.fused(F.c(P[i]), t, F.c(P[i + 1])), t, F.c(P[i + 2]));
  const sum = s.fused(s.fused(part(0), t3, part(3)), t3, part(6));
  const low = s.fused(sum, t3, s.mul(F.c(-2.1219444e-4), e));
  return s.fused(F.c(0.693359375), e, s.add(s.fused(F.c(-0.5), t2, t), low));
}

/** XLA's log1p for CPUs (Cephes's rational function, and log for greater arguments), -1 < x ≤ 0. */
function xlaLog1p(x: Expr): Expr {
  const F = FLOAT32;
  const horner = (coefficients: readonly number[]): Expr =>
    coefficients.slice(1).reduce((sum, c) => s.fused(sum, x, F.c(c)), F.c(coefficients[0]));
  const x2 = s.mul(x, x);
  const ratio = s.div(horner(XLA_LOG1P.numerator), horner(XLA_LOG1P.denominator));
  const near = s.add(x, s.fused(F.c(-0.5), x2, s.mul(s.mul(x, x2), ratio)));
  return s.select(s.lt(s.abs(x), F.c(0.41421356)), near, xlaLog(s.add(x, F.c(1))));
}

const erfInv32 = defineMath({
  name: "erf_inv",
  dtype: "float32",
  arity: 1,
  // From |x| = 0.99 on, where the square is rounded; 3 below.
  ulp: 72,
  body(_, x) {
    const F = FLOAT32;
    // XLA's own log1p and fused sums, with its rounding of the square, which costs digits for |x| near 1: so JAX's
    // normal numbers come out to the last bit.
    const w = s.neg(xlaLog1p(s.mul(x, s.neg(x))));
    const central = s.lt(w, F.c(5));
    const t = s.select(central, s.sub(w, F.c(2.5)), s.sub(s.sqrt(w), F.c(3)));
    // One polynomial whose coefficients each lane selects.
    let p = s.select(central, F.c(ERF_INV_32.central[8]), F.c(ERF_INV_32.tail[8]));
    for (let i = 7; i >= 0; i--) {
      p = s.fused(p, t, s.select(central, F.c(ERF_INV_32.central[i]), F.c(ERF_INV_32.tail[i])));
    }
    return s.select(s.le(s.abs(x), F.c(1)), erfInvResult(F, x, p), F.c(Number.NaN));
  },
});

const erfInv64 = defineMath({
  name: "erf_inv",
  dtype: "float64",
  arity: 1,
  ulp: 4,
  body(_, x) {
    const F = FLOAT64;
    // Here the factors keep the digits for |x| near 1; next to 0 only the absolute error of w counts.
    const w = s.neg(s.call("log", s.mul(s.sub(F.c(1), x), s.add(F.c(1), x))));
    const root = s.sqrt(w);
    const tail = polynomial(F, s.sub(root, F.c(3.25)), ERF_INV_64.tail);
    const farTail = polynomial(F, s.sub(root, F.c(5)), ERF_INV_64.farTail);
    const outer = s.select(s.lt(w, F.c(16)), tail, farTail);
    const central = polynomial(F, s.sub(w, F.c(3.125)), ERF_INV_64.central);
    return erfInvResult(F, x, s.guard(s.ge(w, F.c(6.25)), outer, central));
  },
});

export const erfInv: readonly MathFunction[] = [erfInv32, erfInv64];
