/** The gamma and beta functions, their logarithms, derivatives and incomplete forms, and the Hurwitz zeta function. */
import { isInteger } from "../../../compiler/types/dtype.ts";
import {
  type ArrayLike,
  arrayFromData,
  type NdArray,
  UnsupportedError,
  WeftValueError,
} from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { iota, reshape, sliceInDim } from "../../lax/movement.ts";
import * as laxSpecial from "../../lax/special.ts";
import { finfo } from "../../numpy/dtypes.ts";
import { isnan, select, where } from "../../numpy/logic.ts";
import { inexact, promoteArgsInexact, toArray } from "../../numpy/promotion.ts";
import { cumprod, sum } from "../../numpy/reductions.ts";
import { signbit } from "../../numpy/ufuncs.ts";
import { customJvp } from "../../transforms/custom-jvp.ts";
import { jvp } from "../../transforms/gradient.ts";
import { EULER_MACLAURIN } from "./coefficients.ts";

/** log |Γ(x)| (`jax.scipy.special.gammaln`). */
export function gammaln(x: ArrayLike): NdArray {
  return lax.lgamma(inexact("gammaln", x));
}

/** Sign of Γ(x): NaN at negative integers and −1 at −0 (`jax.scipy.special.gammasgn`). */
export function gammasgn(x: ArrayLike): NdArray {
  const a = inexact("gammasgn", x);
  const floor = lax.floor(a);
  const negative = a.less(0);
  const pole = negative.logicalAnd(a.equal(floor)).logicalOr(isnan(a));
  const odd = negative.logicalAnd(floor.mod(2).notEqual(0));
  const minusZero = a.equal(0).logicalAnd(signbit(a));
  return select([pole, odd.logicalOr(minusZero)], [a.mul(0).add(Number.NaN), a.mul(0).sub(1)], 1);
}

/** log Γ(x), NaN where x is not positive (`jax.scipy.special.loggamma` of reals). */
export function loggamma(x: ArrayLike): NdArray {
  const a = inexact("loggamma", x);
  return where(a.greater(0), lax.lgamma(a), Number.NaN);
}

/** Γ(x) (`jax.scipy.special.gamma`). */
export function gamma(x: ArrayLike): NdArray {
  const a = inexact("gamma", x);
  return gammasgn(a).mul(lax.exp(lax.lgamma(a)));
}

/** log(Γ(b) / Γ(a + b)) for b ≥ 8, a ≤ b, after `algdiv` of cdflib (B. W. Brown and others), as SciPy has it. */
function logGammaRatio(a: NdArray, b: NdArray): NdArray {
  const h = a.div(b);
  const x = h.div(h.add(1));
  const d = b.add(a.sub(0.5));
  const x2 = x.mul(x);
  const s3 = x.add(x2).add(1);
  const s5 = x.add(x2.mul(s3)).add(1);
  const s7 = x.add(x2.mul(s5)).add(1);
  const s9 = x.add(x2.mul(s7)).add(1);
  const s11 = x.add(x2.mul(s9)).add(1);
  const t = lax.square(lax.reciprocal(b));
  let w = s11.mul(-0.165322962780713e-2).mul(t).add(s9.mul(0.837308034031215e-3));
  w = w.mul(t).add(s7.mul(-0.59520293135187e-3));
  w = w.mul(t).add(s5.mul(0.79365066682539e-3));
  w = w.mul(t).add(s3.mul(-0.277777777760991e-2));
  w = w.mul(t).add(0.833333333333333e-1).mul(x.div(b));
  const u = d.mul(lax.log1p(h));
  const v = a.mul(lax.log(b).sub(1));
  return where(u.lessEqual(v), w.sub(v).sub(u), w.sub(u).sub(v));
}

/** log |B(a, b)| (`jax.scipy.special.betaln`). */
export function betaln(a: ArrayLike, b: ArrayLike): NdArray {
  const [p, q] = promoteArgsInexact("betaln", a, b);
  const [low, high] = [lax.min(p, q), lax.max(p, q)];
  const first = lax.lgamma(low);
  const small = first.add(lax.lgamma(high).sub(lax.lgamma(low.add(high))));
  return where(high.less(8), small, first.add(logGammaRatio(low, high)));
}

/** B(a, b) (`jax.scipy.special.beta`). */
export function beta(a: ArrayLike, b: ArrayLike): NdArray {
  const [p, q] = promoteArgsInexact("beta", a, b);
  const sign = gammasgn(p)
    .mul(gammasgn(q))
    .mul(gammasgn(p.add(q)));
  return sign.mul(lax.exp(betaln(p, q)));
}

/** n! as Γ(n + 1); 0 for negative n (`jax.scipy.special.factorial`). Throws UnsupportedError for `exact`. */
export function factorial(n: ArrayLike, options: { readonly exact?: boolean } = {}): NdArray {
  if (options.exact ?? false) throw new UnsupportedError("factorial with exact=True");
  const a = inexact("factorial", n);
  return where(a.less(0), 0, lax.exp(lax.lgamma(a.add(1))));
}

