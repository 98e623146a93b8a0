/** Graph rules of `conv_general_dilated`: jvp, transposes and batching, each again a convolution. */
import type { Builder } from "../../graph/builder.ts";
import type { Operand } from "../../graph/graph.ts";
import type { ConvParams } from "../../graph/operations.ts";
import {
  type BatchRule,
  isLinearInput,
  type JvpRule,
  type TransposeInput,
  type TransposeRule,
} from "../../graph/primitive.ts";
import { InternalError } from "../../types/errors.ts";
import { type TensorType, tensorType } from "../../types/tensor-type.ts";
import { transposedPadding } from "../window/geometry.ts";
import { convShape, convWindows, rhsTransposedPadding, spatialAxes } from "./conv-geometry.ts";
import { contractionDType } from "./element-types.ts";

function convolve(b: Builder, lhs: Operand, rhs: Operand, params: ConvParams): Operand {
  return b.one("conv_general_dilated", [lhs, rhs], params);
}

/** Moves axis `from` before axis `into` (counted without `from`) and merges the two. */
function mergeAxis(b: Builder, x: Operand, from: number, into: number): Operand {
  const moved = b.moveAxis(x, from, into);
  const { shape } = moved.type;
  return b.reshape(moved, shape.toSpliced(into, 2, shape[into] * shape[into + 1]));
}

/** Splits axis `axis` into [outer, extent / outer]. */
function splitAxis(b: Builder, x: Operand, axis: number, outer: number): Operand {
  const { shape } = x.type;
  return b.reshape(x, shape.toSpliced(axis, 1, outer, shape[axis] / outer));
}

function swapFirst(spec: readonly number[]): readonly number[] {
  return [spec[1], spec[0], ...spec.slice(2)];
}

export const jvpConv: JvpRule<ConvParams> = (b, [x, y], [tx, ty], params) => ({
  outputs: [convolve(b, x, y, params)],
  tangents: [b.addTangents(tx && convolve(b, tx, y, params), ty && convolve(b, x, ty, params))],
});

/**
 * Cotangent of the lhs: the result's cotangent convolved with the reversed kernel, strides and lhs dilation swapped.
 * With m batch, j input and k output features the signatures are (JAX's convolution.py): forward [m, gj] [j, gk] →
 * [m, gk]; lhs transpose [m, gk] [k, gj] → [m, gj], so the group axis moves from the kernel's output features to its
 * input features. Batch groups become feature groups likewise.
 */
function transposeLhs(b: Builder, ct: Operand, lhs: TensorType, rhs: Operand, params: ConvParams): Operand {
  const { lhsSpec, rhsSpec, outSpec, batchGroupCount } = params;
  const padding = convWindows(lhs.shape, rhs.type.shape, params).map((a, k) =>
    transposedPadding(a, ct.type.shape[outSpec[k + 2]]),
  );
  const groups = Math.max(params.featureGroupCount, batchGroupCount);
  let kernel = rhs;
  if (groups > 1) kernel = mergeAxis(b, splitAxis(b, kernel, rhsSpec[0], groups), rhsSpec[0], rhsSpec[1]);
  const dimensions = spatialAxes(rhsSpec);
  if (dimensions.length > 0) kernel = b.one("rev", [kernel], { dimensions });
  let out = convolve(b, ct, b.convert(kernel, ct.type.dtype), {
    windowStrides: params.lhsDilation,
    padding,
    lhsDilation: params.windowStrides,
    rhsDilation: params.rhsDilation,
    lhsSpec: outSpec,
    rhsSpec: swapFirst(rhsSpec),
    outSpec: lhsSpec,
    featureGroupCount: groups,
    batchGroupCount: 1,
    precision: params.precision,
    preferredElementType: params.preferredElementType,
  });
  if (batchGroupCount > 1) {
    out = mergeAxis(b, splitAxis(b, out, lhsSpec[1], batchGroupCount), lhsSpec[1], lhsSpec[0]);
  }
  return b.convert(out, lhs.dtype);
}

/**
 * Cotangent of the rhs: the lhs convolved with the result's cotangent, batch and features swapped, strides and rhs
 * dilation swapped: [gj, m] [m, gk] → [j, gk], so feature groups become batch groups and the reverse.
 */
function transposeRhs(
  b: Builder,
  ct: Operand,
  lhs: Operand,
  rhs: TensorType,
  params: ConvParams,
): Operand | null {
  // An empty result would make a convolution whose kernel is empty; there is no gradient in it.
  if (ct.type.size === 0) return null;
  const padding = convWindows(lhs.type.shape, rhs.shape, params).map((a, k) =>
    rhsTransposedPadding(a, ct.type.shape[params.outSpec[k + 2]]),
  );
  const out = convolve(b, b.convert(lhs, ct.type.dtype), ct, {
    windowStrides: params.rhsDilation,
    padding,
    lhsDilation: params.lhsDilation,
    rhsDilation: params.windowStrides,
    lhsSpec: swapFirst(params.lhsSpec),
    rhsSpec: swapFirst(params.outSpec),
    outSpec: swapFirst(params.rhsSpec),
    featureGroupCount: params.batchGroupCount,
    batchGroupCount: params.featureGroupCount,
    precision: params.precision,
    preferredElementType: params.preferredElementType,
  });
  return b.convert(out, rhs.dtype);
}

