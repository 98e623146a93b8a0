/** Differences, integrals and convolution of vectors (`jax.numpy`). */
import { type DType, isFloating } from "../../compiler/types/dtype.ts";
import { type ArrayLike, convert, full, type NdArray, WeftTypeError, WeftValueError } from "../core/index.ts";
import { canonicalizeAxes, canonicalizeAxis, range } from "../lax/axes.ts";
import { convGeneralDilated } from "../lax/convolution.ts";
import * as lax from "../lax/elementwise.ts";
import { reshape, rev, sliceInDim } from "../lax/movement.ts";
import { broadcastTo } from "../lax/operands.ts";
import type { PrecisionOptions } from "../lax/precision.ts";
import { cumsum } from "../lax/reductions.ts";
import { concatenate } from "./joining.ts";
import { equal, greater, less, logicalAnd, notEqual, where } from "./logic.ts";
import { isArrayLike, ravel } from "./movement.ts";
import { promoteDTypes, promoteDTypesInexact, toArray } from "./promotion.ts";
import { sum } from "./reductions.ts";
import { abs, add, floorDivide, multiply, remainder, subtract, trueDivide } from "./ufuncs.ts";

/** Options of `diff` and `diffDumps`. */
export interface DiffOptions {
  readonly axis?: number;
  /** Put before, or behind, the elements first. */
  readonly prepend?: ArrayLike | null;
  readonly append?: ArrayLike | null;
}

/** n-th differences of neighbours (`jnp.diff`). Of bool: whether they differ. */
export function diff(x: ArrayLike, n = 1, options: DiffOptions = {}): NdArray {
  let a = toArray("diff", x);
  if (a.ndim === 0) throw new WeftValueError("diff requires input that is at least one dimensional");
  if (!Number.isInteger(n) || n < 0) throw new WeftValueError(`order must be non-negative but got ${n}`);
  const axis = canonicalizeAxis(options.axis ?? -1, a.ndim);
  const beside = (value: ArrayLike): NdArray => {
    // A number takes the dtype of the elements.
    const [, part] = promoteDTypes("diff", a, value);
    return part.ndim === 0 ? broadcastTo(part, a.shape.toSpliced(axis, 1, 1)) : part;
  };
  const { prepend = null, append = null } = options;
  if (prepend !== null || append !== null) {
    const parts = [
      ...(prepend === null ? [] : [beside(prepend)]),
      a,
      ...(append === null ? [] : [beside(append)]),
    ];
    a = concatenate(parts, { axis });
  }
  for (const _ of range(n)) {
    const m = a.shape[axis];
    const [later, earlier] = [
      sliceInDim(a, Math.min(1, m), m, { axis }),
      sliceInDim(a, 0, Math.max(m - 1, 0), { axis }),
    ];
    a = a.dtype === "bool" ? notEqual(later, earlier) : subtract(later, earlier);
  }
  return a;
}

/** Options of `ediff1d`. */
export interface Ediff1dOptions {
  /** Put before, or behind, the differences, in the dtype of x. */
  readonly toBegin?: ArrayLike | null;
  readonly toEnd?: ArrayLike | null;
}

/** Differences of neighbours of the flattened array (`jnp.ediff1d`). */
export function ediff1d(x: ArrayLike, options: Ediff1dOptions = {}): NdArray {
  const a = ravel(x);
  const n = a.size;
  const { toBegin = null, toEnd = null } = options;
  const differences = lax.sub(sliceInDim(a, Math.min(1, n), n), sliceInDim(a, 0, Math.max(n - 1, 0)));
  const beside = (value: ArrayLike | null): NdArray[] =>
    value === null ? [] : [convert(ravel(value), a.dtype)];
  return concatenate([...beside(toBegin), differences, ...beside(toEnd)]);
}

/** Options of `trapezoid`. */
export interface TrapezoidOptions {
  /** Places of the elements; else they are `dx` apart. */
  readonly x?: ArrayLike | null;
  readonly dx?: number;
  readonly axis?: number;
}

