/** `conv_general_dilated`: convolution (cross-correlation) over any number of spatial axes, in any layout, with groups. */
import type { Contraction, Coordinate } from "../../graph/contraction.ts";
import type { ConvParams } from "../../graph/operations.ts";
import { definePrimitive, type LowerContext, type ReduceLowering } from "../../graph/primitive.ts";
import type { RefTensor } from "../../graph/reference.ts";
import type { Expr } from "../../kernel/expr.ts";
import { computeDType } from "../../types/dtype.ts";
import { sizeOf, type TensorType, tensorType } from "../../types/tensor-type.ts";
import { accumulationDType, foldReference } from "../reduction/monoid.ts";
import { forEachIndex, reader, tabulate } from "../reference-tensors.ts";
import { checkArity, checkSameDtypes } from "../typing.ts";
import { dilated, lowerPosition, positionIn, type WindowAxis, windowCount } from "../window/geometry.ts";
import { convShape, convWindows } from "./conv-geometry.ts";
import { batchConv, jvpConv, transposeConv } from "./conv-rules.ts";
import { contractionDType, isExact, productReference } from "./element-types.ts";
import { convCases } from "./test-cases.ts";

function inferConv(inputs: readonly TensorType[], params: ConvParams): TensorType[] {
  checkArity("conv_general_dilated", inputs, 2);
  checkSameDtypes("conv_general_dilated", inputs);
  const [lhs, rhs] = inputs;
  const dtype = contractionDType("conv_general_dilated", lhs.dtype, params.preferredElementType);
  return [tensorType(dtype, convShape(lhs, rhs, params))];
}

/** How output features, input features and batches fall into groups. */
interface Groups {
  readonly featuresPerFeatureGroup: number;
  readonly featuresPerBatchGroup: number;
  readonly inputFeatures: number;
  readonly outBatch: number;
}

function groupsOf(lhs: TensorType, rhs: TensorType, params: ConvParams): Groups {
  const outFeatures = rhs.shape[params.rhsSpec[0]];
  return {
    featuresPerFeatureGroup: outFeatures / params.featureGroupCount,
    featuresPerBatchGroup: outFeatures / params.batchGroupCount,
    inputFeatures: rhs.shape[params.rhsSpec[1]],
    outBatch: lhs.shape[params.lhsSpec[0]] / params.batchGroupCount,
  };
}

function evaluateConv(lhs: RefTensor, rhs: RefTensor, params: ConvParams): RefTensor {
  const [outType] = inferConv([lhs.type, rhs.type], params);
  const { lhsSpec, rhsSpec, outSpec } = params;
  const windows = convWindows(lhs.type.shape, rhs.type.shape, params);
  const groups = groupsOf(lhs.type, rhs.type, params);
  const left = reader(lhs);
  const right = reader(rhs);
  const multiply = productReference(lhs.type.dtype, outType.dtype);
  const add = foldReference(outType.dtype === "bool" ? "or" : "add", outType.dtype);
  const domain = [groups.inputFeatures, ...windows.map((a) => a.window)];
  const l = new Array<number>(lhsSpec.length);
  const k = new Array<number>(rhsSpec.length);
  return tabulate(outType, (i) => {
    const feature = i[outSpec[1]];
    const featureGroup = Math.floor(feature / groups.featuresPerFeatureGroup);
    const batchGroup = Math.floor(feature / groups.featuresPerBatchGroup);
    l[lhsSpec[0]] = batchGroup * groups.outBatch + i[outSpec[0]];
    k[rhsSpec[0]] = feature;
    let acc = 0;
    forEachIndex(domain, (r) => {
      const [input] = r;
      l[lhsSpec[1]] = featureGroup * groups.inputFeatures + input;
      k[rhsSpec[1]] = input;
      for (let d = 0; d < windows.length; d++) {
        const position = positionIn(windows[d], i[outSpec[d + 2]], r[d + 1]);
        if (position === null) return;
        l[lhsSpec[d + 2]] = position;
        k[rhsSpec[d + 2]] = r[d + 1];
      }
      acc = add(acc, multiply(left(l), right(k)));
    });
    return acc;
  });
}

/** The kernel's axes but its output features, in the order they lie in memory: the order of the reduction. */
function reducedAxes(params: ConvParams): number[] {
  const [outFeature] = params.rhsSpec;
  return params.rhsSpec.map((_, axis) => axis).filter((axis) => axis !== outFeature);
}

/**
 * Positions of a spatial axis in the padded and dilated lhs: a window element is at stride · window + dilation ·
 * element of it.
 */
function windowCoordinate(a: WindowAxis, window: number, element: number): Coordinate {
  const [low] = a.padding;
  const extent = (windowCount(a) - 1) * a.stride + dilated(a.window, a.windowDilation);
  // Negative padding cuts elements off at either end.
  const first = Math.max(0, Math.ceil(-low / a.baseDilation));
  const start = low + first * a.baseDilation;
  const count = Math.min(a.extent - first, Math.ceil((extent - start) / a.baseDilation));
  const whole = start === 0 && a.baseDilation === 1 && count === extent;
  return {
    extent,
    terms: [
      { axis: window, step: a.stride },
      { axis: element, step: a.windowDilation },
    ],
    ...(whole ? {} : { valid: { start, step: a.baseDilation, count: Math.max(0, count) } }),
  };
}

