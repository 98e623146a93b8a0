/** Sets as sorted vectors (`jax.numpy` set operations). Under `jit` they need `size`, as results of a known extent. */
import { type ArrayLike, convert, full, type NdArray } from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";
import { broadcastedIota, concatenate, sliceInDim } from "../lax/movement.ts";
import { broadcastTo } from "../lax/operands.ts";
import { reduceMax, reduceMin, reduceSum } from "../lax/reductions.ts";
import { sort } from "../lax/sorting.ts";
import { where } from "./logic.ts";
import { ravel } from "./movement.ts";
import { nonzero, type SizeOptions } from "./nonzero.ts";
import { promoteDTypes, toArray } from "./promotion.ts";
import { isin } from "./sorting.ts";
import { take } from "./take.ts";
import { distinctPadded, unique, uniqueAll } from "./unique.ts";

/** Distinct elements in ascending order (`jnp.unique_values`). NaN are all different. */
export function uniqueValues(x: ArrayLike, options: SizeOptions = {}): NdArray {
  return unique(x, { ...options, equalNan: false });
}

/** Distinct elements and how often each occurs (`jnp.unique_counts`). */
export function uniqueCounts(x: ArrayLike, options: SizeOptions = {}): { values: NdArray; counts: NdArray } {
  const { values, counts } = uniqueAll(x, options);
  return { values, counts };
}

/** Distinct elements and which of them each element is (`jnp.unique_inverse`). */
export function uniqueInverse(
  x: ArrayLike,
  options: SizeOptions = {},
): { values: NdArray; inverseIndices: NdArray } {
  const { values, inverseIndices } = uniqueAll(x, options);
  return { values, inverseIndices };
}

/** Distinct elements of both arrays, in ascending order (`jnp.union1d`). */
export function union1d(x: ArrayLike, y: ArrayLike, options: SizeOptions = {}): NdArray {
  const [a, b] = promoteDTypes("union1d", ravel(x), ravel(y));
  return unique(concatenate([a, b], 0), options);
}

/** Options of `setxor1d`, `setdiff1d` and `intersect1d`. */
export interface SetOptions extends SizeOptions {
  /** Whether neither array has an element twice, which saves finding out. */
  readonly assumeUnique?: boolean;
}

/** A vector's elements where `mask` holds: as many as there are, or `size` of them and the fill value behind. */
function chosen(x: NdArray, mask: NdArray, options: SizeOptions, fill: (found: NdArray) => NdArray): NdArray {
  const { size = null } = options;
  const places = nonzero(mask, { size })[0];
  const found = take(x, places, { axis: 0, mode: "clip" });
  if (size === null) return found;
  const count = reduceSum(convert(mask, "int32"));
  const valid = lax.lt(broadcastedIota("int32", [size], 0), broadcastTo(count, [size]));
  return where(valid, found, fill(where(valid, found, reduceMax(found))));
}

/** What stands behind the elements found: what the user gave, or the least of them. */
function fillOrLeast(x: NdArray, options: SizeOptions): (found: NdArray) => NdArray {
  const { fillValue = null } = options;
  return (found) => (fillValue === null ? reduceMin(found) : convert(toArray("size", fillValue), x.dtype));
}

/** A vector sorted with its distinct elements first, and how many of them there are; behind them repetitions. */
function distinct(x: NdArray, assumeUnique: boolean): { values: NdArray; first: NdArray; count: NdArray } {
  const n = x.size;
  if (assumeUnique || n === 0) {
    return { values: x, first: broadcastedIota("int32", [n], 0), count: full(n, "int32") };
  }
  const { values, indices, trueSize } = distinctPadded(x);
  return { values, first: indices, count: trueSize };
}

