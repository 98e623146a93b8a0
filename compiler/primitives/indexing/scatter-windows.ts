/** The index vectors and windows of the scatter family, as index arithmetic. */
import type { ScatterParams } from "../../graph/operations.ts";
import type { LowerContext } from "../../graph/primitive.ts";
import type { AxisKind, BufferParam, Expr } from "../../kernel/expr.ts";
import type { KernelBuilder } from "../../kernel/kernel-builder.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import { rowMajorStrides } from "../../types/tensor-type.ts";
import { otherAxes, scatterWindowAxes, scatterWindowSizes } from "./dimensions.ts";
import { clampedStart, startIndex } from "./starts.ts";

/** What an element becomes with its update; null: the update. */
export type Combine = (s: ScalarOps, element: Expr, update: Expr) => Expr;

/** Nested loops over `extents`; the body gets one index per extent. */
export function loops(
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

export function linearIndex(s: ScalarOps, index: readonly Expr[], strides: readonly number[]): Expr {
  return index.reduce((sum, i, axis) => s.add(sum, s.mul(i, s.int(strides[axis]))), s.int(0));
}

/** A scatter's index vectors and windows, as index arithmetic. */
export class Windows {
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

  /** Whether the first axis of the index vectors is a batch axis: what its iterations change lies apart. */
  get batched(): boolean {
    return this.#p.scatterIndicesBatchingDims.includes(0);
  }

  /** Strides of a window's axes in the operand and in the updates. */
  get strides(): { readonly operand: number[]; readonly updates: number[] } {
    return {
      operand: this.#axes.map((axis) => this.#strides[axis]),
      updates: this.#p.updateWindowDims.map((d) => this.#updateStrides[d]),
    };
  }
}
