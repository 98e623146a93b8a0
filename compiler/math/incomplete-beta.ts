/**
 * The regularised incomplete beta function I_x(a, b): Lentz's evaluation of the continued fraction DLMF 8.17.22 for x up
 * to (a + 1)/(a + b + 2), elsewhere of I_{1-x}(b, a), as jax.lax. For great a and b the factor xᵃ(1-x)ᵇ/B(a, b) is taken
 * about its maximum, where the logarithms would cancel.
 */
import type { Expr } from "../kernel/expr.ts";
import type { KernelBuilder } from "../kernel/kernel-builder.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import type { Format } from "./format.ts";
import { stirlingRest } from "./incomplete-gamma.ts";
import { epsilon, iterate, log1pMinus, once } from "./iterate.ts";

const LIMIT = { float32: 200, float64: 600 } as const;

/** xᵃ(1-x)ᵇ / (a B(a, b)) where y = 1 - x. */
function factor(F: Format, k: KernelBuilder, a: Expr, b: Expr, x: Expr, y: Expr): Expr {
  const result = k.let("factor", F.c(0));
  const sum = s.add(a, b);
  k.if(
    s.and(s.ge(a, F.c(8)), s.ge(b, F.c(8))),
    () => {
      // With u = x (a + b)/a - 1 and v = (1 - x)(a + b)/b - 1: a u + b v = 0.
      const difference = s.sub(s.mul(x, b), s.mul(y, a));
      const left = s.mul(a, log1pMinus(F, s.div(difference, a), s.div(s.mul(x, sum), a)));
      const right = s.mul(b, log1pMinus(F, s.div(s.neg(difference), b), s.div(s.mul(y, sum), b)));
      const rest = s.sub(stirlingRest(F, sum), s.add(stirlingRest(F, a), stirlingRest(F, b)));
      const power = s.call("exp", s.add(s.add(left, right), rest));
      const scale = s.sqrt(s.div(s.mul(F.c(1 / (2 * Math.PI)), b), s.mul(a, sum)));
      k.assign(result, s.mul(power, scale));
    },
    () => {
      const log = s.mul(s.call("log1p", s.neg(x)), b);
      const small = s.sub(s.call("lgamma", b), s.call("lgamma", sum));
      // a Γ(a) is 1 where a underflows.
      const tiny = s.call("exp", s.sub(log, small));
      const beta = s.add(s.call("lgamma", a), small);
      const usual = s.div(s.call("exp", s.sub(s.add(s.mul(s.call("log", x), a), log), beta)), a);
      k.assign(result, s.select(s.lt(a, F.c(2 * F.minNormal)), tiny, usual));
    },
  );
  return s.local(result);
}

/** The partial numerators of the fraction from the second on; `n` is 0 for it. */
function numerator(F: Format, a: Expr, b: Expr, x: Expr, n: Expr): Expr {
  const [one, two] = [F.c(1), F.c(2)];
  const m = s.convert(s.shr(s.add(n, s.int(1)), s.int(1)), F.dtype);
  const a2m = s.add(a, s.mul(two, m));
  const even = s.div(s.mul(s.mul(s.neg(s.add(a, m)), s.add(s.add(a, b), m)), x), s.mul(a2m, s.add(a2m, one)));
  const first = s.div(s.mul(s.neg(s.add(a, b)), x), s.add(a, one));
  const odd = s.div(s.mul(s.mul(m, s.sub(b, m)), x), s.mul(s.sub(a2m, one), a2m));
  const isEven = s.eq(s.and(n, s.int(1)), s.int(0));
  return s.select(isEven, s.select(s.eq(n, s.int(0)), first, even), odd);
}

export function betainc(F: Format, k: KernelBuilder, a0: Expr, b0: Expr, x0: Expr): Expr {
  const [zero, one, infinity] = [F.c(0), F.c(1), F.c(Number.POSITIVE_INFINITY)];
  const aZero = once(k, "a_zero", s.or(s.eq(a0, zero), s.eq(b0, infinity)));
  const bZero = once(k, "b_zero", s.or(s.eq(b0, zero), s.eq(a0, infinity)));
  const [xZero, xOne] = [s.eq(x0, zero), s.eq(x0, one)];
  const isZero = s.or(s.and(bZero, s.not(xOne)), s.or(s.and(aZero, xZero), xZero));
  const isOne = s.or(s.and(aZero, s.not(xZero)), s.or(s.and(bZero, xOne), xOne));
  const within = s.and(s.and(s.ge(a0, zero), s.ge(b0, zero)), s.and(s.ge(x0, zero), s.le(x0, one)));
  const bad = once(k, "bad", s.or(s.not(within), s.and(aZero, bZero)));
  const enabled = once(k, "enabled", s.not(s.or(bad, s.or(isZero, isOne))));

  const rapid = once(k, "rapid", s.lt(x0, s.div(s.add(a0, one), s.add(s.add(a0, b0), F.c(2)))));
  const a = once(k, "a", s.select(rapid, a0, b0));
  const b = once(k, "b", s.select(rapid, b0, a0));
  const y0 = s.sub(one, x0);
  const x = once(k, "x", s.select(rapid, x0, y0));
  const y = once(k, "y", s.select(rapid, y0, x0));
  const small = epsilon(F) / 2;
  const away = (v: Expr): Expr => s.select(s.lt(s.abs(v), F.c(small)), F.c(small), v);
  // After the first partial numerator, which is 1.
  const { h } = iterate(k, { c: F.c(1 / small), d: one, h: one }, enabled, LIMIT[F.dtype], (v, n) => {
    const p = numerator(F, a, b, x, n);
    const c = away(s.add(one, s.div(p, v.c)));
    const d = s.div(one, away(s.add(one, s.mul(p, v.d))));
    const delta = s.mul(c, d);
    const far = s.ge(s.abs(s.sub(delta, one)), F.c(epsilon(F)));
    return { next: { c, d, h: s.mul(v.h, delta) }, proceed: far };
  });
  const sum = s.mul(h, factor(F, k, a, b, x, y));
  const result = s.select(rapid, sum, s.sub(one, sum));
  const defined = s.select(isOne, one, s.select(isZero, zero, result));
  return s.select(bad, F.c(Number.NaN), defined);
}
