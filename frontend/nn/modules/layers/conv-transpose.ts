/** Transposed convolutions (`flax.linen.ConvTranspose`). */
import { sizeOf } from "../../../../compiler/types/tensor-type.ts";
import { formatShape, type NdArray, WeftValueError } from "../../../core/index.ts";
import { range } from "../../../lax/axes.ts";
import { convTranspose } from "../../../lax/convolution.ts";
import { reshape } from "../../../lax/movement.ts";
import { pad } from "../../../numpy/padding.ts";
import { sum } from "../../../numpy/reductions.ts";
import { Module } from "../core/module.ts";
import { perPlace } from "./axes.ts";
import { canonicalizePadding } from "./conv.ts";
import { promoteDtype } from "./dtypes.ts";
import {
  defaultBiasInit,
  defaultKernelInit,
  isOptionsObject,
  type KernelOptions,
  withPositional,
} from "./options.ts";

/** Options of `ConvTranspose` and `convTranspose`. */
export interface ConvTransposeOptions extends KernelOptions {
  /** Features of the result. */
  readonly features: number;
  /** Extents of the kernel along the spatial axes; a number for one such axis. */
  readonly kernelSize: number | readonly number[];
  /** What the spatial extents are multiplied by. Default 1. */
  readonly strides?: number | readonly number[] | null;
  /** Default "SAME". */
  readonly padding?:
    | "SAME"
    | "VALID"
    | "CIRCULAR"
    | number
    | readonly (number | readonly [low: number, high: number])[];
  /** Distance of the kernel's elements. Default 1. */
  readonly kernelDilation?: number | readonly number[] | null;
  /** Multiplied with the kernel, of its shape. */
  readonly mask?: NdArray | null;
  /** Flips the kernel's axes and swaps its features, as in the gradient of a convolution. Default false. */
  readonly transposeKernel?: boolean;
}

/**
 * [...batch, ...spatial, n] → [...batch, ...spatial · strides, features]. Parameters: kernel [...kernelSize, n, features]
 * (with `transposeKernel` [...kernelSize, features, n]), bias [features].
 */
export class ConvTranspose extends Module {
  static readonly moduleName: string = "ConvTranspose";
  readonly options: ConvTransposeOptions;

  constructor(
    features: number | ConvTransposeOptions,
    kernelSize?: number | readonly number[],
    options: Omit<ConvTransposeOptions, "features" | "kernelSize"> = {},
  ) {
    const more = { kernelSize: kernelSize ?? [], ...options };
    const all = withPositional<ConvTransposeOptions, "features">("features", features, more, isOptionsObject);
    super(all);
    this.options = all;
  }

  call(inputs: NdArray): NdArray {
    const { options } = this;
    const { features, useBias = true, dtype = null, paramDtype = "float32", mask = null } = options;
    const { kernelInit = defaultKernelInit, biasInit = defaultBiasInit, transposeKernel = false } = options;
    const kernelSize = typeof options.kernelSize === "number" ? [options.kernelSize] : options.kernelSize;
    const rank = kernelSize.length;
    const batchAxes = inputs.ndim - rank - 1;
    if (rank === 0 || batchAxes < 0) {
      throw new WeftValueError(
        `a convolution with kernelSize ${formatShape(kernelSize)} takes inputs of at least ${rank + 1} axes ` +
          `[...batch, ...spatial, features] and one size for each spatial axis, got ${formatShape(inputs.shape)}`,
      );
    }
    const batch = inputs.shape.slice(0, batchAxes);
    const x = batchAxes === 1 ? inputs : reshape(inputs, [sizeOf(batch), ...inputs.shape.slice(batchAxes)]);
    const strides = perPlace(options.strides, rank);
    const channels = x.shape[x.ndim - 1];
    const ends = transposeKernel ? [features, channels] : [channels, features];
    const kernelShape = [...kernelSize, ...ends];
    if (mask !== null && formatShape(mask.shape) !== formatShape(kernelShape)) {
      throw new WeftValueError(
        `Mask needs to have the same shape as weights. Shapes are: ${formatShape(mask.shape)}, ${formatShape(kernelShape)}`,
      );
    }
    let kernel = this.param("kernel", kernelInit, kernelShape, paramDtype);
    if (mask !== null) kernel = kernel.mul(mask);
    const bias = useBias ? this.param("bias", biasInit, [features], paramDtype) : null;
    const [xs, w, b] = promoteDtype([x, kernel, bias] as const, dtype);
    const padding = canonicalizePadding(options.padding ?? "SAME", rank);
    const rhsDilation = perPlace(options.kernelDilation, rank);
    let y = convTranspose(xs, w, strides, padding === "CIRCULAR" ? "VALID" : padding, {
      rhsDilation,
      transposeKernel,
      precision: options.precision,
    });
    if (padding === "CIRCULAR") {
      const periods = strides.map((stride, i) => stride * x.shape[i + 1]);
      y = wrapAround(y, periods, transposeKernel);
    }
    if (b !== null) y = y.add(b);
    return batchAxes === 1 ? y : reshape(y, [...batch, ...y.shape.slice(1)]);
  }
}

/**
 * Sums what lies a period apart, along each spatial axis. The axes are padded to whole periods, such that the input's
 * first element lies at the start of one; the odd element of padding goes before, or with a transposed kernel behind, as
 * in the convolution it is the transpose of.
 */
function wrapAround(y: NdArray, periods: readonly number[], transposeKernel: boolean): NdArray {
  const widths = periods.map((period, i): [number, number] => {
    const missing = (((period - y.shape[i + 1]) % (2 * period)) + 2 * period) % (2 * period);
    const [less, more] = [Math.floor(missing / 2), Math.ceil(missing / 2)];
    return transposeKernel ? [less, more] : [more, less];
  });
  let wrapped = pad(y, [[0, 0], ...widths, [0, 0]]);
  for (const i of range(periods.length)) {
    const axis = i + 1;
    const { shape } = wrapped;
    const split = [...shape.slice(0, axis), shape[axis] / periods[i], periods[i], ...shape.slice(axis + 1)];
    wrapped = sum(reshape(wrapped, split), { axis });
  }
  return wrapped;
}
