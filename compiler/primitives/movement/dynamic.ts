/** dynamic_slice and dynamic_update_slice: windows whose start is known at run time, moved to fit as XLA does. */
import type { Builder } from "../../graph/builder.ts";
import type { Operand } from "../../graph/graph.ts";
import { type CustomLowering, definePrimitive, type TransposeInput } from "../../graph/primitive.ts";
import type { Expr } from "../../kernel/expr.ts";
import { isInteger } from "../../types/dtype.ts";
import { WeftTypeError } from "../../types/errors.ts";
import { rowMajorStrides, type Shape, type TensorType, tensorType } from "../../types/tensor-type.ts";
import { batchFirst } from "../batching.ts";
import { batchGather, batchScatter } from "../indexing/batch.ts";
import { clampedStart } from "../indexing/starts.ts";
import { inserted, isLinear, knownOperand, linearJvp, noCost, onlyCotangent, range } from "../linear.ts";
import { reader, tabulate } from "../reference-tensors.ts";
import { of } from "../test-operands.ts";
import { checkArity, checkSameDtypes, formatShape } from "../typing.ts";

function checkStarts(name: string, operand: TensorType, starts: readonly TensorType[]): void {
  if (starts.length !== operand.shape.length) {
    throw new WeftTypeError(
      `${name} start_indices must have length equal to the rank of operand, ` +
        `got ${starts.length} indices for operand shape ${formatShape(operand.shape)}.`,
    );
  }
  if (starts.some((t) => t.shape.length !== 0)) {
    const shapes = starts.map((t) => formatShape(t.shape)).join(", ");
    throw new WeftTypeError(
      `start_indices arguments to ${name} must be scalars, got indices of shapes ${shapes}`,
    );
  }
  if (starts.some((t) => t.dtype !== starts[0].dtype || !isInteger(t.dtype))) {
    throw new WeftTypeError(
      `index arguments to ${name} must be integers of the same type, got: ${starts.map((t) => t.dtype).join(", ")}`,
    );
  }
}

/** Starts moved so that a window of `sizes` fits into `shape`. */
function referenceStarts(shape: Shape, sizes: Shape, starts: readonly { data: Float64Array }[]): number[] {
  return starts.map(({ data }, axis) => Math.max(0, Math.min(data[0], shape[axis] - sizes[axis])));
}

/** Scalar starts, some of them batched, as index vectors: [n], or [size, n] with the batch axis first. */
function stackStarts(
  b: Builder,
  starts: readonly Operand[],
  dims: readonly (number | null)[],
  size: number,
): Operand {
  const columns = starts.map((x, k) => b.broadcastInDim(x, [size, 1], dims[k] === null ? [] : [0]));
  return columns.length === 1 ? columns[0] : b.one("concatenate", columns, { dimension: 1 });
}

function knownStarts(name: string, inputs: readonly TransposeInput[]): Operand[] {
  return inputs.map((x) => knownOperand(name, x));
}

/** A zero start index to put beside the others. */
function zeroStart(b: Builder, starts: readonly Operand[]): Operand {
  return b.literal(0, starts.length === 0 ? "int32" : starts[0].type.dtype);
}

