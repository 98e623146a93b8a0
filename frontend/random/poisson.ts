/** Poisson, binomial and multinomial numbers (`jax.random`), by the methods and with the keys of JAX. */
import { type DType, isInteger } from "../../compiler/types/dtype.ts";
import type { Shape } from "../../compiler/types/tensor-type.ts";
import { scan } from "../control/scan.ts";
import { whileLoop } from "../control/while-loop.ts";
import { type ArrayLike, arrayFromData, full, NdArray, WeftValueError } from "../core/index.ts";
import { canonicalizeShape } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { indexInDim } from "../lax/movement.ts";
import { broadcastShapes, broadcastTo } from "../lax/operands.ts";
import { cumsum } from "../lax/reductions.ts";
import { isinf, isnan, where } from "../numpy/logic.ts";
import { moveaxis } from "../numpy/movement.ts";
import { inexact, promoteDTypesInexact } from "../numpy/promotion.ts";
import { any } from "../numpy/reductions.ts";
import { take } from "../numpy/take.ts";
import { clip } from "../numpy/ufuncs.ts";
import { checkFloat, type FloatOptions, parameter, uniform } from "./bits.ts";
import { type KeyLike, singleKey, split, wordsOf } from "./keys.ts";

type Size = number | Shape;

/** Steps at most: as many as JAX takes, so none of these loops ends for it. */
const MAX_STEPS = 2147483647;

function keysOf(key: NdArray, count: number): NdArray[] {
  const words = split(key, count);
  return Array.from({ length: count }, (_, i) => indexInDim(words, i, { keepdims: false }));
}

/** D. E. Knuth's method: how many uniform numbers multiply to e^-lam. */
function poissonKnuth(key: NdArray, lam: NdArray, dtype: DType): NdArray {
  const { shape } = lam;
  const end = whileLoop(
    ({ i, logProduct }) => any(logProduct.greater(lax.neg(lam))).logicalAnd(i.less(MAX_STEPS)),
    ({ i, k, key, logProduct }) => {
      const [next, subkey] = keysOf(key, 2);
      const u = uniform(subkey, shape);
      return {
        i: i.add(1),
        k: lax.select(logProduct.greater(lax.neg(lam)), k.add(1), k),
        key: next,
        logProduct: logProduct.add(lax.log(u)),
      };
    },
    { i: full(0, "int32"), k: full(0, dtype, shape), key, logProduct: full(0, "float32", shape) },
  );
  return end.k.sub(1);
}

/** W. Hörmann's transformed rejection (PTRS, Insurance: Mathematics and Economics 12, 1993). */
function poissonRejection(key: NdArray, lam: NdArray, dtype: DType): NdArray {
  const { shape } = lam;
  const logLam = lax.log(lam);
  const b = lax.sqrt(lam).mul(2.53).add(0.931);
  const a = b.mul(0.02483).add(-0.059);
  const inverseAlpha = lax.div(1.1328, b.sub(3.4)).add(1.1239);
  const vr = lax.sub(0.9277, lax.div(3.6224, b.sub(2)));
  const end = whileLoop(
    ({ i, accepted }) => any(accepted.logicalNot()).logicalAnd(i.less(MAX_STEPS)),
    ({ i, k: old, accepted, key }) => {
      const [next, key0, key1] = keysOf(key, 3);
      const u = uniform(key0, shape).sub(0.5);
      const v = uniform(key1, shape);
      const shifted = lax.sub(0.5, lax.abs(u));
      const k = lax.floor(a.mul(2).div(shifted).add(b).mul(u).add(lam).add(0.43));
      const s = lax.log(v.mul(inverseAlpha).div(a.div(shifted.mul(shifted)).add(b)));
      const t = k
        .mul(logLam)
        .sub(lam)
        .sub(lax.lgamma(k.add(1)));
      const accept1 = shifted.greaterEqual(0.07).logicalAnd(v.lessEqual(vr));
      const reject = k.less(0).logicalOr(shifted.less(0.013).logicalAnd(v.greater(shifted)));
      const accept = accept1.logicalOr(reject.logicalNot().logicalAnd(s.lessEqual(t)));
      return { i: i.add(1), k: lax.select(accept, k, old), accepted: accepted.logicalOr(accept), key: next };
    },
    { i: full(0, "int32"), k: full(-1, "float32", shape), accepted: full(0, "bool", shape), key },
  );
  return end.k.astype(dtype);
}

