/** Joining, splitting and repeating arrays (`jax.numpy`). */
import type { DType } from "../../compiler/types/dtype.ts";
import {
  type ArrayLike,
  arrayFromData,
  convert,
  formatShape,
  NdArray,
  WeftTypeError,
  WeftValueError,
} from "../core/index.ts";
import { canonicalizeAxis, range } from "../lax/axes.ts";
import { clamp, le } from "../lax/elementwise.ts";
import * as lax from "../lax/movement.ts";
import { broadcastTo } from "../lax/operands.ts";
import { cumsum, reduceSum } from "../lax/reductions.ts";
import { arange } from "./creation.ts";
import { dtypeOptions, type OptionsOrDType } from "./dtype-options.ts";
import { atleast1d, atleast2d, atleast3d, isArrayLike, ravel } from "./movement.ts";
import { concreteData, promoteDTypes, toArray } from "./promotion.ts";
import { take } from "./take.ts";

/** Options of `concatenate` and `stack`. */
export interface JoinOptions {
  /** Axis to join along; for concatenate null flattens. Default 0. */
  readonly axis?: number | null;
  readonly dtype?: DType;
}

/** A list of arrays, or the rows of one array. */
export type ArraySequence = readonly ArrayLike[] | NdArray;

function promotedSequence(name: string, xs: ArraySequence, dtype: DType | undefined): NdArray[] {
  const list = xs instanceof NdArray ? [...xs] : xs;
  if (!Array.isArray(list)) throw new WeftTypeError(`np.${name} requires a list of arrays`);
  if (list.length === 0) throw new WeftValueError(`Need at least one array to ${name}.`);
  const promoted = promoteDTypes(name, ...list);
  return dtype === undefined ? promoted : promoted.map((x) => convert(x, dtype));
}

/** Arrays joined along an axis they have, in their common dtype (`jnp.concatenate`). */
export function concatenate(xs: ArraySequence, options: JoinOptions | number = {}): NdArray {
  const { axis = 0, dtype }: JoinOptions = typeof options === "number" ? { axis: options } : options;
  const arrays = promotedSequence("concatenate", xs, dtype);
  if (axis === null)
    return lax.concatenate(
      arrays.map((x) => ravel(x)),
      0,
    );
  if (arrays[0].ndim === 0) throw new WeftValueError("Zero-dimensional arrays cannot be concatenated.");
  return lax.concatenate(arrays, axis);
}
/** Arrays joined along an axis (`jnp.concat`). */
export const concat = concatenate;

/** Arrays of one shape joined along a new axis (`jnp.stack`). */
export function stack(xs: ArraySequence, options: JoinOptions | number = {}): NdArray {
  const { axis, dtype }: JoinOptions = typeof options === "number" ? { axis: options } : options;
  if (xs instanceof NdArray && (axis ?? 0) === 0) return dtype === undefined ? xs : convert(xs, dtype);
  const arrays = promotedSequence("stack", xs, dtype);
  const { shape } = arrays[0];
  if (arrays.some((x) => formatShape(x.shape) !== formatShape(shape))) {
    const same = arrays.every((x) => x.ndim === shape.length);
    throw new WeftValueError(
      same
        ? `All input arrays must have the same shape, got ${arrays.map((x) => formatShape(x.shape)).join(", ")}.`
        : `Cannot stack arrays with different numbers of dimensions: got ${arrays.map((x) => formatShape(x.shape)).join(", ")}.`,
    );
  }
  const place = canonicalizeAxis(axis ?? 0, shape.length + 1);
  return lax.concatenate(
    arrays.map((x) => lax.expandDims(x, [place])),
    place,
  );
}

function rowsOf(xs: ArraySequence): readonly ArrayLike[] {
  return xs instanceof NdArray ? [...xs] : xs;
}

/** Joined along axis 0, vectors as rows (`jnp.vstack`). */
export function vstack(xs: ArraySequence, options: OptionsOrDType = {}): NdArray {
  return concatenate(rowsOf(xs).map(atleast2d), { ...dtypeOptions("vstack", options), axis: 0 });
}

