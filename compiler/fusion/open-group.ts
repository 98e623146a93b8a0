/** Groups while the plan is being made. */
import type { Equation, Value } from "../graph/graph.ts";
import type { Inlining } from "./inlining.ts";
import type { FusionGroup, FusionPlan, GroupKind } from "./plan.ts";
import type { RowStages } from "./row-stages.ts";

export interface OpenGroup {
  /** Place in the order of execution. */
  readonly id: number;
  kind: GroupKind;
  readonly roots: Equation[];
  /** Row-major size and, for reduce groups, output shape and domain. */
  readonly domainKey: string;
  /** Elements of the results of a map group or of a reduce group's epilogues. */
  readonly size: number;
  /** Stored values that it reads, some of them its own. */
  readonly leaves: Set<Value>;
  readonly values: Set<Value>;
  work: number;
  /** What the group would be as passes over rows; null where it cannot be that. */
  rows: RowStages | null;
  /** The groups that a `merged` group runs one after the other. */
  readonly parts: readonly OpenGroup[];
}

/** Closes groups: decides what each stores, for the caller or for other kernels. */
export class Closing {
  constructor(
    private readonly inlining: Inlining,
    private readonly planOf: (equation: Equation) => readonly FusionPlan[],
  ) {}

  close(group: OpenGroup, id: number, whole: OpenGroup = group): FusionGroup {
    const { kind, roots } = group;
    const parts = group.parts.map((part, n) => this.close(part, n, group));
    const inside = new Set(whole.roots);
    // A part stores what other parts read, unless it only prepares numbers for them.
    const stored = (v: Value): boolean =>
      this.inlining.graphOutputs.has(v) || this.#readOutside(v, inside, new Set());
    const outputs =
      kind === "structure" || kind === "custom"
        ? roots.flatMap((e) => e.outputs)
        : [...group.values].filter(stored);
    return {
      id,
      kind,
      roots,
      outputs,
      parts,
      rows: kind === "rows" && group.rows ? group.rows.plan(roots, new Set(outputs)) : null,
      regions: kind === "structure" ? roots.flatMap((e) => [...this.planOf(e)]) : [],
    };
  }

  /** Whether a kernel other than the group's own reads the value, directly or through inlined producers. */
  #readOutside(value: Value, roots: ReadonlySet<Equation>, seen: Set<Equation>): boolean {
    for (const consumer of this.inlining.consumers(value)) {
      if (seen.has(consumer)) continue;
      seen.add(consumer);
      if (this.inlining.node(consumer).inlined) {
        if (consumer.outputs.some((v) => this.#readOutside(v, roots, seen))) return true;
      } else if (!roots.has(consumer)) return true;
    }
    return false;
  }
}
