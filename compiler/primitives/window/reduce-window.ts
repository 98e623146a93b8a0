/** `reduce_window_sum`, `_prod`, `_max`, `_min`: a fold over the elements of every window. */
import type { Builder } from "../../graph/builder.ts";
import type { Operand } from "../../graph/graph.ts";
import type { PrimitiveName } from "../../graph/names.ts";
import type { WindowParams } from "../../graph/operations.ts";
import {
  type Absent,
  definePrimitive,
  type JvpRule,
  notLinear,
  type Primitive,
  type ReduceLowering,
  type TransposeRule,
} from "../../graph/primitive.ts";
import type { RefTensor } from "../../graph/reference.ts";
import { computeDType } from "../../types/dtype.ts";
import { sizeOf, type TensorType, tensorType } from "../../types/tensor-type.ts";
import { productTangent } from "../reduction/gradients.ts";
import { accumulationDType, foldReference, identityOf, type MonoidFn } from "../reduction/monoid.ts";
import { forEachIndex, reader, tabulate } from "../reference-tensors.ts";
import { ANY_DTYPE, checkArity, checkDtype, type DTypeFamily, NUMERIC } from "../typing.ts";
import {
  bumpWindow,
  checkWindow,
  dilated,
  lowerPosition,
  positionIn,
  transposedPadding,
  windowAxes,
  windowOutputShape,
} from "./geometry.ts";
import { windowCases } from "./test-cases.ts";

type ReduceWindowName = Extract<PrimitiveName, `reduce_window_${string}`>;

interface ReduceWindowSpec {
  readonly name: ReduceWindowName;
  readonly fn: MonoidFn;
  readonly accepts: DTypeFamily;
  readonly jvp: JvpRule<WindowParams>;
  readonly transpose: TransposeRule<WindowParams> | Absent;
  readonly ulp: number;
}

function inferWindow(
  spec: ReduceWindowSpec,
  inputs: readonly TensorType[],
  params: WindowParams,
): TensorType[] {
  checkArity(spec.name, inputs, 1);
  const [operand] = inputs;
  checkDtype(spec.name, operand, spec.accepts);
  checkWindow(spec.name, operand.shape, params);
  return [tensorType(operand.dtype, windowOutputShape(operand.shape, params))];
}

function evaluateWindow(fn: MonoidFn, x: RefTensor, params: WindowParams): RefTensor {
  const { dtype, shape } = x.type;
  const axes = windowAxes(shape, params);
  const at = reader(x);
  const fold = foldReference(fn, dtype);
  return tabulate(tensorType(dtype, windowOutputShape(shape, params)), (i) => {
    let acc = identityOf(fn, dtype);
    forEachIndex(params.windowDimensions, (r) => {
      const index: number[] = [];
      for (const [axis, a] of axes.entries()) {
        const position = positionIn(a, i[axis], r[axis]);
        if (position === null) return;
        index.push(position);
      }
      acc = fold(acc, at(index));
    });
    return acc;
  });
}

function lowerWindow(fn: MonoidFn): ReduceLowering<WindowParams> {
  return {
    kind: "reduce",
    domain: ({ params }) => params.windowDimensions,
    accumulators: ({ inputs: [x] }) => [{ dtype: accumulationDType(x.dtype), init: identityOf(fn, x.dtype) }],
    combine: fn,
    element(s, [x], i, r, { params, inputs }) {
      const { dtype, shape } = inputs[0];
      const { index, inside } = lowerPosition(s, windowAxes(shape, params), i, r);
      const value = s.guard(inside, x(index), s.const(identityOf(fn, dtype), computeDType(dtype)));
      return [s.convert(value, accumulationDType(dtype))];
    },
    finish: (s, [acc], _, { outputs }) => [s.convert(acc, computeDType(outputs[0].dtype))],
  };
}

function defineReduceWindow(spec: ReduceWindowSpec): Primitive<WindowParams> {
  const { name, fn } = spec;
  return definePrimitive<WindowParams>({
    name,
    infer: (inputs, params) => inferWindow(spec, inputs, params),
    evaluate: ([x], params) => [evaluateWindow(fn, x, params)],
    jvp: spec.jvp,
    transpose: spec.transpose,
    batch(b, [x], [dim], params) {
      const at = dim ?? 0;
      return { outputs: [b.one(name, [x], bumpWindow(params, at))], dims: [at] };
    },
    lower: lowerWindow(fn),
    cost: ({ params, outputs }) => ({
      flops: outputs[0].size * sizeOf(params.windowDimensions),
      transcendentals: 0,
    }),
    test: { cases: windowCases(fn), ulp: spec.ulp, order: 2 },
  });
}

