/**
 * Second walk: roots join an earlier group where one kernel can serve both. A root joins only a group that comes
 * after everything else it needs, so the groups stay in execution order without searching for cycles.
 *
 * - elementwise epilogues of what a group computes at the same element, and siblings over the same domain;
 * - passes over the same rows (`row-stages.ts`): a reduction along rows no longer ends its group, if what uses it
 *   does so row by row.
 */
import { type Equation, type Operand, Value } from "../graph/graph.ts";
import { isOp } from "../graph/operations.ts";
import { primitiveOf } from "../primitives/table.ts";
import type { Shape } from "../types/tensor-type.ts";
import { contextOf } from "./access.ts";
import { GROUP_BUDGET, isContraction, MAX_GROUP_VALUES } from "./cost-model.ts";
import type { Inlining, Node } from "./inlining.ts";
import type { OpenGroup } from "./open-group.ts";
import type { EdgeDecision, GroupKind } from "./plan.ts";
import type { FusionPolicy } from "./policy.ts";
import { isCarried, notWorthSharing, reducedAxes, rowDomainOf, tooLong } from "./row-domain.ts";
import { type JoinResult, RowStages } from "./row-stages.ts";
import type { FusionTarget } from "./target.ts";

/** Groups of one size that a root is tried with: a long list of equal domains must not make this quadratic. */
const CANDIDATES = 8;

export class Grouping {
  readonly #decisions: EdgeDecision[];
  readonly #groups: OpenGroup[] = [];
  readonly #groupOf = new Map<Value, OpenGroup>();
  /** Map, reduce and rows groups by the sizes of what they compute or walk over. */
  readonly #bySize = new Map<number, OpenGroup[]>();

  constructor(
    private readonly inlining: Inlining,
    private readonly target: FusionTarget,
    private readonly policy: FusionPolicy,
  ) {
    this.#decisions = inlining.decisions;
  }

  /** The groups in execution order. */
  run(): OpenGroup[] {
    const nodes = this.inlining.graph.equations.map((e) => this.inlining.node(e)).filter((n) => !n.inlined);
    const first = this.#early(nodes);
    for (const node of nodes) if (first.has(node)) this.#place(node);
    for (const node of nodes) if (!first.has(node)) this.#place(node);
    return this.#groups;
  }

