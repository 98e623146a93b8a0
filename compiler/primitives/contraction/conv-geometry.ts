/** Where a convolution's axes lie, its checks and shapes. */
import type { ConvParams } from "../../graph/operations.ts";
import { WeftTypeError, WeftValueError } from "../../types/errors.ts";
import type { Shape, TensorType } from "../../types/tensor-type.ts";
import { formatShape } from "../typing.ts";
import { dilated, type WindowAxis, windowCount } from "../window/geometry.ts";

const NAME = "conv_general_dilated";

export function spatialAxes(spec: readonly number[]): readonly number[] {
  return spec.slice(2);
}

/** The spatial axes of a convolution as windows over the lhs. */
export function convWindows(lhs: Shape, rhs: Shape, params: ConvParams): WindowAxis[] {
  return spatialAxes(params.lhsSpec).map((axis, k) => ({
    extent: lhs[axis],
    window: rhs[params.rhsSpec[k + 2]],
    stride: params.windowStrides[k],
    padding: params.padding[k],
    baseDilation: params.lhsDilation[k],
    windowDilation: params.rhsDilation[k],
  }));
}

function isPermutation(spec: readonly number[], rank: number): boolean {
  return spec.length === rank && [...spec].sort((a, b) => a - b).every((axis, i) => axis === i);
}

function checkLists(lhs: TensorType, rhs: TensorType, params: ConvParams): void {
  const rank = lhs.shape.length;
  if (rank !== rhs.shape.length) {
    throw new WeftValueError(
      `${NAME} lhs and rhs must have the same number of dimensions, ` +
        `but got ${formatShape(lhs.shape)} and ${formatShape(rhs.shape)}.`,
    );
  }
  const { lhsSpec, rhsSpec, outSpec } = params;
  for (const [what, spec] of Object.entries({ lhsSpec, rhsSpec, outSpec })) {
    if (rank >= 2 && isPermutation(spec, rank)) continue;
    throw new WeftValueError(
      `${NAME} ${what} must be a permutation of the ${rank} axes (batch, feature, spatial…), got ${formatShape(spec)}.`,
    );
  }
  const { windowStrides, padding, lhsDilation, rhsDilation } = params;
  for (const [what, list] of Object.entries({ windowStrides, padding, lhsDilation, rhsDilation })) {
    if (list.length === rank - 2) continue;
    throw new WeftValueError(
      `${NAME} window and ${what} must have the same number of dimensions, but got ${rank - 2} and ${list.length}`,
    );
  }
  for (const [what, list] of Object.entries({ windowStrides, lhsDilation, rhsDilation })) {
    if (list.every((n) => Number.isInteger(n) && n > 0)) continue;
    throw new WeftTypeError(
      `${NAME} ${what} must have every element be a strictly positive integer, got ${formatShape(list)}.`,
    );
  }
}

function checkGroups(lhs: TensorType, rhs: TensorType, params: ConvParams): void {
  const { featureGroupCount, batchGroupCount, lhsSpec, rhsSpec } = params;
  const [lhsBatch, lhsFeatures] = [lhs.shape[lhsSpec[0]], lhs.shape[lhsSpec[1]]];
  const [rhsOut, rhsIn] = [rhs.shape[rhsSpec[0]], rhs.shape[rhsSpec[1]]];
  for (const [what, count] of Object.entries({ featureGroupCount, batchGroupCount })) {
    if (Number.isInteger(count) && count > 0) continue;
    throw new WeftValueError(`${NAME} ${what} must be a positive integer, got ${count}.`);
  }
  if (lhsFeatures % featureGroupCount !== 0) {
    throw new WeftValueError(
      `${NAME} featureGroupCount must divide lhs feature dimension size, ` +
        `but ${featureGroupCount} does not divide ${lhsFeatures}.`,
    );
  }
  if (lhsFeatures / featureGroupCount !== rhsIn) {
    throw new WeftValueError(
      `${NAME} lhs feature dimension size divided by featureGroupCount must equal the rhs input feature ` +
        `dimension size, but ${lhsFeatures} // ${featureGroupCount} != ${rhsIn}.`,
    );
  }
  if (rhsOut % featureGroupCount !== 0) {
    throw new WeftValueError(
      `${NAME} rhs output feature dimension size must be a multiple of featureGroupCount, ` +
        `but ${rhsOut} is not a multiple of ${featureGroupCount}.`,
    );
  }
  if (lhsBatch % batchGroupCount !== 0) {
    throw new WeftValueError(
      `${NAME} batchGroupCount must divide lhs batch dimension size, ` +
        `but ${batchGroupCount} does not divide ${lhsBatch}.`,
    );
  }
  if (rhsOut % batchGroupCount !== 0) {
    throw new WeftValueError(
      `${NAME} rhs output feature dimension size must be a multiple of batchGroupCount, ` +
        `but ${rhsOut} is not a multiple of ${batchGroupCount}.`,
    );
  }
  if (batchGroupCount > 1 && featureGroupCount > 1) {
    throw new WeftValueError(
      "At most one of batchGroupCount and featureGroupCount may be > 1, " +
        `got batchGroupCount=${batchGroupCount} and featureGroupCount=${featureGroupCount}`,
    );
  }
}

/** The result's shape; throws in the words of JAX's `_conv_general_dilated_shape_rule`. */
export function convShape(lhs: TensorType, rhs: TensorType, params: ConvParams): number[] {
  checkLists(lhs, rhs, params);
  checkGroups(lhs, rhs, params);
  const { lhsSpec, rhsSpec, outSpec } = params;
  const shape = new Array<number>(outSpec.length);
  shape[outSpec[0]] = lhs.shape[lhsSpec[0]] / params.batchGroupCount;
  shape[outSpec[1]] = rhs.shape[rhsSpec[0]];
  for (const [k, a] of convWindows(lhs.shape, rhs.shape, params).entries())
    shape[outSpec[k + 2]] = windowCount(a);
  return shape;
}

/**
 * Padding of the convolution that gives the rhs cotangent, which slides the result's cotangent over the lhs (JAX's
 * `_conv_general_vjp_rhs_padding`). `outExtent` is the result's extent along this axis.
 */
export function rhsTransposedPadding(a: WindowAxis, outExtent: number): readonly [number, number] {
  const [low] = a.padding;
  const fromLhs = dilated(outExtent, a.stride) - dilated(a.extent, a.baseDilation);
  const fromRhs = dilated(a.window, a.windowDilation) - low - 1;
  return [low, fromLhs + fromRhs];
}
