/** Accumulators that one kernel of a group leaves in memory for the next. */
import type { FusionGroup } from "../../fusion/plan.ts";
import type { Equation } from "../../graph/graph.ts";
import type { Axis, BufferParam, Expr, Local } from "../../kernel/expr.ts";
import { scalarOps as s } from "../../kernel/scalar-ops.ts";
import type { DType } from "../../types/dtype.ts";
import { sizeOf } from "../../types/tensor-type.ts";
import { type Fold, Folds, valuesOf } from "../folds.ts";
import type { LoweredKernel } from "../lower-group.ts";
import { within } from "../reduce-regions.ts";
import { type GroupContext, KernelDraft } from "./draft.ts";

/** A kernel with its view of the group's folds. */
export interface Stage {
  readonly draft: KernelDraft;
  readonly folds: Folds;
}

export function stageOf(group: FusionGroup, context: GroupContext, size: number | null): Stage {
  const draft = new KernelDraft(context, size);
  return { draft, folds: new Folds(group, draft.elements, draft.parameters) };
}

/** Accumulators of every fold, at their first values. */
export function declareAccumulators({ draft, folds }: Stage): Map<Equation, readonly Local[]> {
  return new Map(
    folds.folds.map(({ equation, specs }) => [
      equation,
      specs.map((spec) => draft.k.let("acc", s.const(spec.init, spec.dtype))),
    ]),
  );
}

interface Place {
  readonly dtype: DType;
  readonly offset: number;
}

/** One buffer per dtype, [accumulator][chunk][result]: a kernel may bind few. */
export class Partials {
  readonly #places = new Map<Equation, readonly Place[]>();
  readonly #sizes = new Map<DType, number>();
  readonly #keys = new Map<DType, object>();
  readonly #params = new WeakMap<KernelDraft, Map<DType, BufferParam>>();
  readonly #count: number;

  constructor(
    folds: Folds,
    readonly chunks: number,
  ) {
    this.#count = sizeOf(folds.shape);
    for (const { equation, specs } of folds.folds) {
      this.#places.set(
        equation,
        specs.map(({ dtype }) => {
          const offset = this.#sizes.get(dtype) ?? 0;
          this.#sizes.set(dtype, offset + chunks * this.#count);
          if (!this.#keys.has(dtype)) this.#keys.set(dtype, {});
          return { dtype, offset };
        }),
      );
    }
  }

  #buffer(draft: KernelDraft, dtype: DType, access: "read" | "write"): BufferParam {
    const known = this.#params.get(draft) ?? new Map<DType, BufferParam>();
    this.#params.set(draft, known);
    let param = known.get(dtype);
    if (param === undefined) {
      const key = this.#keys.get(dtype) ?? {};
      param = draft.parameters.sharedScratch("parts", dtype, this.#sizes.get(dtype) ?? 0, access, key);
      known.set(dtype, param);
    }
    return param;
  }

  #position(chunk: Expr, result: Expr, { offset }: Place): Expr {
    return s.add(s.add(s.mul(chunk, s.int(this.#count)), result), s.int(offset));
  }

  /** Leaves what a chunk folded for a result, by its row-major position. */
  store(
    { draft }: Stage,
    accumulators: ReadonlyMap<Equation, readonly Expr[]>,
    chunk: Expr,
    result: Expr,
  ): void {
    for (const [equation, values] of accumulators) {
      for (const [n, place] of (this.#places.get(equation) ?? []).entries()) {
        const buffer = this.#buffer(draft, place.dtype, "write");
        draft.k.store(buffer, this.#position(chunk, result, place), values[n]);
      }
    }
  }

  #load({ draft }: Stage, { equation }: Fold, chunk: Expr, result: Expr): Expr[] {
    return (this.#places.get(equation) ?? []).map((place) =>
      s.load(this.#buffer(draft, place.dtype, "read"), this.#position(chunk, result, place)),
    );
  }

  /** The kernel that folds the chunks' parts, one invocation per result, and stores what the group stores. */
  fold(group: FusionGroup, context: GroupContext): LoweredKernel {
    const stage = stageOf(group, context, null);
    const { draft, folds } = stage;
    const { k } = draft;
    const axes: Axis[] = [];
    const out = folds.shape.map((extent, d) => {
      if (extent === 1) return s.int(0);
      const axis = k.axis(`i${d}`, extent, "grid");
      axes.push(axis);
      return s.axis(axis);
    });
    const result = out.reduce<Expr>((sum, i, d) => s.add(s.mul(sum, s.int(folds.shape[d])), i), s.int(0));
    within(k, axes, () => {
      const accs = declareAccumulators(stage);
      k.loop(
        this.chunks,
        (chunk) => {
          for (const fold of folds.folds) {
            folds.combine(k, fold, accs.get(fold.equation) ?? [], this.#load(stage, fold, chunk, result));
          }
        },
        { name: "chunk", kind: "reduce" },
      );
      folds.results(k, out, valuesOf(accs));
    });
    return draft.finish();
  }
}
