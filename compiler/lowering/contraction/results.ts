/** What a contraction's kernel computes from a finished sum: the result itself and the epilogues fused to it. */
import { contextOf } from "../../fusion/access.ts";
import type { FusionGroup } from "../../fusion/plan.ts";
import type { Equation, Params } from "../../graph/graph.ts";
import type { ReduceLowering } from "../../graph/primitive.ts";
import type { Expr } from "../../kernel/expr.ts";
import type { KernelBuilder } from "../../kernel/kernel-builder.ts";
import { scalarOps as s } from "../../kernel/scalar-ops.ts";
import { primitiveOf } from "../../primitives/table.ts";
import type { Elements } from "../elements.ts";
import { indexFor } from "../lower-map.ts";
import type { Parameters } from "../parameters.ts";

/** Epilogues of more equations than this are emitted once per tile, not once per accumulator. */
const CHEAP_ROOTS = 3;

/** Whether the epilogue is long code, so that a tile's sums are better put aside and finished in a loop. */
export function isCostly(group: FusionGroup): boolean {
  if (group.roots.length > CHEAP_ROOTS) return true;
  return group.roots.some(({ op }) => {
    const { lower } = primitiveOf(op);
    return lower.kind === "map" && lower.cost === "expensive";
  });
}

export interface Finish {
  readonly group: FusionGroup;
  readonly equation: Equation;
  readonly lower: ReduceLowering<Params>;
  readonly elements: Elements;
  readonly parameters: Parameters;
}

/** Emits all values at one element, then all stores. */
export function emitResults(
  k: KernelBuilder,
  { group, equation, lower, elements, parameters }: Finish,
  index: readonly Expr[],
  position: Expr,
  acc: Expr,
): void {
  elements.clear();
  const { shape } = equation.outputs[0].type;
  const stores: (() => void)[] = [];
  for (const root of group.roots) {
    const own = indexFor(root, shape, index);
    const values =
      root === equation
        ? (lower.finish?.(s, [acc], own, contextOf(equation)) ?? [acc])
        : elements.values(root, own);
    for (const [n, v] of root.outputs.entries()) {
      const value =
        group.roots.length > 1 && values[n].op !== "local" ? s.local(k.let("v", values[n])) : values[n];
      elements.hold(v, position, value);
      if (group.outputs.includes(v)) stores.push(() => k.store(parameters.write(v), position, value));
    }
  }
  for (const store of stores) store();
}
