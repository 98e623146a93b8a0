/** Reductions, index reductions and prefix operations of `jax.lax`. */
import { DTYPE_INFO, isFloating } from "../../compiler/types/dtype.ts";
import { type ArrayLike, asArray, bindOne, type NdArray } from "../core/index.ts";
import type { Result } from "../transforms/types.ts";
import { unflatten } from "../tree/tree.ts";
import { canonicalizeAxes, canonicalizeAxis } from "./axes.ts";
import { add, bitwiseAnd, bitwiseOr, max, min, mul } from "./elementwise.ts";
import { elementwiseCombine, foldAxes, operandLists } from "./general-fold.ts";

/** Axes to reduce over: in any order, negative from the end; null for all. */
export type Axes = number | readonly number[] | null;

type ReduceName = "reduce_sum" | "reduce_prod" | "reduce_max" | "reduce_min" | "reduce_and" | "reduce_or";
type CumulativeName = "cumsum" | "cumprod" | "cummax" | "cummin" | "cumlogsumexp";

function reduceWith(name: ReduceName, x: ArrayLike, axes: Axes): NdArray {
  const operand = asArray(x);
  const list = canonicalizeAxes(axes, operand.ndim).sort((a, b) => a - b);
  return list.length === 0 ? operand : bindOne(name, [operand], { axes: list });
}

/** Sum over axes, in the dtype of x; numbers only (`jax.lax.reduce_sum`). */
export const reduceSum = (x: ArrayLike, axes: Axes = null): NdArray => reduceWith("reduce_sum", x, axes);
/** Product over axes, in the dtype of x; numbers only (`jax.lax.reduce_prod`). */
export const reduceProd = (x: ArrayLike, axes: Axes = null): NdArray => reduceWith("reduce_prod", x, axes);
/** Greatest element over axes; NaN if there is one; the least value of the dtype where there is none (`jax.lax.reduce_max`). */
export const reduceMax = (x: ArrayLike, axes: Axes = null): NdArray => reduceWith("reduce_max", x, axes);
/** Least element over axes; NaN if there is one (`jax.lax.reduce_min`). */
export const reduceMin = (x: ArrayLike, axes: Axes = null): NdArray => reduceWith("reduce_min", x, axes);
/** Bitwise and over axes; bool and integers (`jax.lax.reduce_and`). */
export const reduceAnd = (x: ArrayLike, axes: Axes = null): NdArray => reduceWith("reduce_and", x, axes);
/** Bitwise or over axes; bool and integers (`jax.lax.reduce_or`). */
export const reduceOr = (x: ArrayLike, axes: Axes = null): NdArray => reduceWith("reduce_or", x, axes);

/** A function that folds two operands, as `lax.add`. */
export type Combine = (x: ArrayLike, y: ArrayLike) => NdArray;

/** The fold a function names: `lax.add`, `mul`, `max`, `min`, `bitwiseAnd`, `bitwiseOr`; null for another function. */
export function monoidOf(computation: unknown): "sum" | "prod" | "max" | "min" | "and" | "or" | null {
  return MONOIDS.get(computation) ?? null;
}

const MONOIDS: ReadonlyMap<unknown, "sum" | "prod" | "max" | "min" | "and" | "or"> = new Map<
  unknown,
  "sum" | "prod" | "max" | "min" | "and" | "or"
>([
  [add, "sum"],
  [mul, "prod"],
  [max, "max"],
  [min, "min"],
  [bitwiseAnd, "and"],
  [bitwiseOr, "or"],
]);

/**
 * Fold over axes that starts from `initValue` (`jax.lax.reduce`). computation: a function of two scalars, or of two trees
 * of them where operands and initial values are trees; it must be associative, and `initValue` change nothing.
 * `lax.add`, `mul`, `max`, `min`, `bitwiseAnd` and `bitwiseOr` are one pass over memory, others halve the axes step by
 * step.
 */
