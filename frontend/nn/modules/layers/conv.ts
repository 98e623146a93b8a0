/** Convolutions (`flax/linen/linear.py`). */
import { sizeOf } from "../../../../compiler/types/tensor-type.ts";
import { describeValue, formatShape, type NdArray, WeftValueError } from "../../../core/index.ts";
import { range } from "../../../lax/axes.ts";
import { convGeneralDilatedLocal } from "../../../lax/conv-patches.ts";
import { type ConvDimensionNumbers, convGeneralDilated } from "../../../lax/convolution.ts";
import { full, reshape } from "../../../lax/movement.ts";
import type { PrecisionLike } from "../../../lax/precision.ts";
import type { PaddingPairs } from "../../../lax/windows.ts";
import { pad } from "../../../numpy/padding.ts";
import { evalShape } from "../../../transforms/inspect.ts";
import { Module } from "../core/module.ts";
import { perPlace } from "./axes.ts";
import { promoteDtype } from "./dtypes.ts";
import {
  defaultBiasInit,
  defaultKernelInit,
  isOptionsObject,
  type KernelOptions,
  withPositional,
} from "./options.ts";

/**
 * "SAME": the result has the extent of the input, divided by the strides. "VALID": no padding. "CIRCULAR", "REFLECT": SAME
 * with the input repeated or mirrored in place of 0. "CAUSAL" (one axis): all padding before. Or numbers: for both sides
 * of all axes, of each axis, or pairs.
 */
export type ConvPadding =
  | "SAME"
  | "SAME_LOWER"
  | "VALID"
  | "CIRCULAR"
  | "REFLECT"
  | "CAUSAL"
  | number
  | readonly (number | readonly [low: number, high: number])[];

/** Options of `convGeneralDilated`, `conv` and `convWithGeneralPadding`. */
export interface ConvOptions extends KernelOptions {
  /** Features of the result. */
  readonly features: number;
  /** Extents of the kernel along the spatial axes; a number for one such axis. */
  readonly kernelSize: number | readonly number[];
  /** Default 1. */
  readonly strides?: number | readonly number[] | null;
  /** Default "SAME". */
  readonly padding?: ConvPadding;
  /** Distance of the input's elements: a transposed convolution. Default 1. */
  readonly inputDilation?: number | readonly number[] | null;
  /** Distance of the kernel's elements. Default 1. */
  readonly kernelDilation?: number | readonly number[] | null;
  /** Groups of features that are convolved apart. Default 1. */
  readonly featureGroupCount?: number;
  /** Multiplied with the kernel, of its shape. */
  readonly mask?: NdArray | null;
}

/** Paddings as `lax` takes them, or a name. Throws WeftValueError for what is none. */
export function canonicalizePadding<Name extends string>(
  padding: Name | number | readonly (number | readonly [number, number])[],
  rank: number,
): Name | PaddingPairs {
  if (typeof padding === "string") return padding;
  if (typeof padding === "number") return range(rank).map(() => [padding, padding] as const);
  if (Array.isArray(padding) && padding.length === rank) {
    return padding.map((each: number | readonly [number, number]) =>
      typeof each === "number" ? [each, each] : each,
    );
  }
  throw new WeftValueError(
    `Invalid padding format: ${describeValue(padding)}, should be str, int, or a sequence of len ${rank} where each ` +
      "element is an int or pair of ints.",
  );
}

/** Channels last, in input, kernel and result. */
function dimensionNumbers(ndim: number): ConvDimensionNumbers {
  const spatial = range(ndim - 2);
  const lhsSpec = [0, ndim - 1, ...spatial.map((axis) => axis + 1)];
  return { lhsSpec, rhsSpec: [ndim - 1, ndim - 2, ...spatial], outSpec: lhsSpec };
}

/** What Conv and ConvLocal have in common. */
abstract class ConvBase extends Module {
  readonly options: ConvOptions;

  constructor(
    features: number | ConvOptions,
    kernelSize?: number | readonly number[],
    options: Omit<ConvOptions, "features" | "kernelSize"> = {},
  ) {
    const more = { kernelSize: kernelSize ?? [], ...options };
    const all = withPositional<ConvOptions, "features">("features", features, more, isOptionsObject);
    super(all);
    this.options = all;
  }

  /** The shape of the kernel and of the bias, and the convolution, for an input that is padded already. */
  protected abstract plan(x: NdArray, conv: ConvPlan): ConvParts;