/** (operand, start…) → the window of `sliceSizes` at the start (lax.dynamic_slice). */
export const dynamicSlice = definePrimitive<{ readonly sliceSizes: readonly number[] }>({
  name: "dynamic_slice",
  infer(inputs, { sliceSizes }) {
    checkArity("dynamic_slice", inputs, 1, "orMore");
    const [operand, ...starts] = inputs;
    const { shape } = operand;
    checkStarts("dynamic_slice", operand, starts);
    if (sliceSizes.length !== shape.length) {
      throw new WeftTypeError(
        "dynamic_slice slice_sizes must have length equal to the rank of operand, " +
          `got slice_sizes ${formatShape(sliceSizes)} for operand shape ${formatShape(shape)}.`,
      );
    }
    if (!sliceSizes.every((n, axis) => n <= shape[axis])) {
      throw new WeftTypeError(
        "slice slice_sizes must be less than or equal to operand shape, " +
          `got slice_sizes ${formatShape(sliceSizes)} for operand shape ${formatShape(shape)}.`,
      );
    }
    if (!sliceSizes.every((n) => Number.isInteger(n) && n >= 0)) {
      throw new WeftTypeError(
        `slice slice_sizes must be greater than or equal to zero, got slice_sizes of ${formatShape(sliceSizes)}.`,
      );
    }
    return [tensorType(operand.dtype, sliceSizes)];
  },
  evaluate([x, ...starts], { sliceSizes }) {
    const at = reader(x);
    const begin = referenceStarts(x.type.shape, sliceSizes, starts);
    return [tabulate(tensorType(x.type.dtype, sliceSizes), (i) => at(i.map((n, axis) => n + begin[axis])))];
  },
  jvp: linearJvp(1, (b, inputs, p) => b.one("dynamic_slice", inputs, p)),
  transpose(b, cotangents, [x, ...starts]) {
    const indices = knownStarts("dynamic_slice", starts);
    const ct = b.one("dynamic_update_slice", [b.zeros(x.type), onlyCotangent(cotangents), ...indices], {});
    return [ct, ...starts.map(() => null)];
  },
  batch(b, [x, ...starts], [dim, ...startDims], { sliceSizes }, { size }) {
    if (startDims.every((d) => d === null)) {
      const axis = dim ?? 0;
      const inputs = [x, ...inserted(starts, axis, zeroStart(b, starts))];
      const params = { sliceSizes: inserted(sliceSizes, axis, size) };
      return { outputs: [b.one("dynamic_slice", inputs, params)], dims: [axis] };
    }
    const axes = range(starts.length);
    return batchGather(b, [x, stackStarts(b, starts, startDims, size)], [dim, 0], {
      offsetDims: axes,
      collapsedSliceDims: [],
      startIndexMap: axes,
      operandBatchingDims: [],
      startIndicesBatchingDims: [],
      sliceSizes,
      mode: "clip",
      fillValue: null,
    });
  },
  lower: {
    kind: "map",
    cost: "movement",
    element(s, [x, ...starts], i, { params }) {
      const { shape } = x.type;
      return [
        x(
          i.map((n, axis) =>
            s.add(n, clampedStart(s, starts[axis]([]), shape[axis] - params.sliceSizes[axis])),
          ),
        ),
      ];
    },
  },
  cost: noCost,
  test: {
    order: 1,
    ulp: 0,
    cases: [
      { inputs: [of("float32", [7]), of("int32", [], [-3, 9])], params: { sliceSizes: [3] } },
      {
        inputs: [of("float64", [5, 6]), of("int32", [], [0, 4]), of("int32", [], [-1, 6])],
        params: { sliceSizes: [2, 3] },
      },
      {
        inputs: [of("float32", [4, 3]), of("uint8", [], [0, 9]), of("uint8", [], [0, 9])],
        params: { sliceSizes: [1, 3] },
      },
      { inputs: [of("float32", [4]), of("uint32", [], "any")], params: { sliceSizes: [2] } },
      { inputs: [of("float32", [])], params: { sliceSizes: [] } },
      { inputs: [of("float32", [4]), of("int32", [], [0, 3])], params: { sliceSizes: [0] } },
      { inputs: [of("int16", [6], "any"), of("int32", [], [0, 6])], params: { sliceSizes: [5] } },
      { inputs: [of("bool", [6], "bool"), of("int8", [], [-2, 6])], params: { sliceSizes: [4] } },
    ],
  },
});

/** Stores the update over its window of the operand. Trailing dimensions that it fills are one run of memory. */
const storeWindow: CustomLowering<Record<never, never>>["build"] = (
  k,
  s,
  { inputs, outputs: [out] },
  context,
) => {
  const [{ shape }, update] = context.inputs;
  const [, updateBuffer, ...startBuffers] = inputs;
  const sizes = update.shape;
  if (update.size === 0) return;
  const strides = rowMajorStrides(shape);
  let base: Expr = s.int(0);
  for (const [axis, buffer] of startBuffers.entries()) {
    const start = clampedStart(s, s.load(buffer, s.int(0)), shape[axis] - sizes[axis]);
    base = s.add(base, s.mul(start, s.int(strides[axis])));
  }
  const at = s.local(k.let("at", base));
  let run = Math.max(sizes.length - 1, 0);
  while (run > 0 && sizes[run] === shape[run]) run--;
  const updateStrides = rowMajorStrides(sizes);
  const walk = (axis: number, from: Expr, to: Expr): void => {
    if (axis < run) {
      k.loop(sizes[axis], (i) =>
        walk(
          axis + 1,
          s.add(from, s.mul(i, s.int(updateStrides[axis]))),
          s.add(to, s.mul(i, s.int(strides[axis]))),
        ),
      );
      return;
    }
    const length = sizes.slice(run).reduce((n, d) => n * d, 1);
    k.loop(length, (i) => k.store(out, s.add(to, i), s.load(updateBuffer, s.add(from, i))), {
      kind: "vector",
    });
  };
  walk(0, s.int(0), at);
};