export function reduce(x: ArrayLike, initValue: ArrayLike, computation: Combine, dimensions: Axes): NdArray;
export function reduce<T>(
  x: T,
  initValue: T,
  computation: (x: Result<T>, y: Result<T>) => unknown,
  dimensions: Axes,
): Result<T>;
export function reduce(
  x: unknown,
  initValue: unknown,
  computation: (x: never, y: never) => unknown,
  dimensions: Axes,
): unknown {
  const { arrays, inits, tree } = operandLists("reduce", x, initValue);
  const axes = canonicalizeAxes(dimensions, arrays[0].ndim);
  const monoid = monoidOf(computation);
  if (monoid !== null && arrays.length === 1) {
    const folded = reduceWith(`reduce_${monoid}`, arrays[0], axes);
    return unflatten(tree, [Reflect.apply(computation, undefined, [folded, inits[0]])]);
  }
  return unflatten(tree, foldAxes(arrays, inits, axes, elementwiseCombine("reduce", computation, tree)));
}

type IndexDType = "int32" | "uint32";

function argWith(name: "argmax" | "argmin", x: ArrayLike, axis: number, indexDtype: IndexDType): NdArray {
  const operand = asArray(x);
  return bindOne(name, [operand], { axis: canonicalizeAxis(axis, operand.ndim), indexDtype }, false);
}

/** Index of the greatest element along an axis; the first of equal ones, or the first NaN (`jax.lax.argmax`). */
export const argmax = (x: ArrayLike, axis: number, indexDtype: IndexDType = "int32"): NdArray =>
  argWith("argmax", x, axis, indexDtype);
/** Index of the least element along an axis; the first of equal ones, or the first NaN (`jax.lax.argmin`). */
export const argmin = (x: ArrayLike, axis: number, indexDtype: IndexDType = "int32"): NdArray =>
  argWith("argmin", x, axis, indexDtype);

/** Options of the prefix operations. */
export interface CumulativeOptions {
  /** From the last element to the first. */
  readonly reverse?: boolean;
}

function cumulative(name: CumulativeName, x: ArrayLike, axis: number, options: CumulativeOptions): NdArray {
  const operand = asArray(x);
  return bindOne(name, [operand], {
    axis: canonicalizeAxis(axis, operand.ndim),
    reverse: options.reverse ?? false,
  });
}

/** Sums of the elements up to each place along an axis (`jax.lax.cumsum`). */
export const cumsum = (x: ArrayLike, axis = 0, options: CumulativeOptions = {}): NdArray =>
  cumulative("cumsum", x, axis, options);
/** Products of the elements up to each place along an axis (`jax.lax.cumprod`). */
export const cumprod = (x: ArrayLike, axis = 0, options: CumulativeOptions = {}): NdArray =>
  cumulative("cumprod", x, axis, options);
/** Greatest of the elements up to each place along an axis (`jax.lax.cummax`). */
export const cummax = (x: ArrayLike, axis = 0, options: CumulativeOptions = {}): NdArray =>
  cumulative("cummax", x, axis, options);
/** Least of the elements up to each place along an axis (`jax.lax.cummin`). */
export const cummin = (x: ArrayLike, axis = 0, options: CumulativeOptions = {}): NdArray =>
  cumulative("cummin", x, axis, options);
/** log Σ exp of the elements up to each place along an axis, without overflow (`jax.lax.cumlogsumexp`). */
export const cumlogsumexp = (x: ArrayLike, axis = 0, options: CumulativeOptions = {}): NdArray =>
  cumulative("cumlogsumexp", x, axis, options);

/** The value that changes nothing under max (`lowest`) or min (`highest`): ±∞ for floats. */
export function extremeValue(dtype: NdArray["dtype"], which: "lowest" | "highest"): number {
  if (isFloating(dtype)) return which === "lowest" ? -Infinity : Infinity;
  return which === "lowest" ? DTYPE_INFO[dtype].min : DTYPE_INFO[dtype].max;
}