/** Number of ways to choose k of N things, with repetition if asked for (`jax.scipy.special.comb`). */
export function comb(N: ArrayLike, k: ArrayLike, options: { readonly repetition?: boolean } = {}): NdArray {
  const [n, m] = promoteArgsInexact("comb", N, k);
  if (options.repetition ?? false) {
    const none = m.equal(0).logicalAnd(n.greaterEqual(0));
    return where(none, 1, comb(n.add(m).sub(1), m));
  }
  const possible = m.lessEqual(n).logicalAnd(n.greaterEqual(0)).logicalAnd(m.greaterEqual(0));
  const [safeN, safeM] = [where(possible, n, 0), where(possible, m, 0)];
  const log = gammaln(safeN.add(1))
    .sub(gammaln(safeM.add(1)))
    .sub(gammaln(safeN.add(1).sub(safeM)));
  return where(possible, lax.exp(log), 0);
}

/** I_x(a, b), the regularised incomplete beta function (`jax.scipy.special.betainc`); differentiable in x. */
export function betainc(a: ArrayLike, b: ArrayLike, x: ArrayLike): NdArray {
  const [p, q, y] = promoteArgsInexact("betainc", a, b, x);
  return laxSpecial.betainc(p, q, y);
}

/** ψ(x), the derivative of gammaln (`jax.scipy.special.digamma`). */
export function digamma(x: ArrayLike): NdArray {
  return lax.digamma(inexact("digamma", x));
}

/** P(a, x), the regularised lower incomplete gamma function (`jax.scipy.special.gammainc`). */
export function gammainc(a: ArrayLike, x: ArrayLike): NdArray {
  const [p, y] = promoteArgsInexact("gammainc", a, x);
  return laxSpecial.igamma(p, y);
}

/** Q(a, x) = 1 − P(a, x) (`jax.scipy.special.gammaincc`). */
export function gammaincc(a: ArrayLike, x: ArrayLike): NdArray {
  const [p, y] = promoteArgsInexact("gammaincc", a, x);
  return laxSpecial.igammac(p, y);
}

/** Logarithm of the multivariate gamma function of dimension d (`jax.scipy.special.multigammaln`). */
export function multigammaln(a: ArrayLike, d: number): NdArray {
  const x = inexact("multigammaln", a);
  const halves = lax.mul(iota(x.dtype, d), 0.5);
  const terms = gammaln(reshape(x, [...x.shape, 1]).sub(halves));
  return sum(terms, { axis: -1 }).add(0.25 * d * (d - 1) * Math.log(Math.PI));
}

/** ψ⁽ⁿ⁾(x) for integers n ≥ 0 (`jax.scipy.special.polygamma`). Throws WeftValueError for an n of another dtype. */
export function polygamma(n: ArrayLike, x: ArrayLike): NdArray {
  const { dtype } = toArray("polygamma", n);
  if (!isInteger(dtype) && !Number.isInteger(n)) {
    throw new WeftValueError(`Argument \`n\` to polygamma must be of integer type. Got dtype ${dtype}.`);
  }
  const [m, y] = promoteArgsInexact("polygamma", n, x);
  return laxSpecial.polygamma(m, y);
}

/** ζ(s, a) in a form whose derivatives are taken: formula (5) of F. Johansson, Numer. Algorithms 69 (2015). */
function zetaSeries(s: NdArray, a: NdArray): NdArray {
  const terms = s.dtype === "float64" ? 16 : 8;
  const column = (x: NdArray): NdArray => reshape(x, [...x.shape, 1]);
  const k = iota(s.dtype, terms);
  const head = sum(lax.pow(column(a).add(k), lax.neg(column(s)).add(k.mul(0))), { axis: -1 });
  const end = a.add(terms);
  const integral = lax.pow(end, lax.neg(s).add(1)).div(s.sub(1));
  const last = lax.pow(end, lax.neg(s));
  const m = iota(s.dtype, 2 * terms);
  const products = cumprod(column(s).add(m).div(column(end)), -1);
  const odd = sliceInDim(products, null, null, { stride: 2, axis: -1 });
  const coefficients = arrayFromData(EULER_MACLAURIN.slice(0, terms), s.dtype, [terms]);
  const corrections = sum(lax.min(odd, finfo(s.dtype).max).div(coefficients), { axis: -1 });
  return head.add(integral).add(last.mul(corrections.add(0.5)));
}

const zetaOfArrays = customJvp((x: NdArray, q: NdArray): NdArray => laxSpecial.zeta(x, q));
zetaOfArrays.defJvp((primals, tangents) => jvp(zetaSeries, primals, tangents));

/** The Hurwitz zeta function Σ (q + k)⁻ˣ (`jax.scipy.special.zeta`). */
export function zeta(x: ArrayLike, q: ArrayLike): NdArray {
  const [a, b] = promoteArgsInexact("zeta", x, q);
  return zetaOfArrays(a, b);
}

const pochOfArrays = customJvp((z: NdArray, m: NdArray): NdArray => {
  return where(m.equal(0), 1, gamma(z.add(m)).div(gamma(z)));
});
pochOfArrays.defJvp(([z, m], [dz, dm]) => {
  const value = pochOfArrays(z, m);
  const raised = digamma(z.add(m));
  const slope = raised.sub(digamma(z)).mul(value).mul(dz);
  return [value, slope.add(raised.mul(value).mul(dm))];
});

/** Γ(z + m) / Γ(z) (`jax.scipy.special.poch`). */
export function poch(z: ArrayLike, m: ArrayLike): NdArray {
  const [a, b] = promoteArgsInexact("poch", z, m);
  return pochOfArrays(a, b);
}
