/**
 * The regularised incomplete gamma functions P(a, x) and Q(a, x), the derivative of P by a, and that of a Gamma(a)
 * sample by a. Series and continued fraction are those of Cephes (S. L. Moshier, igam.c, igamc.c) with the derivatives
 * of TensorFlow's `random_gamma_grad`, as jax.lax has them. The factor xᵃe⁻ˣ/Γ(a) is not: for great a it is taken
 * about the maximum, where a·log x, x and log Γ(a) would cancel.
 */
import type { Expr } from "../kernel/expr.ts";
import type { KernelBuilder } from "../kernel/kernel-builder.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import { type Format, polynomial } from "./format.ts";
import { STIRLING } from "./gamma-coefficients.ts";
import { epsilon, iterate, LOG_MAX, log1pMinus, once } from "./iterate.ts";

export type IgammaMode = "value" | "derivative" | "sampleDerivative";

/** Terms of the series; about 9√a are needed where x is near a, so this is enough up to a = 10⁶. */
const SERIES_LIMIT = 10_000;
/** Steps of the continued fraction, as in JAX. */
const FRACTION_LIMIT = 2000;

const HALF_LOG_2_PI = 0.9189385332046728;

/** log Γ(x) - (x - ½) log x + x - ½ log 2π, for x from 8 on. */
export function stirlingRest(F: Format, x: Expr): Expr {
  const inverse = s.div(F.c(1), x);
  return s.mul(inverse, polynomial(F, s.mul(inverse, inverse), STIRLING[F.dtype]));
}

/** log(xᵃe⁻ˣ/Γ(a)). */
function logFactor(F: Format, k: KernelBuilder, a: Expr, x: Expr): Expr {
  const factor = k.let("log_ax", F.c(0));
  k.if(
    s.ge(a, F.c(8)),
    () => {
      const u = s.div(s.sub(x, a), a);
      const main = s.mul(a, log1pMinus(F, u, s.div(x, a)));
      const rest = s.sub(s.sub(s.mul(F.c(0.5), s.call("log", a)), F.c(HALF_LOG_2_PI)), stirlingRest(F, a));
      k.assign(factor, s.add(main, rest));
    },
    () => {
      k.assign(factor, s.sub(s.sub(s.mul(a, s.call("log", x)), x), s.call("lgamma", a)));
    },
  );
  return s.local(factor);
}

/** P(a, x), or a derivative, by the series in x. */
function series(
  F: Format,
  k: KernelBuilder,
  mode: IgammaMode,
  ax: Expr,
  a: Expr,
  x: Expr,
  enabled: Expr,
): Expr {
  const one = F.c(1);
  const eps = F.c(epsilon(F));
  if (mode === "value") {
    const { ans } = iterate(k, { r: a, c: one, ans: one }, enabled, SERIES_LIMIT, (v) => {
      const r = s.add(v.r, one);
      const c = s.mul(v.c, s.div(x, r));
      const ans = s.add(v.ans, c);
      return { next: { r, c, ans }, proceed: s.gt(s.div(c, ans), eps) };
    });
    return s.div(s.mul(ans, ax), a);
  }
  const zero = F.c(0);
  const init = { r: a, c: one, ans: one, dc: zero, dans: zero };
  const { ans, dans } = iterate(k, init, enabled, SERIES_LIMIT, (v) => {
    const r = s.add(v.r, one);
    const ratio = s.div(x, r);
    const dc = s.sub(s.mul(v.dc, ratio), s.div(s.mul(v.c, x), s.mul(r, r)));
    const dans = s.add(v.dans, dc);
    const c = s.mul(v.c, ratio);
    const ans = s.add(v.ans, c);
    return { next: { r, c, ans, dc, dans }, proceed: s.gt(s.abs(s.div(dc, dans)), eps) };
  });
  const dlogax = s.sub(s.call("log", x), s.call("digamma", s.add(a, one)));
  const sum = s.add(dans, s.mul(ans, dlogax));
  if (mode === "derivative") return s.div(s.mul(ax, sum), a);
  return s.div(s.mul(s.neg(sum), x), a);
}