/** Joined along axis 1, vectors along axis 0 (`jnp.hstack`). */
export function hstack(xs: ArraySequence, options: OptionsOrDType = {}): NdArray {
  const arrays = rowsOf(xs).map(atleast1d);
  return concatenate(arrays, { ...dtypeOptions("hstack", options), axis: arrays[0]?.ndim === 1 ? 0 : 1 });
}

/** Joined along axis 2 (`jnp.dstack`). */
export function dstack(xs: ArraySequence, options: OptionsOrDType = {}): NdArray {
  return concatenate(rowsOf(xs).map(atleast3d), { ...dtypeOptions("dstack", options), axis: 2 });
}

/** Joined as columns, vectors as columns (`jnp.column_stack`). */
export function columnStack(xs: ArraySequence): NdArray {
  const arrays = rowsOf(xs).map((x) => {
    const a = atleast1d(x);
    return a.ndim === 1 ? lax.expandDims(a, [1]) : a;
  });
  return concatenate(arrays, { axis: 1 });
}

/** `values` after x, flattened unless an axis is given (`jnp.append`). */
export function append(x: ArrayLike, values: ArrayLike, options: { axis?: number | null } = {}): NdArray {
  return concatenate(
    [x, values].map((a) => atleast1d(a)),
    { axis: options.axis ?? null },
  );
}

/** Splits at the given places, or into equal parts; a remainder throws WeftValueError (`jnp.split`). */
export function split(
  x: ArrayLike,
  indicesOrSections: number | readonly number[],
  options: { axis?: number } = {},
): NdArray[] {
  const a = toArray("split", x);
  const axis = canonicalizeAxis(options.axis ?? 0, a.ndim);
  if (typeof indicesOrSections === "number") {
    const rest = a.shape[axis] % indicesOrSections;
    if (rest !== 0)
      throw new WeftValueError(`array split does not result in an equal division: rest is ${rest}`);
  }
  return arraySplit(a, indicesOrSections, { axis });
}

/** Splits at the given places, or into parts whose sizes differ by one at most (`jnp.array_split`). */
export function arraySplit(
  x: ArrayLike,
  indicesOrSections: number | readonly number[],
  options: { axis?: number } = {},
): NdArray[] {
  const a = toArray("array_split", x);
  const axis = canonicalizeAxis(options.axis ?? 0, a.ndim);
  const n = a.shape[axis];
  let bounds: number[];
  if (typeof indicesOrSections === "number") {
    const sections = indicesOrSections;
    if (!Number.isInteger(sections) || sections <= 0) {
      throw new WeftValueError(`number of sections must be larger than 0, got ${sections}`);
    }
    const part = Math.floor(n / sections);
    const longer = n % sections;
    bounds = range(sections + 1).map((i) => i * part + Math.min(i, longer));
  } else {
    const within = (i: number): number => Math.min(Math.max(i < 0 ? i + n : i, 0), n);
    bounds = [0, ...indicesOrSections.map(within), n];
  }
  return range(bounds.length - 1).map((i) =>
    lax.sliceInDim(a, bounds[i], Math.max(bounds[i], bounds[i + 1]), { axis }),
  );
}
/** `split` along axis 0 (`jnp.vsplit`). */
export const vsplit = (x: ArrayLike, n: number | readonly number[]): NdArray[] => split(x, n, { axis: 0 });
/** `split` along axis 1, a vector along axis 0 (`jnp.hsplit`). */
export const hsplit = (x: ArrayLike, n: number | readonly number[]): NdArray[] =>
  split(x, n, { axis: toArray("hsplit", x).ndim === 1 ? 0 : 1 });
/** `split` along axis 2 (`jnp.dsplit`). */
export const dsplit = (x: ArrayLike, n: number | readonly number[]): NdArray[] => split(x, n, { axis: 2 });
/** The rows along an axis, without it (`jnp.unstack`). */
export function unstack(x: ArrayLike, options: { axis?: number } = {}): NdArray[] {
  const a = toArray("unstack", x);
  const axis = canonicalizeAxis(options.axis ?? 0, a.ndim);
  return range(a.shape[axis]).map((i) => lax.indexInDim(a, i, { axis, keepdims: false }));
}