  /**
   * Numbers that wait for no other kernel, as a step's count and what an optimizer makes of it. Placed first, they do
   * not part what reads them, an update of parameters, from what that reads besides, the moments that it updates too.
   */
  #early(nodes: readonly Node[]): Set<Node> {
    const early = new Set<Node>();
    for (const node of nodes) {
      if (node.kind !== "map" || node.equation.outputs[0].type.size !== 1) continue;
      const leaves = [...this.inlining.leavesOf(node.equation).keys()];
      const waits = leaves.some((leaf) => {
        const producer = this.inlining.producer(leaf);
        return producer !== undefined && !early.has(producer);
      });
      if (!waits) early.add(node);
    }
    return early;
  }

  #place(node: Node): void {
    const { equation } = node;
    const leaves = this.inlining.leavesOf(equation);
    const kind = kindOf(node, leaves);
    // The last group this equation waits for; it may join that one or a later one.
    let last = -1;
    for (const leaf of leaves.keys()) {
      const group = this.#groupOf.get(leaf);
      if (group !== undefined) last = Math.max(last, group.id);
    }
    const joins = (kind === "map" || kind === "reduce") && !isContraction(equation);
    if (joins && this.#joinExisting(node, kind, leaves, last)) return;
    this.#open(node, kind, leaves);
  }

  #open(node: Node, kind: GroupKind, leaves: ReadonlyMap<Value, boolean>): void {
    const { equation } = node;
    const group: OpenGroup = {
      id: this.#groups.length,
      kind,
      roots: [equation],
      domainKey: domainKey(node),
      size: equation.outputs[0].type.size,
      leaves: new Set(leaves.keys()),
      values: new Set(),
      work: node.work,
      rows: null,
      parts: [],
    };
    this.#groups.push(group);
    this.#own(group, equation);
    if (kind !== "map" && kind !== "reduce") return;
    this.#register(group, group.size);
    const domain = kind === "reduce" ? rowDomainOf(equation) : null;
    if (domain === null) return;
    group.rows = new RowStages(domain, this.inlining);
    this.#joinRows(group, equation);
    if (domain.length > 1) this.#register(group, domain.rows * domain.length);
  }

  #register(group: OpenGroup, size: number): void {
    const list = this.#bySize.get(size);
    if (list === undefined) this.#bySize.set(size, [group]);
    else if (!list.includes(group)) list.push(group);
  }

  #own(group: OpenGroup, equation: Equation): void {
    for (const v of equation.outputs) {
      group.values.add(v);
      this.#groupOf.set(v, group);
    }
  }

  /** Keeps the group's view of itself as passes over rows, or gives it up. */
  #joinRows(group: OpenGroup, equation: Equation): void {
    const result = group.rows?.tryJoin(equation);
    if (result === undefined) return;
    if (result.role === null) group.rows = null;
    else group.rows?.join(equation, result.role, result.reads);
  }

  /** Groups the root could join, the latest first, so that fewest values stay alive. */
  #candidates(equation: Equation, last: number): OpenGroup[] {
    const sizes = new Set([equation.outputs[0].type.size]);
    if (reducedAxes(equation) !== null) sizes.add(equation.inputs[0].type.size);
    const found = new Set<OpenGroup>();
    for (const size of sizes) {
      const list = this.#bySize.get(size) ?? [];
      for (let c = list.length - 1, tries = 0; c >= 0 && tries < CANDIDATES; c--, tries++) {
        if (list[c].id < last) break;
        found.add(list[c]);
      }
    }
    return [...found].sort((a, b) => b.id - a.id);
  }

  #joinExisting(
    node: Node,
    kind: "map" | "reduce",
    leaves: ReadonlyMap<Value, boolean>,
    last: number,
  ): boolean {
    const { equation } = node;
    for (const group of this.#candidates(equation, last)) {
      let reason = this.#whyTooBig(node, leaves, group);
      const tooBig = reason !== null;
      if (!tooBig && group.kind !== "rows") {
        reason = this.#ruled(equation, group, this.#whyNotJoin(node, kind, leaves, group));
        if (reason === null) {
          this.#record(equation, leaves, group, "allow", "epilogue at the same element");
          this.#add(group, node, leaves);
          this.#joinRows(group, equation);
          return true;
        }
      }
      const rows = tooBig ? null : this.#rowsOf(group, equation);
      if (rows !== null && this.#isRelated(leaves, group)) {
        const result = rows.tryJoin(equation);
        reason = this.#ruled(equation, group, this.#whyNotRows(equation, group, rows, result));
        if (reason === null && result.role !== null) {
          group.kind = "rows";
          group.rows = rows;
          this.#record(equation, leaves, group, "allow", `${ROLE_REASONS[result.role]}`);
          this.#add(group, node, leaves);
          rows.join(equation, result.role, result.reads);
          this.#register(group, rows.domain.rows);
          this.#register(group, rows.domain.rows * rows.domain.length);
          if (rows.domain.rows !== 1) this.#register(group, 1);
          return true;
        }
      }
      if (reason !== null) this.#record(equation, leaves, group, "forbid", reason);
    }
    return false;
  }

  /** Why the equation may not join the group after the policy has spoken; null where it may. */
  #ruled(equation: Equation, group: OpenGroup, reason: string | null): string | null {
    const verdict = this.policy({
      kind: "join",
      equation,
      into: group.roots[0],
      decision: reason === null ? "allow" : "forbid",
      reason: reason ?? "shares the kernel",
    });
    return verdict.decision === "allow" ? null : verdict.reason;
  }

  #add(group: OpenGroup, node: Node, leaves: ReadonlyMap<Value, boolean>): void {
    group.roots.push(node.equation);
    group.work += node.work;
    for (const leaf of leaves.keys()) group.leaves.add(leaf);
    this.#own(group, node.equation);
  }

  #whyTooBig(node: Node, leaves: ReadonlyMap<Value, boolean>, group: OpenGroup): string | null {
    if (group.values.size + node.equation.outputs.length > MAX_GROUP_VALUES)
      return "the kernel has enough results";
    if (buffersWith(group, node.equation, leaves) > this.target.buffers)
      return `more than the ${this.target.buffers} buffers a kernel may have`;
    return group.work + node.work > GROUP_BUDGET ? "the kernel would grow too large" : null;
  }

  #isRelated(leaves: ReadonlyMap<Value, boolean>, group: OpenGroup): boolean {
    for (const leaf of leaves.keys()) if (group.values.has(leaf) || group.leaves.has(leaf)) return true;
    return false;
  }

  #whyNotJoin(
    node: Node,
    kind: "map" | "reduce",
    leaves: ReadonlyMap<Value, boolean>,
    group: OpenGroup,
  ): string | null {
    const { size } = node.equation.outputs[0].type;
    const same = kind === "reduce" ? group.domainKey === domainKey(node) : group.size === size;
    if (!same) return "of another domain";
    if (group.roots.some(isContraction) && kind === "reduce") return "one contraction per kernel";
    let related = size === 1 && kind === "map" && group.kind === "map";
    for (const [leaf, identity] of leaves) {
      if (group.values.has(leaf)) {
        if (kind === "reduce") return "a reduction needs all elements of what this kernel computes";
        if (!identity) return `reads other elements of ${leaf.type.text} than the kernel has at hand`;
        related = true;
      } else if (group.leaves.has(leaf)) related = true;
    }
    return related ? null : "shares no operand";
  }

  /** The group as passes over rows; for a map group, over the rows that the joining reduction folds. */
  #rowsOf(group: OpenGroup, joining: Equation): RowStages | null {
    if (group.kind !== "map") return group.rows;
    const domain = rowDomainOf(joining);
    if (domain === null || domain.length === 1) return null;
    const rows = new RowStages(domain, this.inlining);
    for (const root of group.roots) {
      const result = rows.tryJoin(root);
      if (result.role !== "element") return null;
      rows.join(root, result.role, result.reads);
    }
    return rows;
  }

  #whyNotRows(equation: Equation, group: OpenGroup, rows: RowStages, result: JoinResult): string | null {
    if (result.role === null) return result.reason;
    const { domain } = rows;
    const { own, aligned } = result.reads;
    if (own.size === 0) {
      if (![...aligned].some((v) => group.leaves.has(v))) return "shares no operand at the same element";
    }
    if (own.size === 0 || group.kind === "map") {
      const reason = notWorthSharing(domain);
      if (reason !== null) return reason;
    }
    if (!this.target.rowsInOrder && isCarried(result.role)) {
      return "the target does all rows side by side, and a fold of all rows needs an order";
    }
    if (result.role === "columns" && !foldsInItsOwnDType(equation)) {
      return `a row of sums is kept in memory, which ${equation.outputs[0].type.dtype} is too coarse for`;
    }
    return tooLong(domain, equation.inputs[0]?.type ?? equation.outputs[0].type);
  }

  /** A decision for every value of the group that the joining equation reads, through what it inlines. */
  #record(
    consumer: Equation,
    leaves: ReadonlyMap<Value, boolean>,
    group: OpenGroup,
    decision: "allow" | "forbid",
    reason: string,
  ): void {
    for (const x of leaves.keys()) {
      const producer = group.values.has(x) ? this.inlining.producer(x) : undefined;
      if (producer === undefined) continue;
      this.#decisions.push({ value: x, producer: producer.equation, consumer, decision, reason });
    }
  }
}

