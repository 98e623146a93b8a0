/** The fusion plan: a partition of a region's equations into groups, each of which becomes one kernel or one piece of structure. */
import type { Equation, Graph, Value } from "../graph/graph.ts";
import type { RowDomain, RowRole } from "./row-domain.ts";

/**
 * - `map`: every output element is an expression; `reduce`: a fold over a common domain, with elementwise epilogues;
 * - `rows`: one or several passes over each row of a domain, with folds along the row whose results later passes use
 *   (softmax, normalisations, cross entropy and their gradients);
 * - `merged`: several groups of those kinds that do not need each other, one after the other in one kernel;
 * - `cumulative`, `custom`: one equation with (for cumulative) fused producers;
 * - `alias`: a reshape of a materialised value, which is the same bytes; `constant`: dense data;
 * - `structure`: a loop or a branch, which is a schedule of its own.
 */
export type GroupKind =
  | "map"
  | "reduce"
  | "rows"
  | "merged"
  | "cumulative"
  | "custom"
  | "alias"
  | "constant"
  | "structure";

/** Where a result lives between the pass that computes it and a later pass that reads it. */
export type Kept =
  /** In the memory of a result of the same shape: its own, or one that is written later. */
  | { readonly where: "output"; readonly home: Value }
  /** In one row of scratch memory, which every row uses again. */
  | { readonly where: "scratch" };

/** The passes of a `rows` group over each row. */
export interface RowPlan {
  readonly domain: RowDomain;
  readonly roles: ReadonlyMap<Equation, RowRole>;
  /** The pass that computes an equation; for numbers per row the pass before which they are computed. */
  readonly level: ReadonlyMap<Equation, number>;
  readonly passes: number;
  readonly kept: ReadonlyMap<Value, Kept>;
}

/** The equations that share one kernel. */
export interface FusionGroup {
  readonly id: number;
  readonly kind: GroupKind;
  /** The equations whose results the kernel computes for itself or for others, in topological order. */
  readonly roots: readonly Equation[];
  /** Values other groups, loops or the caller read: what the kernel stores. */
  readonly outputs: readonly Value[];
  /** The groups of a `merged` group. Those of one number each come first, and later parts may read them. */
  readonly parts: readonly FusionGroup[];
  /** How a `rows` group walks; null for the other kinds. */
  readonly rows: RowPlan | null;
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

/** A partition of a graph's equations into groups, with the decision on every edge between them. */
export interface FusionPlan {
  readonly graph: Graph;
  /** In execution order. */
  readonly groups: readonly FusionGroup[];
  readonly decisions: readonly EdgeDecision[];
  /** Equations computed inside their consumers' kernels, never stored. */
  readonly inlined: ReadonlySet<Equation>;
}