/** Options of `repeat`. */
export interface RepeatOptions {
  /** Axis to repeat along; without one the array is flattened. */
  readonly axis?: number | null;
  /** Extent of the result, for counts that are not known while tracing; cut off, or padded with the last element. */
  readonly totalRepeatLength?: number;
}

/** Counts that are values: every place of the result finds the element whose range it is in. */
function repeatDynamic(a: NdArray, counts: NdArray, axis: number, total: number): NdArray {
  const n = a.shape[axis];
  const spread = broadcastTo(convert(lax.reshape(counts, [counts.size]), "int32"), [n]);
  const ends = cumsum(spread, 0);
  const places = arange(total);
  const shape = [total, n];
  const passed = le(
    broadcastTo(lax.expandDims(ends, [0]), shape),
    broadcastTo(lax.expandDims(places, [1]), shape),
  );
  // Past the last range: the last element, as JAX pads.
  const source = reduceSum(convert(passed, "int32"), [1]);
  return take(a, clamp(0, source, Math.max(n - 1, 0)), { axis, mode: "clip" });
}

/** Every element repeated in place, all as often, or each as often as `repeats` says (`jnp.repeat`). */
export function repeat(
  x: ArrayLike,
  repeats: ArrayLike | readonly number[],
  options: RepeatOptions = {},
): NdArray {
  const given = toArray("repeat", x);
  const flat = (options.axis ?? null) === null;
  const a = flat ? ravel(given) : given;
  const axis = flat ? 0 : canonicalizeAxis(options.axis ?? 0, a.ndim);
  const n = a.shape[axis];
  const total = options.totalRepeatLength;
  if (typeof repeats === "number" && total === undefined) {
    if (!Number.isInteger(repeats) || repeats < 0)
      throw new WeftValueError(`repeats must be non-negative, got ${repeats}`);
    const spread = broadcastTo(lax.expandDims(a, [axis + 1]), a.shape.toSpliced(axis + 1, 0, repeats));
    return lax.reshape(spread, a.shape.toSpliced(axis, 1, n * repeats));
  }
  const counts = isArrayLike(repeats) ? toArray("repeat", repeats) : intArray(repeats);
  if (counts.ndim > 1) throw new WeftValueError("np.repeat: repeats must be a scalar or a vector");
  if (counts.size !== 1 && counts.size !== n) {
    throw new WeftValueError(`np.repeat: repeats has ${counts.size} entries for an axis of extent ${n}`);
  }
  if (total !== undefined) return repeatDynamic(a, counts, axis, total);
  const known = Array.from(
    concreteData(
      counts,
      "When jit-compiling np.repeat, the total number of repeats must be static. To fix this, either specify a static " +
        "value for `repeats`, or pass a static value to `totalRepeatLength`.",
    ),
  );
  const each = known.length === 1 ? range(n).map(() => known[0]) : known;
  if (each.some((count) => count < 0)) throw new WeftValueError("repeats must be non-negative");
  return take(a, intArray(each.flatMap((count, i) => range(count).map(() => i))), { axis, mode: "clip" });
}

function intArray(values: readonly number[]): NdArray {
  return values.length === 0 ? arange(0) : arrayFromData(values, "int32", [values.length]);
}

/** The whole array repeated: `reps` times along each axis (`jnp.tile`). */
export function tile(x: ArrayLike, reps: number | readonly number[]): NdArray {
  const a = toArray("tile", x);
  const given = typeof reps === "number" ? [reps] : reps;
  const ndim = Math.max(a.ndim, given.length);
  const shape = [...range(ndim - a.ndim).map(() => 1), ...a.shape];
  const times = [...range(ndim - given.length).map(() => 1), ...given];
  const spread = shape.flatMap((n, i) => [times[i], n]);
  const source = shape.flatMap((n) => [1, n]);
  return lax.reshape(
    broadcastTo(lax.reshape(a, source), spread),
    shape.map((n, i) => n * times[i]),
  );
}
