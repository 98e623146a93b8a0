/** `dot_general`: sums of products over paired axes, with paired batch axes. Matrix products of every kind. */
import type { Builder } from "../../graph/builder.ts";
import type { Contraction, ContractionFactor, Coordinate } from "../../graph/contraction.ts";
import type { Operand } from "../../graph/graph.ts";
import type { DotParams } from "../../graph/operations.ts";
import {
  type BatchRule,
  definePrimitive,
  isLinearInput,
  type JvpRule,
  type LowerContext,
  type ReduceLowering,
  type TransposeInput,
  type TransposeRule,
} from "../../graph/primitive.ts";
import type { RefTensor } from "../../graph/reference.ts";
import { computeDType } from "../../types/dtype.ts";
import { InternalError, WeftTypeError } from "../../types/errors.ts";
import { sameShape, sizeOf, type TensorType, tensorType } from "../../types/tensor-type.ts";
import { bumpAxes } from "../reduction/axes.ts";
import { accumulationDType, foldReference } from "../reduction/monoid.ts";
import { forEachIndex, reader, tabulate } from "../reference-tensors.ts";
import { checkArity, checkSameDtypes, formatShape } from "../typing.ts";
import { contractionDType, isExact, productReference } from "./element-types.ts";
import { dotCases } from "./test-cases.ts";

/** Axes that are neither contracted nor batch. */
function freeAxes(rank: number, contracting: readonly number[], batch: readonly number[]): number[] {
  const free: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    if (!contracting.includes(axis) && !batch.includes(axis)) free.push(axis);
  }
  return free;
}

interface Side {
  readonly name: "lhs" | "rhs";
  readonly type: TensorType;
  readonly contracting: readonly number[];
  readonly batch: readonly number[];
}

function sidesOf([lhs, rhs]: readonly TensorType[], p: DotParams): readonly [Side, Side] {
  return [
    { name: "lhs", type: lhs, contracting: p.lhsContracting, batch: p.lhsBatch },
    { name: "rhs", type: rhs, contracting: p.rhsContracting, batch: p.rhsBatch },
  ];
}

/** The checks of JAX's `_dot_general_shape_rule` on one side. */
function checkSide({ name, type, contracting, batch }: Side): void {
  const rank = type.shape.length;
  const inRange = (axis: number): boolean => Number.isInteger(axis) && axis >= 0 && axis < rank;
  const named = `${name}Batch of ${formatShape(batch)} and ${name}Contracting of ${formatShape(contracting)}`;
  if (![...contracting, ...batch].every(inRange)) {
    throw new WeftTypeError(
      `dot_general requires ${name} dimension numbers to be nonnegative and less than the number of axes of the ` +
        `${name} value, got ${named} for ${name} of rank ${rank}`,
    );
  }
  if (new Set(batch).size !== batch.length) {
    throw new WeftTypeError(
      `dot_general requires ${name} batch dimensions to be distinct, got ${name}Batch ${formatShape(batch)}.`,
    );
  }
  if (new Set(contracting).size !== contracting.length) {
    throw new WeftTypeError(
      `dot_general requires ${name} contracting dimensions to be distinct, ` +
        `got ${name}Contracting ${formatShape(contracting)}.`,
    );
  }
  if (batch.some((axis) => contracting.includes(axis))) {
    throw new WeftTypeError(
      `dot_general requires ${name} batch dimensions to be disjoint from contracting dimensions, ` +
        `got ${name}Batch ${formatShape(batch)} and ${name}Contracting ${formatShape(contracting)}.`,
    );
  }
}

function extents(type: TensorType, axes: readonly number[]): number[] {
  return axes.map((axis) => type.shape[axis]);
}

function inferDot(inputs: readonly TensorType[], params: DotParams): TensorType[] {
  checkArity("dot_general", inputs, 2);
  checkSameDtypes("dot_general", inputs);
  const [lhs, rhs] = sidesOf(inputs, params);
  if (lhs.batch.length !== rhs.batch.length) {
    throw new WeftTypeError(
      "dot_general requires equal numbers of lhsBatch and rhsBatch dimensions, " +
        `got lhsBatch ${formatShape(lhs.batch)} and rhsBatch ${formatShape(rhs.batch)}.`,
    );
  }
  checkSide(lhs);
  checkSide(rhs);
  const lhsBatch = extents(lhs.type, lhs.batch);
  const rhsBatch = extents(rhs.type, rhs.batch);
  if (!sameShape(lhsBatch, rhsBatch)) {
    throw new WeftTypeError(
      "dot_general requires lhs batch dimensions and rhs batch dimensions to have the same shape, " +
        `got ${formatShape(lhsBatch)} and ${formatShape(rhsBatch)}.`,
    );
  }
  const lhsContracted = extents(lhs.type, lhs.contracting);
  const rhsContracted = extents(rhs.type, rhs.contracting);
  if (!sameShape(lhsContracted, rhsContracted)) {
    throw new WeftTypeError(
      "dot_general requires contracting dimensions to have the same shape, " +
        `got ${formatShape(lhsContracted)} and ${formatShape(rhsContracted)}.`,
    );
  }
  const shape = [
    ...lhsBatch,
    ...extents(lhs.type, freeAxes(lhs.type.shape.length, lhs.contracting, lhs.batch)),
    ...extents(rhs.type, freeAxes(rhs.type.shape.length, rhs.contracting, rhs.batch)),
  ];
  const dtype = contractionDType("dot_general", lhs.type.dtype, params.preferredElementType);
  return [tensorType(dtype, shape)];
}

