/** The kernels of the scatter family: in order on one processor, and side by side on a GPU. */
import type { ScatterParams } from "../../graph/operations.ts";
import type { CustomBuffers, GpuForm, GpuKernelForm, LowerContext } from "../../graph/primitive.ts";
import type { AxisKind, BufferParam, Expr } from "../../kernel/expr.ts";
import type { KernelBuilder } from "../../kernel/kernel-builder.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import { rowMajorStrides } from "../../types/tensor-type.ts";
import { mergeSorted } from "../sorting/gpu-sort.ts";
import { otherAxes, scatterWindowAxes, scatterWindowSizes } from "./dimensions.ts";
import { clampedStart, startIndex } from "./starts.ts";

/** What an element becomes with its update; null: the update. */
type Combine = (s: ScalarOps, element: Expr, update: Expr) => Expr;

/** Nested loops over `extents`; the body gets one index per extent. */
function loops(
  k: KernelBuilder,
  extents: readonly number[],
  name: string,
  body: (index: readonly Expr[]) => void,
  outer: readonly Expr[] = [],
  kind: AxisKind = "serial",
): void {
  if (outer.length === extents.length) body(outer);
  else
    k.loop(extents[outer.length], (i) => loops(k, extents, name, body, [...outer, i], kind), { name, kind });
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
  combine: Combine | null,
): void {
  loops(k, window.extents, "w", (w) => {
    const to = s.add(window.base, linearIndex(s, w, window.strides));
    const update = s.load(source, s.add(window.sourceBase, linearIndex(s, w, window.sourceStrides)));
    k.store(out, to, combine === null ? update : combine(s, s.load(out, to), update));
  });
}

/** A scatter's index vectors and windows, as index arithmetic. */
class Windows {
  readonly #p: ScatterParams;
  readonly #shape: readonly number[];
  readonly #sizes: readonly number[];
  readonly #strides: readonly number[];
  readonly #updateStrides: readonly number[];
  readonly #axes: readonly number[];
  readonly #indexStrides: readonly number[];
  readonly #scatterDims: readonly number[];
  /** Extents of the axes that count the index vectors. */
  readonly vectors: readonly number[];

  constructor({ params, inputs }: LowerContext<ScatterParams>) {
    const [operand, indices, updates] = inputs;
    this.#p = params;
    this.#shape = operand.shape;
    this.#sizes = scatterWindowSizes(operand.shape, updates.shape, params);
    this.#strides = rowMajorStrides(operand.shape);
    this.#updateStrides = rowMajorStrides(updates.shape);
    this.#axes = scatterWindowAxes(operand.shape.length, params);
    this.vectors = indices.shape.slice(0, -1);
    this.#indexStrides = rowMajorStrides(indices.shape).slice(0, -1);
    this.#scatterDims = otherAxes(updates.shape.length, params.updateWindowDims);
  }

  /** Extents of a window. */
  get extents(): number[] {
    return this.#axes.map((axis) => this.#sizes[axis]);
  }

  /** Windows of different index vectors are the same or have no element in common. */
  get apart(): boolean {
    return this.#p.scatterDimsToOperandDims.every((axis) => this.#sizes[axis] === 1);
  }

