/** What a contraction's kernel computes from a finished sum: the result itself and the epilogues fused to it. */
import { contextOf } from "../../fusion/access.ts";
import type { FusionGroup } from "../../fusion/plan.ts";
import type { Equation, Params } from "../../graph/graph.ts";
import type { ReduceLowering } from "../../graph/primitive.ts";
import { type Expr, operandsOf } from "../../kernel/expr.ts";
import type { KernelBuilder } from "../../kernel/kernel-builder.ts";
import { scalarOps as s } from "../../kernel/scalar-ops.ts";
import { computeDType } from "../../types/dtype.ts";
import type { Elements } from "../elements.ts";
import { indexFor } from "../lower-map.ts";
import type { Parameters } from "../parameters.ts";

/** Epilogues of more operations than this, or that call a function, are emitted once per strip, not per accumulator. */
const CHEAP_OPERATIONS = 16;

export interface Finish {
  readonly group: FusionGroup;
  readonly equation: Equation;
  readonly lower: ReduceLowering<Params>;
  readonly elements: Elements;
  readonly parameters: Parameters;
  /** The epilogue is long code, so that sums are better put aside and finished in a loop. */
  readonly costly: boolean;
}

/** Whether the epilogue is long code, by what it computes at one element. */
export function isCostly(kernel: Omit<Finish, "costly">): boolean {
  const { shape, dtype } = kernel.equation.outputs[0].type;
  const acc = s.local({ name: "sum", dtype: computeDType(dtype) });
  const index = shape.map(() => s.int(0));
  const seen = new Set<Expr>();
  let operations = 0;
  const visit = (e: Expr): void => {
    if (seen.has(e)) return;
    seen.add(e);
    if (e.op === "call") operations = Number.POSITIVE_INFINITY;
    if (e.op === "load" || e.op === "const" || e.op === "local") return;
    operations++;
    operandsOf(e).forEach(visit);
  };
  for (const values of valuesAt(kernel, index, s.int(0), acc).values()) values.forEach(visit);
  kernel.elements.clear();
  return operations > CHEAP_OPERATIONS;
}

/** Emits all values at one element, then all stores. */
export function emitResults(
  k: KernelBuilder,
  kernel: Finish,
  index: readonly Expr[],
  position: Expr,
  acc: Expr,
): void {
  const { group, parameters } = kernel;
  const stores: (() => void)[] = [];
  const local = (value: Expr): Expr =>
    group.roots.length > 1 && value.op !== "local" ? s.local(k.let("v", value)) : value;
  for (const [root, values] of valuesAt(kernel, index, position, acc, local)) {
    for (const [n, v] of root.outputs.entries()) {
      if (group.outputs.includes(v)) stores.push(() => k.store(parameters.write(v), position, values[n]));
    }
  }
  for (const store of stores) store();
}

/** The values of all roots at one element, each through `keep`. */
function valuesAt(
  { group, equation, lower, elements }: Omit<Finish, "costly">,
  index: readonly Expr[],
  position: Expr,
  acc: Expr,
  keep: (value: Expr) => Expr = (value) => value,
): Map<Equation, readonly Expr[]> {
  elements.clear();
  const { shape } = equation.outputs[0].type;
  const found = new Map<Equation, readonly Expr[]>();
  for (const root of group.roots) {
    const own = indexFor(root, shape, index);
    const values =
      root === equation
        ? (lower.finish?.(s, [acc], own, contextOf(equation)) ?? [acc])
        : elements.values(root, own);
    const kept = values.map(keep);
    for (const [n, v] of root.outputs.entries()) elements.hold(v, position, kept[n]);
    found.set(root, kept);
  }
  return found;
}