/** Indices of both operands from the output's index (batch, lhs free, rhs free) and the contraction's. */
function operandIndices<T>([lhs, rhs]: readonly [Side, Side], i: readonly T[], r: readonly T[]): [T[], T[]] {
  let next = lhs.batch.length;
  const place = ({ type, contracting, batch }: Side): T[] => {
    const index = new Array<T>(type.shape.length);
    for (const [k, axis] of batch.entries()) index[axis] = i[k];
    for (const [k, axis] of contracting.entries()) index[axis] = r[k];
    for (const axis of freeAxes(type.shape.length, contracting, batch)) index[axis] = i[next++];
    return index;
  };
  return [place(lhs), place(rhs)];
}

function evaluateDot(lhs: RefTensor, rhs: RefTensor, params: DotParams): RefTensor {
  const types = [lhs.type, rhs.type];
  const [outType] = inferDot(types, params);
  const sides = sidesOf(types, params);
  const left = reader(lhs);
  const right = reader(rhs);
  const multiply = productReference(lhs.type.dtype, outType.dtype);
  const add = foldReference(outType.dtype === "bool" ? "or" : "add", outType.dtype);
  const contracted = extents(lhs.type, params.lhsContracting);
  return tabulate(outType, (i) => {
    let acc = 0;
    forEachIndex(contracted, (r) => {
      const [l, k] = operandIndices(sides, i, r);
      acc = add(acc, multiply(left(l), right(k)));
    });
    return acc;
  });
}

/** The contraction runs in the order of the lhs axes in memory, the last of them innermost. */
function contractionOrder(params: DotParams): number[] {
  const { lhsContracting } = params;
  return lhsContracting.map((_, k) => k).sort((a, b) => lhsContracting[a] - lhsContracting[b]);
}

/** Axes: the batch, what is free of the lhs and of the rhs, the contracted ones. */
function dotContraction({ params, inputs, outputs }: LowerContext<DotParams>): Contraction {
  const sides = sidesOf(inputs, params);
  const [lhs, rhs] = sides;
  const extentsOf: number[] = extents(lhs.type, lhs.batch);
  const free = sides.map(({ type, contracting, batch }) => {
    const axes = freeAxes(type.shape.length, contracting, batch);
    const first = extentsOf.length;
    extentsOf.push(...extents(type, axes));
    return { axes, first };
  });
  const contracted = extentsOf.length;
  extentsOf.push(...extents(lhs.type, lhs.contracting));
  const wide = accumulationDType(outputs[0].dtype);
  const factor = (
    { type, contracting, batch }: Side,
    { axes, first }: (typeof free)[0],
  ): ContractionFactor => ({
    coordinates: type.shape.map((extent, dim): Coordinate => {
      const b = batch.indexOf(dim);
      const c = contracting.indexOf(dim);
      const axis = b >= 0 ? b : c >= 0 ? contracted + c : first + axes.indexOf(dim);
      return { extent, terms: [{ axis, step: 1 }] };
    }),
    element: (s, x, at) => s.convert(x(at), wide),
  });
  return {
    exact: isExact(params.precision),
    extents: extentsOf,
    factors: [factor(lhs, free[0]), factor(rhs, free[1])],
    result: outputs[0].shape.map((_, dim) => [dim]),
  };
}

const lowerDot: ReduceLowering<DotParams> = {
  kind: "reduce",
  domain: ({ params, inputs }) =>
    contractionOrder(params).map((k) => inputs[0].shape[params.lhsContracting[k]]),
  accumulators: ({ outputs: [out] }) => [{ dtype: accumulationDType(out.dtype), init: 0 }],
  combine: "add",
  contraction: dotContraction,
  element(s, [lhs, rhs], i, r, { params, inputs, outputs }) {
    const ordered = [...r];
    for (const [position, k] of contractionOrder(params).entries()) ordered[k] = r[position];
    const [l, k] = operandIndices(sidesOf(inputs, params), i, ordered);
    const wide = accumulationDType(outputs[0].dtype);
    return [s.mul(s.convert(lhs(l), wide), s.convert(rhs(k), wide))];
  },
  finish: (s, [acc], _, { outputs }) => [s.convert(acc, computeDType(outputs[0].dtype))],
};

