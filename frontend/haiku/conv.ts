/** Convolutions of Haiku (`haiku/_src/conv.py`). */
import { sizeOf } from "../../compiler/types/tensor-type.ts";
import { formatShape, type NdArray, WeftTypeError, WeftValueError } from "../core/index.ts";
import { range } from "../lax/axes.ts";
import { type ConvDimensionNumbers, convGeneralDilated } from "../lax/convolution.ts";
import { expandDims, squeeze } from "../lax/movement.ts";
import type { PrecisionOptions } from "../lax/precision.ts";
import type { PaddingPairs } from "../lax/windows.ts";
import { Constant, TruncatedNormal } from "./initializers.ts";
import { Module } from "./module.ts";
import { getParameter, type Initializer } from "./parameters.ts";

/** "SAME", "VALID", [low, high] for all axes or for each, or a function of the kernel's extent that gives them. */
export type HaikuPadding =
  | "SAME"
  | "VALID"
  | readonly [low: number, high: number]
  | PaddingPairs
  | ((effectiveKernelSize: number) => readonly [low: number, high: number]);

/** Paddings by the extent of the kernel, holes included (`haiku.pad`). */
export const pad = {
  valid: (_size: number): [number, number] => [0, 0],
  same: (size: number): [number, number] => [Math.floor((size - 1) / 2), Math.floor(size / 2)],
  full: (size: number): [number, number] => [size - 1, size - 1],
  causal: (size: number): [number, number] => [size - 1, 0],
  reverseCausal: (size: number): [number, number] => [0, size - 1],
};

/** Options of `ConvND`, `Conv1D`, `Conv2D` and `Conv3D`. */
export interface HaikuConvOptions {
  /** Default 1. */
  readonly stride?: number | readonly number[];
  /** Distance of the kernel's elements. Default 1. */
  readonly rate?: number | readonly number[];
  /** Default "SAME". */
  readonly padding?: HaikuPadding;
  readonly withBias?: boolean;
  /** Default: truncated normal with deviation 1/√inputs. */
  readonly wInit?: Initializer | null;
  /** Default 0. */
  readonly bInit?: Initializer | null;
  /** Whether the features are the last axis (default) or the one behind the batch. */
  readonly dataFormat?:
    | "channels_last"
    | "channels_first"
    | "NWC"
    | "NCW"
    | "NHWC"
    | "NCHW"
    | "NDHWC"
    | "NCDHW";
  /** Multiplied with w, of its shape. */
  readonly mask?: NdArray | null;
  readonly featureGroupCount?: number;
  readonly name?: string | null;
}

/** Convolution over any number of axes (`haiku.ConvND`): inputs with or without a batch axis. Parameters: w and b. */
export class ConvND extends Module {
  static readonly moduleName: string = "ConvND";

  constructor(
    readonly numSpatialDims: number,
    readonly outputChannels: number,
    readonly kernelShape: number | readonly number[],
    readonly options: HaikuConvOptions = {},
  ) {
    super(options.name);
    if (numSpatialDims <= 0) {
      throw new WeftValueError(
        "We only support convolution operations for `num_spatial_dims` greater than 0, received " +
          `num_spatial_dims=${numSpatialDims}.`,
      );
    }
  }