/** Integral along an axis by the trapezoidal rule (`jnp.trapezoid`). */
export function trapezoid(y: ArrayLike, options: TrapezoidOptions = {}): NdArray {
  const { x = null, dx = 1 } = options;
  const [values, places] =
    x === null ? promoteDTypesInexact("trapezoid", y) : promoteDTypesInexact("trapezoid", y, x);
  const axis = canonicalizeAxis(options.axis ?? -1, values.ndim);
  const n = values.shape[axis];
  const means = lax.mul(
    lax.add(sliceInDim(values, 1, n, { axis }), sliceInDim(values, 0, n - 1, { axis })),
    0.5,
  );
  if (x === null) return sum(lax.mul(means, dx), { axis });
  const widths = diff(places, 1, { axis: places.ndim === 1 ? 0 : axis });
  const spread =
    widths.ndim === 1
      ? reshape(
          widths,
          values.shape.map((_, i) => (i === axis ? n - 1 : 1)),
        )
      : widths;
  return sum(multiply(means, spread), { axis });
}

/** Options of `gradient`. */
export interface GradientOptions {
  /** Axes to differentiate along; default all. */
  readonly axis?: number | readonly number[] | null;
}

/** Central differences inside and one-sided ones at the ends, along one axis, for places h apart or at the places h. */
function gradientAlong(a: NdArray, h: NdArray, axis: number): NdArray {
  const n = a.shape[axis];
  const part = (x: NdArray, from: number, to: number): NdArray => sliceInDim(x, from, to, { axis });
  const first = lax.sub(part(a, 1, 2), part(a, 0, 1));
  const last = lax.sub(part(a, n - 1, n), part(a, n - 2, n - 1));
  if (h.ndim === 0) {
    const inner = lax.mul(lax.sub(part(a, 2, n), part(a, 0, n - 2)), 0.5);
    return concatenate([lax.div(first, h), lax.div(inner, h), lax.div(last, h)], { axis });
  }
  if (h.ndim !== 1) throw new WeftValueError("Spacing arrays must be 1D arrays or scalars.");
  if (h.size !== n) {
    throw new WeftValueError(
      "Spacing arrays must have the same length as the dimension along which the gradient is calculated.",
    );
  }
  const places = reshape(
    h,
    a.shape.map((_, i) => (i === axis ? n : 1)),
  );
  const spacing = (from: number, to: number): NdArray =>
    lax.sub(part(places, from + 1, to + 1), part(places, from, to));
  const [before, after] = [spacing(0, n - 2), spacing(1, n - 1)];
  const both = lax.add(before, after);
  // The parabola through three points that are not evenly spaced (numpy.gradient).
  const left = lax.neg(lax.div(after, lax.mul(before, both)));
  const middle = lax.div(lax.sub(after, before), lax.mul(before, after));
  const right = lax.div(before, lax.mul(after, both));
  const inner = add(
    add(multiply(left, part(a, 0, n - 2)), multiply(middle, part(a, 1, n - 1))),
    multiply(right, part(a, 2, n)),
  );
  return concatenate([lax.div(first, spacing(0, 1)), inner, lax.div(last, spacing(n - 2, n - 1))], { axis });
}

/**
 * Numerical derivatives along axes (`jnp.gradient`): an array for one axis, a list for several. Spacings are numbers or
 * vectors of places: one for all axes, or one for each; default 1.
 */
export function gradient(
  x: ArrayLike,
  ...args: readonly (ArrayLike | GradientOptions)[]
): NdArray | NdArray[] {
  const options = args.find((arg): arg is GradientOptions => !isArrayLike(arg)) ?? {};
  const [a, ...spacings] = promoteDTypesInexact("gradient", x, ...args.filter(isArrayLike));
  const { axis = null } = options;
  const axes = canonicalizeAxes(axis, a.ndim);
  if (axes.length === 0) return [];
  if (axes.some((i) => a.shape[i] < 2)) {
    throw new WeftValueError(
      "Shape of array too small to calculate a numerical gradient, at least 2 elements are required.",
    );
  }
  if (spacings.length > 1 && spacings.length !== axes.length) {
    throw new WeftTypeError(
      `Invalid number of spacing arguments ${spacings.length} for axis=${String(axis)}`,
    );
  }
  const one = full(1, a.dtype);
  const results = axes.map((i, k) => gradientAlong(a, spacings[spacings.length === 1 ? 0 : k] ?? one, i));
  return results.length === 1 ? results[0] : results;
}

