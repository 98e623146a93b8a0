/** Axes as users write them: negative ones count from the end. */
import { formatShape, WeftTypeError, WeftValueError } from "../core/index.ts";

/** One axis within 0 … ndim-1 (`numpy.lib.array_utils.normalize_axis_index`). Throws WeftValueError out of range. */
export function canonicalizeAxis(axis: number, ndim: number, name = "axis"): number {
  if (!Number.isInteger(axis)) {
    throw new WeftTypeError(`${name} must be an integer, got ${String(axis)}`);
  }
  if (axis < -ndim || axis >= ndim) {
    const range = ndim === 0 ? "a scalar has no axes" : `use ${-ndim} to ${ndim - 1}`;
    throw new WeftValueError(`${name} ${axis} is out of bounds for array of dimension ${ndim}: ${range}`);
  }
  return axis < 0 ? axis + ndim : axis;
}

/** Axes in the order given; `null` or undefined means all of them. Throws WeftValueError for one given twice. */
export function canonicalizeAxes(
  axes: number | readonly number[] | null | undefined,
  ndim: number,
): number[] {
  if (axes === null || axes === undefined) return Array.from({ length: ndim }, (_, i) => i);
  const list = (typeof axes === "number" ? [axes] : axes).map((axis) => canonicalizeAxis(axis, ndim));
  if (new Set(list).size !== list.length) {
    throw new WeftValueError(`duplicate value in 'axis': ${formatShape(list)}`);
  }
  return list;
}

/** Axes 0 … ndim-1 without those listed. */
export function otherAxes(ndim: number, axes: readonly number[]): number[] {
  return range(ndim).filter((axis) => !axes.includes(axis));
}

/** 0 … n-1. */
export function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

/** A shape argument: one extent or a list. Throws WeftTypeError unless all are non-negative integers. */
export function canonicalizeShape(shape: number | readonly number[]): readonly number[] {
  const list = typeof shape === "number" ? [shape] : shape;
  if (!Array.isArray(list) || !list.every((n) => Number.isInteger(n) && n >= 0)) {
    throw new WeftTypeError(
      `Shapes must be 1D sequences of concrete non-negative integers, got ${Array.isArray(list) ? formatShape(list) : String(shape)}. ` +
        "If a shape depends on an array's values, it cannot be traced: compute it outside of jit.",
    );
  }
  return list;
}