/** Options of `poisson`. */
export interface IntegerOptions {
  /** An integer dtype; default int32. */
  readonly dtype?: DType;
}

/** Poisson of mean lam (`jax.random.poisson`). Throws WeftValueError for a dtype that is no integer. */
export function poisson(
  key: KeyLike,
  lam: ArrayLike,
  shape: Size | null = null,
  options: IntegerOptions = {},
): NdArray {
  const { dtype = "int32" } = options;
  if (!isInteger(dtype)) {
    throw new WeftValueError(`dtype argument to \`poisson\` must be an int dtype, got ${dtype}`);
  }
  const sizes = shape === null ? (lam instanceof NdArray ? lam.shape : []) : canonicalizeShape(shape);
  singleKey("poisson", key);
  const words = wordsOf(key);
  const mean = parameter("poisson", lam, "float32", sizes);
  const small = isnan(mean).logicalOr(mean.less(10));
  const result = lax.select(
    small,
    poissonKnuth(words, where(small, mean, 0), dtype),
    // Where it is not used, a mean that is accepted soon.
    poissonRejection(words, where(small, 1e5, mean), dtype),
  );
  return where(mean.equal(0), 0, result).astype(dtype);
}

/** log k! less Stirling's first terms, for k from 0 to 9. */
const STIRLING_TAIL = [
  0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509, 0.0166446911898211,
  0.0138761288230707, 0.0118967099458917, 0.010411265261972, 0.00925546218271273, 0.00833056343336287,
];

function stirlingTail(k: NdArray): NdArray {
  const table = arrayFromData(STIRLING_TAIL, k.dtype, [STIRLING_TAIL.length]);
  const bounded = lax.clamp(0, k, 9);
  const square = lax.square(bounded.add(1));
  const approximation = lax
    .sub(1 / 12, lax.sub(1 / 360, lax.div(1 / 1260, square)).div(square))
    .div(bounded.add(1));
  return where(
    k.lessEqual(9),
    take(table, lax.floor(bounded).astype("int32"), { mode: "clip" }),
    approximation,
  );
}

/** W. Hörmann's transformed rejection for the binomial distribution (BTRS, J. Stat. Comput. Simul. 46, 1993). */
function binomialRejection(key: NdArray, count: NdArray, p: NdArray): NdArray {
  const { shape, dtype } = p;
  const deviation = lax.sqrt(count.mul(p).mul(lax.sub(1, p)));
  const b = deviation.mul(2.53).add(1.15);
  const a = b.mul(0.0248).add(-0.0873).add(p.mul(0.01));
  const c = count.mul(p).add(0.5);
  const vr = lax.sub(0.92, lax.div(4.2, b));
  const r = p.div(lax.sub(1, p));
  const alpha = lax.div(5.1, b).add(2.83).mul(deviation);
  const m = lax.floor(count.add(1).mul(p));
  const end = whileLoop(
    ({ i, accepted }) => any(accepted.logicalNot()).logicalAnd(i.less(MAX_STEPS)),
    ({ i, k: old, accepted, key }) => {
      const [next, key0, key1] = keysOf(key, 3);
      const u = uniform(key0, shape, { dtype }).sub(0.5);
      const v0 = uniform(key1, shape, { dtype });
      const us = lax.sub(0.5, lax.abs(u));
      const accept1 = us.greaterEqual(0.07).logicalAnd(v0.lessEqual(vr));
      const k = lax.floor(a.mul(2).div(us).add(b).mul(u).add(c));
      const reject = k.less(0).logicalOr(k.greater(count));
      const v = lax.log(v0.mul(alpha).div(a.div(us.mul(us)).add(b)));
      const rest = count.sub(m).add(1);
      const others = count.sub(k).add(1);
      let bound = m.add(0.5).mul(lax.log(m.add(1).div(r.mul(rest))));
      bound = bound.add(count.add(1).mul(lax.log(rest.div(others))));
      bound = bound.add(k.add(0.5).mul(lax.log(r.mul(others).div(k.add(1)))));
      bound = bound.add(stirlingTail(m)).add(stirlingTail(count.sub(m)));
      bound = bound.sub(stirlingTail(k)).sub(stirlingTail(count.sub(k)));
      const accept = accept1.logicalOr(reject.logicalNot().logicalAnd(v.lessEqual(bound)));
      return { i: i.add(1), k: lax.select(accept, k, old), accepted: accepted.logicalOr(accept), key: next };
    },
    { i: full(0, "int32"), k: full(-1, dtype, shape), accepted: full(0, "bool", shape), key },
  );
  return end.k;
}

