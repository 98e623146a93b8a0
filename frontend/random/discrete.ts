/** Discrete distributions, permutations and choices (`jax.random`). */
import type { DType } from "../../compiler/types/dtype.ts";
import { isFloating, isInteger } from "../../compiler/types/dtype.ts";
import { type Shape, sizeOf } from "../../compiler/types/tensor-type.ts";
import {
  type ArrayLike,
  convert,
  formatShape,
  NdArray,
  WeftTypeError,
  WeftValueError,
} from "../core/index.ts";
import { canonicalizeAxis, canonicalizeShape, otherAxes } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { indexInDim, iota, reshape, sliceInDim, transpose } from "../lax/movement.ts";
import { broadcastShapes, broadcastTo, constantLike, numberAs } from "../lax/operands.ts";
import { argmax, cumsum } from "../lax/reductions.ts";
import { sortKeyVal, topK } from "../lax/sorting.ts";
import { searchsorted } from "../numpy/sorting.ts";
import { take } from "../numpy/take.ts";
import { bernoulli } from "./bernoulli.ts";
import { checkFloat, checkShape, randint, uniform } from "./bits.ts";
import { type GumbelMode, gumbel } from "./distributions.ts";
import { bits32, type KeyLike, singleKey, splitWords, wordsOf } from "./keys.ts";

type Size = number | Shape;

/** −1 or 1 with equal probability (`jax.random.rademacher`). */
export function rademacher(key: KeyLike, shape: Size = [], options: { dtype?: DType } = {}): NdArray {
  const { dtype = "int32" } = options;
  return lax.sub(lax.mul(convert(bernoulli(key, 0.5, shape), dtype), 2), 1);
}

/** Number of trials up to the first success of probability p (`jax.random.geometric`). */
export function geometric(
  key: KeyLike,
  p: ArrayLike,
  shape: Size | null = null,
  options: { dtype?: DType } = {},
): NdArray {
  const chance = p instanceof NdArray ? p : numberAs(p, "float32");
  checkFloat("geometric", chance.dtype);
  const { dtype = "int32" } = options;
  if (!isInteger(dtype)) {
    throw new WeftValueError(`dtype argument to \`geometric\` must be an int dtype, got ${dtype}`);
  }
  const sizes = shape === null ? chance.shape : canonicalizeShape(shape);
  checkShape("geometric", sizes, chance.shape);
  const drawn = uniform(key, sizes, { dtype: chance.dtype });
  const u = lax.select(lax.eq(drawn, 0), constantLike(drawn, 1), drawn);
  const rate = broadcastTo(lax.log1p(lax.neg(chance)), sizes);
  return convert(lax.add(lax.floor(lax.div(lax.log(u), rate)), 1), dtype);
}

/** Options of `categorical`. */
export interface CategoricalOptions {
  /** Axis of the classes; default the last. */
  readonly axis?: number;
  /** Shape of the result, to which the other axes broadcast. */
  readonly shape?: Size | null;
  /** Whether a class may be drawn again; else the shape's first axes are drawn together. Default true. */
  readonly replace?: boolean;
  /** How the noise is drawn; see gumbel. */
  readonly mode?: GumbelMode | null;
}

/** Class numbers by unnormalised log probabilities, by Gumbel's maximum: int32 (`jax.random.categorical`). */
export function categorical(key: KeyLike, logits: NdArray, options: CategoricalOptions = {}): NdArray {
  const axis = canonicalizeAxis(options.axis ?? -1, logits.ndim);
  const batch = logits.shape.filter((_, i) => i !== axis);
  const sizes =
    options.shape === undefined || options.shape === null ? batch : canonicalizeShape(options.shape);
  checkShape("categorical", sizes, batch);
  const prefix = sizes.slice(0, sizes.length - batch.length);
  const dtype = isFloating(logits.dtype) ? logits.dtype : "float32";
  const scores = convert(logits, dtype);
  if (options.replace ?? true) {
    // As JAX: the classes' axis keeps its place, counted from the end, behind the new axes.
    const fromEnd = axis - logits.ndim;
    const drawn = [...sizes];
    drawn.splice(sizes.length + fromEnd + 1, 0, logits.shape[axis]);
    const noise = gumbel(key, drawn, { dtype, mode: options.mode });
    const spread = broadcastTo(scores, broadcastShapes(drawn, scores.shape));
    return argmax(lax.add(noise, spread), drawn.length + fromEnd);
  }
  const count = sizeOf(prefix);
  if (count > logits.shape[axis]) {
    throw new WeftValueError(
      `Number of samples without replacement (${count}) cannot exceed number of categories (${logits.shape[axis]}).`,
    );
  }
  const noisy = lax.add(gumbel(key, logits.shape, { dtype, mode: options.mode }), scores);
  const [, chosen] = topK(noisy, count, { axis });
  const others = otherAxes(chosen.ndim, [axis]);
  return reshape(transpose(chosen, [axis, ...others]), sizes);
}

