/** `reduce_sum`, `reduce_prod`, `reduce_max`, `reduce_min`, `reduce_and`, `reduce_or`: folds over a set of axes. */
import type { PrimitiveName } from "../../graph/names.ts";
import {
  type Absent,
  definePrimitive,
  type JvpRule,
  notDifferentiable,
  notLinear,
  type Primitive,
  type ReduceLowering,
  type TestCase,
  type TransposeRule,
} from "../../graph/primitive.ts";
import type { RefTensor } from "../../graph/reference.ts";
import { computeDType } from "../../types/dtype.ts";
import { WeftValueError } from "../../types/errors.ts";
import { rowMajorStrides, type TensorType, tensorType } from "../../types/tensor-type.ts";
import { forEachIndex } from "../reference-tensors.ts";
import {
  ANY_DTYPE,
  BOOL_OR_INTEGER,
  checkArity,
  checkDtype,
  type DTypeFamily,
  formatShape,
  formatType,
  NUMERIC,
} from "../typing.ts";
import { ascending, bumpAxes, interleaveIndex, keptAxes } from "./axes.ts";
import { chooserTangent, productTangent } from "./gradients.ts";
import { accumulationDType, filledWith, foldReference, identityOf, type MonoidFn } from "./monoid.ts";
import { chooserCases, logicalCases, prodCases, reduceCases } from "./test-cases.ts";

export type AxesParams = { readonly axes: readonly number[] };

type ReduceName = Extract<PrimitiveName, `reduce_${"sum" | "prod" | "max" | "min" | "and" | "or"}`>;

interface ReduceSpec {
  readonly name: ReduceName;
  readonly fn: MonoidFn;
  readonly accepts: DTypeFamily;
  readonly jvp: JvpRule<AxesParams> | Absent;
  readonly transpose: TransposeRule<AxesParams> | Absent;
  readonly cases: readonly TestCase<AxesParams>[];
  readonly ulp: number;
  readonly order: 0 | 1 | 2;
}

function inferReduce(spec: ReduceSpec, inputs: readonly TensorType[], { axes }: AxesParams): TensorType[] {
  checkArity(spec.name, inputs, 1);
  const [operand] = inputs;
  checkDtype(spec.name, operand, spec.accepts);
  if (new Set(axes).size !== axes.length) {
    throw new WeftValueError(`${spec.name}: duplicate value in 'axes' of reduction: ${formatShape(axes)}`);
  }
  const rank = operand.shape.length;
  if (!axes.every((a) => Number.isInteger(a) && a >= 0 && a < rank)) {
    throw new WeftValueError(
      `${spec.name}: reduction axes ${formatShape(axes)} contains out-of-bounds indices for ${formatType(operand)}.`,
    );
  }
  return [
    tensorType(
      operand.dtype,
      operand.shape.filter((_, axis) => !axes.includes(axis)),
    ),
  ];
}

/** Folds every element into the output element it belongs to. */
function evaluateReduce(fn: MonoidFn, x: RefTensor, axes: readonly number[]): RefTensor {
  const { dtype, shape } = x.type;
  const kept = keptAxes(shape.length, axes);
  const result = filledWith(
    tensorType(
      dtype,
      kept.map((axis) => shape[axis]),
    ),
    identityOf(fn, dtype),
  );
  const strides = rowMajorStrides(result.type.shape);
  const fold = foldReference(fn, dtype);
  let at = 0;
  forEachIndex(shape, (index) => {
    let to = 0;
    for (let k = 0; k < kept.length; k++) to += index[kept[k]] * strides[k];
    result.data[to] = fold(result.data[to], x.data[at++]);
  });
  return result;
}

function lowerReduce(fn: MonoidFn): ReduceLowering<AxesParams> {
  return {
    kind: "reduce",
    domain: ({ params, inputs }) => ascending(params.axes).map((axis) => inputs[0].shape[axis]),
    accumulators: ({ inputs: [x] }) => [{ dtype: accumulationDType(x.dtype), init: identityOf(fn, x.dtype) }],
    combine: fn,
    element(s, [x], i, r, { params, inputs }) {
      const value = x(interleaveIndex(inputs[0].shape.length, params.axes, i, r));
      return [s.convert(value, accumulationDType(inputs[0].dtype))];
    },
    finish: (s, [acc], _, { outputs }) => [s.convert(acc, computeDType(outputs[0].dtype))],
  };
}

