/** Interpolation between points (`jax.numpy`). */
import { DTYPE_INFO } from "../../compiler/types/dtype.ts";
import { type ArrayLike, convert, type NdArray, WeftValueError } from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";
import { concatenate, reshape, sliceInDim } from "../lax/movement.ts";
import { constantLike } from "../lax/operands.ts";
import { sortKeyVal } from "../lax/sorting.ts";
import { where } from "./logic.ts";
import { promoteDTypesInexact, toArray } from "./promotion.ts";
import { searchsorted } from "./sorting.ts";
import { take } from "./take.ts";
import { abs, add, multiply, remainder, subtract } from "./ufuncs.ts";

/** The value beyond the points, or "extrapolate" for the line through the last two. */
export type Beyond = ArrayLike | "extrapolate" | null;

/** Options of `interp`. */
export interface InterpOptions {
  /** Value left of the first point; default the first value. */
  readonly left?: Beyond;
  /** Value right of the last point; default the last value. */
  readonly right?: Beyond;
  /** The period of x: points are sorted, and go round; `left` and `right` do not count. */
  readonly period?: ArrayLike | null;
}

/** Piecewise linear interpolation through points with ascending xp (`jnp.interp`). */
export function interp(x: ArrayLike, xp: ArrayLike, fp: ArrayLike, options: InterpOptions = {}): NdArray {
  let [a, points] = promoteDTypesInexact("interp", x, xp);
  let [values] = promoteDTypesInexact("interp", fp);
  if (points.ndim !== 1 || values.ndim !== 1 || points.size !== values.size) {
    throw new WeftValueError("xp and fp must be one-dimensional arrays of equal size");
  }
  const { left = null, right = null, period = null } = options;
  for (const [name, value] of [
    ["left", left],
    ["right", right],
  ] as const) {
    if (typeof value === "string" && value !== "extrapolate") {
      throw new WeftValueError(
        `the only valid string value of \`${name}\` is 'extrapolate', but got: '${String(value)}'`,
      );
    }
  }
  if (period !== null) {
    const given = toArray("interp", period);
    if (given.ndim !== 0)
      throw new WeftValueError(`period must be a scalar; got shape ${given.shape.join(", ")}`);
    const turn = abs(convert(given, a.dtype));
    const m = points.size;
    a = remainder(a, turn);
    [points, values] = sortKeyVal(remainder(points, turn), values);
    const [head, tail] = [sliceInDim(points, 0, 1), sliceInDim(points, m - 1, m)];
    points = concatenate([subtract(tail, turn), points, add(head, turn)], 0);
    values = concatenate([sliceInDim(values, m - 1, m), values, sliceInDim(values, 0, 1)], 0);
  }
  const n = points.size;
  const at = (from: NdArray, index: NdArray): NdArray => take(from, index, { axis: 0, mode: "clip" });
  const end = (from: NdArray, i: number): NdArray => reshape(sliceInDim(from, i, i + 1), []);
  const i = lax.clamp(1, searchsorted(points, a, { side: "right" }), Math.max(n - 1, 1));
  const previous = lax.sub(i, 1);
  const [x0, x1, y0, y1] = [at(points, previous), at(points, i), at(values, previous), at(values, i)];
  const width = lax.sub(x1, x0);
  // Where two points coincide, a division by 0 would reach the gradients.
  const tiny = 2 ** (DTYPE_INFO[points.dtype].bits === 64 ? -104 : -46);
  const flat = lax.le(lax.abs(width), tiny);
  const slope = lax.div(lax.sub(a, x0), lax.select(flat, constantLike(width, 1), width));
  let result = where(flat, y0, add(y0, multiply(slope, lax.sub(y1, y0))));
  if (period !== null) return result;
  if (left !== "extrapolate") result = where(lax.lt(a, end(points, 0)), left ?? end(values, 0), result);
  if (right !== "extrapolate")
    result = where(lax.gt(a, end(points, n - 1)), right ?? end(values, n - 1), result);
  return result;
}