/** Sorted by fresh random keys, as many rounds as make a collision in all of them unlikely (`_shuffle` of jax.random). */
function shuffle(key: KeyLike, x: NdArray, axis: number): NdArray {
  const rounds = Math.ceil((3 * Math.log(Math.max(1, x.size))) / Math.log(4294967295));
  let words = wordsOf(key);
  let shuffled = x;
  for (let i = 0; i < rounds; i++) {
    const pair = splitWords("permutation", words, [2]);
    words = indexInDim(pair, 0, { keepdims: false });
    const [k1, k2] = singleKey("permutation", indexInDim(pair, 1, { keepdims: false }));
    [, shuffled] = sortKeyVal(bits32(k1, k2, x.shape), shuffled, axis);
  }
  return shuffled;
}

/** Options of `permutation`. */
export interface PermutationOptions {
  /** Default 0. */
  readonly axis?: number;
  /** Whether every vector along the axis is shuffled apart. Default false. */
  readonly independent?: boolean;
}

/** 0 … n−1, or the rows of an array, in random order (`jax.random.permutation`). */
export function permutation(key: KeyLike, x: number | NdArray, options: PermutationOptions = {}): NdArray {
  singleKey("permutation", key);
  if (typeof x === "number" || x.ndim === 0) {
    const n = typeof x === "number" ? x : x.item();
    if (!Number.isInteger(n)) throw new WeftTypeError("x must be an integer or at least 1-dimensional");
    return shuffle(key, iota("int32", n), 0);
  }
  const axis = canonicalizeAxis(options.axis ?? 0, x.ndim);
  if ((options.independent ?? false) || x.ndim === 1) return shuffle(key, x, axis);
  const order = shuffle(key, iota("int32", x.shape[axis]), 0);
  return take(x, order, { axis, mode: "clip" });
}

/** Options of `choice`. */
export interface ChoiceOptions {
  /** Whether an element may be drawn again. Default true. */
  readonly replace?: boolean;
  /** Probabilities of the elements. */
  readonly p?: NdArray | null;
  /** How the noise of drawing without replacement by probabilities is drawn; see gumbel. */
  readonly mode?: GumbelMode | null;
  /** Default 0. */
  readonly axis?: number;
}

/** Elements of an array, or of 0 … a−1, drawn at random (`jax.random.choice`). */
export function choice(
  key: KeyLike,
  a: number | NdArray,
  shape: Size = [],
  options: ChoiceOptions = {},
): NdArray {
  const sizes = canonicalizeShape(shape);
  const { replace = true, p = null } = options;
  const array = typeof a === "number" || a.ndim === 0 ? null : a;
  const axis = array === null ? 0 : canonicalizeAxis(options.axis ?? 0, array.ndim);
  const population = array === null ? (typeof a === "number" ? a : a.item()) : array.shape[axis];
  const draws = sizeOf(sizes);
  if (population <= 0 && draws > 0)
    throw new WeftValueError("a must be greater than 0 unless no samples are taken");
  if (!replace && draws > population) {
    throw new WeftValueError(
      `Cannot take a larger sample (size ${draws}) than population (size ${population}) when 'replace=False'`,
    );
  }
  const result = (indices: NdArray): NdArray =>
    array === null ? indices : take(array, indices, { axis, mode: "clip" });
  if (p === null) {
    if (replace) return result(randint(key, sizes, 0, population));
    const mixed = permutation(key, array ?? population, { axis });
    const first = sliceInDim(mixed, 0, draws, { axis });
    return reshape(first, array === null ? sizes : array.shape.toSpliced(axis, 1, ...sizes));
  }
  if (p.ndim !== 1 || p.size !== population) {
    throw new WeftValueError(
      `p must be None or a 1D vector with the same size as a.shape[axis]. p has shape ${formatShape(p.shape)} and ` +
        `a.shape[axis] is ${population}.`,
    );
  }
  const weights = isFloating(p.dtype) ? p : convert(p, "float32");
  if (replace) {
    const total = cumsum(weights, 0);
    const last = broadcastTo(reshape(sliceInDim(total, population - 1, population), []), sizes);
    const r = lax.mul(last, lax.sub(1, uniform(key, sizes, { dtype: weights.dtype })));
    return result(searchsorted(total, r));
  }
  const noisy = lax.add(
    gumbel(key, [population], { dtype: weights.dtype, mode: options.mode }),
    lax.log(weights),
  );
  const [, chosen] = topK(noisy, draws);
  return result(reshape(chosen, sizes));
}