/** Q(a, x), or its derivative, by the continued fraction. */
function fraction(
  F: Format,
  k: KernelBuilder,
  mode: IgammaMode,
  ax: Expr,
  a: Expr,
  x: Expr,
  enabled: Expr,
): Expr {
  const [zero, one, eps] = [F.c(0), F.c(1), F.c(epsilon(F))];
  const y = once(k, "y", s.sub(one, a));
  const z = once(k, "z", s.add(s.add(x, y), one));
  const pkm1 = s.add(x, one);
  const qkm1 = s.mul(z, x);
  const ans = s.div(pkm1, qkm1);
  const value = { y, z, pkm2: one, qkm2: x, pkm1, qkm1, ans };
  /** One convergent more; without derivatives. */
  const advance = (v: typeof value, n: Expr) => {
    const c = s.add(s.convert(n, F.dtype), one);
    const y = s.add(v.y, one);
    const z = s.add(v.z, F.c(2));
    const yc = s.mul(y, c);
    const pk = s.sub(s.mul(v.pkm1, z), s.mul(v.pkm2, yc));
    const qk = s.sub(s.mul(v.qkm1, z), s.mul(v.qkm2, yc));
    const nonzero = s.ne(qk, zero);
    const ratio = s.div(pk, qk);
    const shrink = s.select(s.gt(s.abs(pk), F.c(1 / epsilon(F))), eps, one);
    return {
      ...{ c, z, yc, pk, qk, nonzero, shrink },
      change: s.select(nonzero, s.abs(s.div(s.sub(v.ans, ratio), ratio)), one),
      next: {
        ...{ y, z, ans: s.select(nonzero, ratio, v.ans) },
        pkm2: s.mul(v.pkm1, shrink),
        qkm2: s.mul(v.qkm1, shrink),
        pkm1: s.mul(pk, shrink),
        qkm1: s.mul(qk, shrink),
      },
    };
  };
  if (mode === "value") {
    const end = iterate(k, value, enabled, FRACTION_LIMIT, (v, n) => {
      const { next, change } = advance(v, n);
      return { next, proceed: s.gt(change, eps) };
    });
    return s.mul(end.ans, ax);
  }
  const derivatives = {
    ...{ dpkm2: zero, dqkm2: zero, dpkm1: zero, dqkm1: s.neg(x) },
    dans: s.div(s.mul(ans, x), qkm1),
  };
  const end = iterate(k, { ...value, ...derivatives }, enabled, FRACTION_LIMIT, (v, n) => {
    const { c, z, yc, qk, nonzero, shrink, next } = advance(v, n);
    const differentiate = (d1: Expr, d2: Expr, one: Expr, two: Expr): Expr =>
      s.add(s.sub(s.sub(s.mul(d1, z), one), s.mul(d2, yc)), s.mul(two, c));
    const dpk = differentiate(v.dpkm1, v.dpkm2, v.pkm1, v.pkm2);
    const dqk = differentiate(v.dqkm1, v.dqkm2, v.qkm1, v.qkm2);
    const dans = s.select(nonzero, s.div(s.sub(dpk, s.mul(next.ans, dqk)), qk), v.dans);
    const change = s.select(nonzero, s.abs(s.sub(dans, v.dans)), one);
    const scaled = {
      ...{ dpkm2: s.mul(v.dpkm1, shrink), dqkm2: s.mul(v.dqkm1, shrink) },
      ...{ dpkm1: s.mul(dpk, shrink), dqkm1: s.mul(dqk, shrink), dans },
    };
    return { next: { ...next, ...scaled }, proceed: s.gt(change, eps) };
  });
  const dlogax = s.sub(s.call("log", x), s.call("digamma", a));
  const sum = s.add(end.dans, s.mul(end.ans, dlogax));
  return mode === "derivative" ? s.mul(ax, sum) : s.mul(s.neg(sum), x);
}