function known(x: TransposeInput): Operand {
  if (isLinearInput(x))
    throw new InternalError("conv_general_dilated transposed with respect to both sides at once");
  return x;
}

export const transposeConv: TransposeRule<ConvParams> = (b, [ct], [x, y], params) => {
  if (ct === null) return [null, null];
  return isLinearInput(x)
    ? [transposeLhs(b, ct, x.type, known(y), params), null]
    : [null, transposeRhs(b, ct, known(x), y.type, params)];
};

/**
 * The batch axis becomes part of the batch, of the output features or of the groups, as in JAX's
 * `_conv_general_dilated_batch_rule`, with a reshape on either side.
 */
export const batchConv: BatchRule<ConvParams> = (b, [lhs, rhs], [dl, dr], params, { size }) => {
  if (size === 0) return emptyBatch(b, [lhs, rhs], [dl, dr], params);
  if (dl !== null && dr !== null) return batchBoth(b, lhs, dl, rhs, dr, params, size);
  return dl !== null ? batchLhs(b, lhs, dl, rhs, params, size) : batchRhs(b, lhs, rhs, dr ?? 0, params, size);
};

type Batched = ReturnType<BatchRule<ConvParams>>;

/** Merging an axis of extent 0 into another would lose the other's extent. */
function emptyBatch(
  b: Builder,
  operands: readonly [Operand, Operand],
  dims: readonly (number | null)[],
  params: ConvParams,
): Batched {
  const [lhs, rhs] = operands.map(({ type: { dtype, shape } }, k) => {
    const dim = dims[k];
    return tensorType(dtype, dim === null ? shape : shape.toSpliced(dim, 1));
  });
  const dtype = contractionDType("conv_general_dilated", lhs.dtype, params.preferredElementType);
  return { outputs: [b.zeros(tensorType(dtype, [0, ...convShape(lhs, rhs, params)]))], dims: [0] };
}

/** Each example is a group of its own. */
function batchBoth(
  b: Builder,
  lhs: Operand,
  dl: number,
  rhs: Operand,
  dr: number,
  params: ConvParams,
  size: number,
): Batched {
  const { lhsSpec, rhsSpec, outSpec, featureGroupCount, batchGroupCount } = params;
  const byBatch = batchGroupCount > 1;
  const out = convolve(
    b,
    mergeAxis(b, lhs, dl, byBatch ? lhsSpec[0] : lhsSpec[1]),
    mergeAxis(b, rhs, dr, rhsSpec[0]),
    {
      ...params,
      featureGroupCount: byBatch ? 1 : featureGroupCount * size,
      batchGroupCount: byBatch ? batchGroupCount * size : 1,
    },
  );
  return { outputs: [splitAxis(b, out, outSpec[1], size)], dims: [outSpec[1]] };
}

/** Groups must stay outermost: the batch axis goes between them and what they group. */
function mergeWithinGroups(b: Builder, x: Operand, dim: number, axis: number, groups: number): Operand {
  if (groups === 1) return mergeAxis(b, x, dim, axis);
  const split = splitAxis(b, x, axis + (dim <= axis ? 1 : 0), groups);
  const merged = mergeAxis(b, split, dim + (axis < dim ? 1 : 0), axis + 1);
  return mergeAxis(b, merged, axis, axis);
}

function batchLhs(
  b: Builder,
  lhs: Operand,
  dl: number,
  rhs: Operand,
  params: ConvParams,
  size: number,
): Batched {
  const { lhsSpec, outSpec, batchGroupCount } = params;
  const out = convolve(b, mergeWithinGroups(b, lhs, dl, lhsSpec[0], batchGroupCount), rhs, params);
  return { outputs: [splitAxis(b, out, outSpec[0], size)], dims: [outSpec[0]] };
}

function batchRhs(
  b: Builder,
  lhs: Operand,
  rhs: Operand,
  dr: number,
  params: ConvParams,
  size: number,
): Batched {
  const { rhsSpec, outSpec, featureGroupCount, batchGroupCount } = params;
  const groups = Math.max(featureGroupCount, batchGroupCount);
  const out = convolve(b, lhs, mergeWithinGroups(b, rhs, dr, rhsSpec[0], groups), params);
  const features = outSpec[1];
  if (groups === 1) return { outputs: [splitAxis(b, out, features, size)], dims: [features] };
  const split = splitAxis(b, splitAxis(b, out, features, groups), features + 1, size);
  return { outputs: [mergeAxis(b, split, features, features + 1)], dims: [features] };
}
