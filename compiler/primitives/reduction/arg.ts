/** `argmax` and `argmin`: the place of the greatest or least element along one axis. */
import type { ArgParams } from "../../graph/operations.ts";
import { definePrimitive, notLinear, type Primitive, type ReduceLowering } from "../../graph/primitive.ts";
import type { RefTensor } from "../../graph/reference.ts";
import type { Expr } from "../../kernel/expr.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import { isFloating } from "../../types/dtype.ts";
import { WeftValueError } from "../../types/errors.ts";
import { type TensorType, tensorType } from "../../types/tensor-type.ts";
import { reader, tabulate } from "../reference-tensors.ts";
import { checkArity, formatShape } from "../typing.ts";
import { accumulationDType, identityOf } from "./monoid.ts";
import { argCases } from "./test-cases.ts";

type ArgName = "argmax" | "argmin";

function inferArg(
  name: ArgName,
  inputs: readonly TensorType[],
  { axis, indexDtype }: ArgParams,
): TensorType[] {
  checkArity(name, inputs, 1);
  const { shape } = inputs[0];
  if (!(Number.isInteger(axis) && axis >= 0 && axis < shape.length)) {
    throw new WeftValueError(`${name}: Invalid axis ${axis} for operand shape ${formatShape(shape)}`);
  }
  if (shape[axis] < 1) {
    throw new WeftValueError(
      `argmin and argmax require non-empty reduced dimension. operand.shape=${formatShape(shape)} axis=${axis}`,
    );
  }
  return [tensorType(indexDtype, withoutAxis(shape, axis))];
}

function withoutAxis<T>(list: readonly T[], axis: number): T[] {
  return list.filter((_, i) => i !== axis);
}

function evaluateArg(name: ArgName, x: RefTensor, { axis, indexDtype }: ArgParams): RefTensor {
  const { shape } = x.type;
  const at = reader(x);
  return tabulate(tensorType(indexDtype, withoutAxis(shape, axis)), (index) => {
    const elements = Array.from({ length: shape[axis] }, (_, k) => at(index.toSpliced(axis, 0, k)));
    const nan = elements.findIndex(Number.isNaN);
    if (nan >= 0) return nan;
    const best = elements.reduce((a, x) => (name === "argmax" ? Math.max(a, x) : Math.min(a, x)));
    // Not indexOf(Math.max(-0, 0)): comparison by === takes both zeros for equal, as the primitive does.
    return elements.indexOf(best);
  });
}

/**
 * Whether `value` displaces `best` in a fold from the first element to the last: strictly better, or the first NaN.
 * JAX and NumPy count NaN as both the greatest and the least element.
 */
export function displaces(s: ScalarOps, compare: "gt" | "lt", value: Expr, best: Expr): Expr {
  const better = s.binary(compare, value, best);
  if (!isFloating(value.dtype)) return better;
  return s.or(better, s.and(s.ne(value, value), s.eq(best, best)));
}

function lowerArg(name: ArgName): ReduceLowering<ArgParams> {
  const compare = name === "argmax" ? "gt" : "lt";
  const fn = name === "argmax" ? "max" : "min";
  return {
    kind: "reduce",
    search: fn,
    domain: ({ params, inputs }) => [inputs[0].shape[params.axis]],
    // Starting from the worst value at index 0 is right even where all elements are that value: the first wins.
    accumulators: ({ inputs: [x] }) => [
      { dtype: accumulationDType(x.dtype), init: identityOf(fn, x.dtype) },
      { dtype: "int32", init: 0 },
    ],
    combine(s, [best, place], [value, index]) {
      const take = displaces(s, compare, value, best);
      return [s.select(take, value, best), s.select(take, index, place)];
    },
    element(s, [x], i, [r], { params, inputs }) {
      const value = x([...i.slice(0, params.axis), r, ...i.slice(params.axis)]);
      return [s.convert(value, accumulationDType(inputs[0].dtype)), r];
    },
    finish: (s, [, place], _, { params }) => [s.convert(place, params.indexDtype)],
  };
}

function defineArg(name: ArgName): Primitive<ArgParams> {
  return definePrimitive<ArgParams>({
    name,
    infer: (inputs, params) => inferArg(name, inputs, params),
    evaluate: ([x], params) => [evaluateArg(name, x, params)],
    // An index does not move with its operand: the tangent is zero, as in JAX.
    jvp: (b, [x], _, params) => ({ outputs: [b.one(name, [x], params)], tangents: [null] }),
    transpose: notLinear(`${name} gives an index`),
    batch(b, [x], [dim], params) {
      const at = dim ?? 0;
      const before = params.axis < at;
      const out = b.one(name, [x], { ...params, axis: before ? params.axis : params.axis + 1 });
      return { outputs: [out], dims: [before ? at - 1 : at] };
    },
    lower: lowerArg(name),
    cost: ({ inputs }) => ({ flops: inputs[0].size, transcendentals: 0 }),
    test: { cases: argCases, ulp: 0, order: 1 },
  });
}

export const argmax = defineArg("argmax");
export const argmin = defineArg("argmin");
