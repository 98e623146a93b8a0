/** Initializers of `jax.nn.initializers`: functions (key, shape, dtype) → array. */
import type { DType } from "../../compiler/types/dtype.ts";
import { type Shape, sizeOf } from "../../compiler/types/tensor-type.ts";
import { type ArrayLike, full, type NdArray, WeftValueError } from "../core/index.ts";
import { canonicalizeAxis } from "../lax/axes.ts";
import { div, mul, sqrt } from "../lax/elementwise.ts";
import { full as fullOf, pad, reshape } from "../lax/movement.ts";
import { moveaxis } from "../numpy/movement.ts";
import {
  type KeyLike,
  normal as normalBits,
  orthogonal as orthogonalBits,
  truncatedNormal as truncatedBits,
  uniform as uniformBits,
} from "../random/index.ts";

/** Makes parameters of a shape; the dtype is float32 unless given. */
export type Initializer = (key: KeyLike, shape: Shape, dtype?: DType) => NdArray;

/** All 0 (`jax.nn.initializers.zeros`). */
export const zeros: Initializer = (_key, shape, dtype = "float32") => full(0, dtype, shape);
/** All 1 (`jax.nn.initializers.ones`). */
export const ones: Initializer = (_key, shape, dtype = "float32") => full(1, dtype, shape);

/** All `value` (`jax.nn.initializers.constant`). */
export function constant(value: ArrayLike, dtype: DType = "float32"): Initializer {
  return (_key, shape, chosen = dtype) => fullOf(shape, value, chosen);
}

/** Uniform on [0, scale) (`jax.nn.initializers.uniform`). */
export function uniform(scale = 1e-2, dtype: DType = "float32"): Initializer {
  return (key, shape, chosen = dtype) => mul(uniformBits(key, shape, { dtype: chosen }), scale);
}

/** Normal with mean 0 (`jax.nn.initializers.normal`). */
export function normal(stddev = 1e-2, dtype: DType = "float32"): Initializer {
  return (key, shape, chosen = dtype) => mul(normalBits(key, shape, { dtype: chosen }), stddev);
}

/** Normal, cut off at two standard deviations unless told otherwise (`jax.nn.initializers.truncated_normal`). */
export function truncatedNormal(stddev = 1e-2, dtype: DType = "float32", lower = -2, upper = 2): Initializer {
  return (key, shape, chosen = dtype) =>
    mul(truncatedBits(key, lower, upper, shape, { dtype: chosen }), stddev);
}

/** Orthogonal matrices as the columns, or rows, over an axis (`jax.nn.initializers.orthogonal`; Saxe et al. 2014). */
export function orthogonal(scale = 1, columnAxis = -1, dtype: DType = "float32"): Initializer {
  return (key, shape, chosen = dtype) => {
    if (shape.length < 2) throw new WeftValueError("orthogonal initializer requires at least a 2D shape");
    const size = sizeOf(shape);
    if (size === 0) return full(0, chosen, shape);
    const axis = canonicalizeAxis(columnAxis, shape.length);
    const columns = shape[axis];
    const matrix = orthogonalBits(key, size / columns, [], { dtype: chosen, m: columns });
    const spread = reshape(matrix, [...shape.filter((_, i) => i !== axis), columns]);
    return mul(moveaxis(spread, -1, axis), scale);
  };
}

/**
 * Convolution kernels that are orthogonal at their centre and 0 elsewhere: shapes [...spatial, in, out] of 3 to 5 axes
 * (`jax.nn.initializers.delta_orthogonal`; Xiao et al. 2018).
 */
export function deltaOrthogonal(scale = 1, columnAxis = -1, dtype: DType = "float32"): Initializer {
  return (key, shape, chosen = dtype) => {
    if (shape.length < 3 || shape.length > 5) {
      throw new WeftValueError("Delta orthogonal initializer requires a 3D, 4D or 5D shape.");
    }
    const [into, out] = shape.slice(-2);
    if (out < into) throw new WeftValueError("`fan_in` must be less or equal than `fan_out`. ");
    const matrix = orthogonal(scale, columnAxis, chosen)(key, [into, out]);
    const spatial = shape.slice(0, -2);
    const centre = spatial.map((n): [number, number, number] => {
      const at = Math.floor((n - 1) / 2);
      return [at, n - 1 - at, 0];
    });
    return pad(reshape(matrix, [...spatial.map(() => 1), into, out]), 0, [...centre, [0, 0, 0], [0, 0, 0]]);
  };
}

