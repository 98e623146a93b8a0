/** Shapes of `jax.numpy`: nothing is computed, and a compiled function pays nothing for them. */
import { sizeOf } from "../../compiler/types/tensor-type.ts";
import {
  type ArrayLike,
  formatShape,
  formatType,
  NdArray,
  WeftTypeError,
  WeftValueError,
} from "../core/index.ts";
import { canonicalizeAxes, canonicalizeAxis, canonicalizeShape, range } from "../lax/axes.ts";
import { dynamicSliceInDim } from "../lax/dynamic.ts";
import { add, rem, sub } from "../lax/elementwise.ts";
import * as lax from "../lax/movement.ts";
import { broadcastTo as broadcastKnown, broadcastShapes, indexArray } from "../lax/operands.ts";
import { toArray } from "./promotion.ts";

/** A shape with at most one −1, which stands for what is left (`jnp` `_compute_newshape`). */
function inferShape(x: NdArray, shape: number | readonly number[]): number[] {
  const list = typeof shape === "number" ? [shape] : [...shape];
  const from = `array of shape ${formatShape(x.shape)} (size ${x.size})`;
  if (list.some((n) => !Number.isInteger(n) || n < -1)) canonicalizeShape(list);
  const unknown = list.filter((n) => n === -1).length;
  if (unknown > 1) {
    throw new WeftTypeError(
      `can only specify one unknown axis size with a \`-1\` value, got ${formatShape(list)}`,
    );
  }
  if (unknown === 1) {
    const rest = sizeOf(list.filter((n) => n !== -1));
    if (rest === 0 ? x.size !== 0 : x.size % rest !== 0) {
      throw new WeftTypeError(
        `cannot reshape ${from} into shape ${formatShape(list)} because the product of specified axis sizes ` +
          `(${rest}) does not evenly divide ${x.size}`,
      );
    }
    return list.map((n) => (n === -1 ? (rest === 0 ? 0 : x.size / rest) : n));
  }
  if (sizeOf(list) !== x.size) {
    throw new WeftTypeError(`cannot reshape ${from} into shape ${formatShape(list)} (size ${sizeOf(list)})`);
  }
  return list;
}

/**
 * The same elements in another shape (`jnp.reshape`). One extent may be −1. `order` "F" reads and writes with the
 * first axis fastest. Throws WeftTypeError where the sizes differ.
 */
export function reshape(
  x: ArrayLike,
  shape: number | readonly number[],
  options: { order?: "C" | "F" } = {},
): NdArray {
  const a = toArray("reshape", x);
  const sizes = inferShape(a, shape);
  if (options.order === "F") {
    return transpose(lax.reshape(transpose(a), sizes.toReversed()));
  }
  return lax.reshape(a, sizes);
}

/** One axis of all elements (`jnp.ravel`). */
export function ravel(x: ArrayLike, options: { order?: "C" | "F" } = {}): NdArray {
  return reshape(x, [-1], options);
}

/** Axes reversed, or permuted (`jnp.transpose`). */
export function transpose(x: ArrayLike, axes: readonly number[] | null = null): NdArray {
  const a = toArray("transpose", x);
  return lax.transpose(a, axes ?? range(a.ndim).reverse());
}
/** Axes permuted (`jnp.permute_dims`). */
export const permuteDims = (x: ArrayLike, axes: readonly number[]): NdArray => transpose(x, axes);

/** The last two axes exchanged (`jnp.matrix_transpose`). */
export function matrixTranspose(x: ArrayLike): NdArray {
  const a = toArray("matrix_transpose", x);
  if (a.ndim < 2)
    throw new WeftValueError(`x must be at least two-dimensional for matrix_transpose; got ndim=${a.ndim}`);
  return swapaxes(a, -1, -2);
}

/** Two axes exchanged (`jnp.swapaxes`). */
export function swapaxes(x: ArrayLike, axis1: number, axis2: number): NdArray {
  const a = toArray("swapaxes", x);
  const i = canonicalizeAxis(axis1, a.ndim);
  const j = canonicalizeAxis(axis2, a.ndim);
  return lax.transpose(
    a,
    range(a.ndim).map((axis) => (axis === i ? j : axis === j ? i : axis)),
  );
}

