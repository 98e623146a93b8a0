/** Making arrays (`jax.numpy` array creation). */
import { type DType, isFloating, isInteger } from "../../compiler/types/dtype.ts";
import type { Shape } from "../../compiler/types/tensor-type.ts";
import {
  type ArrayLike,
  arrayFromData,
  convert,
  DEFAULT_FLOAT,
  full as filled,
  formatShape,
  NdArray,
  resultType,
  WeftValueError,
} from "../core/index.ts";
import { canonicalizeAxis, canonicalizeShape } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { broadcastedIota, checkDType, expandDims, full as laxFull } from "../lax/movement.ts";
import { broadcastShapes, broadcastTo } from "../lax/operands.ts";
import { type DTypeOption, dtypeOptions, type OptionsOrDType } from "./dtype-options.ts";
import { inexactDType, promoteDTypes, toArray } from "./promotion.ts";

export { broadcastShapes };

/** The array itself under a new name (`jnp.copy`); arrays are immutable. */
export function copy(x: ArrayLike): NdArray {
  return toArray("copy", x);
}

/** Zeros; float32 unless told otherwise (`jnp.zeros`). */
export function zeros(shape: number | Shape, options: OptionsOrDType = {}): NdArray {
  const { dtype = DEFAULT_FLOAT } = dtypeOptions("zeros", options);
  return filled(0, checkDType(dtype), canonicalizeShape(shape));
}

/** Ones; float32 unless told otherwise (`jnp.ones`). */
export function ones(shape: number | Shape, options: OptionsOrDType = {}): NdArray {
  const { dtype = DEFAULT_FLOAT } = dtypeOptions("ones", options);
  return filled(1, checkDType(dtype), canonicalizeShape(shape));
}

/** Zeros, since memory is never uninitialised (`jnp.empty`). */
export const empty = zeros;

/** `fillValue` repeated; it may be an array that broadcasts to the shape (`jnp.full`). */
export function full(shape: number | Shape, fillValue: ArrayLike, options: OptionsOrDType = {}): NdArray {
  const { dtype } = dtypeOptions("full", options);
  if (!(fillValue instanceof NdArray) || fillValue.ndim === 0) return laxFull(shape, fillValue, dtype);
  const value = dtype === undefined ? fillValue : convert(fillValue, dtype);
  const target = canonicalizeShape(shape);
  broadcastShapes(value.shape, target);
  return broadcastTo(value, target);
}

/** Options of `zerosLike`, `onesLike` and `fullLike`. */
export interface LikeOptions extends DTypeOption {
  readonly shape?: number | Shape;
}

/** Zeros of the shape and dtype of x (`jnp.zeros_like`). */
export function zerosLike(x: ArrayLike, options: OptionsOrDType<LikeOptions> = {}): NdArray {
  const like = toArray("zeros_like", x);
  const { shape = like.shape, dtype = like.dtype }: LikeOptions = dtypeOptions("zerosLike", options);
  return zeros(shape, { dtype });
}

/** Ones of the shape and dtype of x (`jnp.ones_like`). */
export function onesLike(x: ArrayLike, options: OptionsOrDType<LikeOptions> = {}): NdArray {
  const like = toArray("ones_like", x);
  const { shape = like.shape, dtype = like.dtype }: LikeOptions = dtypeOptions("onesLike", options);
  return ones(shape, { dtype });
}

/** Zeros of the shape and dtype of x (`jnp.empty_like`). */
export const emptyLike = zerosLike;

/** `fillValue` repeated in the shape and dtype of x (`jnp.full_like`). */
export function fullLike(
  x: ArrayLike,
  fillValue: ArrayLike,
  options: OptionsOrDType<LikeOptions> = {},
): NdArray {
  const like = toArray("full_like", x);
  const { shape = like.shape, dtype = like.dtype }: LikeOptions = dtypeOptions("fullLike", options);
  return full(shape, fillValue, { dtype });
}

