/**
 * The hypergeometric functions ₁F₁ and ₂F₁: the methods that jax.scipy.special takes from J. W. Pearson, S. Olver and
 * M. A. Porter (arXiv:1407.7786) and from Cephes.
 */
import type { ArrayLike, NdArray } from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { select, where } from "../../numpy/logic.ts";
import { promoteArgsInexact } from "../../numpy/promotion.ts";
import { rint } from "../../numpy/ufuncs.ts";
import { customJvp } from "../../transforms/custom-jvp.ts";
import { digamma, gamma } from "./gamma.ts";
import { constant, iterateElements } from "./operands.ts";

/** Terms of a series at most. */
const LIMIT = 250;

function epsilon(x: NdArray): number {
  return x.dtype === "float64" ? 2 ** -52 : x.dtype === "float16" ? 2 ** -10 : 2 ** -23;
}

/**
 * start + Σ weight(k)·term(k) for k = 1, 2, …, where term(k + 1) = term(k)·ratio(k), until a term is small beside the sum.
 */
function series(
  start: number,
  first: NdArray,
  enabled: NdArray | null,
  ratio: (k: NdArray) => NdArray,
  weight: ((k: NdArray) => NdArray) | null = null,
): NdArray {
  const init = { sum: constant(first, start), k: constant(first, 1), term: first };
  const end = iterateElements(
    init,
    ({ sum, k, term }) => {
      const unfinished = lax.abs(term).greater(lax.abs(sum).mul(epsilon(first)));
      const going = k.less(LIMIT).logicalAnd(unfinished);
      return enabled === null ? going : enabled.logicalAnd(going);
    },
    ({ sum, k, term }) => ({
      sum: sum.add(weight === null ? term : term.mul(weight(k))),
      k: k.add(1),
      term: term.mul(ratio(k)),
    }),
  );
  return end.sum;
}

function hyp1f1Value(a: NdArray, b: NdArray, x: NdArray): NdArray {
  const near = lax.abs(x).less(100);
  const bySeries = series(1, a.div(b).mul(x), near, (k) => a.add(k).div(b.add(k)).mul(x).div(k.add(1)));
  const far = where(near, 100, x);
  const difference = b.sub(a);
  const sum = series(1, difference.mul(lax.sub(1, a)).div(far), near.logicalNot(), (k) =>
    difference.add(k).mul(k.sub(a).add(1)).div(k.add(1)).div(far),
  );
  const byAsymptotics = gamma(b)
    .div(gamma(a))
    .mul(lax.exp(far))
    .mul(lax.pow(far, a.sub(b)))
    .mul(sum);
  return select(
    [a.equal(0), a.equal(b), b.equal(0)],
    [constant(x, 1), lax.exp(x), constant(x, Number.POSITIVE_INFINITY)],
    where(near, bySeries, byAsymptotics),
  );
}

const hyp1f1OfArrays = customJvp(hyp1f1Value);
hyp1f1OfArrays.defJvp(([a, b, x], [da, db, dx]) => {
  const ratio = (k: NdArray): NdArray => a.add(k).div(b.add(k)).mul(x).div(k.add(1));
  const first = a.div(b).mul(x);
  const slopeA = series(0, first, null, ratio, (k) => digamma(a.add(k)).sub(digamma(a)));
  const slopeB = series(0, first, null, ratio, (k) => digamma(b).sub(digamma(b.add(k))));
  const slopeX = a.div(b).mul(hyp1f1OfArrays(a.add(1), b.add(1), x));
  return [hyp1f1OfArrays(a, b, x), slopeA.mul(da).add(slopeB.mul(db)).add(slopeX.mul(dx))];
});

/** The confluent hypergeometric function ₁F₁(a; b; x) (`jax.scipy.special.hyp1f1`). */
export function hyp1f1(a: ArrayLike, b: ArrayLike, x: ArrayLike): NdArray {
  const [p, q, y] = promoteArgsInexact("hyp1f1", a, b, x);
  return hyp1f1OfArrays(p, q, y);
}

type Four = readonly [a: NdArray, b: NdArray, c: NdArray, x: NdArray];

