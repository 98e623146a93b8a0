/**
 * Reductions of `jax.numpy`. The options may be an axis alone: `np.sum(x, 0)` is `np.sum(x, { axis: 0 })`.
 *
 * Dtypes as in JAX: sum and prod of bool and narrow integers give int32 (uint32 for unsigned); mean, var and std of
 * integers give float32; max and min keep the dtype; any and all give bool; argmax, argmin and countNonzero int32.
 */
import { DTYPE_INFO, type DType, isFloating } from "../../compiler/types/dtype.ts";
import {
  type ArrayLike,
  convert,
  DEFAULT_INT,
  full,
  type NdArray,
  WeftTypeError,
  WeftValueError,
} from "../core/index.ts";
import { canonicalizeAxes, canonicalizeAxis } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { concatenate, reshape } from "../lax/movement.ts";
import { broadcastShapes, broadcastTo, numberAs } from "../lax/operands.ts";
import * as reduce from "../lax/reductions.ts";
import { where as choose, truth } from "./logic.ts";
import { ravel } from "./movement.ts";
import { inexactDType, toArray } from "./promotion.ts";
import { add, maximum, minimum, multiply } from "./ufuncs.ts";

/** Axes of a reduction; negative ones count from the end; null for all. */
export type Axis = number | readonly number[] | null;

/** Options of `ptp`, `countNonzero`, `median` and `nanmedian`. */
export interface AxisOptions {
  /** Default: all axes. */
  readonly axis?: Axis;
  /** Whether reduced axes stay, with extent 1. */
  readonly keepdims?: boolean;
}

/** Options of `all` and `any`. */
export interface WhereOptions extends AxisOptions {
  /** Elements to count, bool, broadcast to the operand. */
  readonly where?: ArrayLike | null;
}

/** Options of `sum`, `prod`, `nansum` and `nanprod`. */
export interface SumOptions extends WhereOptions {
  /** Dtype of the result and of the sum. */
  readonly dtype?: DType | null;
  /** What to start from. */
  readonly initial?: ArrayLike | null;
  /** Whether bool and narrow integers become 32 bits wide; default true. Where not, bool still becomes int32. */
  readonly promoteIntegers?: boolean;
}

/** Options of `max`, `min`, `nanmax` and `nanmin`. */
export type ExtremeOptions = Omit<SumOptions, "dtype" | "promoteIntegers">;

/** Options of `mean` and `nanmean`. */
export interface MeanOptions extends WhereOptions {
  readonly dtype?: DType | null;
}

/** Options of `variance`, `std`, `nanvar` and `nanstd`. */
export interface VarOptions extends MeanOptions {
  /** What is subtracted from the number of elements in the divisor. Default 0. */
  readonly ddof?: number;
  /** The array API's name for ddof. */
  readonly correction?: number | null;
  /** The mean, where it is known, with the reduced axes kept. */
  readonly mean?: ArrayLike | null;
}

/** Options, or an axis alone. */
export type OptionsOrAxis<O> = O | Axis;

/** Options from what the user gave in their place. */
export function asOptions<O extends { readonly axis?: Axis }>(
  given: OptionsOrAxis<O>,
): O | { readonly axis: Axis } {
  if (given === null || typeof given === "number" || isAxes(given)) return { axis: given };
  return given;
}

function isAxes<O>(given: O | readonly number[]): given is readonly number[] {
  return Array.isArray(given);
}

/** A result with its reduced axes put back with extent 1. */
export function restoreAxes(
  result: NdArray,
  x: NdArray,
  axes: readonly number[],
  keepdims: boolean,
): NdArray {
  if (!keepdims) return result;
  return reshape(
    result,
    x.shape.map((n, axis) => (axes.includes(axis) ? 1 : n)),
  );
}

/** The operand with `identity` where `where` does not hold. */
function masked(x: NdArray, where: ArrayLike | null | undefined, identity: number): NdArray {
  if (where === null || where === undefined) return x;
  const mask = truth(where, "where");
  const shape = broadcastShapes(x.shape, mask.shape);
  return lax.select(broadcastTo(mask, shape), broadcastTo(x, shape), numberAs(identity, x.dtype, shape));
}

/** bool and narrow integers widen to 32 bits (`_upcast_f16_for_computation`, `promote_integers`). */
export function sumDType(dtype: DType): DType {
  const { kind, bits } = DTYPE_INFO[dtype];
  if (kind === "float" || bits >= 32) return dtype;
  return kind === "uint" ? "uint32" : DEFAULT_INT;
}

