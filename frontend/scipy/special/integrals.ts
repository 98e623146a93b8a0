/** Exponential, sine, cosine and Fresnel integrals, and the dilogarithm. */
import { type ArrayLike, type NdArray, WeftTypeError } from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { isneginf, isposinf, select, where } from "../../numpy/logic.ts";
import { inexact, promoteArgsInexact, toArray } from "../../numpy/promotion.ts";
import { sinc } from "../../numpy/ufuncs.ts";
import { customJvp } from "../../transforms/custom-jvp.ts";
import { EXPONENTIAL_INTEGRAL as EI, SICI_ASYMPTOTIC, SICI_SERIES, SPENCE } from "./coefficients.ts";
import { constant, iterateElements, polynomial, rational } from "./operands.ts";

const EULER_GAMMA = 0.5772156649015329;
const { POSITIVE_INFINITY: infinity } = Number;

/** E₁ … : the exponential integral of positive arguments, by Cephes' intervals. */
function expiPositive(x: NdArray): NdArray {
  const near = x
    .mul(rational(EI.p1, EI.q1, x))
    .add(EULER_GAMMA)
    .add(lax.log(x));
  const w = lax.reciprocal(x);
  const far = select(
    [4, 8, 16, 32, 64].map((limit) => x.lessEqual(limit)),
    [
      rational(EI.p2, EI.q2, w),
      rational(EI.p3, EI.q3, w),
      rational(EI.p4, EI.q4, w),
      rational(EI.p5, EI.q5, w),
      rational(EI.p6, EI.q6, w),
    ],
    rational(EI.p7, EI.q7, w),
  );
  return where(x.lessEqual(2), near, lax.exp(x).mul(w).mul(w.mul(far).add(1)));
}

const expiOfArray = customJvp((x: NdArray): NdArray => {
  const negative = x.less(0);
  const safe = where(negative, 1, x);
  const value = where(negative, lax.neg(exp1(where(negative, lax.neg(x), 1))), expiPositive(safe));
  return where(x.equal(0), -infinity, value);
});
expiOfArray.defJvp(([x], [dx]) => [expiOfArray(x), lax.exp(x).div(x).mul(dx)]);

/** Ei(x) (`jax.scipy.special.expi`). */
export function expi(x: ArrayLike): NdArray {
  return expiOfArray(inexact("expi", x));
}

/** Distance of 1 from the next number. */
function epsilon(x: NdArray): number {
  return x.dtype === "float64" ? 2 ** -52 : x.dtype === "float16" ? 2 ** -10 : 2 ** -23;
}

/** E_n(x) for 0 < x ≤ 1 by the power series; `enabled` where it is wanted. */
function expnSeries(n: NdArray, x: NdArray, enabled: NdArray): NdArray {
  const start = constant(x, -EULER_GAMMA).sub(lax.log(x));
  // Σ 1/i for i < n: the difference of digammas.
  const psi = start.add(lax.digamma(n).add(EULER_GAMMA));
  const isOne = n.equal(1);
  const init = {
    xk: constant(x, 0),
    yk: constant(x, 1),
    pk: lax.sub(1, n),
    ans: where(isOne, 0, lax.reciprocal(lax.sub(1, where(isOne, 2, n)))),
    t: constant(x, infinity),
  };
  const end = iterateElements(
    init,
    ({ t }) => enabled.logicalAnd(t.greater(epsilon(x))),
    (v) => {
      const xk = v.xk.add(1);
      const yk = v.yk.mul(lax.neg(x)).div(xk);
      const pk = v.pk.add(1);
      const ans = v.ans.add(where(pk.notEqual(0), yk.div(pk), 0));
      return { xk, yk, pk, ans, t: where(ans.notEqual(0), lax.abs(yk.div(ans)), 1) };
    },
  );
  const power = lax.pow(x, n.sub(1)).mul(where(n.mod(2).equal(0), -1, 1).astype(x.dtype));
  return power
    .mul(psi)
    .div(lax.exp(lax.lgamma(n)))
    .sub(end.ans);
}