/** A number that must be known while tracing: it decides a shape. */
function staticNumber(x: ArrayLike, name: string): number {
  try {
    return typeof x === "number" ? x : toArray(name, x).item();
  } catch (error) {
    if (error instanceof TypeError) error.message = `${error.message}\nIt arose in the ${name}.`;
    throw error;
  }
}

/**
 * `arange(stop)`, `arange(start, stop)`, `arange(start, stop, step)`: start, start + step, … below stop (`jnp.arange`).
 * Integers give int32, as in JAX, and other numbers float32.
 */
export function arange(stop: ArrayLike, options?: OptionsOrDType): NdArray;
export function arange(start: ArrayLike, stop: ArrayLike, options?: OptionsOrDType): NdArray;
export function arange(start: ArrayLike, stop: ArrayLike, step: ArrayLike, options?: OptionsOrDType): NdArray;
export function arange(...args: readonly (ArrayLike | OptionsOrDType | undefined)[]): NdArray {
  const numbers: number[] = [];
  const dtypes: DType[] = [];
  let options: DTypeOption = {};
  for (const [i, arg] of args.entries()) {
    if (arg instanceof NdArray || typeof arg === "number" || typeof arg === "boolean") {
      numbers.push(staticNumber(arg, `np.arange argument ${i}`));
      if (arg instanceof NdArray) dtypes.push(arg.dtype);
    } else if (arg !== undefined) options = dtypeOptions("arange", arg);
  }
  const [start, stop, step] =
    numbers.length === 1 ? [0, numbers[0], 1] : [numbers[0], numbers[1], numbers[2] ?? 1];
  if (step === 0) throw new WeftValueError("arange: step must not be zero");
  const integral = numbers.every(Number.isInteger) && dtypes.every((d) => !isFloating(d));
  const dtype = checkDType(options.dtype ?? (integral ? (dtypes[0] ?? "int32") : DEFAULT_FLOAT));
  const count = Math.max(0, Math.ceil((stop - start) / step));
  if (integral && start === 0 && step === 1) return broadcastedIota(dtype, [count], 0);
  return arrayFromData(
    Float64Array.from({ length: count }, (_, i) => start + i * step),
    dtype,
    [count],
  );
}

/** Options of `linspace`, `logspace` and `geomspace`. */
export interface LinspaceOptions extends DTypeOption {
  /** Whether stop is the last element; default true. */
  readonly endpoint?: boolean;
  /** Axis of the result along which the numbers lie, for array bounds; default 0. */
  readonly axis?: number;
}

/** Options of `linspace`. */
export interface StepOption {
  /** Whether to give [numbers, step]. */
  readonly retstep?: boolean;
}

/** `num` evenly spaced numbers from start to stop (`jnp.linspace`). The bounds may be arrays. */
export function linspace(start: ArrayLike, stop: ArrayLike, num?: number, options?: LinspaceOptions): NdArray;
export function linspace(
  start: ArrayLike,
  stop: ArrayLike,
  num: number,
  options: LinspaceOptions & { retstep: true },
): [numbers: NdArray, step: NdArray];
export function linspace(
  start: ArrayLike,
  stop: ArrayLike,
  num = 50,
  given: OptionsOrDType<LinspaceOptions & StepOption> = {},
): NdArray | [NdArray, NdArray] {
  const options: LinspaceOptions & StepOption = dtypeOptions("linspace", given);
  if (!Number.isInteger(num) || num < 0) {
    throw new WeftValueError(`Number of samples, ${num}, must be non-negative.`);
  }
  const { endpoint = true } = options;
  const target = checkDType(options.dtype ?? inexactDType(resultType(start, stop).dtype));
  const computed: DType = target === "float64" ? "float64" : "float32";
  const [lowValue, highValue] = promoteDTypes("linspace", start, stop).map((x) => convert(x, computed));
  const shape = broadcastShapes(lowValue.shape, highValue.shape);
  const axis = canonicalizeAxis(options.axis ?? 0, shape.length + 1);
  const place = (x: NdArray): NdArray =>
    broadcastTo(expandDims(broadcastTo(x, shape), [axis]), withExtent(shape, axis, num));
  const low = place(lowValue);
  const high = place(highValue);
  const div = endpoint ? num - 1 : num;
  let values: NdArray;
  if (div > 0) {
    const t = lax.div(broadcastedIota(computed, low.shape, axis), div);
    // As JAX: low·(1 − t) + high·t, with the last element exact.
    values = lax.add(lax.mul(low, lax.sub(1, t)), lax.mul(high, t));
    if (endpoint) {
      const last = lax.eq(broadcastedIota("int32", low.shape, axis), num - 1);
      values = lax.select(last, high, values);
    }
  } else values = low;
  const numbers = isInteger(target) ? convert(lax.floor(values), target) : convert(values, target);
  if (!(options.retstep ?? false)) return numbers;
  const ends = [lowValue, highValue].map((x) => broadcastTo(x, shape));
  const step = div > 0 ? lax.div(lax.sub(ends[1], ends[0]), div) : filled(Number.NaN, computed, shape);
  return [numbers, convert(step, target)];
}

