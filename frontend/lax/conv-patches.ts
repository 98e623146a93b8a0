/** Patches of convolutions, convolutions with kernels of their own at every place, and shapes (`jax.lax`). */
import type { DType } from "../../compiler/types/dtype.ts";
import {
  type ArrayLike,
  asArray,
  convert,
  type NdArray,
  WeftTypeError,
  WeftValueError,
} from "../core/index.ts";
import { range } from "./axes.ts";
import { dotGeneral } from "./contraction.ts";
import {
  type ConvDimensionNumbers,
  type ConvDimensionStrings,
  convDimensionNumbers,
  convGeneralDilated,
} from "./convolution.ts";
import { eq } from "./elementwise.ts";
import { broadcastedIota, broadcastInDim, reshape, transpose } from "./movement.ts";
import type { PrecisionOptions } from "./precision.ts";
import { dilateExtent, type Padding, type PaddingPairs, paddingPairs } from "./windows.ts";

/** Options of `convGeneralDilatedPatches` and `convGeneralDilatedLocal`. */
export interface PatchOptions extends PrecisionOptions {
  readonly lhsDilation?: readonly number[] | null;
  readonly rhsDilation?: readonly number[] | null;
  readonly dimensionNumbers?: ConvDimensionNumbers | ConvDimensionStrings | null;
  readonly preferredElementType?: DType | null;
}

/** Axes moved so that the first ones stand at the given places. */
function placeAxes(x: NdArray, places: readonly number[]): NdArray {
  const rest = range(x.ndim).slice(places.length);
  const permutation: number[] = [];
  for (const axis of range(x.ndim)) {
    const named = places.indexOf(axis);
    permutation.push(named >= 0 ? named : (rest.shift() ?? 0));
  }
  return transpose(x, permutation);
}

/**
 * What every window of a convolution sees, as features: c · ∏ filterShape of them, channel by channel
 * (`jax.lax.conv_general_dilated_patches`).
 */
export function convGeneralDilatedPatches(
  lhs: ArrayLike,
  filterShape: readonly number[],
  windowStrides: readonly number[],
  padding: Padding,
  options: PatchOptions = {},
): NdArray {
  const x = asArray(lhs);
  const specs = convDimensionNumbers(x.shape, [1, 1, ...filterShape], options.dimensionNumbers ?? null);
  const size = filterShape.reduce((n, m) => n * m, 1);
  const channels = x.shape[specs.lhsSpec[1]];
  // A kernel for every place of the window, with a 1 there.
  const square = [size, size];
  const identity = convert(
    eq(broadcastedIota("int32", square, 0), broadcastedIota("int32", square, 1)),
    x.dtype,
  );
  const spread = broadcastInDim(identity, [channels, size, size], [1, 2]);
  const kernel = placeAxes(reshape(spread, [channels * size, 1, ...filterShape]), specs.rhsSpec.slice(0, 2));
  return convGeneralDilated(x, kernel, windowStrides, padding, {
    lhsDilation: options.lhsDilation ?? null,
    rhsDilation: options.rhsDilation ?? null,
    dimensionNumbers: specs,
    featureGroupCount: channels,
    precision: options.precision,
    preferredElementType: options.preferredElementType ?? null,
  });
}

/**
 * A convolution with a kernel of its own at every place of the result (`jax.lax.conv_general_dilated_local`). rhs: [out,
 * c · ∏ filterShape, …spatial axes of the result], in the order of the dimension numbers.
 */
export function convGeneralDilatedLocal(
  lhs: ArrayLike,
  rhs: ArrayLike,
  windowStrides: readonly number[],
  padding: Padding,
  filterShape: readonly number[],
  options: Omit<PatchOptions, "preferredElementType"> = {},
): NdArray {
  const x = asArray(lhs);
  const { rhsSpec, outSpec } = convDimensionNumbers(
    x.shape,
    [1, 1, ...filterShape],
    options.dimensionNumbers ?? null,
  );
  const patches = convGeneralDilatedPatches(x, filterShape, windowStrides, padding, options);
  const spatial = range(outSpec.length - 2).sort((p, q) => outSpec[p + 2] - outSpec[q + 2]);
  const product = dotGeneral(
    patches,
    rhs,
    [
      [[outSpec[1]], [rhsSpec[1]]],
      [spatial.map((i) => outSpec[i + 2]), spatial.map((i) => rhsSpec[i + 2])],
    ],
    { precision: options.precision },
  );
  // [spatial…, batch, out] → batch and features where the result has them.
  const n = product.ndim;
  const front = transpose(product, [n - 2, n - 1, ...range(n - 2)]);
  return placeAxes(front, outSpec.slice(0, 2));
}

