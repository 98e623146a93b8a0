/** softmax and its kin, one-hot vectors, standardisation (`jax.nn`). */
import { type DType, isFloating } from "../../compiler/types/dtype.ts";
import { type ArrayLike, convert, full, type NdArray, WeftTypeError, WeftValueError } from "../core/index.ts";
import { canonicalizeAxis } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { broadcastedIota, expandDims, reshape } from "../lax/movement.ts";
import { broadcastShapes, broadcastTo, constantLike, numberAs } from "../lax/operands.ts";
import { where as choose, isfinite } from "../numpy/logic.ts";
import { inexact, promoteDTypesInexact, toArray } from "../numpy/promotion.ts";
import { type Axis, max, mean, sum } from "../numpy/reductions.ts";
import { maximum, multiply, square, subtract } from "../numpy/ufuncs.ts";
import { stopGradient } from "../transforms/checkpoint.ts";

/** Options of `softmax` and `logSoftmax`. */
export interface SoftmaxOptions {
  /** Elements to take part, bool; the others give 0 (softmax) or −∞ (logSoftmax). */
  readonly where?: ArrayLike | null;
}

/** The elements that count, −∞ elsewhere. */
function masked(x: NdArray, where: ArrayLike | null | undefined): NdArray {
  if (where === null || where === undefined) return x;
  return choose(where, x, numberAs(Number.NEGATIVE_INFINITY, x.dtype));
}

/** Greatest element over axes as a constant of the gradient. */
function topOf(x: NdArray, axis: Axis): NdArray {
  return stopGradient(max(x, { axis, keepdims: true, initial: Number.NEGATIVE_INFINITY }));
}

/** The same, but 0 where it is infinite, so that x − max is a number. */
function shiftOf(x: NdArray, axis: Axis): NdArray {
  const top = topOf(x, axis);
  return lax.select(isfinite(top), top, constantLike(top, 0));
}

/** eˣ / Σ eˣ along axes, without overflow (`jax.nn.softmax`). A row with +∞, or of −∞ alone, gives NaN, as in JAX. */
export function softmax(x: ArrayLike, axis: Axis = -1, options: SoftmaxOptions = {}): NdArray {
  const a = inexact("softmax", x);
  const { where = null } = options;
  const m = masked(a, where);
  const powers = lax.exp(lax.sub(m, broadcastTo(topOf(m, axis), m.shape)));
  const total = sum(powers, { axis, keepdims: true });
  const result = lax.div(powers, broadcastTo(total, m.shape));
  return where === null ? result : choose(where, result, 0);
}

/** x − log Σ eˣ along axes (`jax.nn.log_softmax`). */
export function logSoftmax(x: ArrayLike, axis: Axis = -1, options: SoftmaxOptions = {}): NdArray {
  const a = inexact("log_softmax", x);
  const { where = null } = options;
  const m = masked(a, where);
  const shifted = lax.sub(m, broadcastTo(topOf(m, axis), m.shape));
  const total = lax.log(sum(lax.exp(shifted), { axis, keepdims: true }));
  const result = lax.sub(shifted, broadcastTo(total, m.shape));
  return where === null ? result : choose(where, result, numberAs(Number.NEGATIVE_INFINITY, a.dtype));
}

/** Options of `logsumexp` and `logmeanexp`. */
export interface LogsumexpOptions {
  /** Default: all axes. */
  readonly axis?: Axis;
  /** Factors of the exponentials. */
  readonly b?: ArrayLike | null;
  readonly keepdims?: boolean;
  readonly where?: ArrayLike | null;
  /** Also returns the sign of the sum, which negative factors allow. */
  readonly returnSign?: boolean;
}

function logsumexpParts(x: ArrayLike, options: LogsumexpOptions): [log: NdArray, sign: NdArray] {
  const { axis = null, b = null, keepdims = false, where = null } = options;
  const [given, factors] =
    b === null ? [inexact("logsumexp", x), null] : promoteDTypesInexact("logsumexp", x, b);
  let a = given;
  let spread: NdArray | null = null;
  if (factors !== null) {
    const shape = broadcastShapes(a.shape, factors.shape);
    spread = broadcastTo(factors, shape);
    // A factor of 0 takes its element out, infinite or not.
    a = lax.select(
      lax.ne(spread, 0),
      broadcastTo(a, shape),
      numberAs(Number.NEGATIVE_INFINITY, a.dtype, shape),
    );
  }
  a = masked(a, where);
  const shift = shiftOf(a, axis);
  let powers = lax.exp(lax.sub(a, broadcastTo(shift, a.shape)));
  if (spread !== null) powers = lax.mul(powers, broadcastTo(spread, a.shape));
  const total = sum(powers, { axis, keepdims });
  const sign = lax.sign(total);
  const flatShift = keepdims ? shift : reshape(shift, total.shape);
  return [lax.add(lax.log(spread === null ? total : lax.abs(total)), flatShift), sign];
}