type Fold = (x: NdArray, axes: readonly number[]) => NdArray;

function arithmetic(
  name: string,
  x: ArrayLike,
  given: OptionsOrAxis<SumOptions>,
  fold: Fold,
  identity: number,
  combine: (x: ArrayLike, y: ArrayLike) => NdArray,
): NdArray {
  const options: SumOptions = asOptions(given);
  const operand = toArray(name, x);
  const widened = convert(
    operand,
    options.dtype ?? ((options.promoteIntegers ?? true) ? sumDType(operand.dtype) : operand.dtype),
    operand.weakType && !options.dtype,
  );
  const a = masked(
    widened.dtype === "bool" ? convert(widened, DEFAULT_INT) : widened,
    options.where,
    identity,
  );
  const axes = canonicalizeAxes(options.axis, a.ndim);
  const result = restoreAxes(fold(a, axes), a, axes, options.keepdims ?? false);
  const { initial = null } = options;
  const started = initial === null ? result : combine(result, initial);
  return options.dtype ? convert(started, options.dtype) : started;
}

/** Sum of elements (`jnp.sum`). Of none: 0. */
export function sum(x: ArrayLike, options: OptionsOrAxis<SumOptions> = {}): NdArray {
  return arithmetic("sum", x, options, reduce.reduceSum, 0, add);
}

/** Product of elements (`jnp.prod`). Of none: 1. Its gradient is exact where factors are 0. */
export function prod(x: ArrayLike, options: OptionsOrAxis<SumOptions> = {}): NdArray {
  return arithmetic("prod", x, options, reduce.reduceProd, 1, multiply);
}

function extreme(name: "max" | "min", x: ArrayLike, given: OptionsOrAxis<ExtremeOptions>): NdArray {
  const options: ExtremeOptions = asOptions(given);
  const operand = toArray(name, x);
  const { where = null, initial = null } = options;
  if (where !== null && initial === null) {
    throw new WeftValueError(
      `reduction operation ${name} does not have an identity, so to use a where mask one has to specify 'initial'`,
    );
  }
  const axes = canonicalizeAxes(options.axis, operand.ndim);
  if (initial === null && axes.some((axis) => operand.shape[axis] === 0)) {
    throw new WeftValueError(`zero-size array to reduction operation ${name} which has no identity`);
  }
  const identity = reduce.extremeValue(operand.dtype, name === "max" ? "lowest" : "highest");
  const a = masked(operand, where, identity);
  const folded = name === "max" ? reduce.reduceMax(a, axes) : reduce.reduceMin(a, axes);
  const result = restoreAxes(folded, a, axes, options.keepdims ?? false);
  if (initial === null) return result;
  return name === "max" ? maximum(result, initial) : minimum(result, initial);
}

/** Greatest element, NaN if there is one (`jnp.max`). Of none: WeftValueError, unless `initial` is given. */
export function max(x: ArrayLike, options: OptionsOrAxis<ExtremeOptions> = {}): NdArray {
  return extreme("max", x, options);
}
/** Least element, NaN if there is one (`jnp.min`). */
export function min(x: ArrayLike, options: OptionsOrAxis<ExtremeOptions> = {}): NdArray {
  return extreme("min", x, options);
}
/** Greatest element (`jnp.amax`). */
export const amax = max;
/** Least element (`jnp.amin`). */
export const amin = min;

/** Greatest less least element (`jnp.ptp`). */
export function ptp(x: ArrayLike, options: OptionsOrAxis<AxisOptions> = {}): NdArray {
  return lax.sub(max(x, options), min(x, options));
}

function logical(name: "all" | "any", x: ArrayLike, given: OptionsOrAxis<WhereOptions>): NdArray {
  const options: WhereOptions = asOptions(given);
  const a = masked(truth(x, name), options.where, name === "all" ? 1 : 0);
  const axes = canonicalizeAxes(options.axis, a.ndim);
  const folded = name === "all" ? reduce.reduceAnd(a, axes) : reduce.reduceOr(a, axes);
  return restoreAxes(folded, a, axes, options.keepdims ?? false);
}

/** Whether all elements are ≠ 0 (`jnp.all`). */
export function all(x: ArrayLike, options: OptionsOrAxis<WhereOptions> = {}): NdArray {
  return logical("all", x, options);
}
/** Whether any element is ≠ 0 (`jnp.any`). */
export function any(x: ArrayLike, options: OptionsOrAxis<WhereOptions> = {}): NdArray {
  return logical("any", x, options);
}

