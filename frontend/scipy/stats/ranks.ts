/** Statistics of samples: the mode, ranks, the standard error of the mean. */
import {
  type ArrayLike,
  DEFAULT_FLOAT,
  type NdArray,
  UnsupportedError,
  WeftValueError,
} from "../../core/index.ts";
import { canonicalizeAxis } from "../../lax/axes.ts";
import * as lax from "../../lax/elementwise.ts";
import { broadcastedIota, concatenate, reshape, sliceInDim } from "../../lax/movement.ts";
import { broadcastTo } from "../../lax/operands.ts";
import { cummax, cummin, cumsum } from "../../lax/reductions.ts";
import { sort } from "../../lax/sorting.ts";
import { isnan, where } from "../../numpy/logic.ts";
import { moveaxis } from "../../numpy/movement.ts";
import { nanstd } from "../../numpy/nan-reductions.ts";
import { inexact, toArray } from "../../numpy/promotion.ts";
import { any, argmax, max, std, sum } from "../../numpy/reductions.ts";
import { takeAlongAxis } from "../../numpy/take.ts";

/** What to do with NaN: they count like other numbers, are left out, or are an error. */
export type NanPolicy = "propagate" | "omit" | "raise";

function onlyPropagate(name: string, policy: NanPolicy): void {
  if (policy === "propagate") return;
  if (policy !== "omit" && policy !== "raise") {
    throw new WeftValueError(
      `Illegal nan_policy value '${policy}'; expected one of {'propagate', 'omit', 'raise'}`,
    );
  }
  throw new UnsupportedError(`Logic for \`nan_policy\` of ${policy} is not implemented by ${name}`);
}

/** Numbers 0, 1, … along the last axis. */
function places(x: NdArray): NdArray {
  return broadcastedIota("int32", x.shape, x.ndim - 1);
}

/** Of sorted rows: whether an element differs from the one before; the first one does. */
function starts(sorted: NdArray): NdArray {
  const axis = sorted.ndim - 1;
  const n = sorted.shape[axis];
  const before = sliceInDim(sorted, 0, n - 1, { axis });
  const after = sliceInDim(sorted, 1, n, { axis });
  // Equal NaNs are one run, as jnp.unique has them.
  const differ = lax.ne(before, after);
  const first = lax.eq(places(sliceInDim(sorted, 0, 1, { axis })), 0);
  return concatenate([first, differ], axis);
}

/** The first place of the run each element belongs to, and the last. */
function runs(begins: NdArray): { first: NdArray; last: NdArray } {
  const axis = begins.ndim - 1;
  const n = begins.shape[axis];
  const at = places(begins);
  const first = cummax(where(begins, at, 0), axis);
  const nextBegins = concatenate(
    [sliceInDim(begins, 1, n, { axis }), sliceInDim(begins, 0, 1, { axis })],
    axis,
  );
  const last = cummin(where(nextBegins, at, n - 1), axis, { reverse: true });
  return { first, last };
}

/** Options of `mode`. */
export interface ModeOptions {
  /** Default 0; null: over all elements. */
  readonly axis?: number | null;
  readonly nanPolicy?: NanPolicy;
  readonly keepdims?: boolean;
}

/** The most frequent value along an axis, the least of several, and how often it occurs (`jax.scipy.stats.mode`). */
export function mode(a: ArrayLike, options: ModeOptions = {}): [mode: NdArray, count: NdArray] {
  const { nanPolicy = "propagate", keepdims = false } = options;
  onlyPropagate("mode", nanPolicy);
  const given = toArray("mode", a);
  const x = given.ndim === 0 ? reshape(given, [1]) : given;
  const axis = options.axis === undefined ? 0 : options.axis;
  const at = axis === null ? null : canonicalizeAxis(axis, x.ndim);
  const shape = x.shape.flatMap((n, i) => {
    const reduced = at === null || i === at;
    return reduced ? (keepdims ? [1] : []) : [n];
  });
  const rows = at === null ? reshape(x, [x.size]) : moveaxis(x, at, -1);
  if (rows.shape[rows.ndim - 1] === 0) {
    throw new WeftValueError("mode of an empty axis is not defined");
  }
  const sorted = sort(rows, { dimension: rows.ndim - 1 });
  const { first, last } = runs(starts(sorted));
  const counts = last.sub(first).add(1);
  const best = argmax(counts, { axis: -1, keepdims: true });
  const value = takeAlongAxis(sorted, best, -1);
  return [reshape(value, shape), reshape(max(counts, { axis: -1 }), shape)];
}