  /** Where the window of an index vector begins in the operand, and whether it lies within. */
  start(
    k: KernelBuilder,
    s: ScalarOps,
    indices: BufferParam,
    vector: readonly Expr[],
  ): { readonly base: Expr; readonly inBounds: Expr } {
    const p = this.#p;
    const indexBase = linearIndex(s, vector, this.#indexStrides);
    let base = s.int(0);
    let inBounds = s.bool(true);
    for (const [j, axis] of p.scatterDimsToOperandDims.entries()) {
      const last = this.#shape[axis] - this.#sizes[axis];
      const raw = s.load(indices, s.add(indexBase, s.int(j)));
      const value = p.mode === "clip" ? clampedStart(s, raw, last) : startIndex(s, raw);
      const start = s.local(k.let("start", value));
      if (p.mode !== "clip") {
        inBounds = s.and(inBounds, s.and(s.ge(start, s.int(0)), s.le(start, s.int(last))));
      }
      base = s.add(base, s.mul(start, s.int(this.#strides[axis])));
    }
    for (const [j, axis] of p.operandBatchingDims.entries()) {
      base = s.add(base, s.mul(vector[p.scatterIndicesBatchingDims[j]], s.int(this.#strides[axis])));
    }
    return { base, inBounds };
  }

  /** Where the window of an index vector begins in the updates. */
  source(s: ScalarOps, vector: readonly Expr[]): Expr {
    return linearIndex(
      s,
      vector,
      this.#scatterDims.map((d) => this.#updateStrides[d]),
    );
  }

  /** Strides of a window's axes in the operand and in the updates. */
  get strides(): { readonly operand: number[]; readonly updates: number[] } {
    return {
      operand: this.#axes.map((axis) => this.#strides[axis]),
      updates: this.#p.updateWindowDims.map((d) => this.#updateStrides[d]),
    };
  }
}

export function buildScatter(
  k: KernelBuilder,
  s: ScalarOps,
  buffers: CustomBuffers,
  context: LowerContext<ScatterParams>,
  combine: Combine | null,
): void {
  const [operand, , updates] = context.inputs;
  const [operandBuffer, indexBuffer, updateBuffer] = buffers.inputs;
  const [out] = buffers.outputs;
  if (operandBuffer !== out) {
    k.loop(operand.size, (i) => k.store(out, i, s.load(operandBuffer, i)), { name: "c" });
  }
  if (updates.size === 0) return;
  const windows = new Windows(context);
  loops(k, windows.vectors, "v", (vector) => {
    const { base, inBounds } = windows.start(k, s, indexBuffer, vector);
    const sourceBase = windows.source(s, vector);
    const store = () =>
      storeWindow(
        k,
        s,
        out,
        updateBuffer,
        {
          extents: windows.extents,
          strides: windows.strides.operand,
          sourceStrides: windows.strides.updates,
          base: s.local(k.let("base", base)),
          sourceBase,
        },
        combine,
      );
    if (inBounds.op === "const") store();
    else k.if(inBounds, store);
  });
}

/** Index vectors up to which each invocation goes over all of them for its own element of the window. */
const FEW_VECTORS = 64;

/**
 * The form for GPUs, the same numbers in the same order every time. Few index vectors: an invocation per element of the
 * window goes over all of them. Many: they are sorted by where they point, and an invocation per element puts together
 * what meets in one place, in the order of the vectors. Null where windows may overlap in part.
 */
export function gpuScatter(context: LowerContext<ScatterParams>, combine: Combine | null): GpuForm | null {
  const windows = new Windows(context);
  const [, , updates] = context.inputs;
  const count = windows.vectors.reduce((n, extent) => n * extent, 1);
  if (updates.size === 0 || (!windows.apart && count > 1)) return null;
  return count <= FEW_VECTORS ? overAllVectors(windows, combine) : bySortedVectors(windows, count, combine);
}

/** `body` for every element of a window, as iterations of the grid: its offsets in the operand and in the updates. */
function overWindow(
  k: KernelBuilder,
  s: ScalarOps,
  windows: Windows,
  body: (operand: Expr, updates: Expr) => void,
): void {
  const { operand, updates } = windows.strides;
  loops(
    k,
    windows.extents,
    "w",
    (w) => body(linearIndex(s, w, operand), linearIndex(s, w, updates)),
    [],
    "grid",
  );
}

function overAllVectors(windows: Windows, combine: Combine | null): GpuForm {
  const build: GpuKernelForm["build"] = (k, s, { inputs: [, indices, updates], outputs: [out] }) =>
    overWindow(k, s, windows, (to, from) =>
      loops(k, windows.vectors, "v", (vector) => {
        const { base, inBounds } = windows.start(k, s, indices, vector);
        const place = s.local(k.let("place", s.add(base, to)));
        const store = () => {
          const update = s.load(updates, s.add(windows.source(s, vector), from));
          k.store(out, place, combine === null ? update : combine(s, s.load(out, place), update));
        };
        if (inBounds.op === "const") store();
        else k.if(inBounds, store);
      }),
    );
  return { scratch: [], kernels: [{ name: "windows", build }] };
}

function bySortedVectors(windows: Windows, count: number, combine: Combine | null): GpuForm {
  /** Stands for a window out of bounds: behind all others. */
  const nowhere = 2147483647;
  const vectorAt = (s: ScalarOps, n: Expr): Expr[] => {
    const index: Expr[] = [];
    let rest = n;
    for (let d = windows.vectors.length - 1; d >= 0; d--) {
      const extent = s.int(windows.vectors[d]);
      index[d] = d === 0 ? rest : s.rem(rest, extent);
      rest = s.div(rest, extent);
    }
    return index;
  };
  const places: GpuKernelForm = {
    name: "places",
    build: (k, s, { inputs: [, indices], scratch }) =>
      k.loop(
        count,
        (n) => {
          const { base, inBounds } = windows.start(k, s, indices, vectorAt(s, n));
          k.store(scratch[4], n, s.select(inBounds, base, s.int(nowhere)));
          k.store(scratch[5], n, n);
        },
        { name: "v", kind: "grid" },
      ),
  };
  const sorted = mergeSorted([count], 0, 1, 2, ({ scratch }) => ({
    first: scratch.slice(4, 6),
    even: scratch.slice(0, 2),
    odd: scratch.slice(2, 4),
  }));
  const put: GpuKernelForm = {
    name: "put",
    build: (k, s, { inputs: [, , updates], outputs: [out], scratch: [bases, vectors] }) =>
      k.loop(
        count,
        (n) =>
          overWindow(k, s, windows, (to, from) => {
            const base = s.local(k.let("base", s.load(bases, n)));
            const before = s.guard(s.gt(n, s.int(0)), s.load(bases, s.sub(n, s.int(1))), s.int(-1));
            // The first of those that meet in one place does the work of all.
            k.if(s.and(s.ne(base, before), s.ne(base, s.int(nowhere))), () => {
              const place = s.local(k.let("place", s.add(base, to)));
              const updateOf = (m: Expr): Expr =>
                s.load(updates, s.add(windows.source(s, vectorAt(s, s.load(vectors, m))), from));
              const at = k.let("at", n);
              const value = k.let("value", s.load(out, place));
              const more = s.guard(
                s.lt(s.local(at), s.int(count)),
                s.eq(s.load(bases, s.local(at)), base),
                s.bool(false),
              );
              k.while(more, () => {
                const update = updateOf(s.local(at));
                k.assign(value, combine === null ? update : combine(s, s.local(value), update));
                k.assign(at, s.add(s.local(at), s.int(1)));
              });
              k.store(out, place, s.local(value));
            });
          }),
        { name: "n", kind: "grid" },
      ),
  };
  const scratch = Array.from({ length: 6 }, () => ({ dtype: "int32", size: count }) as const);
  return { scratch, kernels: [places, ...sorted, put] };
}