  call(inputs: NdArray, { precision }: PrecisionOptions = {}): NdArray {
    const { numSpatialDims: n, outputChannels, options } = this;
    const { withBias = true, mask = null, featureGroupCount = 1, dataFormat = "channels_last" } = options;
    if (inputs.ndim !== n + 1 && inputs.ndim !== n + 2) {
      throw new WeftValueError(
        `Input to ConvND needs to have rank in [${n + 1}, ${n + 2}], but input has shape ${formatShape(inputs.shape)}.`,
      );
    }
    const x = inputs.ndim === n + 1 ? expandDims(inputs, [0]) : inputs;
    const channelsLast = dataFormat === "channels_last" || dataFormat.endsWith("C");
    const channels = x.shape[channelsLast ? n + 1 : 1];
    if (channels % featureGroupCount !== 0) {
      throw new WeftValueError(
        `Inputs channels ${channels} should be a multiple of feature_group_count ${featureGroupCount}`,
      );
    }
    const kernel = replicate(this.kernelShape, n, "kernel_shape");
    const rate = replicate(options.rate ?? 1, n, "kernel_dilation");
    const shape = [...kernel, channels / featureGroupCount, outputChannels];
    if (mask !== null && formatShape(mask.shape) !== formatShape(shape)) {
      throw new WeftValueError(
        `Mask needs to have the same shape as weights. Shapes are: ${formatShape(mask.shape)}, ${formatShape(shape)}`,
      );
    }
    const { dtype } = x;
    const init = options.wInit ?? new TruncatedNormal(1 / Math.sqrt(sizeOf(shape.slice(0, -1))));
    let w = getParameter("w", shape, { dtype, init });
    if (mask !== null) w = w.mul(mask);
    let out = convGeneralDilated(
      x,
      w,
      replicate(options.stride ?? 1, n, "strides"),
      paddingOf(options.padding ?? "SAME", kernel, rate),
      {
        rhsDilation: rate,
        dimensionNumbers: dimensionNumbers(n, channelsLast),
        featureGroupCount,
        precision,
      },
    );
    if (withBias) {
      const biasShape = channelsLast ? [outputChannels] : [outputChannels, ...new Array<number>(n).fill(1)];
      out = out.add(getParameter("b", biasShape, { dtype, init: options.bInit ?? new Constant(0) }));
    }
    return inputs.ndim === n + 1 ? squeeze(out, [0]) : out;
  }
}

/** Convolution over one axis (`haiku.Conv1D`): [batch?, width, n]. */
export class Conv1D extends ConvND {
  static override readonly moduleName: string = "Conv1D";
  constructor(
    outputChannels: number,
    kernelShape: number | readonly number[],
    options: HaikuConvOptions = {},
  ) {
    super(1, outputChannels, kernelShape, options);
  }
}

/** Convolution over two axes (`haiku.Conv2D`): [batch?, height, width, n]. */
export class Conv2D extends ConvND {
  static override readonly moduleName: string = "Conv2D";
  constructor(
    outputChannels: number,
    kernelShape: number | readonly number[],
    options: HaikuConvOptions = {},
  ) {
    super(2, outputChannels, kernelShape, options);
  }
}

/** Convolution over three axes (`haiku.Conv3D`): [batch?, depth, height, width, n]. */
export class Conv3D extends ConvND {
  static override readonly moduleName: string = "Conv3D";
  constructor(
    outputChannels: number,
    kernelShape: number | readonly number[],
    options: HaikuConvOptions = {},
  ) {
    super(3, outputChannels, kernelShape, options);
  }
}

function dimensionNumbers(n: number, channelsLast: boolean): ConvDimensionNumbers {
  const image = channelsLast ? [0, n + 1, ...range(n).map((axis) => axis + 1)] : range(n + 2);
  return { lhsSpec: image, rhsSpec: [n + 1, n, ...range(n)], outSpec: image };
}

/** One number for each axis. Throws WeftTypeError where there is another number of them. */
function replicate(value: number | readonly number[], n: number, name: string): readonly number[] {
  if (typeof value === "number") return new Array<number>(n).fill(value);
  if (value.length === 1) return new Array<number>(n).fill(value[0]);
  if (value.length === n) return value;
  throw new WeftTypeError(`${name} must be a scalar or sequence of length 1 or sequence of length ${n}.`);
}

function paddingOf(
  padding: HaikuPadding,
  kernel: readonly number[],
  rate: readonly number[],
): "SAME" | "VALID" | PaddingPairs {
  if (typeof padding === "string") return padding;
  if (typeof padding === "function") return kernel.map((k, i) => padding((k - 1) * rate[i] + 1));
  const isPair = (value: typeof padding): value is readonly [number, number] => typeof value[0] === "number";
  const pairs: PaddingPairs = isPair(padding) ? [padding] : padding;
  if (pairs.length === 1) return kernel.map(() => pairs[0]);
  if (pairs.length === kernel.length) return pairs;
  throw new WeftTypeError(
    `Padding must be a Tuple[int, int] or sequence of length 1 or sequence of length ${kernel.length}.`,
  );
}