/** The series of ₂F₁ that ends because a or b is a negative integer. */
function terminating([a0, b0, c, x]: Four, enabled: NdArray): NdArray {
  const eps = 50 * epsilon(x);
  const integerB = lax.abs(b0.sub(rint(b0))).less(eps);
  const poleFirst = c.mod(1).equal(0).logicalAnd(c.lessEqual(0)).logicalAnd(c.greater(b0));
  const swap = b0.less(a0).logicalAnd(integerB).logicalAnd(poleFirst.logicalNot());
  const a = lax.abs(where(swap, b0, a0));
  const b = where(swap, a0, b0);
  const one = constant(x, 1);
  const end = iterateElements(
    { i: one, sum: one, term: one },
    ({ i }) => enabled.logicalAnd(i.less(a.add(1))),
    ({ i, sum, term }) => {
      const next = lax.neg(a.sub(i).add(1)).div(c.add(i).sub(1)).mul(b.add(i).sub(1).div(i)).mul(x).mul(term);
      return { i: i.add(1), sum: sum.add(next), term: next };
    },
  );
  return end.sum;
}

/** ₂F₁ for c - a - b an integer and x next to 1, by the transformation to 1 - x (Cephes, hyp2f1.c). */
function digammaTransform([a, b, c, x]: Four, enabled: NdArray): NdArray {
  const eps = epsilon(x);
  const d = c.sub(a).sub(b);
  const s = lax.sub(1, x);
  const whole = rint(d);
  const positive = whole.greaterEqual(0);
  const e = where(positive, d, lax.neg(d));
  const [d1, d2] = [where(positive, d, 0), where(positive, 0, d)];
  const log = lax.log(s);
  const [a1, b1] = [a.add(d1), b.add(d1)];
  const digammas = (t: NdArray): NdArray => {
    const first = digamma(t.add(1)).add(digamma(t.add(e).add(1)));
    return first
      .sub(digamma(a1.add(t)))
      .sub(digamma(b1.add(t)))
      .sub(log);
  };
  const zero = constant(x, 0);
  const one = constant(x, 1);
  const y0 = digammas(zero).div(gamma(e.add(1)));
  const loop = iterateElements(
    {
      t: one,
      p: a1
        .mul(b1)
        .mul(s)
        .div(gamma(e.add(2))),
      q: y0,
      y: y0,
    },
    ({ t, q, y }) =>
      enabled.logicalAnd(t.less(LIMIT)).logicalAnd(lax.abs(q).greaterEqual(lax.abs(y).mul(eps))),
    ({ t, p, y }) => {
      const q = p.mul(digammas(t));
      const next = p.mul(s).mul(a1.add(t)).div(t.add(1)).mul(b1.add(t)).div(t.add(1).add(e));
      return { t: t.add(1), p: next, q, y: y.add(q) };
    },
  );
  const sum = loop.y;
  const size = lax.abs(whole);
  const finite = iterateElements(
    { i: one, t: zero, p: one, sum: one },
    ({ i }) => enabled.logicalAnd(i.less(size)),
    ({ i, t, p, sum }) => {
      const factor = s.mul(a.add(t).add(d2)).mul(b.add(t).add(d2)).div(t.add(1).sub(e));
      const next = p.mul(factor).div(t.add(1));
      return { i: i.add(1), t: t.add(1), p: next, sum: sum.add(next) };
    },
  );
  const top = gamma(c);
  const ended = finite.sum
    .mul(gamma(e))
    .mul(top)
    .div(gamma(a1).mul(gamma(b1)));
  const infinite = sum.mul(top).div(gamma(a.add(d2)).mul(gamma(b.add(d2))));
  const signed = where(size.mod(2).notEqual(0), lax.neg(infinite), infinite);
  const q = lax.pow(s, whole);
  const usual = where(whole.greater(0), signed.mul(q).add(ended), signed.add(ended.mul(q)));
  return where(whole.equal(0), sum.mul(top).div(gamma(a).mul(gamma(b))), usual);
}