/** Which part of a convolution: all overlaps, as many as the longer operand has, or the complete ones. */
export type ConvolveMode = "full" | "same" | "valid";

/** Options of `convolve` and `correlate`. */
export interface ConvolveOptions extends PrecisionOptions {
  /** Dtype of the result and of the accumulation. */
  readonly preferredElementType?: DType | null;
}

function slide(
  name: string,
  x: ArrayLike,
  y: ArrayLike,
  mode: ConvolveMode,
  flip: boolean,
  options: ConvolveOptions,
): NdArray {
  const [a, b] = promoteDTypesInexact(name, x, y);
  if (a.ndim !== 1 || b.ndim !== 1) throw new WeftValueError(`${name}() only support 1-dimensional inputs.`);
  if (a.size === 0 || b.size === 0)
    throw new WeftValueError(`${name}: inputs cannot be empty, got shapes (${a.size},) and (${b.size},).`);
  if (mode !== "full" && mode !== "same" && mode !== "valid") {
    throw new WeftValueError("mode must be one of ['full', 'same', 'valid']");
  }
  // The shorter one slides; a correlation is not symmetric, so its result then runs backwards.
  const swap = a.size < b.size;
  const [long, short] = swap ? [b, a] : [a, b];
  const m = short.size;
  const padding: readonly [number, number] =
    mode === "valid"
      ? [0, 0]
      : mode === "same"
        ? [Math.floor(m / 2), m - Math.floor(m / 2) - 1]
        : [m - 1, m - 1];
  const kernel = flip ? rev(short, [0]) : short;
  const result = reshape(
    convGeneralDilated(reshape(long, [1, 1, long.size]), reshape(kernel, [1, 1, m]), [1], [padding], {
      precision: options.precision,
      preferredElementType: options.preferredElementType ?? null,
    }),
    [long.size + padding[0] + padding[1] - m + 1],
  );
  return swap && !flip ? rev(result, [0]) : result;
}

/** Convolution of two vectors, in floats (`jnp.convolve`). */
export function convolve(
  x: ArrayLike,
  y: ArrayLike,
  mode: ConvolveMode = "full",
  options: ConvolveOptions = {},
): NdArray {
  return slide("convolve", x, y, mode, true, options);
}
/** Cross-correlation of two vectors, in floats (`jnp.correlate`). */
export function correlate(
  x: ArrayLike,
  y: ArrayLike,
  mode: ConvolveMode = "valid",
  options: ConvolveOptions = {},
): NdArray {
  return slide("correlate", x, y, mode, false, options);
}

/** Options of `unwrap`. */
export interface UnwrapOptions {
  /** Only jumps of at least this size are undone; default half a period. */
  readonly discont?: ArrayLike | null;
  readonly axis?: number;
  readonly period?: ArrayLike;
}

/** x continuous where it jumps by more than half a period (`jnp.unwrap`). */
export function unwrap(x: ArrayLike, options: UnwrapOptions = {}): NdArray {
  const [a, period] = promoteDTypes("unwrap", x, options.period ?? 2 * Math.PI);
  const axis = canonicalizeAxis(options.axis ?? -1, a.ndim);
  const n = a.shape[axis];
  if (n === 0) return a;
  const discont = options.discont ?? trueDivide(period, 2);
  const interval = isFloating(a.dtype) ? trueDivide(period, 2) : floorDivide(period, 2);
  const steps = diff(a, 1, { axis });
  const folded = subtract(remainder(add(steps, interval), period), interval);
  const upward = logicalAnd(equal(folded, lax.neg(interval)), greater(steps, 0));
  const wrapped = where(upward, interval, folded);
  const correction = where(less(abs(steps), discont), 0, subtract(wrapped, steps));
  return concatenate(
    [sliceInDim(a, 0, 1, { axis }), add(sliceInDim(a, 1, n, { axis }), cumsum(correction, axis))],
    { axis },
  );
}
