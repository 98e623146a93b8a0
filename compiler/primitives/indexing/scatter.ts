/**
 * The scatter family: windows of updates are put into the operand, or combined with it, at indices given at run time
 * (lax.scatter, scatter_add, …). Index vectors are taken in row-major order, so that of several updates of one
 * element the last one stays; XLA leaves that order open, here it is the same everywhere.
 *
 * A window of which any part is out of bounds is dropped whole, as XLA does.
 */
import type { ScatterParams } from "../../graph/operations.ts";
import type {
  BatchRule,
  CustomLowering,
  JvpRule,
  LowerContext,
  Primitive,
  TestCase,
} from "../../graph/primitive.ts";
import { definePrimitive } from "../../graph/primitive.ts";
import type { RefTensor } from "../../graph/reference.ts";
import { wrapInteger } from "../../kernel/constants.ts";
import type { BufferParam, Expr } from "../../kernel/expr.ts";
import type { KernelBuilder } from "../../kernel/kernel-builder.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import { type DType, isFloating } from "../../types/dtype.ts";
import { rowMajorStrides } from "../../types/tensor-type.ts";
import { forEachIndex, reader } from "../reference-tensors.ts";
import { checkArity } from "../typing.ts";
import { batchScatter, type ScatterName } from "./batch.ts";
import { checkScatter, otherAxes, scatterWindowAxes, scatterWindowSizes } from "./dimensions.ts";
import { clampedStart, startIndex } from "./starts.ts";

/** How a scatter combines an element with its update: in the reference and in scalar code. */
interface Combination {
  reference(element: number, update: number, dtype: DType): number;
  lower(s: ScalarOps, element: Expr, update: Expr): Expr;
}

/** On bool, XLA's sum and maximum are `or`, its product and minimum are `and`. */
export const COMBINATIONS: { readonly [N in ScatterName]: Combination | null } = {
  scatter: null,
  scatter_add: {
    reference: (x, y, dtype) => (isFloating(dtype) ? x + y : wrapInteger(x + y, dtype)),
    lower: (s, x, y) => (x.dtype === "bool" ? s.or(x, y) : s.add(x, y)),
  },
  scatter_mul: {
    reference: (x, y, dtype) => (isFloating(dtype) ? x * y : wrapInteger(Math.imul(x, y), dtype)),
    lower: (s, x, y) => (x.dtype === "bool" ? s.and(x, y) : s.mul(x, y)),
  },
  scatter_min: {
    reference: (x, y) => Math.min(x, y),
    lower: (s, x, y) => (x.dtype === "bool" ? s.and(x, y) : s.min(x, y)),
  },
  scatter_max: {
    reference: (x, y) => Math.max(x, y),
    lower: (s, x, y) => (x.dtype === "bool" ? s.or(x, y) : s.max(x, y)),
  },
};

function evaluateScatter(
  [x, indices, updates]: readonly RefTensor[],
  p: ScatterParams,
  combination: Combination | null,
): RefTensor {
  const { shape, dtype } = x.type;
  const data = x.data.slice();
  const startAt = reader(indices);
  const updateAt = reader(updates);
  const strides = rowMajorStrides(shape);
  const sizes = scatterWindowSizes(shape, updates.type.shape, p);
  const windowAxes = scatterWindowAxes(shape.length, p);
  const scatterDims = otherAxes(updates.type.shape.length, p.updateWindowDims);
  forEachIndex(indices.type.shape.slice(0, -1), (vector) => {
    const start = shape.map(() => 0);
    for (const [k, axis] of p.scatterDimsToOperandDims.entries()) {
      const last = shape[axis] - sizes[axis];
      const value = startAt([...vector, k]);
      start[axis] = p.mode === "clip" ? Math.min(Math.max(value, 0), last) : value;
    }
    for (const [k, axis] of p.operandBatchingDims.entries()) {
      start[axis] = vector[p.scatterIndicesBatchingDims[k]];
    }
    if (start.some((n, axis) => n < 0 || n + sizes[axis] > shape[axis])) return;
    const updateIndex = updates.type.shape.map(() => 0);
    for (const [k, d] of scatterDims.entries()) updateIndex[d] = vector[k];
    forEachIndex(
      windowAxes.map((axis) => sizes[axis]),
      (window) => {
        const index = [...start];
        for (const [k, axis] of windowAxes.entries()) {
          index[axis] += window[k];
          updateIndex[p.updateWindowDims[k]] = window[k];
        }
        const to = index.reduce((sum, n, axis) => sum + n * strides[axis], 0);
        const update = updateAt(updateIndex);
        data[to] = combination === null ? update : combination.reference(data[to], update, dtype);
      },
    );
  });
  return { type: x.type, data };
}

/** Nested loops over `extents`; the body gets one index per extent. */
function loops(
  k: KernelBuilder,
  extents: readonly number[],
  name: string,
  body: (index: readonly Expr[]) => void,
  outer: readonly Expr[] = [],
): void {
  if (outer.length === extents.length) body(outer);
  else k.loop(extents[outer.length], (i) => loops(k, extents, name, body, [...outer, i]), { name });
}

