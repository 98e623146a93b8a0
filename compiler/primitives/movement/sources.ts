/** Operations without operands: iota and constant. No transformation ever reaches their rules with an operand. */
import type { DenseTensor, Params } from "../../graph/graph.ts";
import { type Absent, type BatchRule, definePrimitive, notDifferentiable } from "../../graph/primitive.ts";
import { readElement } from "../../kernel/constants.ts";
import { computeDType, DTYPE_INFO, type DType } from "../../types/dtype.ts";
import { InternalError, WeftValueError } from "../../types/errors.ts";
import { tensorType } from "../../types/tensor-type.ts";
import { noCost } from "../linear.ts";
import { tabulate } from "../reference-tensors.ts";
import { checkArity, checkDtype, checkShape, formatShape, NUMERIC } from "../typing.ts";

function noOperands(name: string): { absent: Absent; batch: BatchRule<Params> } {
  return {
    absent: notDifferentiable(`${name} has no operands, so nothing it could be differentiated by`),
    batch: () => {
      throw new InternalError(`${name} has no operands to batch`);
    },
  };
}

const iotaRules = noOperands("iota");
const constantRules = noOperands("constant");

/** 0, 1, … along one axis, the same along the others (lax.broadcasted_iota). */
export const iota = definePrimitive<{
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly dimension: number;
}>({
  name: "iota",
  infer(inputs, { dtype, shape, dimension }) {
    checkArity("iota", inputs, 0);
    checkShape("iota", shape);
    const type = tensorType(dtype, shape);
    checkDtype("iota", type, NUMERIC);
    if (!(Number.isInteger(dimension) && dimension >= 0 && dimension < shape.length)) {
      throw new WeftValueError(
        `iota dimension must be between 0 and len(shape), got dimension=${dimension} for shape ${formatShape(shape)}`,
      );
    }
    return [type];
  },
  evaluate(_inputs, { dtype, shape, dimension }) {
    const { kind, bits } = DTYPE_INFO[dtype];
    // Counting wraps in narrow integers, as XLA's iota does.
    const wrap = (n: number) =>
      kind === "float"
        ? n
        : kind === "int"
          ? ((n + 2 ** (bits - 1)) % 2 ** bits) - 2 ** (bits - 1)
          : n % 2 ** bits;
    return [tabulate(tensorType(dtype, shape), (i) => wrap(i[dimension]))];
  },
  jvp: iotaRules.absent,
  transpose: iotaRules.absent,
  batch: iotaRules.batch,
  lower: {
    kind: "map",
    cost: "movement",
    element: (s, _inputs, i, { params }) => [s.convert(i[params.dimension], computeDType(params.dtype))],
  },
  cost: noCost,
  test: {
    order: 0,
    ulp: 0,
    cases: [
      { inputs: [], params: { dtype: "int32", shape: [7], dimension: 0 } },
      { inputs: [], params: { dtype: "float32", shape: [3, 5], dimension: 1 } },
      { inputs: [], params: { dtype: "float64", shape: [3, 5], dimension: 0 } },
      { inputs: [], params: { dtype: "uint32", shape: [2, 1, 3], dimension: 1 } },
      { inputs: [], params: { dtype: "uint8", shape: [300], dimension: 0 } },
      { inputs: [], params: { dtype: "int8", shape: [300], dimension: 0 } },
      { inputs: [], params: { dtype: "int16", shape: [0], dimension: 0 } },
      { inputs: [], params: { dtype: "float16", shape: [9], dimension: 0 } },
    ],
  },
});

/**
 * Dense data. Before lowering, `compiler/lowering` turns a constant into a constant buffer of the Program and treats
 * it as an input of the graph, so its own lowering is never asked for.
 */
export const constant = definePrimitive<{ readonly value: DenseTensor }>({
  name: "constant",
  infer(inputs, { value }) {
    checkArity("constant", inputs, 0);
    return [value.type];
  },
  evaluate(_inputs, { value }) {
    const { type, bytes } = value;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const width = DTYPE_INFO[type.dtype].bytes;
    return [
      {
        type,
        data: Float64Array.from({ length: type.size }, (_, i) => readElement(view, i * width, type.dtype)),
      },
    ];
  },
  jvp: constantRules.absent,
  transpose: constantRules.absent,
  batch: constantRules.batch,
  lower: {
    kind: "map",
    cost: "movement",
    element() {
      throw new InternalError("constants are buffers");
    },
  },
  cost: noCost,
  test: { order: 0 },
});
