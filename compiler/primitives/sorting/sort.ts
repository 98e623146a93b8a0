/**
 * sort: several tensors of one shape, sorted together along one axis by the first of them (lax.sort).
 *
 * Always stable. Floats are ordered as JAX orders them: -inf … inf, then NaN; -0 and +0 are equal, all NaNs are.
 */
import { definePrimitive, notLinear } from "../../graph/primitive.ts";
import { WeftTypeError, WeftValueError } from "../../types/errors.ts";
import { rowMajorStrides } from "../../types/tensor-type.ts";
import { alignBatched } from "../batching.ts";
import { otherAxes } from "../indexing/dimensions.ts";
import { forEachIndex, reader } from "../reference-tensors.ts";
import { checkArity, checkAxis, formatShape } from "../typing.ts";
import { SORT_CASES } from "./cases.ts";
import { gpuSort } from "./gpu-sort.ts";
import { buildSort, sortScratch, sortsInParts } from "./sort-rows.ts";

export type SortParams = {
  readonly dimension: number;
  readonly isStable: boolean;
  readonly numKeys: number;
};

/** Order of two keys: negative, 0 or positive. */
function compareKeys(x: number, y: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
  return x < y ? -1 : x > y ? 1 : 0;
}

export const sort = definePrimitive<SortParams>({
  name: "sort",
  infer(inputs, { dimension, numKeys }) {
    checkArity("sort", inputs, 1, "orMore");
    if (inputs.some((t) => formatShape(t.shape) !== formatShape(inputs[0].shape))) {
      const shapes = inputs.map((t) => formatShape(t.shape)).join(" ");
      throw new WeftTypeError(`Arguments to sort must have equal shapes, got: ${shapes}`);
    }
    checkAxis("sort", dimension, inputs[0], "dimension");
    if (!(Number.isInteger(numKeys) && numKeys >= 1 && numKeys <= inputs.length)) {
      throw new WeftValueError(
        `num_keys=${numKeys} must be between 1 and the number of operands, ${inputs.length}`,
      );
    }
    return [...inputs];
  },
  evaluate(inputs, { dimension, numKeys }) {
    const { shape } = inputs[0].type;
    const stride = rowMajorStrides(shape)[dimension];
    const outputs = inputs.map((x) => ({ type: x.type, data: x.data.slice() }));
    const positions = reader({
      type: inputs[0].type,
      data: Float64Array.from({ length: inputs[0].type.size }, (_, i) => i),
    });
    const rows = shape.map((n, axis) => (axis === dimension ? Math.min(n, 1) : n));
    forEachIndex(rows, (row) => {
      const first = positions(row);
      const order = Array.from({ length: shape[dimension] }, (_, j) => first + j * stride);
      const sorted = [...order].sort((p, q) => {
        for (const { data } of inputs.slice(0, numKeys)) {
          const sign = compareKeys(data[p], data[q]);
          if (sign !== 0) return sign;
        }
        return 0;
      });
      for (const [k, { data }] of inputs.entries()) {
        for (const [j, to] of order.entries()) outputs[k].data[to] = data[sorted[j]];
      }
    });
    return outputs;
  },
  jvp(b, primals, tangents, p) {
    const { shape } = primals[0].type;
    const positions = b.iota("int32", shape, p.dimension);
    const sorted = b.emit("sort", [...primals, positions], p);
    const indices = b.reshape(sorted[primals.length], [...shape, 1]);
    const batching = otherAxes(shape.length, [p.dimension]);
    const take = {
      offsetDims: [],
      collapsedSliceDims: [p.dimension],
      startIndexMap: [p.dimension],
      operandBatchingDims: batching,
      startIndicesBatchingDims: batching,
      sliceSizes: shape.map((n, axis) => (axis === p.dimension ? 1 : Math.min(n, 1))),
      mode: "promiseInBounds" as const,
      fillValue: null,
    };
    return {
      outputs: sorted.slice(0, primals.length),
      tangents: tangents.map((t) => (t === null ? null : b.one("gather", [t, indices], take))),
    };
  },
  transpose: notLinear("sort is not linear in its operands; its derivative is made of gather"),
  batch(b, inputs, dims, p, { size }) {
    const aligned = alignBatched(b, inputs, dims, size);
    const dimension = p.dimension < aligned.dim ? p.dimension : p.dimension + 1;
    const outputs = b.emit("sort", aligned.inputs, { ...p, dimension });
    return { outputs, dims: outputs.map(() => aligned.dim) };
  },
  lower: {
    kind: "custom",
    // Each row is read whole before any of it is written.
    inPlace: [[0, 0]],
    scratch: (context) => sortScratch(context),
    build: (k, s, buffers, context) => buildSort(k, s, buffers, context),
    alone: (context) =>
      sortsInParts(context)
        ? {
            scratch: (own) => sortScratch(own, "alone"),
            build: (k, s, buffers, own) => buildSort(k, s, buffers, own, "alone"),
          }
        : null,
    gpu: gpuSort,
  },
  cost: ({ inputs, params }) => {
    const [{ shape, size }] = inputs;
    const passes = Math.ceil(Math.log2(Math.max(shape[params.dimension], 2)));
    return { flops: size * passes * params.numKeys, transcendentals: 0 };
  },
  test: { order: 1, ulp: 0, cases: SORT_CASES },
});
