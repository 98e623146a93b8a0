/** Shape and kind of arrays and numbers (`jax.numpy`); plain JavaScript values. */
import { NdArray } from "../core/index.ts";
import { canonicalizeAxes } from "../lax/axes.ts";
import { type ArrayData, array } from "./array.ts";

/** Nested lists count as the array they make. */
function asOperand(x: ArrayData): NdArray {
  return x instanceof NdArray ? x : array(x);
}

/** Number of axes, of a nested list too (`jnp.ndim`). */
export const ndim = (x: ArrayData): number => asOperand(x).ndim;

/** Extents of the axes, of a nested list too (`jnp.shape`). */
export const shape = (x: ArrayData): readonly number[] => asOperand(x).shape;

/** Number of elements, or the extent of one axis or of several together (`jnp.size`). */
export function size(x: ArrayData, axis: number | readonly number[] | null = null): number {
  const a = asOperand(x);
  return canonicalizeAxes(axis, a.ndim).reduce((n, i) => n * a.shape[i], 1);
}

/** Whether x is a number, or an array without axes (`jnp.isscalar`). */
export function isscalar(x: unknown): boolean {
  return x instanceof NdArray ? x.ndim === 0 : typeof x === "number" || typeof x === "boolean";
}

/** Whether x can be iterated over: a list, or an array with axes (`jnp.iterable`). */
export function iterable(x: unknown): boolean {
  if (x instanceof NdArray) return x.ndim > 0;
  return typeof x === "string" || (typeof x === "object" && x !== null && Symbol.iterator in x);
}