/** Axes moved to other places; the others keep their order (`jnp.moveaxis`). */
export function moveaxis(
  x: ArrayLike,
  source: number | readonly number[],
  destination: number | readonly number[],
): NdArray {
  const a = toArray("moveaxis", x);
  const from = canonicalizeAxes(source, a.ndim);
  const to = canonicalizeAxes(destination, a.ndim);
  if (from.length !== to.length) {
    throw new WeftValueError(`Inconsistent number of elements: ${from.length} vs ${to.length}`);
  }
  const permutation = range(a.ndim).filter((axis) => !from.includes(axis));
  for (const [place, axis] of to.map((place, i) => [place, from[i]] as const).sort(([p], [q]) => p - q)) {
    permutation.splice(place, 0, axis);
  }
  return lax.transpose(a, permutation);
}

/** The axis moved before the axis `start` (`jnp.rollaxis`). */
export function rollaxis(x: ArrayLike, axis: number, start = 0): NdArray {
  const a = toArray("rollaxis", x);
  const from = canonicalizeAxis(axis, a.ndim);
  const before = start < 0 ? start + a.ndim : start;
  return moveaxis(a, from, from < before ? before - 1 : before);
}

/** New axes of extent 1 at places of the result (`jnp.expand_dims`). */
export function expandDims(x: ArrayLike, axis: number | readonly number[]): NdArray {
  return lax.expandDims(toArray("expand_dims", x), typeof axis === "number" ? [axis] : axis);
}

/** Without axes of extent 1: all of them, or those given (`jnp.squeeze`). Throws WeftValueError for another extent. */
export function squeeze(x: ArrayLike, axis: number | readonly number[] | null = null): NdArray {
  const a = toArray("squeeze", x);
  const axes =
    axis === null ? range(a.ndim).filter((i) => a.shape[i] === 1) : typeof axis === "number" ? [axis] : axis;
  return lax.squeeze(a, axes);
}

/** Repeated to a shape by NumPy's rule (`jnp.broadcast_to`). Throws WeftValueError where it does not fit. */
export function broadcastTo(x: ArrayLike, shape: number | readonly number[]): NdArray {
  const a = toArray("broadcast_to", x);
  const target = canonicalizeShape(shape);
  const offset = target.length - a.ndim;
  if (offset < 0 || a.shape.some((n, i) => n !== 1 && n !== target[i + offset])) {
    const requested = `${a.dtype}[${target.join(",")}]`;
    throw new WeftValueError(
      `Incompatible types for broadcasting: input type=${formatType(a.aval.type)} and requested type=${requested}`,
    );
  }
  return broadcastKnown(a, target);
}

/** Arrays repeated to their common shape (`jnp.broadcast_arrays`). */
export function broadcastArrays(...xs: readonly ArrayLike[]): NdArray[] {
  const arrays = xs.map((x) => toArray("broadcast_arrays", x));
  const shape = broadcastShapes(...arrays.map((x) => x.shape));
  return arrays.map((x) => broadcastKnown(x, shape));
}

/** At least one axis (`jnp.atleast_1d`). */
export function atleast1d(x: ArrayLike): NdArray {
  const a = toArray("atleast_1d", x);
  return a.ndim >= 1 ? a : lax.reshape(a, [1]);
}

/** At least two axes; a vector becomes a row (`jnp.atleast_2d`). */
export function atleast2d(x: ArrayLike): NdArray {
  const a = atleast1d(x);
  return a.ndim >= 2 ? a : expandDims(a, 0);
}

/** At least three axes; [n] becomes [1, n, 1] and [m, n] becomes [m, n, 1] (`jnp.atleast_3d`). */
export function atleast3d(x: ArrayLike): NdArray {
  const a = atleast1d(x);
  if (a.ndim === 1) return expandDims(a, [0, 2]);
  return a.ndim === 2 ? expandDims(a, 2) : a;
}