/** (operand, update, start…) → the operand with the update in place of its window (lax.dynamic_update_slice). */
export const dynamicUpdateSlice = definePrimitive<Record<never, never>>({
  name: "dynamic_update_slice",
  infer(inputs) {
    checkArity("dynamic_update_slice", inputs, 2, "orMore");
    const [operand, update, ...starts] = inputs;
    const shapes = `got update shape ${formatShape(update.shape)} for operand shape ${formatShape(operand.shape)}.`;
    checkSameDtypes("dynamic_update_slice", [operand, update]);
    if (operand.shape.length !== update.shape.length) {
      throw new WeftTypeError(`dynamic_update_slice update must have the same rank as operand, ${shapes}`);
    }
    checkStarts("dynamic_update_slice", operand, starts);
    if (!update.shape.every((n, axis) => n <= operand.shape[axis])) {
      throw new WeftTypeError(
        `dynamic_update_slice update shape must be smaller than operand shape, ${shapes}`,
      );
    }
    return [operand];
  },
  evaluate([x, update, ...starts]) {
    const at = reader(x);
    const updateAt = reader(update);
    const sizes = update.type.shape;
    const begin = referenceStarts(x.type.shape, sizes, starts);
    return [
      tabulate(x.type, (i) => {
        const inner = i.map((n, axis) => n - begin[axis]);
        return inner.every((n, axis) => n >= 0 && n < sizes[axis]) ? updateAt(inner) : at(i);
      }),
    ];
  },
  jvp: linearJvp(2, (b, inputs) => b.one("dynamic_update_slice", inputs, {})),
  transpose(b, cotangents, [x, update, ...starts]) {
    const ct = onlyCotangent(cotangents);
    const indices = knownStarts("dynamic_update_slice", starts);
    return [
      isLinear(x) ? b.one("dynamic_update_slice", [ct, b.zeros(update.type), ...indices], {}) : null,
      isLinear(update) ? b.one("dynamic_slice", [ct, ...indices], { sliceSizes: update.type.shape }) : null,
      ...starts.map(() => null),
    ];
  },
  batch(b, [x, update, ...starts], [dim, updateDim, ...startDims], _params, { size }) {
    if (startDims.every((d) => d === null)) {
      const operands = [batchFirst(b, x, dim, size), batchFirst(b, update, updateDim, size)];
      const inputs = [...operands, zeroStart(b, starts), ...starts];
      return { outputs: [b.one("dynamic_update_slice", inputs, {})], dims: [0] };
    }
    const axes = range(starts.length);
    const inputs = [x, stackStarts(b, starts, startDims, size), update];
    return batchScatter("scatter", b, inputs, [dim, 0, updateDim], size, {
      updateWindowDims: axes,
      insertedWindowDims: [],
      scatterDimsToOperandDims: axes,
      operandBatchingDims: [],
      scatterIndicesBatchingDims: [],
      indicesAreSorted: true,
      uniqueIndices: true,
      mode: "clip",
    });
  },
  lower: {
    kind: "map",
    cost: "movement",
    update: { kind: "custom", updates: [[0, 0]], build: storeWindow },
    element(s, [x, update, ...starts], i) {
      if (update.type.size === 0) return [x(i)];
      const { shape } = x.type;
      const sizes = update.type.shape;
      let inside = s.bool(true);
      const inner = i.map((n, axis) => {
        const at = s.sub(n, clampedStart(s, starts[axis]([]), shape[axis] - sizes[axis]));
        inside = s.and(inside, s.and(s.ge(at, s.int(0)), s.lt(at, s.int(sizes[axis]))));
        return at;
      });
      return [s.guard(inside, update(inner), x(i))];
    },
  },
  cost: noCost,
  test: {
    order: 1,
    ulp: 0,
    cases: [
      { inputs: [of("float32", [7]), of("float32", [3]), of("int32", [], [-3, 9])], params: {} },
      {
        inputs: [
          of("float64", [4, 5]),
          of("float64", [2, 5]),
          of("int32", [], [0, 4]),
          of("int32", [], [-1, 3]),
        ],
        params: {},
      },
      {
        inputs: [
          of("float32", [3, 3]),
          of("float32", [1, 2]),
          of("uint32", [], [0, 5]),
          of("uint32", [], [0, 5]),
        ],
        params: {},
      },
      { inputs: [of("float32", []), of("float32", [])], params: {} },
      { inputs: [of("float32", [5]), of("float32", [0]), of("int32", [], [0, 4])], params: {} },
      { inputs: [of("float32", [0]), of("float32", [0]), of("int32", [], [0, 4])], params: {} },
      { inputs: [of("uint8", [5], "any"), of("uint8", [2], "any"), of("int16", [], [-1, 6])], params: {} },
      { inputs: [of("bool", [5], "bool"), of("bool", [2], "bool"), of("int32", [], [0, 4])], params: {} },
    ],
  },
});
