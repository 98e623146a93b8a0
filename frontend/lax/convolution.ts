/** Convolutions of `jax.lax`. */
import type { DType } from "../../compiler/types/dtype.ts";
import {
  type ArrayLike,
  asArray,
  bindOne,
  formatShape,
  type NdArray,
  WeftTypeError,
  WeftValueError,
} from "../core/index.ts";
import { range } from "./axes.ts";
import { rev, transpose } from "./movement.ts";
import { alignDtypes } from "./operands.ts";
import { canonicalizePrecision, type PrecisionOptions } from "./precision.ts";
import { dilateExtent, type Padding, type PaddingPairs, paddingPairs } from "./windows.ts";

/** Positions of [batch, feature, spatial…] in lhs and result, of [out, in, spatial…] in rhs. */
export interface ConvDimensionNumbers {
  readonly lhsSpec: readonly number[];
  readonly rhsSpec: readonly number[];
  readonly outSpec: readonly number[];
}

/** Axes by letters: `["NHWC", "HWIO", "NHWC"]`. N batch, C feature, O and I of the kernel, the others spatial. */
export type ConvDimensionStrings = readonly [lhs: string, rhs: string, out: string];

/**
 * Dimension numbers from letters, or the default NCHW, OIHW, NCHW (`jax.lax.conv_dimension_numbers`).
 * Throws WeftTypeError where the letters do not fit the shapes.
 */
export function convDimensionNumbers(
  lhsShape: readonly number[],
  rhsShape: readonly number[],
  dimensionNumbers: ConvDimensionNumbers | ConvDimensionStrings | null = null,
): ConvDimensionNumbers {
  if (lhsShape.length !== rhsShape.length) {
    throw new WeftTypeError(
      `convolution requires lhs and rhs ndim to be equal, got ${lhsShape.length} and ${rhsShape.length}.`,
    );
  }
  if (dimensionNumbers === null) {
    const iota = range(lhsShape.length);
    return { lhsSpec: iota, rhsSpec: iota, outSpec: iota };
  }
  if (!isStrings(dimensionNumbers)) return dimensionNumbers;
  if (dimensionNumbers.length !== 3) {
    throw new WeftTypeError(
      `convolution dimension_numbers list must be length 3, got ${dimensionNumbers.length}.`,
    );
  }
  const pairs = ["NC", "OI", "NC"];
  for (const [i, letters] of dimensionNumbers.entries()) {
    if (letters.length !== lhsShape.length) {
      throw new WeftTypeError(
        `convolution dimension_numbers[${i}] must have len equal to the ndim of lhs and rhs, got ` +
          `${letters.length} for lhs and rhs shapes ${formatShape(lhsShape)} and ${formatShape(rhsShape)}.`,
      );
    }
    const [a, b] = pairs[i];
    if (letters.split(a).length !== 2 || letters.split(b).length !== 2) {
      throw new WeftTypeError(
        `convolution dimension_numbers[${i}] must contain the characters '${a}' and '${b}' exactly once, got ${letters}.`,
      );
    }
    if (new Set(letters).size !== letters.length) {
      throw new WeftTypeError(
        `convolution dimension_numbers[${i}] cannot have duplicate characters, got ${letters}.`,
      );
    }
  }
  const spatial = (letters: string, pair: string): string[] => [...letters].filter((c) => !pair.includes(c));
  const [lhs, rhs, out] = dimensionNumbers;
  const order = spatial(rhs, "OI");
  const same = (letters: string): boolean =>
    [...spatial(letters, "NC")].sort().join() === [...order].sort().join();
  if (!same(lhs) || !same(out)) {
    throw new WeftTypeError(
      "convolution dimension_numbers elements must each have the same set of spatial characters, got " +
        `${dimensionNumbers.join(", ")}.`,
    );
  }
  // Spatial axes go in the kernel's order in all three.
  const spec = (letters: string, pair: string): number[] =>
    [...pair, ...order].map((letter) => letters.indexOf(letter));
  return { lhsSpec: spec(lhs, "NC"), rhsSpec: spec(rhs, "OI"), outSpec: spec(out, "NC") };
}

function isStrings(d: ConvDimensionNumbers | ConvDimensionStrings): d is ConvDimensionStrings {
  return Array.isArray(d);
}

/** Options of `convGeneralDilated`, `conv` and `convWithGeneralPadding`. */
export interface ConvOptions extends PrecisionOptions {
  /** Holes between the lhs's elements, +1 each: a transposed convolution. Default 1. */
  readonly lhsDilation?: readonly number[] | null;
  /** Holes between the kernel's elements, +1 each: an atrous convolution. Default 1. */
  readonly rhsDilation?: readonly number[] | null;
  readonly dimensionNumbers?: ConvDimensionNumbers | ConvDimensionStrings | null;
  /** Groups of features convolved apart; the number of features for a depthwise convolution. Default 1. */
  readonly featureGroupCount?: number;
  readonly batchGroupCount?: number;
  readonly preferredElementType?: DType | null;
}

/**
 * Convolution with strides, padding, dilations and groups (`jax.lax.conv_general_dilated`). The kernel is not flipped.
 * lhs and rhs have one dtype.
 */