const jvpDot: JvpRule<DotParams> = (b, [x, y], [tx, ty], params) => ({
  outputs: [b.dotGeneral(x, y, params)],
  tangents: [b.addTangents(tx && b.dotGeneral(tx, y, params), ty && b.dotGeneral(x, ty, params))],
});

/**
 * The cotangent of one side (JAX's `_dot_general_transpose_lhs`): contract the result's cotangent with the other
 * side over that side's free axes, which leaves batch, own free axes, then the contracted axes in the order of the
 * other side, and bring these back to where they were.
 */
function transposeSide(
  b: Builder,
  ct: Operand,
  own: Side,
  other: Side,
  otherValue: Operand,
  params: DotParams,
): Operand {
  const rank = own.type.shape.length;
  const otherRank = other.type.shape.length;
  const ownFree = freeAxes(rank, own.contracting, own.batch);
  const otherFree = freeAxes(otherRank, other.contracting, other.batch);
  const batch = own.batch.map((_, k) => k);
  const ownCount = own.name === "lhs" ? ownFree.length : 0;
  const otherInResult = otherFree.map((_, k) => batch.length + ownCount + k);
  const product = b.dotGeneral(ct, b.convert(otherValue, ct.type.dtype), {
    lhsContracting: otherInResult,
    rhsContracting: otherFree,
    lhsBatch: batch,
    rhsBatch: other.batch,
    precision: params.precision,
    preferredElementType: params.preferredElementType,
  });
  const pairs = own.contracting.map((axis, k) => ({ axis, partner: other.contracting[k] }));
  const contracted = pairs.sort((p, q) => p.partner - q.partner).map(({ axis }) => axis);
  const placed = [...own.batch, ...ownFree, ...contracted];
  const permutation = own.type.shape.map((_, axis) => placed.indexOf(axis));
  return b.convert(b.transpose(product, permutation), own.type.dtype);
}

function known(x: TransposeInput): Operand {
  if (isLinearInput(x)) throw new InternalError("dot_general transposed with respect to both sides at once");
  return x;
}

const transposeDot: TransposeRule<DotParams> = (b, [ct], [x, y], params) => {
  if (ct === null) return [null, null];
  const [lhs, rhs] = sidesOf([x.type, y.type], params);
  return isLinearInput(x)
    ? [transposeSide(b, ct, lhs, rhs, known(y), params), null]
    : [null, transposeSide(b, ct, rhs, lhs, known(x), params)];
};

/** A new batch axis where both sides are batched; a new free axis where one is, wherever that axis lies. */
const batchDot: BatchRule<DotParams> = (b, [x, y], [dx, dy], params) => {
  const bumpLhs = (d: number): Partial<DotParams> => ({
    lhsContracting: bumpAxes(params.lhsContracting, d),
    lhsBatch: bumpAxes(params.lhsBatch, d),
  });
  const bumpRhs = (d: number): Partial<DotParams> => ({
    rhsContracting: bumpAxes(params.rhsContracting, d),
    rhsBatch: bumpAxes(params.rhsBatch, d),
  });
  if (dx !== null && dy !== null) {
    const bumped = { ...params, ...bumpLhs(dx), ...bumpRhs(dy) };
    const batched = {
      ...bumped,
      lhsBatch: [dx, ...bumped.lhsBatch],
      rhsBatch: [dy, ...bumped.rhsBatch],
    };
    return { outputs: [b.dotGeneral(x, y, batched)], dims: [0] };
  }
  if (dx !== null) {
    const bumped = { ...params, ...bumpLhs(dx) };
    const free = freeAxes(x.type.shape.length, bumped.lhsContracting, bumped.lhsBatch);
    return { outputs: [b.dotGeneral(x, y, bumped)], dims: [params.lhsBatch.length + free.indexOf(dx)] };
  }
  const d = dy ?? 0;
  const bumped = { ...params, ...bumpRhs(d) };
  const free = freeAxes(y.type.shape.length, bumped.rhsContracting, bumped.rhsBatch);
  const before = x.type.shape.length - params.lhsContracting.length;
  return { outputs: [b.dotGeneral(x, y, bumped)], dims: [before + free.indexOf(d)] };
};

export const dotGeneral = definePrimitive<DotParams>({
  name: "dot_general",
  infer: inferDot,
  evaluate: ([lhs, rhs], params) => [evaluateDot(lhs, rhs, params)],
  jvp: jvpDot,
  transpose: transposeDot,
  batch: batchDot,
  lower: lowerDot,
  cost: ({ params, inputs: [lhs], outputs: [out] }) => ({
    flops: 2 * out.size * sizeOf(extents(lhs, params.lhsContracting)),
    transcendentals: 0,
  }),
  test: { cases: dotCases, ulp: 64, order: 2 },
});