/** E_n(x) for x > 1 by the continued fraction. */
function expnFraction(n: NdArray, x: NdArray, enabled: NdArray): NdArray {
  const BIG = 2 ** 57;
  const one = constant(x, 1);
  const init = {
    k: one,
    pkm2: one,
    qkm2: x,
    pkm1: one,
    qkm1: x.add(n),
    ans: lax.reciprocal(x.add(n)),
    t: constant(x, infinity),
  };
  const end = iterateElements(
    init,
    ({ t, k }) => enabled.logicalAnd(t.greater(epsilon(x))).logicalAnd(k.less(5000)),
    (v) => {
      const k = v.k.add(1);
      const odd = k.mod(2).equal(1);
      const yk = where(odd, 1, x);
      const xk = where(odd, n.add(k.sub(1).mul(0.5)), k.mul(0.5));
      const pk = v.pkm1.mul(yk).add(v.pkm2.mul(xk));
      const qk = v.qkm1.mul(yk).add(v.qkm2.mul(xk));
      const nonzero = qk.notEqual(0);
      const r = pk.div(qk);
      const scale = where(lax.abs(pk).greater(BIG), 1 / BIG, 1).astype(x.dtype);
      return {
        k,
        pkm2: v.pkm1.mul(scale),
        qkm2: v.qkm1.mul(scale),
        pkm1: pk.mul(scale),
        qkm1: qk.mul(scale),
        ans: where(nonzero, r, v.ans),
        t: where(nonzero, lax.abs(v.ans.sub(r).div(r)), 1),
      };
    },
  );
  return end.ans.mul(lax.exp(lax.neg(x)));
}

/** E_n(x) for n from 5000 on. */
function expnAsymptotic(n: NdArray, x: NdArray): NdArray {
  const xk = x.add(n);
  const yk = lax.reciprocal(xk.mul(xk));
  let ans = yk.mul(n).mul(x.mul(x).mul(6).sub(n.mul(x).mul(8)).add(n.mul(n)));
  ans = yk.mul(ans.add(n.mul(n.sub(x.mul(2)))));
  ans = yk.mul(ans.add(n));
  return ans
    .add(1)
    .mul(lax.exp(lax.neg(x)))
    .div(xk);
}

function expnValue(n: NdArray, x: NdArray): NdArray {
  const large = n.greaterEqual(5000);
  const regular = n.greaterEqual(1).logicalAnd(x.greater(0)).logicalAnd(large.logicalNot());
  const [byFraction, bySeries] = [regular.logicalAnd(x.greater(1)), regular.logicalAnd(x.lessEqual(1))];
  const exponential = lax.exp(lax.neg(x)).div(x);
  return select(
    [
      n.greaterEqual(0).logicalAnd(x.greaterEqual(0)).logicalNot(),
      x.equal(0).logicalAnd(n.less(2)),
      x.equal(0),
      n.equal(0),
      large,
      x.greater(1),
    ],
    [
      constant(x, Number.NaN),
      constant(x, infinity),
      lax.reciprocal(n.sub(1)),
      exponential,
      expnAsymptotic(n, x),
      expnFraction(n, where(byFraction, x, 2), byFraction),
    ],
    expnSeries(where(bySeries, n, 1), where(bySeries, x, 0.5), bySeries),
  );
}

const expnOfArrays = customJvp(expnValue);
expnOfArrays.defJvp(([n, x], [, dx]) => [expnOfArrays(n, x), lax.neg(dx).mul(expnOfArrays(n.sub(1), x))]);

/** The generalised exponential integral E_n(x) (`jax.scipy.special.expn`); differentiable in x. */
export function expn(n: ArrayLike, x: ArrayLike): NdArray {
  const [a, b] = promoteArgsInexact("expn", n, x);
  return expnOfArrays(a, b);
}

/** E₁(x) (`jax.scipy.special.exp1`). */
export function exp1(x: ArrayLike): NdArray {
  const a = inexact("exp1", x);
  return expnOfArrays(constant(a, 1), a);
}