/** How many geometric numbers sum up to no more than `count`. */
function binomialInversion(key: NdArray, count: NdArray, p: NdArray): NdArray {
  const { shape, dtype } = p;
  const logMiss = lax.log1p(lax.neg(p));
  const end = whileLoop(
    ({ i, sum }) => any(sum.lessEqual(count)).logicalAnd(i.less(MAX_STEPS)),
    ({ i, k, sum, key }) => {
      const [subkey, next] = keysOf(key, 2);
      const geometric = lax.ceil(lax.log(uniform(subkey, shape, { dtype })).div(logMiss));
      return {
        i: i.add(1),
        k: lax.select(sum.lessEqual(count), k.add(1), k),
        sum: sum.add(geometric),
        key: next,
      };
    },
    { i: full(0, "int32"), k: full(0, dtype, shape), sum: full(0, dtype, shape), key },
  );
  return end.k.sub(1);
}

/** Successes in n trials of probability p, as floats; NaN for what is no probability or number (`jax.random.binomial`). */
export function binomial(
  key: KeyLike,
  n: ArrayLike,
  p: ArrayLike,
  shape: Size | null = null,
  options: FloatOptions = {},
): NdArray {
  const dtype = checkFloat("binomial", options.dtype ?? "float32");
  singleKey("binomial", key);
  const words = wordsOf(key);
  const given = inexact("binomial", p);
  const sizes =
    shape === null
      ? broadcastShapes(n instanceof NdArray ? n.shape : [], given.shape)
      : canonicalizeShape(shape);
  const probability = parameter("binomial", given, given.dtype, sizes);
  const trials = parameter("binomial", n, given.dtype, sizes);
  const small = probability.less(0.5);
  const q0 = lax.select(small, probability, lax.sub(1, probability));
  const badCount = isnan(trials).logicalOr(trials.less(0));
  const infinite = isinf(trials);
  const badQ = isnan(q0).logicalOr(q0.less(0));
  const q = where(badQ, 0.01, q0);
  const inverts = badCount.logicalOr(trials.mul(q).lessEqual(10));
  const count = lax.floor(trials);
  const byInversion = binomialInversion(words, where(inverts, count, 0), q);
  const byRejection = binomialRejection(words, where(inverts, 1e4, count), where(inverts, 0.5, q));
  const drawn = lax.select(inverts, byInversion, byRejection).astype(dtype);
  const invalid = badQ.logicalOr(badCount);
  const finite = where(infinite, Number.POSITIVE_INFINITY, drawn);
  const samples = where(invalid, Number.NaN, finite);
  const asDrawn = small.logicalOr(badCount).logicalOr(isnan(q0)).logicalOr(infinite);
  return lax.select(asDrawn, samples, count.astype(dtype).sub(samples));
}

/** Options of `multinomial`. */
export interface MultinomialOptions extends FloatOptions {
  /** Shape of the result, its last axis the outcomes; default that of p. */
  readonly shape?: Shape | null;
}

/** Counts of n trials over the outcomes of the last axis of p, as floats (`jax.random.multinomial`). */
export function multinomial(
  key: KeyLike,
  n: ArrayLike,
  p: ArrayLike,
  options: MultinomialOptions = {},
): NdArray {
  const dtype = checkFloat("multinomial", options.dtype ?? "float32");
  const [trials, probabilities] = promoteDTypesInexact("multinomial", n, p);
  const sizes = options.shape ?? probabilities.shape;
  const remainder = broadcastTo(trials, sizes.slice(0, -1));
  const byOutcome = moveaxis(broadcastTo(probabilities, sizes), -1, 0);
  const remaining = cumsum(byOutcome, 0, { reverse: true });
  const ratios = byOutcome.div(where(remaining.equal(0), 1, remaining));
  const [, counts] = scan(
    (left: NdArray, { ratio, subkey }: { ratio: NdArray; subkey: NdArray }) => {
      const drawn = binomial(subkey, left, clip(ratio, 0, 1), null, {
        dtype: left.dtype as FloatOptions["dtype"],
      });
      return [left.sub(drawn), drawn];
    },
    remainder,
    { ratio: ratios, subkey: split(wordsOf(key), ratios.shape[0]) },
  );
  return moveaxis(counts, 0, -1).astype(dtype);
}