const ROLE_REASONS = {
  element: "a pass over the same rows",
  row: "a number per row",
  reduce: "a fold along the same rows",
  total: "a fold of all rows, carried from row to row",
  totalOfRows: "a fold of a number per row, carried from row to row",
  columns: "a row of sums, carried from row to row",
  after: "a number once all rows are done",
} as const;

/** Buffers of the group with one more equation, if all that it computes were stored. */
function buffersWith(group: OpenGroup, equation: Equation, leaves: ReadonlyMap<Value, boolean>): number {
  const values = new Set([...group.leaves, ...group.values, ...leaves.keys(), ...equation.outputs]);
  return values.size;
}

function foldsInItsOwnDType(equation: Equation): boolean {
  const { lower } = primitiveOf(equation.op);
  const { dtype } = equation.outputs[0].type;
  return (
    lower.kind === "reduce" && lower.accumulators(contextOf(equation)).every((spec) => spec.dtype === dtype)
  );
}

function kindOf(node: Node, leaves: ReadonlyMap<Value, boolean>): GroupKind {
  const { equation } = node;
  if (isOp(equation, "constant")) return "constant";
  if (isOp(equation, "reshape")) {
    const x: Operand = equation.inputs[0];
    if (x instanceof Value && leaves.has(x)) return "alias";
  }
  return node.kind;
}

function domainKey(node: Node): string {
  const { equation } = node;
  const { lower } = primitiveOf(equation.op);
  if (lower.kind !== "reduce") return `map ${equation.outputs[0].type.size}`;
  const domain: Shape = lower.domain(contextOf(equation));
  return `reduce ${equation.outputs[0].type.shape.join("x")} over ${domain.filter((n) => n !== 1).join("x")}`;
}