/** What the three functions share: the factor, which expansion to take, and whether there is anything to sum. */
function expand(
  F: Format,
  k: KernelBuilder,
  mode: IgammaMode,
  a: Expr,
  x: Expr,
  upper: Expr,
  possible: Expr,
  combine: (useFraction: boolean, sum: Expr) => Expr,
): Expr {
  const logAx = once(k, "log_ax", logFactor(F, k, a, x));
  const ax = once(k, "ax", s.call("exp", logAx));
  const enabled = once(k, "enabled", s.and(possible, s.not(s.lt(logAx, F.c(-LOG_MAX[F.dtype])))));
  const result = k.let("result", F.c(0));
  k.if(
    upper,
    () => k.assign(result, combine(true, fraction(F, k, mode, ax, a, x, enabled))),
    () => k.assign(result, combine(false, series(F, k, mode, ax, a, x, enabled))),
  );
  return s.local(result);
}

function notANumber(x: Expr): Expr {
  return s.ne(x, x);
}

/** a < 0, x < 0, both 0, or a NaN. */
function outside(F: Format, a: Expr, x: Expr): Expr {
  const zero = F.c(0);
  const negative = s.or(s.lt(x, zero), s.lt(a, zero));
  const origin = s.and(s.eq(a, zero), s.eq(x, zero));
  return s.or(s.or(negative, origin), s.or(notANumber(a), notANumber(x)));
}

/** P(a, x). */
export function igamma(F: Format, k: KernelBuilder, a: Expr, x: Expr): Expr {
  const [zero, one, infinity] = [F.c(0), F.c(1), F.c(Number.POSITIVE_INFINITY)];
  const error = once(k, "error", outside(F, a, x));
  const atZero = s.eq(x, zero);
  const atInfinity = s.eq(x, infinity);
  const upper = s.and(s.ge(x, one), s.gt(x, a));
  const possible = s.not(s.or(s.or(atZero, error), s.or(atInfinity, s.eq(a, zero))));
  const value = expand(F, k, "value", a, x, upper, possible, (useFraction, sum) =>
    useFraction ? s.sub(one, sum) : sum,
  );
  // P(0, x) is 1 and P(∞, x) is 0, the limits; JAX has NaN for some such x.
  const certain = s.or(atInfinity, s.eq(a, zero));
  const defined = s.select(certain, one, s.select(s.or(atZero, s.eq(a, infinity)), zero, value));
  return s.select(error, F.c(Number.NaN), defined);
}

/** Q(a, x) = 1 - P(a, x). */
export function igammac(F: Format, k: KernelBuilder, a: Expr, x: Expr): Expr {
  const [zero, one, infinity] = [F.c(0), F.c(1), F.c(Number.POSITIVE_INFINITY)];
  const error = once(k, "error", outside(F, a, x));
  const atInfinity = s.eq(x, infinity);
  const upper = s.not(s.or(s.lt(x, one), s.lt(x, a)));
  const none = s.or(s.or(atInfinity, s.eq(a, zero)), s.eq(x, zero));
  const value = expand(F, k, "value", a, x, upper, s.not(s.or(error, none)), (useFraction, sum) =>
    useFraction ? sum : s.sub(one, sum),
  );
  const certain = s.or(s.eq(x, zero), s.eq(a, infinity));
  const defined = s.select(s.or(atInfinity, s.eq(a, zero)), zero, s.select(certain, one, value));
  return s.select(error, F.c(Number.NaN), defined);
}

/** ∂P/∂a, or the derivative by a of the sample of Gamma(a) that x is: -(∂P/∂a) / (∂P/∂x). */
export function igammaGrad(
  F: Format,
  k: KernelBuilder,
  mode: "derivative" | "sampleDerivative",
  a: Expr,
  x: Expr,
): Expr {
  const [zero, one] = [F.c(0), F.c(1)];
  const error = once(k, "error", s.or(s.lt(x, zero), s.not(s.gt(a, zero))));
  const none = s.or(s.or(s.eq(x, zero), error), s.or(notANumber(a), notANumber(x)));
  const upper = s.and(s.gt(x, one), s.gt(x, a));
  const value = expand(F, k, mode, a, x, upper, s.not(none), (useFraction, sum) =>
    useFraction ? s.neg(sum) : sum,
  );
  const bad = s.or(error, s.or(notANumber(a), notANumber(x)));
  return s.select(bad, F.c(Number.NaN), s.select(s.eq(x, zero), zero, value));
}