/** What the variance is scaled by: inputs, outputs, their mean, or their geometric mean. */
export type FanMode = "fan_in" | "fan_out" | "fan_avg" | "fan_geo_avg";
/** What `varianceScaling` draws from. */
export type Distribution = "truncated_normal" | "normal" | "uniform";

/** Options of `varianceScaling`, `glorotUniform`, `glorotNormal` and `lecunUniform` and others. */
export interface FanOptions {
  /** Default the last but one. */
  readonly inAxis?: number | readonly number[];
  /** Default the last. */
  readonly outAxis?: number | readonly number[];
  /** Axes that count as neither. */
  readonly batchAxis?: number | readonly number[];
  readonly dtype?: DType;
}

/** Numbers of inputs and outputs of a weight of this shape: all other axes are the receptive field. */
function fans(shape: Shape, { inAxis = -2, outAxis = -1, batchAxis = [] }: FanOptions): [number, number] {
  if (shape.length <= 1 && inAxis === -2) {
    throw new WeftValueError(
      `Can't compute input and output sizes of a ${shape.length}-dimensional weights tensor with default in_axis. ` +
        "Must be at least 2D or specify in_axis explicitly.",
    );
  }
  const extent = (axes: number | readonly number[]): number =>
    sizeOf((typeof axes === "number" ? [axes] : axes).map((axis) => shape.at(axis) ?? 1));
  const [into, out, batch] = [extent(inAxis), extent(outAxis), extent(batchAxis)];
  const field = sizeOf(shape) / into / out / batch;
  return [into * field, out * field];
}

/** Standard deviation of a standard normal cut off at ±2 (`_compute_fans` and its comment in jax.nn.initializers). */
const TRUNCATED_STDDEV = 0.8796256610342398;

/** Variance scale / fan, of a distribution (`jax.nn.initializers.variance_scaling`). */
export function varianceScaling(
  scale: number,
  mode: FanMode,
  distribution: Distribution,
  options: FanOptions = {},
): Initializer {
  return (key, shape, dtype = options.dtype ?? "float32") => {
    const [fanIn, fanOut] = fans(shape, options);
    const variance = full(scale / denominator(mode, fanIn, fanOut), dtype);
    switch (distribution) {
      case "normal":
        return mul(normalBits(key, shape, { dtype }), sqrt(variance));
      case "uniform":
        return mul(uniformBits(key, shape, { dtype, minval: -1 }), sqrt(mul(variance, 3)));
      case "truncated_normal":
        return mul(truncatedBits(key, -2, 2, shape, { dtype }), div(sqrt(variance), TRUNCATED_STDDEV));
      default:
        throw new WeftValueError(
          `invalid distribution for variance scaling initializer: ${String(distribution)}`,
        );
    }
  };
}

function denominator(mode: FanMode, fanIn: number, fanOut: number): number {
  switch (mode) {
    case "fan_in":
      return fanIn;
    case "fan_out":
      return fanOut;
    case "fan_avg":
      return (fanIn + fanOut) / 2;
    case "fan_geo_avg":
      return Math.sqrt(fanIn * fanOut);
    default:
      throw new WeftValueError(`invalid mode for variance scaling initializer: ${String(mode)}`);
  }
}

/** Xavier uniform (`jax.nn.initializers.glorot_uniform`; Glorot & Bengio 2010). */
export const glorotUniform = (options: FanOptions = {}): Initializer =>
  varianceScaling(1, "fan_avg", "uniform", options);
/** Xavier normal (`jax.nn.initializers.glorot_normal`). */
export const glorotNormal = (options: FanOptions = {}): Initializer =>
  varianceScaling(1, "fan_avg", "truncated_normal", options);
/** LeCun uniform (`jax.nn.initializers.lecun_uniform`). */
export const lecunUniform = (options: FanOptions = {}): Initializer =>
  varianceScaling(1, "fan_in", "uniform", options);
/** LeCun normal (`jax.nn.initializers.lecun_normal`). */
export const lecunNormal = (options: FanOptions = {}): Initializer =>
  varianceScaling(1, "fan_in", "truncated_normal", options);
/** Kaiming uniform (`jax.nn.initializers.he_uniform`; He et al. 2015). */
export const heUniform = (options: FanOptions = {}): Initializer =>
  varianceScaling(2, "fan_in", "uniform", options);
/** Kaiming normal (`jax.nn.initializers.he_normal`). */
export const heNormal = (options: FanOptions = {}): Initializer =>
  varianceScaling(2, "fan_in", "truncated_normal", options);
export {
  glorotNormal as xavierNormal,
  glorotUniform as xavierUniform,
  heNormal as kaimingNormal,
  heUniform as kaimingUniform,
};
