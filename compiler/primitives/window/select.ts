/**
 * `select_and_gather_add` and its transpose `select_and_scatter_add`: the derivative of max and min pooling. Both
 * choose one element per window: the first in row-major order among the best, or the first NaN; padding is never
 * chosen. A window that lies wholly in the padding has no element: it gathers 0 and scatters nothing.
 *
 * JAX gathers from a window of nothing but -inf (for max) the tangent 0, and scatters to its first element; here the
 * first element is taken both times, so that the two stay each other's transpose.
 */
import {
  type Access,
  type BatchRule,
  definePrimitive,
  isLinearInput,
  type JvpRule,
  type ReduceLowering,
  type TransposeRule,
} from "../../graph/primitive.ts";
import type { RefTensor } from "../../graph/reference.ts";
import type { Expr } from "../../kernel/expr.ts";
import { computeDType } from "../../types/dtype.ts";
import { InternalError, WeftTypeError } from "../../types/errors.ts";
import { rowMajorStrides, sameShape, sizeOf, type TensorType, tensorType } from "../../types/tensor-type.ts";
import { batchFirst } from "../batching.ts";
import { displaces } from "../reduction/arg.ts";
import { accumulationDType, foldReference } from "../reduction/monoid.ts";
import { forEachIndex, reader, tabulate } from "../reference-tensors.ts";
import { checkArity, checkDtype, checkSameDtypes, formatShape, NUMERIC } from "../typing.ts";
import {
  bumpWindow,
  checkWindow,
  lowerPosition,
  positionIn,
  windowAxes,
  windowOutputShape,
} from "./geometry.ts";
import { lowerScatter, type SelectParams, sortKey } from "./select-scatter.ts";
import { gatherCases, scatterCases } from "./test-cases.ts";

type SelectName = "select_and_gather_add" | "select_and_scatter_add";

function checkOperands(name: SelectName, inputs: readonly TensorType[], params: SelectParams): void {
  checkArity(name, inputs, 2);
  checkSameDtypes(name, inputs);
  checkDtype(name, inputs[0], NUMERIC, 0);
  checkWindow(name, inputs[1].shape, params);
}

function inferGather(inputs: readonly TensorType[], params: SelectParams): TensorType[] {
  checkOperands("select_and_gather_add", inputs, params);
  const [tangents, operand] = inputs;
  if (!sameShape(tangents.shape, operand.shape)) {
    throw new WeftTypeError(
      "select_and_gather_add tangents and operand shapes must match, " +
        `got ${formatShape(tangents.shape)} and ${formatShape(operand.shape)}.`,
    );
  }
  return [tensorType(operand.dtype, windowOutputShape(operand.shape, params))];
}

function inferScatter(inputs: readonly TensorType[], params: SelectParams): TensorType[] {
  checkOperands("select_and_scatter_add", inputs, params);
  const [source, operand] = inputs;
  const windows = windowOutputShape(operand.shape, params);
  if (!sameShape(source.shape, windows)) {
    throw new WeftTypeError(
      "select_and_scatter_add source shape must match the shape of the window-reduced operand: " +
        `source ${formatShape(source.shape)}, window-reduced operand ${formatShape(windows)}.`,
    );
  }
  return [operand];
}

/** Row-major position of the element chosen in window `i`, or -1. */
function chosenElement(operand: RefTensor, params: SelectParams, i: readonly number[]): number {
  const axes = windowAxes(operand.type.shape, params);
  const strides = rowMajorStrides(operand.type.shape);
  let chosen = -1;
  forEachIndex(params.windowDimensions, (r) => {
    let at = 0;
    for (const [axis, a] of axes.entries()) {
      const position = positionIn(a, i[axis], r[axis]);
      if (position === null) return;
      at += position * strides[axis];
    }
    if (chosen < 0) {
      chosen = at;
      return;
    }
    const value = operand.data[at];
    const best = operand.data[chosen];
    const better = params.select === "max" ? value > best : value < best;
    if (better || (Number.isNaN(value) && !Number.isNaN(best))) chosen = at;
  });
  return chosen;
}

function evaluateGather(tangents: RefTensor, operand: RefTensor, params: SelectParams): RefTensor {
  const { dtype, shape } = operand.type;
  return tabulate(tensorType(dtype, windowOutputShape(shape, params)), (i) => {
    const chosen = chosenElement(operand, params, i);
    return chosen < 0 ? 0 : tangents.data[chosen];
  });
}

