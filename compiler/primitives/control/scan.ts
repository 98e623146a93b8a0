/** `scan`: a loop of known length with carried values, sliced operands and stacked results (jax.lax.scan). */
import type { ScanParams } from "../../graph/operations.ts";
import { definePrimitive } from "../../graph/primitive.ts";
import type { RefTensor } from "../../graph/reference.ts";
import { WeftTypeError, WeftValueError } from "../../types/errors.ts";
import { type TensorType, tensorType } from "../../types/tensor-type.ts";
import { formatType } from "../typing.ts";
import { scanBatch } from "./scan-batch.ts";
import { scanJvp, scanLinearize } from "./scan-derivatives.ts";
import { scanTranspose } from "./scan-transpose.ts";
import { checkCarry, checkOperands, typesOf } from "./subgraphs.ts";
import { scanCases } from "./test-cases.ts";

function infer(inputs: readonly TensorType[], params: ScanParams): TensorType[] {
  const { body, numConsts, numCarry, length, unroll } = params;
  if (!Number.isInteger(length) || length < 0) {
    throw new WeftValueError(`scan: length must be a non-negative integer, got ${length}`);
  }
  if (!Number.isInteger(unroll) || unroll < 1) {
    throw new WeftValueError(`scan: unroll must be a positive integer, got ${unroll}`);
  }
  const sliced = numConsts + numCarry;
  if (inputs.length < sliced) {
    throw new WeftTypeError(
      `scan takes at least ${sliced} operands (consts and carry), got ${inputs.length}`,
    );
  }
  checkLeading(inputs.slice(sliced), length);
  checkOperands("scan", body, [...inputs.slice(0, sliced), ...inputs.slice(sliced).map(sliceType)]);
  const results = typesOf(body.outputs);
  checkCarry("scan body function", inputs.slice(numConsts, sliced), results.slice(0, numCarry));
  return results.map((type, i) => (i < numCarry ? type : stackType(type, length)));
}

function checkLeading(xs: readonly TensorType[], length: number): void {
  const scalar = xs.find((type) => type.shape.length === 0);
  if (scalar !== undefined) {
    throw new WeftValueError(
      `scan got value with no leading axis to scan over: ${formatType(scalar)}. ` +
        "Pass it in the carry, or let the body close over it.",
    );
  }
  if (xs.every((type) => type.shape[0] === length)) return;
  const sizes = [...new Set(xs.map((type) => type.shape[0]))];
  throw new WeftValueError(
    sizes.length > 1
      ? `scan got values with different leading axis sizes: ${sizes.join(", ")}.`
      : `scan got \`length\` argument of ${length} which disagrees with leading axis sizes ${sizes.join(", ")}.`,
  );
}

/** The type of one slice along the leading axis. */
export function sliceType(type: TensorType): TensorType {
  return tensorType(type.dtype, type.shape.slice(1));
}

/** The type of `length` values stacked along a new leading axis. */
export function stackType(type: TensorType, length: number): TensorType {
  return tensorType(type.dtype, [length, ...type.shape]);
}

export const scan = definePrimitive<ScanParams>({
  name: "scan",
  infer,
  evaluate(inputs, params, context) {
    const { body, numConsts, numCarry, length, reverse } = params;
    const consts = inputs.slice(0, numConsts);
    const xs = inputs.slice(numConsts + numCarry);
    let carry = inputs.slice(numConsts, numConsts + numCarry);
    const ys = body.outputs.slice(numCarry).map(({ type }): RefTensor => {
      const stacked = stackType(type, length);
      return { type: stacked, data: new Float64Array(stacked.size) };
    });
    for (let step = 0; step < length; step++) {
      const at = reverse ? length - 1 - step : step;
      const slices = xs.map(({ type, data }): RefTensor => {
        const slice = sliceType(type);
        return { type: slice, data: data.slice(at * slice.size, (at + 1) * slice.size) };
      });
      const results = context.run(body, [...consts, ...carry, ...slices]);
      carry = results.slice(0, numCarry);
      for (const [i, y] of results.slice(numCarry).entries()) ys[i].data.set(y.data, at * y.type.size);
    }
    return [...carry, ...ys];
  },
  jvp: scanJvp,
  linearize: scanLinearize,
  transpose: scanTranspose,
  batch: scanBatch,
  lower: { kind: "structure" },
  cost: () => ({ flops: 0, transcendentals: 0 }),
  test: { cases: scanCases, order: 2 },
});
