/** The reductions of one group: what they fold in at an index, how accumulators take it, and what is stored in the end. */
import { contextOf, linearise } from "../fusion/access.ts";
import type { FusionGroup } from "../fusion/plan.ts";
import type { Equation, Params } from "../graph/graph.ts";
import type { AccumulatorSpec, ReduceLowering } from "../graph/primitive.ts";
import type { Expr, Local } from "../kernel/expr.ts";
import type { KernelBuilder } from "../kernel/kernel-builder.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import { primitiveOf } from "../primitives/table.ts";
import { isFloating } from "../types/dtype.ts";
import { InternalError } from "../types/errors.ts";
import type { Shape } from "../types/tensor-type.ts";
import type { Elements } from "./elements.ts";
import { indexFor } from "./lower-map.ts";
import type { Parameters } from "./parameters.ts";
import { withoutZeroSigns } from "./zero-signs.ts";

/** One reduction of a group. */
export interface Fold {
  readonly equation: Equation;
  readonly lower: ReduceLowering<Params>;
  readonly specs: readonly AccumulatorSpec[];
}

export class Folds {
  readonly folds: readonly Fold[];
  /** Shape of the results. */
  readonly shape: Shape;
  /** What each result folds over. */
  readonly domain: Shape;

  constructor(
    private readonly group: FusionGroup,
    private readonly elements: Elements,
    private readonly parameters: Parameters,
  ) {
    this.folds = group.roots.flatMap((equation) => {
      const { lower } = primitiveOf(equation.op);
      if (lower.kind !== "reduce") return [];
      return [{ equation, lower, specs: lower.accumulators(contextOf(equation)) }];
    });
    const [first] = this.folds;
    if (first === undefined) throw new InternalError("a reduce group without a reduction");
    this.shape = first.equation.outputs[0].type.shape;
    this.domain = first.lower.domain(contextOf(first.equation));
  }

  /** Every fold combines with a named associative function, so parts may be folded apart. */
  get named(): boolean {
    return this.folds.every((fold) => typeof fold.lower.combine === "string");
  }

  /** A fold adds floats, and parts of all folds may be folded apart: shorter sums round less. */
  get sumsFloats(): boolean {
    const adds = this.folds.some(
      ({ lower, specs }) => lower.combine === "add" && specs.some((spec) => isFloating(spec.dtype)),
    );
    return adds && this.named;
  }

  /** What a reduction folds in for the result at `out` and the place `red` of its domain. */
  values({ equation, lower }: Pick<Fold, "equation" | "lower">, out: readonly Expr[], red: readonly Expr[]) {
    const inputs = equation.inputs.map((x) => this.elements.access(x));
    const values = lower.element(s, inputs, indexFor(equation, this.shape, out), red, contextOf(equation));
    return lower.combine === "add" ? values.map(withoutZeroSigns) : values;
  }

  /** What all reductions fold in. */
  evaluate(out: readonly Expr[], red: readonly Expr[]): Expr[] {
    this.elements.clear();
    return this.folds.flatMap((fold) => [...this.values(fold, out, red)]);
  }

  /** Folds one place into accumulators. */
  accumulate(
    k: KernelBuilder,
    out: readonly Expr[],
    red: readonly Expr[],
    accumulators: ReadonlyMap<Equation, readonly Local[]>,
  ): void {
    this.elements.clear();
    for (const fold of this.folds) {
      const accs = accumulators.get(fold.equation) ?? [];
      this.combine(k, fold, accs, this.values(fold, out, red));
    }
  }

  /** Folds values into accumulators of one reduction. */
  combine(
    k: KernelBuilder,
    { lower }: Pick<Fold, "lower">,
    accs: readonly Local[],
    values: readonly Expr[],
  ): void {
    const { combine } = lower;
    if (typeof combine === "string") {
      for (const [n, acc] of accs.entries()) k.accumulate(acc, combine, values[n]);
      return;
    }
    const next = combine(
      s,
      accs.map((acc) => s.local(acc)),
      values,
    );
    // All new values before any assignment: they read the old accumulators.
    const held = next.map((e) => k.let("next", e));
    for (const [n, acc] of accs.entries()) k.assign(acc, s.local(held[n]));
  }

  /** The results from the accumulators' values, the epilogues, and the stores. */
  results(
    k: KernelBuilder,
    out: readonly Expr[],
    accumulators: ReadonlyMap<Equation, readonly Expr[]>,
  ): void {
    this.elements.clear();
    const position = linearise(out, this.shape);
    const stores: (() => void)[] = [];
    for (const root of this.group.roots) {
      const index = indexFor(root, this.shape, out);
      const accs = accumulators.get(root);
      const values = accs === undefined ? this.elements.values(root, index) : Folds.finish(root, accs, index);
      for (const [n, v] of root.outputs.entries()) {
        const value =
          this.group.roots.length > 1 && values[n].op !== "local"
            ? s.local(k.let("v", values[n]))
            : values[n];
        this.elements.hold(v, position, value);
        if (this.group.outputs.includes(v))
          stores.push(() => k.store(this.parameters.write(v), position, value));
      }
    }
    for (const store of stores) store();
  }

  /** A reduction's results from its accumulators' values. */
  static finish(root: Equation, accs: readonly Expr[], index: readonly Expr[]): readonly Expr[] {
    const { lower } = primitiveOf(root.op);
    if (lower.kind !== "reduce" || lower.finish === undefined) return accs;
    return lower.finish(s, accs, index, contextOf(root));
  }
}

/** What accumulators hold. */
export function valuesOf(accs: ReadonlyMap<Equation, readonly Local[]>): Map<Equation, readonly Expr[]> {
  return new Map([...accs].map(([equation, locals]) => [equation, locals.map((local) => s.local(local))]));
}
