/** `np.pad` in NumPy's modes. */
import { isInteger } from "../../compiler/types/dtype.ts";
import {
  type ArrayLike,
  convert,
  formatShape,
  type NdArray,
  UnsupportedError,
  WeftTypeError,
  WeftValueError,
} from "../core/index.ts";
import { range } from "../lax/axes.ts";
import { add, mul, sub } from "../lax/elementwise.ts";
import * as lax from "../lax/movement.ts";
import { broadcastTo } from "../lax/operands.ts";
import { applyAlongAxis } from "./apply.ts";
import { linspace } from "./creation.ts";
import { concatenate } from "./joining.ts";
import { toArray } from "./promotion.ts";
import { max, mean, min } from "./reductions.ts";
import { round } from "./ufuncs.ts";

/** How to fill: as NumPy's modes are named. */
export type PadMode =
  | "constant"
  | "edge"
  | "linear_ramp"
  | "maximum"
  | "mean"
  | "minimum"
  | "reflect"
  | "symmetric"
  | "wrap"
  | "empty";

/** One number for all sides, [before, after] for all axes, or a pair for each axis. */
export type PadWidth = number | readonly [number, number] | readonly (readonly [number, number])[];

/**
 * A mode of the user's own: takes a vector padded with zeros, its [before, after] and the axis, and gives the vector
 * to stand there.
 */
export type PadFunction = (vector: NdArray, widths: readonly [number, number], axis: number) => NdArray;

/** Options of `pad`. */
export interface PadOptions {
  /** Default "constant". */
  readonly mode?: PadMode | PadFunction;
  /** "constant": the value, or [before, after] for all axes, or a pair for each. Default 0. */
  readonly constantValues?: PadWidth | NdArray;
  /** "linear_ramp": the values at the ends, as for `constantValues`. Default 0. */
  readonly endValues?: PadWidth;
  /** "maximum", "mean", "minimum": how many elements at the edge to take, for each side. Default all. */
  readonly statLength?: PadWidth | null;
  /** "reflect" and "symmetric": "odd" mirrors through the edge value. Default "even". */
  readonly reflectType?: "even" | "odd";
}

function perAxis(name: string, value: PadWidth, ndim: number): (readonly [number, number])[] {
  if (typeof value === "number") return range(ndim).map(() => [value, value] as const);
  if (isPair(value)) return range(ndim).map(() => value);
  if (value.length === 1) return range(ndim).map(() => value[0]);
  if (value.length !== ndim) {
    throw new WeftValueError(
      `np.pad: ${name} with nd=${ndim} has unsupported shape (${value.length}, 2). ` +
        `Valid shapes are (${ndim}, 2), (1, 2), (2,), (1,), or ().`,
    );
  }
  return [...value];
}

function isPair(value: PadWidth): value is readonly [number, number] {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === "number";
}

/** A side of an axis: which elements it repeats. */
type Side = "before" | "after";

function edge(x: NdArray, axis: number, side: Side, count = 1): NdArray {
  const n = x.shape[axis];
  return side === "before"
    ? lax.sliceInDim(x, 0, count, { axis })
    : lax.sliceInDim(x, n - count, n, { axis });
}

function repeated(x: NdArray, axis: number, times: number): NdArray {
  return broadcastTo(x, x.shape.toSpliced(axis, 1, times));
}

/** Mirrored elements, as many mirrors as the width needs. */
function reflected(x: NdArray, axis: number, width: number, side: Side, options: PadOptions): NdArray[] {
  // "reflect" leaves the edge element out of its mirror image, "symmetric" repeats it.
  const skip = options.mode === "reflect" ? 1 : 0;
  const parts: NdArray[] = [];
  let left = width;
  let source = x;
  while (left > 0) {
    const n = source.shape[axis];
    const usable = n - skip;
    if (usable <= 0) {
      // A single element reflects to itself.
      parts.push(repeated(edge(source, axis, side), axis, left));
      break;
    }
    const count = Math.min(left, usable);
    const taken =
      side === "before"
        ? lax.sliceInDim(source, skip, skip + count, { axis })
        : lax.sliceInDim(source, n - skip - count, n - skip, { axis });
    let mirror = lax.rev(taken, [axis]);
    if (options.reflectType === "odd") {
      const border = repeated(edge(source, axis, side), axis, count);
      mirror = sub(mul(border, 2), mirror);
    }
    if (side === "before") parts.unshift(mirror);
    else parts.push(mirror);
    left -= count;
    source = concatenate(side === "before" ? [mirror, source] : [source, mirror], { axis });
  }
  return parts;
}

/** Elements from the other end, round as often as the width needs. */
function wrapped(x: NdArray, axis: number, width: number, side: Side): NdArray[] {
  const n = x.shape[axis];
  const whole = range(Math.floor(width / n)).map(() => x);
  const rest = width % n;
  if (rest === 0) return whole;
  return side === "before"
    ? [lax.sliceInDim(x, n - rest, n, { axis }), ...whole]
    : [...whole, lax.sliceInDim(x, 0, rest, { axis })];
}