/** Reversed along axes, or along all (`jnp.flip`). */
export function flip(x: ArrayLike, axis: number | readonly number[] | null = null): NdArray {
  const a = toArray("flip", x);
  return lax.rev(a, canonicalizeAxes(axis, a.ndim));
}
/** Reversed from left to right: along axis 1 (`jnp.fliplr`). */
export const fliplr = (x: ArrayLike): NdArray => flip(x, 1);
/** Reversed from top to bottom: along axis 0 (`jnp.flipud`). */
export const flipud = (x: ArrayLike): NdArray => flip(x, 0);

/** Turned by k quarter turns in the plane of two axes, from the first towards the second (`jnp.rot90`). */
export function rot90(x: ArrayLike, k = 1, axes: readonly [number, number] = [0, 1]): NdArray {
  const a = toArray("rot90", x);
  if (a.ndim < 2) {
    throw new WeftValueError(
      "rot90 requires its first argument to have ndim at least two, but got first argument of shape " +
        `${formatShape(a.shape)}, which has ndim ${a.ndim}`,
    );
  }
  const [i, j] = canonicalizeAxes(axes, a.ndim);
  const turns = ((k % 4) + 4) % 4;
  if (turns === 0) return a;
  if (turns === 2) return flip(a, [i, j]);
  return turns === 1 ? swapaxes(flip(a, j), i, j) : flip(swapaxes(a, i, j), j);
}

function rollOne(a: NdArray, shift: number, axis: number): NdArray {
  const n = a.shape[axis];
  if (n === 0) return a;
  const by = ((shift % n) + n) % n;
  if (by === 0) return a;
  return lax.concatenate(
    [lax.sliceInDim(a, n - by, n, { axis }), lax.sliceInDim(a, 0, n - by, { axis })],
    axis,
  );
}

/** A shift that is a value: a window of the array beside itself (`_roll_dynamic`). */
function rollDynamic(a: NdArray, shift: NdArray, axis: number): NdArray {
  const n = a.shape[axis];
  if (n === 0) return a;
  const by = rem(add(rem(shift, n), n), n);
  return dynamicSliceInDim(lax.concatenate([a, a], axis), sub(n, by), n, { axis });
}

/**
 * Elements moved on by `shift` places, round the end; without an axis, of the array flattened (`jnp.roll`). Shifts may
 * be traced: a scalar, or a vector with one for each axis.
 */
export function roll(
  x: ArrayLike,
  shift: ArrayLike | readonly number[],
  axis: number | readonly number[] | null = null,
): NdArray {
  const a = toArray("roll", x);
  if (axis === null) return lax.reshape(roll(ravel(a), shift, 0), a.shape);
  const axes = (typeof axis === "number" ? [axis] : axis).map((i) => canonicalizeAxis(i, a.ndim));
  const shifts = shiftList(shift);
  if (shifts.length !== axes.length && axes.length !== 1 && shifts.length !== 1) {
    throw new WeftValueError(
      "'shift' and 'axis' arguments to np.roll should be scalars or 1D, of one length",
    );
  }
  return range(Math.max(shifts.length, axes.length)).reduce<NdArray>((y, i) => {
    const by = shifts[i % shifts.length];
    const along = axes[i % axes.length];
    return typeof by === "number" ? rollOne(y, by, along) : rollDynamic(y, by, along);
  }, a);
}

function shiftList(shift: ArrayLike | readonly number[]): readonly (number | NdArray)[] {
  if (!isArrayLike(shift)) return shift;
  if (typeof shift === "number") return [shift];
  const given = indexArray(shift);
  if (given.ndim > 1) {
    throw new WeftValueError(
      "'shift' and 'axis' arguments to np.roll should be scalars or 1D, of one length",
    );
  }
  const flat = lax.reshape(given, [given.size]);
  return range(given.size).map((i) => lax.indexInDim(flat, i, { keepdims: false }));
}

/** Whether an argument is a number or an array: options objects are neither. */
export function isArrayLike(x: unknown): x is ArrayLike {
  return x instanceof NdArray || typeof x === "number" || typeof x === "boolean";
}