function defineReduce(spec: ReduceSpec): Primitive<AxesParams> {
  return definePrimitive<AxesParams>({
    name: spec.name,
    infer: (inputs, params) => inferReduce(spec, inputs, params),
    evaluate: ([x], { axes }) => [evaluateReduce(spec.fn, x, axes)],
    jvp: spec.jvp,
    transpose: spec.transpose,
    batch(b, [x], [dim], { axes }) {
      const at = dim ?? 0;
      const out = b.one(spec.name, [x], { axes: bumpAxes(axes, at) });
      return { outputs: [out], dims: [at - axes.filter((axis) => axis < at).length] };
    },
    lower: lowerReduce(spec.fn),
    cost: ({ inputs }) => ({ flops: inputs[0].size, transcendentals: 0 }),
    test: { cases: spec.cases, ulp: spec.ulp, order: spec.order },
  });
}

const jvpSum: JvpRule<AxesParams> = (b, [x], [t], params) => ({
  outputs: [b.one("reduce_sum", [x], params)],
  tangents: [t && b.one("reduce_sum", [t], params)],
});

/** The cotangent, repeated along the axes that were summed. */
const transposeSum: TransposeRule<AxesParams> = (b, [ct], [x], { axes }) => {
  const { shape } = x.type;
  return [ct && b.broadcastInDim(ct, shape, keptAxes(shape.length, axes))];
};

const jvpProd: JvpRule<AxesParams> = (b, [x], [t], params) => ({
  outputs: [b.one("reduce_prod", [x], params)],
  tangents: [t && productTangent(b, x, t, params.axes)],
});

function jvpChooser(name: "reduce_max" | "reduce_min"): JvpRule<AxesParams> {
  return (b, [x], [t], params) => {
    const out = b.one(name, [x], params);
    // Over nothing the result is the identity, whatever the operand; the mean over no places would be 0/0.
    const empty = params.axes.some((axis) => x.type.shape[axis] === 0);
    return { outputs: [out], tangents: [t && !empty ? chooserTangent(b, x, out, t, params.axes) : null] };
  };
}

const integersOnly = (name: string) => notDifferentiable(`${name} takes only integers and bool`);

export const reduceSum = defineReduce({
  name: "reduce_sum",
  fn: "add",
  accepts: NUMERIC,
  jvp: jvpSum,
  transpose: transposeSum,
  cases: reduceCases,
  ulp: 64,
  order: 2,
});

export const reduceProd = defineReduce({
  name: "reduce_prod",
  fn: "mul",
  accepts: NUMERIC,
  jvp: jvpProd,
  transpose: notLinear("reduce_prod is a product of its operand's elements"),
  cases: prodCases,
  ulp: 64,
  order: 2,
});

export const reduceMax = defineReduce({
  name: "reduce_max",
  fn: "max",
  accepts: ANY_DTYPE,
  jvp: jvpChooser("reduce_max"),
  transpose: notLinear("reduce_max chooses elements by their values"),
  cases: chooserCases,
  ulp: 0,
  order: 2,
});

export const reduceMin = defineReduce({
  name: "reduce_min",
  fn: "min",
  accepts: ANY_DTYPE,
  jvp: jvpChooser("reduce_min"),
  transpose: notLinear("reduce_min chooses elements by their values"),
  cases: chooserCases,
  ulp: 0,
  order: 2,
});

export const reduceAnd = defineReduce({
  name: "reduce_and",
  fn: "and",
  accepts: BOOL_OR_INTEGER,
  jvp: integersOnly("reduce_and"),
  transpose: integersOnly("reduce_and"),
  cases: logicalCases,
  ulp: 0,
  order: 0,
});

export const reduceOr = defineReduce({
  name: "reduce_or",
  fn: "or",
  accepts: BOOL_OR_INTEGER,
  jvp: integersOnly("reduce_or"),
  transpose: integersOnly("reduce_or"),
  cases: logicalCases,
  ulp: 0,
  order: 0,
});