/** Number of elements ≠ 0, as int32 (`jnp.count_nonzero`). */
export function countNonzero(x: ArrayLike, options: OptionsOrAxis<AxisOptions> = {}): NdArray {
  return sum(truth(x, "count_nonzero"), options);
}

/** Number of elements that a reduction over axes takes, from a mask if there is one. */
function elementCount(
  a: NdArray,
  where: ArrayLike | null | undefined,
  options: AxisOptions,
  dtype: DType,
): NdArray {
  const axes = canonicalizeAxes(options.axis, a.ndim);
  if (where === null || where === undefined) {
    return full(
      axes.reduce((n, axis) => n * a.shape[axis], 1),
      dtype,
    );
  }
  const mask = broadcastTo(truth(where, "where"), a.shape);
  return convert(sum(mask, { axis: options.axis, keepdims: options.keepdims }), dtype);
}

/** Half precision sums in float32. */
function computeIn(dtype: DType): DType {
  return dtype === "float16" ? "float32" : dtype;
}

/** Arithmetic mean in floats (`jnp.mean`). Of none: NaN. */
export function mean(x: ArrayLike, given: OptionsOrAxis<MeanOptions> = {}): NdArray {
  const options: MeanOptions = asOptions(given);
  const a = toArray("mean", x);
  const result = options.dtype ?? inexactDType(a.dtype);
  const computed = computeIn(result);
  const { axis, keepdims, where } = options;
  const total = sum(convert(a, computed), { axis, keepdims, where });
  return convert(lax.div(total, broadcastTo(elementCount(a, where, options, computed), total.shape)), result);
}

/**
 * Mean of squared deviations from the mean, divided by n − ddof, in floats (`jnp.var`).
 */
export function variance(x: ArrayLike, given: OptionsOrAxis<VarOptions> = {}): NdArray {
  const options: VarOptions = asOptions(given);
  const a = toArray("var", x);
  const result = options.dtype ?? inexactDType(a.dtype);
  const computed = computeIn(result);
  if (!isFloating(computed)) throw new WeftTypeError(`var takes a floating dtype, got ${computed}`);
  const { axis, keepdims, where } = options;
  const wide = convert(a, computed);
  const known = options.mean ?? null;
  const center =
    known === null ? mean(wide, { axis, keepdims: true, where }) : convert(toArray("var", known), computed);
  const squares = lax.square(lax.sub(wide, broadcastTo(center, wide.shape)));
  const total = sum(squares, { axis, keepdims, where });
  const count = elementCount(a, where, options, computed);
  const divisor = lax.sub(count, options.correction ?? options.ddof ?? 0);
  // As JAX: not a number where nothing is left to divide by, rather than an infinity or a negative variance.
  const valid = lax.gt(divisor, 0);
  const safe = lax.select(valid, divisor, numberAs(Number.NaN, computed, divisor.shape));
  return convert(lax.div(total, broadcastTo(safe, total.shape)), result);
}
export { variance as var };

/** Square root of the variance (`jnp.std`). */
export function std(x: ArrayLike, options: OptionsOrAxis<VarOptions> = {}): NdArray {
  return lax.sqrt(variance(x, options));
}

/** Options of `argmax`, `argmin`, `nanargmax` and `nanargmin`. */
export interface ArgOptions {
  /** Default: of the array flattened. */
  readonly axis?: number | null;
  readonly keepdims?: boolean;
}

function argExtreme(name: "argmax" | "argmin", x: ArrayLike, given: ArgOptions | number | null): NdArray {
  const options: ArgOptions = given === null || typeof given === "number" ? { axis: given } : given;
  const operand = toArray(name, x);
  const flat = (options.axis ?? null) === null;
  const a = flat ? ravel(operand) : operand;
  const axis = flat ? 0 : canonicalizeAxis(options.axis ?? 0, a.ndim);
  if (a.shape[axis] === 0) throw new WeftValueError(`attempt to get ${name} of an empty sequence`);
  const found = name === "argmax" ? reduce.argmax(a, axis) : reduce.argmin(a, axis);
  if (!(options.keepdims ?? false)) return found;
  return reshape(
    found,
    operand.shape.map((n, i) => (flat || i === axis ? 1 : n)),
  );
}

