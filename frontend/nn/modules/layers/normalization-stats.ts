/** What normalisations have in common (`flax/linen/normalization.py`). */
import type { DType } from "../../../../compiler/types/dtype.ts";
import { convert, type NdArray, promoteTypes } from "../../../core/index.ts";
import { rsqrt, square } from "../../../lax/elementwise.ts";
import { expandDims, reshape, zerosLike } from "../../../lax/movement.ts";
import { mean } from "../../../numpy/reductions.ts";
import { maximum } from "../../../numpy/ufuncs.ts";
import { type Initializer, ones, zeros } from "../../initializers.ts";
import type { Module, ModuleOptions } from "../core/module.ts";
import { sortedAxes } from "./axes.ts";
import { canonicalizeDtype, type DTypeOptions } from "./dtypes.ts";

/** Options of `norm`, `computeStats` and `vectorNorm`. */
export interface NormOptions extends ModuleOptions, DTypeOptions {
  /** Added to the variance. */
  readonly epsilon?: number;
  /** Whether the result is multiplied by a parameter "scale" of the features. Default true. */
  readonly useScale?: boolean;
  /** Default `ones`. */
  readonly scaleInit?: Initializer;
  /** Variance as mean of squares minus square of mean, which takes one pass and is less accurate. Default true. */
  readonly useFastVariance?: boolean;
  /** Whether means are computed in float32 at least. Default true. */
  readonly forceFloat32Reductions?: boolean;
}

export interface BiasedNormOptions extends NormOptions {
  /** Whether a parameter "bias" of the features is added. Default true. */
  readonly useBias?: boolean;
  /** Default `zeros`. */
  readonly biasInit?: Initializer;
}

export interface NormCallOptions {
  /** Which elements count in the means; of the input's shape, or to be broadcast to it. */
  readonly mask?: NdArray | null;
}

/** Mean and variance over axes; with `useMean` false 0 and the mean of squares. */
export function computeStats(
  x: NdArray,
  axes: readonly number[],
  { dtype = null, useFastVariance = true, forceFloat32Reductions = true }: NormOptions,
  { mask: where = null }: NormCallOptions,
  useMean = true,
): [mean: NdArray, variance: NdArray] {
  const wanted: DType = dtype ?? x.dtype;
  const wide = convert(x, forceFloat32Reductions ? promoteTypes(wanted, "float32") : wanted);
  const average = (values: NdArray): NdArray => mean(values, { axis: axes, where });
  if (!useMean) {
    const squares = average(square(wide));
    return [zerosLike(squares), squares];
  }
  const mu = average(wide);
  if (!useFastVariance) return [mu, average(square(wide.sub(expandDims(mu, axes))))];
  // By rounding the difference may be less than 0.
  return [mu, maximum(average(square(wide)).sub(square(mu)), 0)];
}

/** (x − mean) / √(variance + epsilon) · scale + bias, with the module's parameters. */
export function normalize(
  module: Module,
  x: NdArray,
  stats: readonly [mean: NdArray, variance: NdArray],
  axes: { readonly reduction: readonly number[]; readonly feature: readonly number[] },
  options: BiasedNormOptions & { readonly epsilon: number },
): NdArray {
  const { epsilon, useScale = true, useBias = true, scaleInit = ones, biasInit = zeros } = options;
  const { dtype = null, paramDtype = "float32" } = options;
  const features = sortedAxes(x.ndim, axes.feature);
  const reduced = sortedAxes(x.ndim, axes.reduction);
  const shape = features.map((axis) => x.shape[axis]);
  const spread = x.shape.map((n, axis) => (features.includes(axis) ? n : 1));
  const [mu, variance] = stats.map((each) => expandDims(each, reduced));
  const used = [x];
  let factor = rsqrt(variance.add(epsilon));
  if (useScale) {
    const scale = reshape(module.param("scale", scaleInit, shape, paramDtype), spread);
    factor = factor.mul(scale);
    used.push(scale);
  }
  let y = x.sub(mu).mul(factor);
  if (useBias) {
    const bias = reshape(module.param("bias", biasInit, shape, paramDtype), spread);
    y = y.add(bias);
    used.push(bias);
  }
  return convert(y, canonicalizeDtype(used, dtype));
}
