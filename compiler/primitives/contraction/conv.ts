/** `conv_general_dilated`: convolution (cross-correlation) over any number of spatial axes, in any layout, with groups. */
import type { ConvParams } from "../../graph/operations.ts";
import { definePrimitive, type ReduceLowering } from "../../graph/primitive.ts";
import type { RefTensor } from "../../graph/reference.ts";
import type { Expr } from "../../kernel/expr.ts";
import { computeDType } from "../../types/dtype.ts";
import { sizeOf, type TensorType, tensorType } from "../../types/tensor-type.ts";
import { accumulationDType, foldReference } from "../reduction/monoid.ts";
import { forEachIndex, reader, tabulate } from "../reference-tensors.ts";
import { checkArity, checkSameDtypes } from "../typing.ts";
import { lowerPosition, positionIn } from "../window/geometry.ts";
import { convShape, convWindows } from "./conv-geometry.ts";
import { batchConv, jvpConv, transposeConv } from "./conv-rules.ts";
import { contractionDType, productReference } from "./element-types.ts";
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

const lowerConv: ReduceLowering<ConvParams> = {
  kind: "reduce",
  domain: ({ params, inputs }) => reducedAxes(params).map((axis) => inputs[1].shape[axis]),
  accumulators: ({ outputs: [out] }) => [{ dtype: accumulationDType(out.dtype), init: 0 }],
  combine: "add",
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