function ramp(x: NdArray, axis: number, width: number, side: Side, end: number): NdArray {
  const border = edge(x, axis, side);
  const steps = linspace(0, 1, width, { endpoint: false, dtype: "float32" });
  const weights = broadcastTo(
    lax.reshape(
      steps,
      x.shape.map((_, i) => (i === axis ? width : 1)),
    ),
    x.shape.toSpliced(axis, 1, width),
  );
  const spread = convert(repeated(border, axis, width), "float32");
  // From the end value towards the border, which itself is not repeated.
  const values = add(mul(sub(spread, end), weights), end);
  return convert(side === "before" ? values : lax.rev(values, [axis]), x.dtype);
}

function statistic(
  x: NdArray,
  axis: number,
  width: number,
  side: Side,
  mode: PadMode,
  length: number | null,
): NdArray {
  const count = Math.min(length ?? x.shape[axis], x.shape[axis]);
  const near = edge(x, axis, side, count);
  if (mode === "maximum" || mode === "minimum") {
    return repeated((mode === "maximum" ? max : min)(near, { axis, keepdims: true }), axis, width);
  }
  const average = mean(near, { axis, keepdims: true });
  // As JAX: the mean of integers is rounded.
  return repeated(convert(isInteger(x.dtype) ? round(average) : average, x.dtype), axis, width);
}

/**
 * x with more elements before and behind along its axes (`jnp.pad`). Widths are not negative; modes other than
 * "constant" and "empty" need an element along every padded axis.
 */
export function pad(x: ArrayLike, padWidth: PadWidth, options: PadOptions = {}): NdArray {
  let a = toArray("pad", x);
  const { mode = "constant" } = options;
  const widths = perAxis("pad_width", padWidth, a.ndim);
  const ends = perAxis("end_values", options.endValues ?? 0, a.ndim);
  const { statLength = null } = options;
  const lengths = statLength === null ? null : perAxis("stat_length", statLength, a.ndim);
  if (widths.some((pair) => pair.some((n) => !Number.isInteger(n) || n < 0))) {
    throw new WeftValueError(
      `index can't contain negative values: pad widths ${widths.map(formatShape).join(", ")}`,
    );
  }
  if (typeof mode === "function") {
    return widths.reduce<NdArray>(
      (y, pair, axis) => applyAlongAxis((vector) => mode(vector, pair, axis), axis, y),
      padConstant(a, widths, 0),
    );
  }
  if (mode === "constant" || mode === "empty")
    return padConstant(a, widths, mode === "empty" ? 0 : (options.constantValues ?? 0));
  for (const [axis, [before, after]] of widths.entries()) {
    if (before + after === 0) continue;
    if (a.shape[axis] === 0) {
      throw new WeftValueError(
        `can't extend empty axis ${axis} using modes other than 'constant' or 'empty'`,
      );
    }
    const side = (which: Side, width: number): NdArray[] => {
      if (width === 0) return [];
      switch (mode) {
        case "edge":
          return [repeated(edge(a, axis, which), axis, width)];
        case "reflect":
        case "symmetric":
          return reflected(a, axis, width, which, options);
        case "wrap":
          return wrapped(a, axis, width, which);
        case "linear_ramp":
          return [ramp(a, axis, width, which, ends[axis][which === "before" ? 0 : 1])];
        case "maximum":
        case "minimum":
        case "mean":
          return [
            statistic(a, axis, width, which, mode, lengths?.[axis][which === "before" ? 0 : 1] ?? null),
          ];
        default:
          throw new UnsupportedError(`Unimplemented padding mode '${String(mode)}' for np.pad.`);
      }
    };
    a = concatenate([...side("before", before), a, ...side("after", after)], { axis });
  }
  return a;
}

function padConstant(
  a: NdArray,
  widths: readonly (readonly [number, number])[],
  values: PadWidth | NdArray,
): NdArray {
  if (typeof values === "number" || isScalarArray(values)) {
    const value = typeof values === "number" ? values : convert(values, a.dtype);
    return lax.pad(
      a,
      value,
      widths.map(([before, after]) => [before, after, 0]),
    );
  }
  const pairs = perAxis("constant_values", values, a.ndim);
  let result = a;
  for (const [axis, [before, after]] of widths.entries()) {
    const config = (low: number, high: number): [number, number, number][] =>
      a.shape.map((_, i) => (i === axis ? [low, high, 0] : [0, 0, 0]));
    result = lax.pad(lax.pad(result, pairs[axis][0], config(before, 0)), pairs[axis][1], config(0, after));
  }
  return result;
}

function isScalarArray(values: PadWidth | NdArray): values is NdArray {
  if (typeof values !== "object" || Array.isArray(values)) return false;
  if ("aval" in values && values.ndim === 0) return true;
  throw new WeftTypeError("np.pad: constantValues is a number, pairs of numbers or a scalar array");
}