/** Place of the greatest element, the first of several; NaN counts as greatest (`jnp.argmax`): int32. */
export function argmax(x: ArrayLike, options: ArgOptions | number | null = {}): NdArray {
  return argExtreme("argmax", x, options);
}
/** Place of the least element, the first of several; NaN counts as least (`jnp.argmin`): int32. */
export function argmin(x: ArrayLike, options: ArgOptions | number | null = {}): NdArray {
  return argExtreme("argmin", x, options);
}

/** Options of `cumulative`, `cumsum`, `cumprod` and `nancumsum` and others. */
export interface CumulativeOptions {
  /** Default: of the array flattened. */
  readonly axis?: number | null;
  readonly dtype?: DType | null;
}

/** Operand, axis and dtype of a prefix operation. */
export function cumulative(
  name: string,
  x: ArrayLike,
  given: CumulativeOptions | number | null,
  apply: (x: NdArray, axis: number) => NdArray,
): NdArray {
  const options: CumulativeOptions = given === null || typeof given === "number" ? { axis: given } : given;
  const operand = toArray(name, x);
  const flat = (options.axis ?? null) === null;
  const a = flat ? ravel(operand) : operand;
  const dtype = options.dtype ?? (operand.dtype === "bool" ? DEFAULT_INT : operand.dtype);
  const axis = flat ? 0 : canonicalizeAxis(options.axis ?? 0, a.ndim);
  return convert(
    apply(convert(a, dtype === "bool" ? DEFAULT_INT : dtype, a.weakType), axis),
    dtype,
    a.weakType,
  );
}

/** Sums of the elements up to each place (`jnp.cumsum`); bool as int32. */
export function cumsum(x: ArrayLike, options: CumulativeOptions | number | null = {}): NdArray {
  return cumulative("cumsum", x, options, reduce.cumsum);
}
/** Products of the elements up to each place (`jnp.cumprod`); bool as int32. */
export function cumprod(x: ArrayLike, options: CumulativeOptions | number | null = {}): NdArray {
  return cumulative("cumprod", x, options, reduce.cumprod);
}

/** Options of `cumulativeSum` and `cumulativeProd`. */
export interface CumulativeArrayOptions {
  /** Required where x has more than one axis. */
  readonly axis?: number | null;
  readonly dtype?: DType | null;
  /** Whether the fold of nothing comes first. */
  readonly includeInitial?: boolean;
}

function cumulativeArray(name: "sum" | "prod", x: ArrayLike, options: CumulativeArrayOptions): NdArray {
  const a = toArray(`cumulative_${name}`, x);
  if (a.ndim === 0) {
    throw new WeftValueError(
      "The input must be non-scalar to take a cumulative sum, however a scalar value or scalar array was given.",
    );
  }
  const { axis: wanted = null } = options;
  if (wanted === null && a.ndim > 1) {
    throw new WeftValueError(
      `The input array has rank ${a.ndim}, however axis was not set to an explicit value. The axis argument is only ` +
        "optional for one-dimensional arrays.",
    );
  }
  const axis = canonicalizeAxis(wanted ?? 0, a.ndim);
  // As JAX: sums widen, products do not.
  const own = a.dtype === "bool" ? DEFAULT_INT : a.dtype;
  const dtype = options.dtype ?? (name === "sum" ? sumDType(a.dtype) : own);
  const folded = (name === "sum" ? cumsum : cumprod)(a, { axis, dtype });
  if (!(options.includeInitial ?? false)) return folded;
  const first = full(name === "sum" ? 0 : 1, folded.dtype, a.shape.toSpliced(axis, 1, 1));
  return concatenate([first, folded], axis);
}

/** Sums of the elements up to each place, in a dtype wide enough (`jnp.cumulative_sum`). */
export function cumulativeSum(x: ArrayLike, options: CumulativeArrayOptions = {}): NdArray {
  return cumulativeArray("sum", x, options);
}
/** Products of the elements up to each place; bool as int32 (`jnp.cumulative_prod`). */
export function cumulativeProd(x: ArrayLike, options: CumulativeArrayOptions = {}): NdArray {
  return cumulativeArray("prod", x, options);
}

/** x where it is a number, `value` where it is NaN. */
export function replaceNan(x: NdArray, value: number): NdArray {
  return isFloating(x.dtype) ? choose(lax.ne(x, x), numberAs(value, x.dtype), x) : x;
}