/** A shape with one more axis. */
function withExtent(shape: Shape, axis: number, num: number): Shape {
  return shape.toSpliced(axis, 0, num);
}

/** Options of `eye` and `tri`. */
export interface DiagonalOptions extends DTypeOption {
  /** Which diagonal: above the main one where positive; default 0. */
  readonly k?: number;
}

/** n×m with ones on the k-th diagonal (`jnp.eye`). */
export function eye(
  n: number,
  m: number | null = null,
  options: OptionsOrDType<DiagonalOptions> = {},
): NdArray {
  const { k = 0, dtype = DEFAULT_FLOAT }: DiagonalOptions = dtypeOptions("eye", options);
  const shape = canonicalizeShape([n, m ?? n]);
  const rows = broadcastedIota("int32", shape, 0);
  const columns = broadcastedIota("int32", shape, 1);
  return convert(lax.eq(lax.add(rows, k), columns), checkDType(dtype));
}

/** n×n with ones on the diagonal (`jnp.identity`). */
export function identity(n: number, options: OptionsOrDType = {}): NdArray {
  return eye(n, n, dtypeOptions("identity", options));
}

/** n×m with ones on and below the k-th diagonal (`jnp.tri`). */
export function tri(
  n: number,
  m: number | null = null,
  options: OptionsOrDType<DiagonalOptions> = {},
): NdArray {
  const { k = 0, dtype = DEFAULT_FLOAT }: DiagonalOptions = dtypeOptions("tri", options);
  return convert(lowerMask(canonicalizeShape([n, m ?? n]), k), checkDType(dtype));
}

/** Where the column is not beyond the row by more than k, in the last two axes. */
function lowerMask(shape: Shape, k: number): NdArray {
  const n = shape.length;
  const rows = broadcastedIota("int32", shape, n - 2);
  const columns = broadcastedIota("int32", shape, n - 1);
  return lax.ge(lax.add(rows, k), columns);
}

function checkMatrix(name: string, x: NdArray): void {
  if (x.ndim < 2)
    throw new WeftValueError(`Argument to np.${name} must be at least 2D, got shape ${formatShape(x.shape)}`);
}

/** The lower triangle of the last two axes, zeros above the k-th diagonal (`jnp.tril`). */
export function tril(x: ArrayLike, k = 0): NdArray {
  const a = toArray("tril", x);
  checkMatrix("tril", a);
  return lax.select(lowerMask(a.shape, k), a, zerosLike(a));
}

/** The upper triangle of the last two axes, zeros below the k-th diagonal (`jnp.triu`). */
export function triu(x: ArrayLike, k = 0): NdArray {
  const a = toArray("triu", x);
  checkMatrix("triu", a);
  return lax.select(lowerMask(a.shape, k - 1), zerosLike(a), a);
}