function terminatingOrSeries(four: Four, enabled: NdArray): NdArray {
  const [a, b, c, x] = four;
  const eps = 50 * epsilon(x);
  const d = c.sub(a).sub(b);
  const ends = (y: NdArray): NdArray => y.lessEqual(0).logicalAnd(lax.abs(y.sub(rint(y))).less(eps));
  const finite = ends(a).logicalOr(ends(b));
  const whole = lax.abs(d.sub(rint(d))).less(eps);
  const transformed = x.greater(0.9).logicalAnd(finite.logicalNot()).logicalAnd(whole);
  const open = enabled.logicalAnd(finite.logicalOr(transformed).logicalNot());
  const ratio = (k: NdArray): NdArray => a.add(k).mul(b.add(k)).div(c.add(k)).div(k.add(1)).mul(x);
  const first = a.mul(b).div(c).mul(x);
  return select(
    [finite, transformed],
    [terminating(four, enabled.logicalAnd(finite)), digammaTransform(four, enabled.logicalAnd(transformed))],
    series(1, first, open, ratio),
  );
}

function hyp2f1Value(a: NdArray, b: NdArray, c: NdArray, x: NdArray): NdArray {
  const eps = 50 * epsilon(x);
  const d = c.sub(a).sub(b);
  const s = lax.sub(1, x);
  const [ca, cb] = [c.sub(a), c.sub(b)];
  const parameterZero = a.equal(0).logicalOr(b.equal(0)).logicalAnd(c.notEqual(0));
  const cPole = c.equal(0).logicalOr(c.less(0).logicalAnd(c.mod(1).equal(0)));
  const fraction = lax
    .abs(d.sub(rint(d)))
    .greaterEqual(eps)
    .logicalAnd(s.less(0));
  const euler = d.lessEqual(-1).logicalAnd(fraction.logicalNot());
  const below = x.less(1);
  const infinity = constant(x, Number.POSITIVE_INFINITY);
  const trivial = x.equal(0).logicalOr(parameterZero).logicalOr(cPole);
  const useEuler = trivial.logicalNot().logicalAnd(euler);
  const useSeries = trivial.logicalOr(euler).logicalNot().logicalAnd(below);
  return select(
    [
      x.equal(0).logicalOr(parameterZero),
      cPole,
      euler,
      d.lessEqual(0).logicalAnd(x.equal(1)),
      below.logicalAnd(b.equal(c)),
      below.logicalAnd(a.equal(c)),
      x.greater(1),
      x.equal(1),
    ],
    [
      constant(x, 1),
      infinity,
      lax.pow(s, d).mul(terminatingOrSeries([ca, cb, c, x], useEuler)),
      infinity,
      lax.pow(s, lax.neg(a)),
      lax.pow(s, lax.neg(b)),
      infinity,
      gamma(c)
        .mul(gamma(d))
        .div(gamma(ca).mul(gamma(cb))),
    ],
    terminatingOrSeries([a, b, c, x], useSeries),
  );
}

const hyp2f1OfArrays = customJvp(hyp2f1Value);
hyp2f1OfArrays.defJvp(([a, b, c, x], [da, db, dc, dx]) => {
  const ratio = (k: NdArray): NdArray => a.add(k).mul(b.add(k)).div(c.add(k)).div(k.add(1)).mul(x);
  const first = a.mul(b).div(c).mul(x);
  const slope = (weight: (k: NdArray) => NdArray): NdArray => series(0, first, null, ratio, weight);
  const slopeA = slope((k) => digamma(a.add(k)).sub(digamma(a)));
  const slopeB = slope((k) => digamma(b.add(k)).sub(digamma(b)));
  const slopeC = slope((k) => digamma(c).sub(digamma(c.add(k))));
  const slopeX = a
    .mul(b)
    .div(c)
    .mul(hyp2f1OfArrays(a.add(1), b.add(1), c.add(1), x));
  const tangent = slopeA.mul(da).add(slopeB.mul(db)).add(slopeC.mul(dc)).add(slopeX.mul(dx));
  return [hyp2f1OfArrays(a, b, c, x), tangent];
});

/** Gauss's hypergeometric function ₂F₁(a, b; c; x) for x ≤ 1 (`jax.scipy.special.hyp2f1`). */
export function hyp2f1(a: ArrayLike, b: ArrayLike, c: ArrayLike, x: ArrayLike): NdArray {
  const [p, q, r, y] = promoteArgsInexact("hyp2f1", a, b, c, x);
  return hyp2f1OfArrays(p, q, r, y);
}