function linearIndex(s: ScalarOps, index: readonly Expr[], strides: readonly number[]): Expr {
  return index.reduce((sum, i, axis) => s.add(sum, s.mul(i, s.int(strides[axis]))), s.int(0));
}

/** Stores one window: the loops inside are affine in their axes, from a base that is computed once. */
function storeWindow(
  k: KernelBuilder,
  s: ScalarOps,
  out: BufferParam,
  source: BufferParam,
  window: {
    readonly extents: readonly number[];
    readonly strides: readonly number[];
    readonly sourceStrides: readonly number[];
    readonly base: Expr;
    readonly sourceBase: Expr;
  },
  combination: Combination | null,
): void {
  loops(k, window.extents, "w", (w) => {
    const to = s.add(window.base, linearIndex(s, w, window.strides));
    const update = s.load(source, s.add(window.sourceBase, linearIndex(s, w, window.sourceStrides)));
    k.store(out, to, combination === null ? update : combination.lower(s, s.load(out, to), update));
  });
}

function buildScatter(
  k: KernelBuilder,
  s: ScalarOps,
  buffers: { inputs: readonly BufferParam[]; outputs: readonly BufferParam[] },
  { params: p, inputs }: LowerContext<ScatterParams>,
  combination: Combination | null,
): void {
  const [operand, indices, updates] = inputs;
  const [operandBuffer, indexBuffer, updateBuffer] = buffers.inputs;
  const [out] = buffers.outputs;
  if (operandBuffer !== out) {
    k.loop(operand.size, (i) => k.store(out, i, s.load(operandBuffer, i)), { name: "c" });
  }
  if (updates.size === 0) return;
  const { shape } = operand;
  const strides = rowMajorStrides(shape);
  const updateStrides = rowMajorStrides(updates.shape);
  const sizes = scatterWindowSizes(shape, updates.shape, p);
  const windowAxes = scatterWindowAxes(shape.length, p);
  const scatterDims = otherAxes(updates.shape.length, p.updateWindowDims);
  const vectors = indices.shape.slice(0, -1);
  const indexStrides = rowMajorStrides(indices.shape).slice(0, -1);
  loops(k, vectors, "v", (vector) => {
    const indexBase = linearIndex(s, vector, indexStrides);
    let base = s.int(0);
    let inBounds = s.bool(true);
    for (const [j, axis] of p.scatterDimsToOperandDims.entries()) {
      const last = shape[axis] - sizes[axis];
      const raw = s.load(indexBuffer, s.add(indexBase, s.int(j)));
      const value = p.mode === "clip" ? clampedStart(s, raw, last) : startIndex(s, raw);
      const start = s.local(k.let("start", value));
      if (p.mode !== "clip") {
        inBounds = s.and(inBounds, s.and(s.ge(start, s.int(0)), s.le(start, s.int(last))));
      }
      base = s.add(base, s.mul(start, s.int(strides[axis])));
    }
    for (const [j, axis] of p.operandBatchingDims.entries()) {
      base = s.add(base, s.mul(vector[p.scatterIndicesBatchingDims[j]], s.int(strides[axis])));
    }
    const sourceBase = linearIndex(
      s,
      vector,
      scatterDims.map((d) => updateStrides[d]),
    );
    const store = () =>
      storeWindow(
        k,
        s,
        out,
        updateBuffer,
        {
          extents: windowAxes.map((axis) => sizes[axis]),
          strides: windowAxes.map((axis) => strides[axis]),
          sourceStrides: p.updateWindowDims.map((d) => updateStrides[d]),
          base: s.local(k.let("base", base)),
          sourceBase,
        },
        combination,
      );
    if (inBounds.op === "const") store();
    else k.if(inBounds, store);
  });
}

function scatterLowering(combination: Combination | null): CustomLowering<ScatterParams> {
  return {
    kind: "custom",
    updates: [[0, 0]],
    build: (k, s, buffers, context) => buildScatter(k, s, buffers, context, combination),
  };
}

/** A member of the family: all rules but the derivatives are shared. */
export function scatterPrimitive(
  name: ScatterName,
  derivatives: { jvp: JvpRule<ScatterParams>; transpose: Primitive<ScatterParams>["transpose"] },
  cases: readonly TestCase<ScatterParams>[],
): Primitive<ScatterParams> {
  const combination = COMBINATIONS[name];
  const batch: BatchRule<ScatterParams> = (b, inputs, dims, params, { size }) =>
    batchScatter(name, b, inputs, dims, size, params);
  return definePrimitive<ScatterParams>({
    name,
    infer(inputs, params) {
      checkArity(name, inputs, 3);
      const [operand, indices, updates] = inputs;
      checkScatter(name, operand, indices, updates, params);
      return [operand];
    },
    evaluate: (inputs, params) => [evaluateScatter(inputs, params, combination)],
    ...derivatives,
    batch,
    lower: scatterLowering(combination),
    cost: ({ inputs }) => ({ flops: combination === null ? 0 : inputs[2].size, transcendentals: 0 }),
    test: { order: 1, cases },
  });
}