const jvpSum: JvpRule<WindowParams> = (b, [x], [t], params) => ({
  outputs: [b.one("reduce_window_sum", [x], params)],
  tangents: [t && b.one("reduce_window_sum", [t], params)],
});

/**
 * A sum over windows of the cotangent, whose own padding and base dilation stand for the pad in JAX's
 * `_reduce_window_sum_transpose_rule`: the strides of the one become the base dilation of the other.
 */
const transposeSum: TransposeRule<WindowParams> = (b, [ct], [x], params) => {
  if (ct === null) return [null];
  const padding = windowAxes(x.type.shape, params).map((a, axis) =>
    transposedPadding(a, ct.type.shape[axis]),
  );
  const transposed: WindowParams = {
    windowDimensions: params.windowDimensions,
    windowStrides: params.baseDilation,
    padding,
    baseDilation: params.windowStrides,
    windowDilation: params.windowDilation,
  };
  return [b.one("reduce_window_sum", [ct], transposed)];
};

function jvpChooser(name: "reduce_window_max" | "reduce_window_min"): JvpRule<WindowParams> {
  const select = name === "reduce_window_max" ? "max" : "min";
  return (b, [x], [t], params) => ({
    outputs: [b.one(name, [x], params)],
    tangents: [t && b.one("select_and_gather_add", [t, x], { select, ...params })],
  });
}

/** The tangent of a product of the windows laid side by side along a new first axis. JAX has no rule here. */
const jvpProd: JvpRule<WindowParams> = (b, [x], [t], params) => ({
  outputs: [b.one("reduce_window_prod", [x], params)],
  tangents: [t && productTangent(b, stackWindows(b, x, params, 1), stackWindows(b, t, params, 0), [0])],
});

/** [windows' size, ...output shape]: element r of every window. `fill` stands in the padding and the holes. */
function stackWindows(b: Builder, x: Operand, params: WindowParams, fill: number): Operand {
  const { dtype, shape } = x.type;
  const padded = b.one("pad", [x, b.literal(fill, dtype)], {
    paddingConfig: params.padding.map(
      ([low, high], axis) => [low, high, params.baseDilation[axis] - 1] as const,
    ),
  });
  const out = windowOutputShape(shape, params);
  const layers: Operand[] = [];
  if (sizeOf(out) === 0) return b.zeros(tensorType(dtype, [sizeOf(params.windowDimensions), ...out]));
  forEachIndex(params.windowDimensions, (r) => {
    const startIndices = r.map((k, axis) => k * params.windowDilation[axis]);
    const layer = b.one("slice", [padded], {
      startIndices,
      limitIndices: startIndices.map((start, axis) => start + dilated(out[axis], params.windowStrides[axis])),
      strides: params.windowStrides,
    });
    layers.push(b.reshape(layer, [1, ...out]));
  });
  return layers.length === 1 ? layers[0] : b.one("concatenate", layers, { dimension: 0 });
}

export const reduceWindowSum = defineReduceWindow({
  name: "reduce_window_sum",
  fn: "add",
  accepts: NUMERIC,
  jvp: jvpSum,
  transpose: transposeSum,
  ulp: 64,
});

export const reduceWindowProd = defineReduceWindow({
  name: "reduce_window_prod",
  fn: "mul",
  accepts: NUMERIC,
  jvp: jvpProd,
  transpose: notLinear("reduce_window_prod is a product of its operand's elements"),
  ulp: 64,
});

export const reduceWindowMax = defineReduceWindow({
  name: "reduce_window_max",
  fn: "max",
  accepts: ANY_DTYPE,
  jvp: jvpChooser("reduce_window_max"),
  transpose: notLinear("reduce_window_max chooses elements by their values"),
  ulp: 0,
});

export const reduceWindowMin = defineReduceWindow({
  name: "reduce_window_min",
  fn: "min",
  accepts: ANY_DTYPE,
  jvp: jvpChooser("reduce_window_min"),
  transpose: notLinear("reduce_window_min chooses elements by their values"),
  ulp: 0,
});
