/** The fusion plan: a partition of a region's equations into groups, each of which becomes one kernel or one piece of structure. */
import type { Equation, Graph, Value } from "../graph/graph.ts";

/**
 * - `map`: every output element is an expression; `reduce`: a fold over a common domain, with elementwise epilogues;
 *   `cumulative`, `custom`: one equation with (for cumulative) fused producers;
 * - `alias`: a reshape of a materialised value, which is the same bytes; `constant`: dense data;
 * - `structure`: a loop or a branch, which is a schedule of its own.
 */
export type GroupKind = "map" | "reduce" | "cumulative" | "custom" | "alias" | "constant" | "structure";

export interface FusionGroup {
  readonly id: number;
  readonly kind: GroupKind;
  /** The equations whose results the kernel computes for itself or for others, in topological order. */
  readonly roots: readonly Equation[];
  /** Values other groups, loops or the caller read: what the kernel stores. */
  readonly outputs: readonly Value[];
  /** Plans of the sub-graphs of a structure group, in the order of `subgraphsOf`. */
  readonly regions: readonly FusionPlan[];
}

/** One edge of the graph: may the consumer compute the producer's elements itself? */
export interface EdgeDecision {
  readonly value: Value;
  readonly producer: Equation;
  readonly consumer: Equation;
  readonly decision: "allow" | "forbid";
  readonly reason: string;
}

export interface FusionPlan {
  readonly graph: Graph;
  /** In execution order. */
  readonly groups: readonly FusionGroup[];
  readonly decisions: readonly EdgeDecision[];
  /** Equations computed inside their consumers' kernels, never stored. */
  readonly inlined: ReadonlySet<Equation>;
}
