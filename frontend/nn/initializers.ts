/** Initializers of `jax.nn.initializers`: functions (key, shape, dtype) → array. */
import type { DType } from "../../compiler/types/dtype.ts";
import { type Shape, sizeOf } from "../../compiler/types/tensor-type.ts";
import { type ArrayLike, full, type NdArray, WeftValueError } from "../core/index.ts";
import { mul } from "../lax/elementwise.ts";
import { full as fullOf } from "../lax/movement.ts";
import {
  type KeyLike,
  normal as normalBits,
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

/** What the variance is scaled by: inputs, outputs, their mean, or their geometric mean. */
export type FanMode = "fan_in" | "fan_out" | "fan_avg" | "fan_geo_avg";
export type Distribution = "truncated_normal" | "normal" | "uniform";

export interface FanOptions {
  /** Default the last but one. */
  readonly inAxis?: number | readonly number[];
  /** Default the last. */
  readonly outAxis?: number | readonly number[];
  /** Axes that count as neither. */
  readonly batchAxis?: readonly number[];
  readonly dtype?: DType;
}

/** Numbers of inputs and outputs of a weight of this shape: all other axes are the receptive field. */
function fans(shape: Shape, { inAxis = -2, outAxis = -1, batchAxis = [] }: FanOptions): [number, number] {
  if (shape.length <= 1) {
    throw new WeftValueError(
      `Can't compute input and output sizes of a ${shape.length}-dimensional weights tensor. Must be at least 2D.`,
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
    const variance = scale / denominator(mode, fanIn, fanOut);
    switch (distribution) {
      case "normal":
        return mul(normalBits(key, shape, { dtype }), Math.sqrt(variance));
      case "uniform":
        return mul(uniformBits(key, shape, { dtype, minval: -1 }), Math.sqrt(3 * variance));
      case "truncated_normal":
        return mul(truncatedBits(key, -2, 2, shape, { dtype }), Math.sqrt(variance) / TRUNCATED_STDDEV);
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