/** log Σ b·eˣ over axes, without overflow (`jax.nn.logsumexp`). Of none, or of −∞ alone: −∞. */
export function logsumexp(x: ArrayLike, options: LogsumexpOptions & { returnSign: true }): [NdArray, NdArray];
export function logsumexp(x: ArrayLike, options?: LogsumexpOptions & { returnSign?: false }): NdArray;
export function logsumexp(x: ArrayLike, options: LogsumexpOptions = {}): NdArray | [NdArray, NdArray] {
  const [log, sign] = logsumexpParts(x, options);
  if (options.returnSign ?? false) return [log, sign];
  if ((options.b ?? null) === null) return log;
  // A negative sum has no logarithm.
  return lax.select(lax.lt(sign, 0), numberAs(Number.NaN, log.dtype, log.shape), log);
}

/** log of the mean of eˣ over axes (`jax.nn.logmeanexp`). */
export function logmeanexp(x: ArrayLike, options: Omit<LogsumexpOptions, "b" | "returnSign"> = {}): NdArray {
  const a = inexact("logmeanexp", x);
  const log = logsumexp(a, { ...options, returnSign: false });
  const ones = full(1, a.dtype, a.shape);
  const count = sum(ones, { axis: options.axis, keepdims: options.keepdims, where: options.where });
  return lax.sub(log, lax.log(count));
}

/** Options of `oneHot`. */
export interface OneHotOptions {
  /** Default float32. */
  readonly dtype?: DType;
  /** Axis of the result for the classes; default the last. */
  readonly axis?: number;
}

/** Vectors with a 1 at the class given by an integer; all 0 for a class out of range (`jax.nn.one_hot`). */
export function oneHot(x: ArrayLike, numClasses: number, options: OneHotOptions = {}): NdArray {
  const a = toArray("one_hot", x);
  if (!Number.isInteger(numClasses) || numClasses < 0) {
    throw new WeftTypeError(
      `one_hot takes the number of classes as a non-negative integer, got ${numClasses}`,
    );
  }
  const axis = canonicalizeAxis(options.axis ?? -1, a.ndim + 1);
  const shape = a.shape.toSpliced(axis, 0, numClasses);
  // Floats are compared as floats, so that 0.5 is no class.
  const index = isFloating(a.dtype) ? a : convert(a, "int32");
  const classes = broadcastedIota(index.dtype, shape, axis);
  return convert(lax.eq(broadcastTo(expandDims(index, [axis]), shape), classes), options.dtype ?? "float32");
}

/** Options of `standardize`. */
export interface StandardizeOptions {
  readonly axis?: Axis;
  readonly mean?: ArrayLike | null;
  readonly variance?: ArrayLike | null;
  /** Added to the variance; default 1e-5. */
  readonly epsilon?: ArrayLike;
  readonly where?: ArrayLike | null;
  /** The variance as mean(x²) − mean(x)² ("fast", the default as in JAX), or as the mean of squared deviations ("stable"). */
  readonly algorithm?: "fast" | "stable";
}

/** (x − mean) / √(variance + ε) along axes (`jax.nn.standardize`). */
export function standardize(x: ArrayLike, options: StandardizeOptions = {}): NdArray {
  const a = inexact("standardize", x);
  const { axis = -1, where = null, algorithm = "fast" } = options;
  if (algorithm !== "fast" && algorithm !== "stable") {
    throw new WeftValueError(`Unknown algorithm '${String(algorithm)}'. Expected 'fast' or 'stable'.`);
  }
  const reduced = { axis, keepdims: true, where };
  const center = options.mean ?? mean(a, reduced);
  const deviation = subtract(a, center);
  const spread = (): NdArray =>
    algorithm === "stable"
      ? mean(lax.square(deviation), reduced)
      : maximum(subtract(mean(lax.square(a), reduced), square(center)), 0);
  const [squared] = promoteDTypesInexact("standardize", options.variance ?? spread());
  return multiply(deviation, lax.rsqrt(lax.add(squared, options.epsilon ?? 1e-5)));
}