/** Two sets in one sorted vector of pairs (is padding, element), with what each came from. */
function merged(a: NdArray, b: NdArray, assumeUnique: boolean) {
  const left = distinct(a, assumeUnique);
  const right = distinct(b, assumeUnique);
  const [m, n] = [a.size, b.size];
  const places = broadcastedIota("int32", [m + n], 0);
  const beyond = (count: NdArray, length: number): NdArray =>
    lax.ge(broadcastedIota("int32", [length], 0), broadcastTo(count, [length]));
  const padding = concatenate([beyond(left.count, m), beyond(right.count, n)], 0);
  const [pads, values, order] = sort([padding, concatenate([left.values, right.values], 0), places], {
    dimension: 0,
    numKeys: 2,
  });
  const length = m + n;
  const next = (x: NdArray): NdArray => sliceInDim(x, 1, length);
  const previous = (x: NdArray): NdArray => sliceInDim(x, 0, length - 1);
  // An element that both sets have stands twice, one behind the other.
  const twice =
    length === 0
      ? full(0, "bool", [0])
      : lax.bitwiseAnd(lax.eq(next(values), previous(values)), lax.bitwiseNot(next(pads)));
  return { values, pads, order, twice, first: concatenate([left.first, right.first], 0), previous, next };
}

/** Elements of exactly one of the arrays, in ascending order (`jnp.setxor1d`). */
export function setxor1d(x: ArrayLike, y: ArrayLike, options: SetOptions = {}): NdArray {
  const [a, b] = promoteDTypes("setxor1d", ravel(x), ravel(y));
  if (a.size + b.size === 0) {
    return options.size ? full(0, a.dtype, [options.size]) : a;
  }
  const { values, pads, twice } = merged(a, b, options.assumeUnique ?? false);
  const none = full(0, "bool", [1]);
  const shared = lax.bitwiseOr(concatenate([twice, none], 0), concatenate([none, twice], 0));
  const only = lax.bitwiseNot(lax.bitwiseOr(shared, pads));
  return chosen(values, only, options, fillOrLeast(a, options));
}

/** Elements of x that y does not have (`jnp.setdiff1d`): sorted and distinct, unless they are assumed to be. */
export function setdiff1d(x: ArrayLike, y: ArrayLike, options: SetOptions = {}): NdArray {
  const a = toArray("setdiff1d", ravel(x));
  const { size = null, fillValue = 0 } = options;
  const fill = convert(toArray("setdiff1d", fillValue ?? 0), a.dtype);
  if (a.size === 0) return broadcastTo(fill, [size ?? 0]);
  const { values, count } = distinct(a, options.assumeUnique ?? false);
  const valid = lax.lt(broadcastedIota("int32", [a.size], 0), broadcastTo(count, [a.size]));
  const mask = lax.bitwiseAnd(valid, isin(values, y, { invert: true }));
  return chosen(values, mask, options, () => fill);
}

/** Options of `intersect1d`. */
export interface IntersectOptions extends SetOptions {
  /** Whether to give the places of the elements in x and y too. */
  readonly returnIndices?: boolean;
}

/**
 * Elements that both arrays have, in ascending order (`jnp.intersect1d`); with `returnIndices` a list of them and their
 * first places in x and in y.
 */
export function intersect1d(x: ArrayLike, y: ArrayLike, options?: SetOptions): NdArray;
export function intersect1d(
  x: ArrayLike,
  y: ArrayLike,
  options: IntersectOptions,
): NdArray | [values: NdArray, inX: NdArray, inY: NdArray];
export function intersect1d(
  x: ArrayLike,
  y: ArrayLike,
  options: IntersectOptions = {},
): NdArray | [NdArray, NdArray, NdArray] {
  const [a, b] = promoteDTypes("intersect1d", ravel(x), ravel(y));
  if (a.size + b.size === 0) {
    const none = full(0, "int32", [options.size ?? 0]);
    const values = full(0, a.dtype, [options.size ?? 0]);
    return options.returnIndices ? [values, none, none] : values;
  }
  const { values, order, twice, first, previous, next } = merged(a, b, options.assumeUnique ?? false);
  const common = chosen(previous(values), twice, options, fillOrLeast(a, options));
  if (!(options.returnIndices ?? false)) return common;
  const inX = take(first, previous(order), { axis: 0, mode: "clip" });
  const inY = take(first, next(order), { axis: 0, mode: "clip" });
  return [
    common,
    chosen(inX, twice, options, () => full(a.size, "int32")),
    chosen(inY, twice, options, () => full(b.size, "int32")),
  ];
}