function siciSeries(x: NdArray): [NdArray, NdArray] {
  const t = x.mul(x);
  const si = x.mul(polynomial(SICI_SERIES.sn, t)).div(polynomial(SICI_SERIES.sd, t));
  const ci = t.mul(rational(SICI_SERIES.cn, SICI_SERIES.cd, t)).add(lax.log(x).add(EULER_GAMMA));
  return [where(x.equal(0), 0, si), where(x.equal(0), -infinity, ci)];
}

function siciAsymptotic(x: NdArray): [NdArray, NdArray] {
  const [sin, cos] = [lax.sin(x), lax.cos(x)];
  const z = lax.reciprocal(x.mul(x));
  const c = SICI_ASYMPTOTIC;
  const near = x.less(8);
  const f = where(near, rational(c.fn4, c.fd4, z), rational(c.fn8, c.fd8, z)).div(x);
  const g = z.mul(where(near, rational(c.gn4, c.gd4, z), rational(c.gn8, c.gd8, z)));
  return [lax.sub(Math.PI / 2, f.mul(cos)).sub(g.mul(sin)), f.mul(sin).sub(g.mul(cos))];
}

function siciFar(x: NdArray): [NdArray, NdArray] {
  const si = lax.sub(Math.PI / 2, lax.cos(x).div(x));
  const ci = lax.sin(x).div(x);
  return [where(isposinf(x), Math.PI / 2, si), where(isposinf(x), 0, ci)];
}

const siciOfArray = customJvp((x: NdArray): [NdArray, NdArray] => {
  const magnitude = lax.abs(x);
  const conditions = [magnitude.lessEqual(4), magnitude.greater(4).logicalAnd(magnitude.lessEqual(1e9))];
  const [series, asymptotic, far] = [siciSeries(magnitude), siciAsymptotic(magnitude), siciFar(magnitude)];
  const si = select(conditions, [series[0], asymptotic[0]], far[0]);
  const ci = select(conditions, [series[1], asymptotic[1]], far[1]);
  return [lax.sign(x).mul(si), where(isneginf(x), Number.NaN, ci)];
});
siciOfArray.defJvp(([x], [dx]) => [
  siciOfArray(x),
  [sinc(x.div(Math.PI)).mul(dx), lax.cos(x).div(x).mul(dx)],
]);

/** The sine and cosine integrals [Si(x), Ci(x)] (`jax.scipy.special.sici`). */
export function sici(x: ArrayLike): [NdArray, NdArray] {
  return siciOfArray(inexact("sici", x));
}

/** The dilogarithm Li₂(1 − x) (`jax.scipy.special.spence`) of float32 and float64. */
export function spence(x: ArrayLike): NdArray {
  const a = typeof x === "number" ? inexact("spence", x) : toArray("spence", x);
  if (a.dtype !== "float32" && a.dtype !== "float64") {
    throw new WeftTypeError(`x.dtype=${a.dtype} is not supported, see docstring for supported types.`);
  }
  // Away from the poles of the formula and of its derivative.
  const exact = a.lessEqual(0).logicalOr(a.equal(1));
  const x0 = where(exact, 0.75, a);
  const above2 = x0.greater(2);
  const y = where(above2, lax.reciprocal(x0), x0);
  const [above, below] = [y.greater(1.5), y.less(0.5)];
  const inverted = above2.logicalOr(above);
  const w = where(above, lax.reciprocal(y).sub(1), where(below, lax.neg(y), y.sub(1)));
  const value = lax.neg(w).mul(rational(SPENCE.p, SPENCE.q, w));
  const log = lax.log(y);
  const reflected = lax.sub(Math.PI ** 2 / 6, log.mul(lax.log(lax.sub(1, y)))).sub(value);
  const first = where(below, reflected, value);
  const second = where(inverted, lax.square(log).mul(-0.5).sub(first), first);
  return select(
    [a.less(0), a.equal(1), a.equal(0)],
    [constant(a, Number.NaN), constant(a, 0), constant(a, Math.PI ** 2 / 6)],
    second,
  );
}