/** Axes: group, batch, output features of a group, windows along each spatial axis, input features, window elements. */
function convContraction({
  params,
  inputs: [lhs, rhs],
  outputs: [out],
}: LowerContext<ConvParams>): Contraction {
  const { lhsSpec, rhsSpec, outSpec, featureGroupCount, batchGroupCount } = params;
  const windows = convWindows(lhs.shape, rhs.shape, params);
  const sizes = groupsOf(lhs, rhs, params);
  const groups = featureGroupCount * batchGroupCount;
  const [group, batch, feature, input] = [0, 1, 2, 3];
  const windowAxis = (d: number): number => 4 + d;
  const elementAxis = (d: number): number => 4 + windows.length + d;
  const whole = (extent: number, axis: number): Coordinate => ({ extent, terms: [{ axis, step: 1 }] });
  const grouped = (extent: number, of: number, axis: number, apply: boolean): Coordinate => ({
    extent,
    terms: [...(apply ? [{ axis: group, step: of }] : []), { axis, step: 1 }],
  });
  const left = new Array<Coordinate>(lhsSpec.length);
  const [lhsBatch, lhsFeatures] = [lhs.shape[lhsSpec[0]], lhs.shape[lhsSpec[1]]];
  left[lhsSpec[0]] = grouped(lhsBatch, sizes.outBatch, batch, batchGroupCount > 1);
  left[lhsSpec[1]] = grouped(lhsFeatures, sizes.inputFeatures, input, featureGroupCount > 1);
  const right = new Array<Coordinate>(rhsSpec.length);
  const outFeatures = rhs.shape[rhsSpec[0]];
  right[rhsSpec[0]] = grouped(outFeatures, outFeatures / groups, feature, groups > 1);
  right[rhsSpec[1]] = whole(sizes.inputFeatures, input);
  const result = new Array<readonly number[]>(outSpec.length);
  result[outSpec[0]] = [batch];
  result[outSpec[1]] = [group, feature];
  for (const [d, a] of windows.entries()) {
    left[lhsSpec[d + 2]] = windowCoordinate(a, windowAxis(d), elementAxis(d));
    right[rhsSpec[d + 2]] = whole(a.window, elementAxis(d));
    result[outSpec[d + 2]] = [windowAxis(d)];
  }
  const wide = accumulationDType(out.dtype);
  return {
    exact: isExact(params.precision),
    extents: [
      groups,
      sizes.outBatch,
      outFeatures / groups,
      sizes.inputFeatures,
      ...windows.map(windowCount),
      ...windows.map((a) => a.window),
    ],
    factors: [
      {
        coordinates: left,
        element(s, x, at) {
          const spatial = windows.map((_, d) => at[lhsSpec[d + 2]]);
          // A padded position is the only element of a window of its own.
          const single = windows.map((a): WindowAxis => ({ ...a, stride: 1, windowDilation: 1 }));
          const { index, inside } = lowerPosition(
            s,
            single,
            spatial,
            windows.map(() => s.int(0)),
          );
          const l = [...at];
          for (const [d, position] of index.entries()) l[lhsSpec[d + 2]] = position;
          return s.convert(s.guard(inside, x(l), s.const(0, computeDType(lhs.dtype))), wide);
        },
      },
      { coordinates: right, element: (s, x, at) => s.convert(x(at), wide) },
    ],
    result,
  };
}

const lowerConv: ReduceLowering<ConvParams> = {
  kind: "reduce",
  domain: ({ params, inputs }) => reducedAxes(params).map((axis) => inputs[1].shape[axis]),
  accumulators: ({ outputs: [out] }) => [{ dtype: accumulationDType(out.dtype), init: 0 }],
  combine: "add",
  contraction: convContraction,
  element(s, [lhs, rhs], i, r, { params, inputs, outputs }) {
    const { lhsSpec, rhsSpec, outSpec } = params;
    const windows = convWindows(inputs[0].shape, inputs[1].shape, params);
    const groups = groupsOf(inputs[0], inputs[1], params);
    const feature = i[outSpec[1]];
    const k = new Array<Expr>(rhsSpec.length);
    k[rhsSpec[0]] = feature;
    for (const [n, axis] of reducedAxes(params).entries()) k[axis] = r[n];
    const { index, inside } = lowerPosition(
      s,
      windows,
      windows.map((_, d) => i[outSpec[d + 2]]),
      windows.map((_, d) => k[rhsSpec[d + 2]]),
    );
    const l = new Array<Expr>(lhsSpec.length);
    const batchGroup = s.div(feature, s.int(groups.featuresPerBatchGroup));
    const featureGroup = s.div(feature, s.int(groups.featuresPerFeatureGroup));
    l[lhsSpec[0]] = s.add(s.mul(batchGroup, s.int(groups.outBatch)), i[outSpec[0]]);
    l[lhsSpec[1]] = s.add(s.mul(featureGroup, s.int(groups.inputFeatures)), k[rhsSpec[1]]);
    for (const [d, position] of index.entries()) l[lhsSpec[d + 2]] = position;
    const wide = accumulationDType(outputs[0].dtype);
    const value = s.guard(inside, lhs(l), s.const(0, computeDType(inputs[0].dtype)));
    return [s.mul(s.convert(value, wide), s.convert(rhs(k), wide))];
  },
  finish: (s, [acc], _, { outputs }) => [s.convert(acc, computeDType(outputs[0].dtype))],
};

export const convGeneralDilated = definePrimitive<ConvParams>({
  name: "conv_general_dilated",
  infer: inferConv,
  evaluate: ([lhs, rhs], params) => [evaluateConv(lhs, rhs, params)],
  jvp: jvpConv,
  transpose: transposeConv,
  batch: batchConv,
  lower: lowerConv,
  cost: ({ params, inputs: [, rhs], outputs: [out] }) => ({
    flops: 2 * out.size * sizeOf(reducedAxes(params).map((axis) => rhs.shape[axis])),
    transcendentals: 0,
  }),
  test: { cases: convCases, ulp: 64, order: 2 },
});