/** Ranks of equal elements: their mean, least or greatest one, one for each value, or in order of occurrence. */
export type RankMethod = "average" | "min" | "max" | "dense" | "ordinal";

/** Options of `rankdata`. */
export interface RankOptions {
  readonly method?: RankMethod;
  /** Default null: of all elements, in one axis. */
  readonly axis?: number | null;
  readonly nanPolicy?: NanPolicy;
}

/** Ranks from 1 on, as floats; all NaN along a row with a NaN (`jax.scipy.stats.rankdata`). */
export function rankdata(a: ArrayLike, options: RankOptions = {}): NdArray {
  const { method = "average", axis = null, nanPolicy = "propagate" } = options;
  onlyPropagate("rankdata", nanPolicy);
  if (!["average", "min", "max", "dense", "ordinal"].includes(method)) {
    throw new WeftValueError(`unknown method '${method}'`);
  }
  const x = toArray("rankdata", a);
  const rows = axis === null ? reshape(x, [x.size]) : moveaxis(x, axis, -1);
  if (rows.size === 0) return rows.astype(DEFAULT_FLOAT);
  const last = rows.ndim - 1;
  const [sorted, order] = sort([rows, places(rows)], { dimension: last });
  const begins = starts(sorted);
  const { first, last: end } = runs(begins);
  const bySorted = {
    ordinal: () => places(rows).add(1),
    dense: () => cumsum(begins.astype("int32"), last),
    min: () => first.add(1),
    max: () => end.add(1),
    average: () => first.add(end).add(2).astype(DEFAULT_FLOAT).mul(0.5),
  }[method]();
  // The inverse permutation: sorting the places brings the ranks back.
  const [, ranks] = sort([order, bySorted.astype(DEFAULT_FLOAT)], { dimension: last });
  const bad = any(isnan(rows.astype(x.dtype)), { axis: -1, keepdims: true });
  const result = where(broadcastTo(bad, ranks.shape), Number.NaN, ranks);
  return axis === null ? result : moveaxis(result, -1, axis);
}

/** Options of `sem`. */
export interface SemOptions {
  /** Default 0; null: over all elements. */
  readonly axis?: number | null;
  /** Degrees of freedom taken off the number of elements; default 1. */
  readonly ddof?: number;
  readonly nanPolicy?: NanPolicy;
  readonly keepdims?: boolean;
}

/** The standard error of the mean (`jax.scipy.stats.sem`). */
export function sem(a: ArrayLike, options: SemOptions = {}): NdArray {
  const { ddof = 1, nanPolicy = "propagate", keepdims = false } = options;
  const axis = options.axis === undefined ? 0 : options.axis;
  const x = inexact("sem", a);
  if (nanPolicy === "propagate") {
    const size = axis === null ? x.size : x.shape[canonicalizeAxis(axis, x.ndim)];
    return std(x, { axis, ddof, keepdims }).div(Math.sqrt(size));
  }
  if (nanPolicy !== "omit") throw new WeftValueError(`${nanPolicy} is not supported`);
  const count = sum(isnan(x).logicalNot(), { axis, keepdims });
  return nanstd(x, { axis, ddof, keepdims }).div(lax.sqrt(count.astype(x.dtype)));
}