/** Positions of [batch or out, features, …spatial] in each of three letter strings (`jax.lax.conv_general_permutations`). */
export function convGeneralPermutations(
  dimensionNumbers: ConvDimensionStrings,
): [lhs: readonly number[], rhs: readonly number[], out: readonly number[]] {
  const rank = range(dimensionNumbers[0].length);
  const { lhsSpec, rhsSpec, outSpec } = convDimensionNumbers(rank, rank, dimensionNumbers);
  return [lhsSpec, rhsSpec, outSpec];
}

/** Shape of a convolution of NCHW with OIHW (`jax.lax.conv_shape_tuple`). */
export function convShapeTuple(
  lhsShape: readonly number[],
  rhsShape: readonly number[],
  strides: readonly number[],
  pads: Padding,
  batchGroupCount = 1,
): number[] {
  const pairs = paddingPairs(lhsShape.slice(2), rhsShape.slice(2), strides, pads);
  if (pairs.length !== lhsShape.length - 2) {
    throw new WeftTypeError(
      `Wrong number of explicit pads for convolution: expected ${lhsShape.length - 2}, got ${pairs.length}.`,
    );
  }
  const spatial = lhsShape.slice(2).map((n, i) => {
    const padded = n + pairs[i][0] + pairs[i][1];
    if (padded < 0) {
      throw new WeftValueError("Negative padding is larger than the size of the corresponding dimension");
    }
    return padded < rhsShape[i + 2] ? 0 : Math.floor((padded - rhsShape[i + 2]) / strides[i]) + 1;
  });
  return [Math.floor(lhsShape[0] / batchGroupCount), rhsShape[0], ...spatial];
}

const take = (shape: readonly number[], axes: readonly number[]): number[] => axes.map((axis) => shape[axis]);
const put = (shape: readonly number[], axes: readonly number[]): number[] =>
  range(shape.length).map((axis) => shape[axes.indexOf(axis)]);

/** Shape of a convolution by letters (`jax.lax.conv_general_shape_tuple`). */
export function convGeneralShapeTuple(
  lhsShape: readonly number[],
  rhsShape: readonly number[],
  windowStrides: readonly number[],
  padding: Padding,
  dimensionNumbers: ConvDimensionStrings,
): number[] {
  const [lhs, rhs, out] = convGeneralPermutations(dimensionNumbers);
  return put(convShapeTuple(take(lhsShape, lhs), take(rhsShape, rhs), windowStrides, padding), out);
}

/** Shape of a transposed convolution by letters (`jax.lax.conv_transpose_shape_tuple`). */
export function convTransposeShapeTuple(
  lhsShape: readonly number[],
  rhsShape: readonly number[],
  windowStrides: readonly number[],
  padding: "SAME" | "VALID" | PaddingPairs,
  dimensionNumbers: ConvDimensionStrings,
): number[] {
  const [lhs, rhs, out] = convGeneralPermutations(dimensionNumbers);
  const [from, kernel] = [take(lhsShape, lhs), take(rhsShape, rhs)];
  const spatial = from.slice(2).map((n, i) => {
    const k = kernel[i + 2];
    const s = windowStrides[i];
    const total =
      padding === "SAME"
        ? k + s - 2
        : padding === "VALID"
          ? k + s - 2 + Math.max(k - s, 0)
          : padding[i][0] + padding[i][1];
    return dilateExtent(n, s) - k + 1 + total;
  });
  return put([from[0], kernel[0], ...spatial], out);
}