function evaluateScatter(source: RefTensor, operand: RefTensor, params: SelectParams): RefTensor {
  const data = new Float64Array(operand.type.size);
  const at = reader(source);
  const add = foldReference("add", operand.type.dtype);
  forEachIndex(source.type.shape, (i) => {
    const chosen = chosenElement(operand, params, i);
    if (chosen >= 0) data[chosen] = add(data[chosen], at(i));
  });
  return { type: operand.type, data };
}

/** Folds (key of the best element, its tangent, whether there is one yet) over the window. */
const lowerGather: ReduceLowering<SelectParams> = {
  kind: "reduce",
  domain: ({ params }) => params.windowDimensions,
  accumulators({ inputs: [tangents, operand] }) {
    return [
      { dtype: accumulationDType(operand.dtype), init: 0 },
      { dtype: accumulationDType(tangents.dtype), init: 0 },
      { dtype: "int32", init: 0 },
    ];
  },
  combine(s, [best, bestTangent, found], [key, tangent, present]) {
    const better = s.or(s.eq(found, s.int(0)), displaces(s, "gt", key, best));
    const take = s.and(s.ne(present, s.int(0)), better);
    return [s.select(take, key, best), s.select(take, tangent, bestTangent), s.or(found, present)];
  },
  element(s, [tangents, operand], i, r, { params, inputs }) {
    const { index, inside } = lowerPosition(s, windowAxes(inputs[1].shape, params), i, r);
    const read = (access: Access): Expr => {
      const zero = s.const(0, computeDType(access.type.dtype));
      return s.convert(s.guard(inside, access(index), zero), accumulationDType(access.type.dtype));
    };
    return [sortKey(s, params.select, read(operand)), read(tangents), s.convert(inside, "int32")];
  },
  finish: (s, [, tangent], _, { outputs }) => [s.convert(tangent, computeDType(outputs[0].dtype))],
};

/** Both operands are batched; batching only one repeats the other along the new axis. */
function batchSelect(name: SelectName): BatchRule<SelectParams> {
  return (b, inputs, dims, params, { size }) => {
    const batched = inputs.map((x, i) => batchFirst(b, x, dims[i], size));
    return {
      outputs: [b.one(name, batched, { select: params.select, ...bumpWindow(params, 0) })],
      dims: [0],
    };
  };
}

/** Linear in the first operand; where the chosen element is does not move with the second. */
function jvpSelect(name: SelectName): JvpRule<SelectParams> {
  return (b, [x, operand], [t], params) => ({
    outputs: [b.one(name, [x, operand], params)],
    tangents: [t && b.one(name, [t, operand], params)],
  });
}

function transposeSelect(transposed: SelectName): TransposeRule<SelectParams> {
  return (b, [ct], [, operand], params) => {
    if (isLinearInput(operand))
      throw new InternalError(`${transposed} transposed with respect to its operand`);
    return [ct && b.one(transposed, [ct, operand], params), null];
  };
}

export const selectAndGatherAdd = definePrimitive<SelectParams>({
  name: "select_and_gather_add",
  infer: inferGather,
  evaluate: ([tangents, operand], params) => [evaluateGather(tangents, operand, params)],
  jvp: jvpSelect("select_and_gather_add"),
  transpose: transposeSelect("select_and_scatter_add"),
  batch: batchSelect("select_and_gather_add"),
  lower: lowerGather,
  cost: ({ params, outputs: [out] }) => ({
    flops: out.size * sizeOf(params.windowDimensions),
    transcendentals: 0,
  }),
  test: { cases: gatherCases, ulp: 0, order: 2 },
});

export const selectAndScatterAdd = definePrimitive<SelectParams>({
  name: "select_and_scatter_add",
  infer: inferScatter,
  evaluate: ([source, operand], params) => [evaluateScatter(source, operand, params)],
  jvp: jvpSelect("select_and_scatter_add"),
  transpose: transposeSelect("select_and_gather_add"),
  batch: batchSelect("select_and_scatter_add"),
  lower: lowerScatter,
  cost: ({ params, inputs: [source] }) => ({
    flops: source.size * (sizeOf(params.windowDimensions) + 1),
    transcendentals: 0,
  }),
  test: { cases: scatterCases, ulp: 64, order: 2 },
});
