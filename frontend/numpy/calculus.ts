/** Differences, integrals, polynomials and convolution of vectors (`jax.numpy`). */
import { type ArrayLike, convert, full, type NdArray, WeftValueError } from "../core/index.ts";
import { canonicalizeAxis, range } from "../lax/axes.ts";
import { convGeneralDilated } from "../lax/convolution.ts";
import * as lax from "../lax/elementwise.ts";
import { reshape, rev, sliceInDim } from "../lax/movement.ts";
import { broadcastTo } from "../lax/operands.ts";
import { cumsum } from "../lax/reductions.ts";
import { concatenate } from "./joining.ts";
import { notEqual } from "./logic.ts";
import { promoteDTypes, promoteDTypesInexact, toArray } from "./promotion.ts";
import { sum } from "./reductions.ts";
import { add, multiply, subtract } from "./ufuncs.ts";

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
    const part = toArray("diff", value);
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

/** Differences of neighbours of the flattened array (`jnp.ediff1d`). */
export function ediff1d(x: ArrayLike): NdArray {
  const a = toArray("ediff1d", x);
  return diff(reshape(a, [a.size]));
}

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

/** Central differences inside, one-sided ones at the ends, along one axis (`jnp.gradient`). */
export function gradient(x: ArrayLike, spacing = 1, options: { axis?: number } = {}): NdArray {
  const [a] = promoteDTypesInexact("gradient", x);
  const axis = canonicalizeAxis(options.axis ?? -1, a.ndim);
  const n = a.shape[axis];
  if (n < 2)
    throw new WeftValueError(
      "Shape of array too small to calculate a numerical gradient, at least 2 elements are required.",
    );
  const part = (from: number, to: number): NdArray => sliceInDim(a, from, to, { axis });
  const first = lax.div(lax.sub(part(1, 2), part(0, 1)), spacing);
  const last = lax.div(lax.sub(part(n - 1, n), part(n - 2, n - 1)), spacing);
  const inner = lax.div(lax.sub(part(2, n), part(0, n - 2)), 2 * spacing);
  return concatenate([first, inner, last], { axis });
}

/** p[0]·xⁿ⁻¹ + … + p[n−1] by Horner's scheme (`jnp.polyval`). */
export function polyval(p: ArrayLike, x: ArrayLike): NdArray {
  const [coefficients, a] = promoteDTypes("polyval", p, x);
  let result = full(0, a.dtype, a.shape);
  for (const i of range(coefficients.size)) {
    result = add(lax.mul(result, a), reshape(sliceInDim(coefficients, i, i + 1), []));
  }
  return result;
}

/** Which part of a convolution: all overlaps, as many as the longer operand has, or the complete ones. */
export type ConvolveMode = "full" | "same" | "valid";

function slide(name: string, x: ArrayLike, y: ArrayLike, mode: ConvolveMode, flip: boolean): NdArray {
  const [a, b] = promoteDTypes(name, x, y);
  if (a.ndim !== 1 || b.ndim !== 1) throw new WeftValueError(`${name}() only support 1-dimensional inputs.`);
  if (a.size === 0 || b.size === 0)
    throw new WeftValueError(`${name}: inputs cannot be empty, got shapes (${a.size},) and (${b.size},).`);
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
    convGeneralDilated(reshape(long, [1, 1, long.size]), reshape(kernel, [1, 1, m]), [1], [padding]),
    [long.size + padding[0] + padding[1] - m + 1],
  );
  return swap && !flip ? rev(result, [0]) : result;
}

/** Convolution of two vectors (`jnp.convolve`). */
export function convolve(x: ArrayLike, y: ArrayLike, mode: ConvolveMode = "full"): NdArray {
  return slide("convolve", x, y, mode, true);
}
/** Cross-correlation of two vectors (`jnp.correlate`). */
export function correlate(x: ArrayLike, y: ArrayLike, mode: ConvolveMode = "valid"): NdArray {
  return slide("correlate", x, y, mode, false);
}

/** x continuous where it jumps by more than half a period (`jnp.unwrap`). */
export function unwrap(x: ArrayLike, options: { axis?: number; period?: number } = {}): NdArray {
  const [a] = promoteDTypesInexact("unwrap", x);
  const { period = 2 * Math.PI } = options;
  const axis = canonicalizeAxis(options.axis ?? -1, a.ndim);
  const steps = diff(a, 1, { axis });
  const turns = lax.round(lax.div(steps, period), { roundingMethod: "toNearestEven" });
  const shift = lax.mul(cumsum(turns, axis), -period);
  const n = a.shape[axis];
  return concatenate(
    [
      sliceInDim(a, 0, Math.min(1, n), { axis }),
      lax.add(sliceInDim(a, Math.min(1, n), n, { axis }), convert(shift, a.dtype)),
    ],
    { axis },
  );
}