  /** x: [...batch, ...spatial, features]; axes before the spatial ones are all batch axes, also none. */
  call(inputs: NdArray): NdArray {
    const { options } = this;
    const { useBias = true, dtype = null, paramDtype = "float32", mask = null } = options;
    const { kernelInit = defaultKernelInit, biasInit = defaultBiasInit } = options;
    const kernelSize = typeof options.kernelSize === "number" ? [options.kernelSize] : options.kernelSize;
    const rank = kernelSize.length;
    const batchAxes = inputs.ndim - rank - 1;
    if (rank === 0 || batchAxes < 0) {
      throw new WeftValueError(
        `a convolution with kernelSize ${formatShape(kernelSize)} takes inputs of at least ${rank + 1} axes ` +
          `[...batch, ...spatial, features] and one size for each spatial axis, got ${formatShape(inputs.shape)}`,
      );
    }
    const spatial = inputs.shape.slice(batchAxes);
    let x =
      batchAxes === 1 ? inputs : reshape(inputs, [sizeOf(inputs.shape.slice(0, batchAxes)), ...spatial]);
    const conv: ConvPlan = {
      kernelSize,
      strides: perPlace(options.strides, rank),
      lhsDilation: perPlace(options.inputDilation, rank),
      rhsDilation: perPlace(options.kernelDilation, rank),
      padding: "VALID",
      dimensionNumbers: dimensionNumbers(rank + 2),
      precision: options.precision,
    };
    const padding = canonicalizePadding(options.padding ?? "SAME", rank);
    if (padding === "CIRCULAR" || padding === "REFLECT") {
      const widths = kernelSize.map((k, i): [number, number] => {
        const extent = (k - 1) * conv.rhsDilation[i] + 1;
        return [Math.floor((extent - 1) / 2), Math.floor(extent / 2)];
      });
      x = pad(x, [[0, 0], ...widths, [0, 0]], { mode: padding === "CIRCULAR" ? "wrap" : "reflect" });
    } else if (padding === "CAUSAL") {
      if (rank !== 1) throw new WeftValueError("Causal padding is only implemented for 1D convolutions.");
      x = pad(x, [
        [0, 0],
        [conv.rhsDilation[0] * (kernelSize[0] - 1), 0],
        [0, 0],
      ]);
    } else {
      conv.padding = padding;
    }

    const parts = this.plan(x, conv);
    if (mask !== null && formatShape(mask.shape) !== formatShape(parts.kernelShape)) {
      throw new WeftValueError(
        `Mask needs to have the same shape as weights. Shapes are: ${formatShape(mask.shape)}, ${formatShape(parts.kernelShape)}`,
      );
    }
    let kernel = this.param("kernel", kernelInit, parts.kernelShape, paramDtype);
    if (mask !== null) kernel = kernel.mul(mask);
    const bias = useBias ? this.param("bias", biasInit, parts.biasShape, paramDtype) : null;
    const [xs, w, b] = promoteDtype([x, kernel, bias] as const, dtype);
    let y = parts.convolve(xs, w);
    if (b !== null) y = y.add(b);
    return batchAxes === 1 ? y : reshape(y, [...inputs.shape.slice(0, batchAxes), ...y.shape.slice(1)]);
  }
}

interface ConvPlan {
  readonly kernelSize: readonly number[];
  readonly strides: readonly number[];
  readonly lhsDilation: readonly number[];
  readonly rhsDilation: readonly number[];
  padding: "SAME" | "SAME_LOWER" | "VALID" | PaddingPairs;
  readonly dimensionNumbers: ConvDimensionNumbers;
  readonly precision: PrecisionLike | undefined;
}
interface ConvParts {
  readonly kernelShape: readonly number[];
  readonly biasShape: readonly number[];
  readonly convolve: (x: NdArray, kernel: NdArray) => NdArray;
}

/**
 * Convolution over the last axes but one (`flax.linen.Conv`): [...batch, ...spatial, n] → [...batch, ...spatial', features].
 * Parameters: kernel [...kernelSize, n / featureGroupCount, features], bias [features].
 *
 *     new nn.Conv({ features: 32, kernelSize: [3, 3], strides: 2 })      new nn.Conv(32, [3, 3], { strides: 2 })
 */
export class Conv extends ConvBase {
  static readonly moduleName: string = "Conv";

  protected plan(x: NdArray, conv: ConvPlan): ConvParts {
    const { features, featureGroupCount = 1 } = this.options;
    const channels = x.shape[x.ndim - 1];
    if (channels % featureGroupCount !== 0) {
      throw new WeftValueError(
        `the input's ${channels} features cannot be split into ${featureGroupCount} groups`,
      );
    }
    return {
      kernelShape: [...conv.kernelSize, channels / featureGroupCount, features],
      biasShape: [features],
      convolve: (x, w) =>
        convGeneralDilated(x, w, conv.strides, conv.padding, { ...conv, featureGroupCount }),
    };
  }
}

/**
 * A convolution with a kernel of its own at each place of the result (`flax.linen.ConvLocal`). Parameters: kernel
 * [...spatial', size of the kernel · n, features], bias [...spatial', features].
 */
export class ConvLocal extends ConvBase {
  static readonly moduleName: string = "ConvLocal";

  protected plan(x: NdArray, conv: ConvPlan): ConvParts {
    const { features, featureGroupCount = 1 } = this.options;
    if (featureGroupCount !== 1) {
      throw new WeftValueError(
        `\`lax.conv_general_dilated_local\` does not support \`feature_group_count != 1\`, got \`${featureGroupCount}\`.`,
      );
    }
    const channels = x.shape[x.ndim - 1];
    const { shape } = evalShape(
      (x: NdArray) =>
        convGeneralDilated(
          x,
          full([...conv.kernelSize, channels, features], 0, x.dtype),
          conv.strides,
          conv.padding,
          conv,
        ),
      x,
    );
    const places = shape.slice(1, -1);
    return {
      kernelShape: [...places, sizeOf(conv.kernelSize) * channels, features],
      biasShape: [...places, features],
      convolve: (x, w) => convGeneralDilatedLocal(x, w, conv.strides, conv.padding, conv.kernelSize, conv),
    };
  }
}