export function convGeneralDilated(
  lhs: ArrayLike,
  rhs: ArrayLike,
  windowStrides: readonly number[],
  padding: Padding,
  options: ConvOptions = {},
): NdArray {
  const [x, kernel] = alignDtypes("conv_general_dilated", asArray(lhs), asArray(rhs));
  const specs = convDimensionNumbers(x.shape, kernel.shape, options.dimensionNumbers ?? null);
  const spatial = Math.max(x.ndim - 2, 0);
  const ones = new Array<number>(spatial).fill(1);
  const lhsDilation = options.lhsDilation ?? ones;
  const rhsDilation = options.rhsDilation ?? ones;
  if (typeof padding === "string" && lhsDilation.some((d) => d !== 1)) {
    throw new WeftValueError(
      "String padding is not implemented for transposed convolution using this op. Please either exactly specify the " +
        "required padding or use convTranspose.",
    );
  }
  const window = specs.rhsSpec.slice(2).map((axis, k) => dilateExtent(kernel.shape[axis], rhsDilation[k]));
  const extents = specs.lhsSpec.slice(2).map((axis) => x.shape[axis]);
  return bindOne("conv_general_dilated", [x, kernel], {
    windowStrides,
    padding: paddingPairs(extents, window, windowStrides, padding),
    lhsDilation,
    rhsDilation,
    lhsSpec: specs.lhsSpec,
    rhsSpec: specs.rhsSpec,
    outSpec: specs.outSpec,
    featureGroupCount: options.featureGroupCount ?? 1,
    batchGroupCount: options.batchGroupCount ?? 1,
    precision: canonicalizePrecision(options.precision),
    preferredElementType: options.preferredElementType ?? null,
  });
}

/** Convolution of NCHW with an OIHW kernel (`jax.lax.conv`). */
export function conv(
  lhs: ArrayLike,
  rhs: ArrayLike,
  windowStrides: readonly number[],
  padding: Padding,
  options: Pick<ConvOptions, "precision" | "preferredElementType"> = {},
): NdArray {
  return convGeneralDilated(lhs, rhs, windowStrides, padding, options);
}

/** Convolution of NCHW with an OIHW kernel, with dilations (`jax.lax.conv_with_general_padding`). */
export function convWithGeneralPadding(
  lhs: ArrayLike,
  rhs: ArrayLike,
  windowStrides: readonly number[],
  padding: Padding,
  lhsDilation: readonly number[] | null = null,
  rhsDilation: readonly number[] | null = null,
  options: Pick<ConvOptions, "precision" | "preferredElementType"> = {},
): NdArray {
  return convGeneralDilated(lhs, rhs, windowStrides, padding, { ...options, lhsDilation, rhsDilation });
}

/** Padding of the dilated operand that undoes a convolution's (`jax._src.lax.convolution._conv_transpose_padding`). */
function transposedPadding(k: number, s: number, padding: "SAME" | "VALID"): readonly [number, number] {
  if (padding === "SAME") {
    const total = k + s - 2;
    const before = s > k - 1 ? k - 1 : Math.ceil(total / 2);
    return [before, total - before];
  }
  const total = k + s - 2 + Math.max(k - s, 0);
  return [k - 1, total - (k - 1)];
}

/** Default letters by number of axes: channels last. */
const TRANSPOSE_LETTERS: Readonly<Record<number, ConvDimensionStrings>> = {
  3: ["NHC", "HIO", "NHC"],
  4: ["NHWC", "HWIO", "NHWC"],
  5: ["NHWDC", "HWDIO", "NHWDC"],
};

/** Options of `ConvTranspose` and `convTranspose`. */
export interface ConvTransposeOptions extends PrecisionOptions {
  readonly rhsDilation?: readonly number[] | null;
  /** Default: channels last, as NHWC, HWIO, NHWC. */
  readonly dimensionNumbers?: ConvDimensionNumbers | ConvDimensionStrings | null;
  /** Flips the kernel and swaps its features: the gradient of a convolution, as Keras means it. */
  readonly transposeKernel?: boolean;
  readonly preferredElementType?: DType | null;
}

/** Fractionally strided convolution, which multiplies the extents by the strides (`jax.lax.conv_transpose`). */
export function convTranspose(
  lhs: ArrayLike,
  rhs: ArrayLike,
  strides: readonly number[],
  padding: "SAME" | "VALID" | PaddingPairs,
  options: ConvTransposeOptions = {},
): NdArray {
  const x = asArray(lhs);
  let kernel = asArray(rhs);
  const letters = options.dimensionNumbers ?? TRANSPOSE_LETTERS[x.ndim];
  if (letters === undefined) throw new WeftValueError("No 4+ dimensional dimension_number defaults.");
  const specs = convDimensionNumbers(x.shape, kernel.shape, letters);
  const rhsDilation = options.rhsDilation ?? strides.map(() => 1);
  const axes = specs.rhsSpec.slice(2);
  const pads =
    typeof padding === "string"
      ? axes.map((axis, k) =>
          transposedPadding(dilateExtent(kernel.shape[axis], rhsDilation[k]), strides[k], padding),
        )
      : padding;
  if (options.transposeKernel ?? false) {
    const [out, into] = specs.rhsSpec;
    const swapped = range(kernel.ndim).map((axis) => (axis === out ? into : axis === into ? out : axis));
    kernel = transpose(rev(kernel, axes), swapped);
  }
  return convGeneralDilated(
    x,
    kernel,
    strides.map(() => 1),
    pads,
    {
      lhsDilation: strides,
      rhsDilation,
      dimensionNumbers: specs,
      precision: options.precision,
      preferredElementType: options.preferredElementType ?? null,
    },
  );
}
