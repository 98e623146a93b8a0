/**
 * Decides what is computed where. Two linear walks over a region, both in the order of its equations:
 *
 * 1. May a producer be computed inside its consumers (inlined), or must it be stored (a root)? Movement and cheap
 *    elementwise operations may be computed again in several kernels; a transcendental may not be computed again for
 *    elements its consumer reads more than once.
 * 2. Roots join an earlier group where one kernel can serve both: elementwise epilogues of what the group computes at
 *    the same element, and siblings over the same domain. A root joins only a group that comes after everything else
 *    it needs, so the groups stay in execution order without searching for cycles.
 */
import { type Equation, type Graph, type Operand, subgraphsOf, Value } from "../graph/graph.ts";
import { isOp } from "../graph/operations.ts";
import { primitiveOf } from "../primitives/table.ts";
import { InternalError } from "../types/errors.ts";
import type { Shape } from "../types/tensor-type.ts";
import { type AccessSummary, contextOf, summariseAccess } from "./access.ts";
import type { EdgeDecision, FusionGroup, FusionPlan, GroupKind } from "./plan.ts";

/** Work, in cheap operations per element, that may be done again in a second kernel instead of storing the value. */
const DUPLICATION_BUDGET = 12;
/** Work per element up to which one kernel may grow by inlining. */
const GROUP_BUDGET = 400;
/** Outputs of one kernel; WebGPU grants 8 storage buffers at least, and a plan is made for both targets. */
const MAX_GROUP_OUTPUTS = 6;
/** Cost of an expensive elementwise operation in cheap ones. */
const EXPENSIVE = 10;

/** Contractions read each operand element many times: their operands are stored unless reading them costs nothing. */
const CONTRACTIONS: ReadonlySet<string> = new Set(["dot_general", "conv_general_dilated"]);

interface Node {
  readonly equation: Equation;
  readonly kind: "map" | "reduce" | "cumulative" | "custom" | "structure";
  readonly access: AccessSummary | null;
  /** Work per element including inlined producers. */
  work: number;
  inlined: boolean;
}

interface OpenGroup {
  readonly id: number;
  kind: GroupKind;
  readonly roots: Equation[];
  /** Row-major size and, for reduce groups, output shape and domain. */
  readonly domainKey: string;
  readonly leaves: Set<Value>;
  readonly values: Set<Value>;
  work: number;
}

class Fuser {
  readonly #nodes = new Map<Equation, Node>();
  readonly #producer = new Map<Value, Node>();
  readonly #consumers = new Map<Value, Equation[]>();
  readonly #decisions: EdgeDecision[] = [];
  readonly #graphOutputs: ReadonlySet<Operand>;
  readonly #groups: OpenGroup[] = [];
  readonly #groupOf = new Map<Value, OpenGroup>();
  readonly #groupsByDomain = new Map<string, OpenGroup[]>();

  constructor(private readonly graph: Graph) {
    this.#graphOutputs = new Set(graph.outputs);
    for (const equation of graph.equations) {
      const { lower } = primitiveOf(equation.op);
      if (lower.kind === "expand") {
        throw new InternalError(`${equation.op} was not expanded before fusion`, equation.source);
      }
      const node: Node = {
        equation,
        kind: lower.kind,
        access: isOp(equation, "constant") ? null : summariseAccess(equation),
        work: 0,
        inlined: false,
      };
      this.#nodes.set(equation, node);
      for (const v of equation.outputs) this.#producer.set(v, node);
      for (const x of new Set(equation.inputs)) {
        if (!(x instanceof Value)) continue;
        const users = this.#consumers.get(x);
        if (users === undefined) this.#consumers.set(x, [equation]);
        else users.push(equation);
      }
    }
  }

  run(): FusionPlan {
    for (const equation of this.graph.equations) {
      const node = this.#node(equation);
      this.#measureWork(node);
      this.#decideInline(node);
    }
    for (const equation of this.graph.equations) {
      const node = this.#node(equation);
      if (!node.inlined) this.#place(node);
    }
    const inlined = new Set(this.graph.equations.filter((e) => this.#node(e).inlined));
    return {
      graph: this.graph,
      groups: this.#groups.map((group) => this.#finish(group)),
      decisions: this.#decisions,
      inlined,
    };
  }

  #node(equation: Equation): Node {
    const node = this.#nodes.get(equation);
    if (node === undefined) throw new InternalError("equation of another graph");
    return node;
  }

  /** Work per output element: its own and that of the producers it will compute itself, each once. */
  #measureWork(node: Node): void {
    const { equation } = node;
    const { lower } = primitiveOf(equation.op);
    if (lower.kind !== "map") return;
    let work = lower.cost === "movement" ? 0 : lower.cost === "cheap" ? 1 : EXPENSIVE;
    for (const [k, x] of equation.inputs.entries()) {
      const producer = x instanceof Value ? this.#producer.get(x) : undefined;
      if (!producer?.inlined || equation.inputs.indexOf(x) !== k) continue;
      work += producer.work * Math.max(1, node.access?.operands[k].reads ?? 1);
    }
    node.work = work;
  }

  #decideInline(node: Node): void {
    const { equation } = node;
    const { lower } = primitiveOf(equation.op);
    if (lower.kind !== "map" || isOp(equation, "constant")) return;
    const consumers = new Set(equation.outputs.flatMap((v) => this.#consumers.get(v) ?? []));
    let all = true;
    for (const consumer of consumers) {
      const reason = this.#whyNotInline(node, lower.cost, consumer, consumers.size);
      this.#decisions.push({
        value: equation.outputs[0],
        producer: equation,
        consumer,
        decision: reason === null ? "allow" : "forbid",
        reason: reason ?? (consumers.size > 1 ? "cheap to compute again" : "only consumer"),
      });
      if (reason !== null) all = false;
    }
    node.inlined = all && !equation.outputs.some((v) => this.#graphOutputs.has(v));
  }

  /** Why the consumer must read the producer's stored elements; null if it may compute them. */
  #whyNotInline(
    producer: Node,
    cost: "movement" | "cheap" | "expensive",
    consumer: Equation,
    users: number,
  ): string | null {
    const target = this.#node(consumer);
    if (target.kind === "custom" || target.kind === "structure") return `${consumer.op} reads whole buffers`;
    if (producer.equation.outputs.some((v) => this.#graphOutputs.has(v))) return "stored as an output anyway";
    if (CONTRACTIONS.has(consumer.op) && producer.work > 0)
      return `${consumer.op} reads each element many times`;
    if (CONTRACTIONS.has(consumer.op) && isOp(producer.equation, "pad"))
      return "a guard in the inner loop of a contraction";
    if (users > 1 && producer.work > DUPLICATION_BUDGET) return "too expensive to compute in several places";
    if (users > 1 && cost === "expensive") return "expensive and used more than once";
    if (producer.work > GROUP_BUDGET) return "the kernel would grow too large";
    if (producer.work >= EXPENSIVE && this.#reuse(target, producer) > 1) {
      return "expensive, and the consumer reads its elements more than once";
    }
    return null;
  }

  /** How often the consumer reads each element of the producer's value, on average. */
  #reuse(consumer: Node, producer: Node): number {
    const { access } = consumer;
    if (access === null) return 1;
    let most = 0;
    for (const [k, x] of consumer.equation.inputs.entries()) {
      if (!producer.equation.outputs.some((v) => v === x) || x.type.size === 0) continue;
      most = Math.max(most, (access.operands[k].reads * access.iterations) / x.type.size);
    }
    return most;
  }

  /** Stored values that the equation reads, through inlined producers; with whether each is read at the same element only. */
  #leavesOf(equation: Equation): Map<Value, boolean> {
    const leaves = new Map<Value, boolean>();
    const seen = new Map<Equation, boolean>();
    const visit = (node: Node, identity: boolean): void => {
      const before = seen.get(node.equation);
      if (before === identity || before === false) return;
      seen.set(node.equation, identity);
      for (const [k, x] of node.equation.inputs.entries()) {
        if (!(x instanceof Value)) continue;
        const through = identity && (node.access?.operands[k].identity ?? false);
        const producer = this.#producer.get(x);
        if (producer?.inlined) visit(producer, through);
        else leaves.set(x, (leaves.get(x) ?? true) && through);
      }
    };
    visit(this.#node(equation), true);
    return leaves;
  }

  #place(node: Node): void {
    const { equation } = node;
    const leaves = this.#leavesOf(equation);
    const kind = this.#kindOf(node, leaves);
    const key = this.#domainKey(node);
    // The last group this equation waits for; it may join that one or a later one.
    let last = -1;
    for (const leaf of leaves.keys()) {
      const group = this.#groupOf.get(leaf);
      if (group !== undefined) last = Math.max(last, group.id);
    }
    const host = kind === "map" || kind === "reduce" ? this.#hostFor(node, kind, key, leaves, last) : null;
    if (host !== null) {
      host.roots.push(equation);
      host.work += node.work;
      for (const leaf of leaves.keys()) host.leaves.add(leaf);
      this.#own(host, equation);
      return;
    }
    const group: OpenGroup = {
      id: this.#groups.length,
      kind,
      roots: [equation],
      domainKey: key,
      leaves: new Set(leaves.keys()),
      values: new Set(),
      work: node.work,
    };
    this.#groups.push(group);
    this.#own(group, equation);
    if (kind === "map" || kind === "reduce") {
      for (const k of kind === "reduce" ? [key, this.#mapKey(equation)] : [key]) {
        const list = this.#groupsByDomain.get(k);
        if (list === undefined) this.#groupsByDomain.set(k, [group]);
        else list.push(group);
      }
    }
  }

  #own(group: OpenGroup, equation: Equation): void {
    for (const v of equation.outputs) {
      group.values.add(v);
      this.#groupOf.set(v, group);
    }
  }

  #kindOf(node: Node, leaves: ReadonlyMap<Value, boolean>): GroupKind {
    const { equation } = node;
    if (isOp(equation, "constant")) return "constant";
    if (isOp(equation, "reshape")) {
      const x = equation.inputs[0];
      if (x instanceof Value && leaves.has(x)) return "alias";
    }
    return node.kind;
  }

  #mapKey(equation: Equation): string {
    return `map ${equation.outputs[0].type.size}`;
  }

  #domainKey(node: Node): string {
    const { equation } = node;
    const { lower } = primitiveOf(equation.op);
    if (lower.kind !== "reduce") return this.#mapKey(equation);
    const domain: Shape = lower.domain(contextOf(equation));
    return `reduce ${equation.outputs[0].type.shape.join("x")} over ${domain.filter((n) => n !== 1).join("x")}`;
  }

  /** An existing group this root can join: the latest possible, so that fewest values stay alive. */
  #hostFor(
    node: Node,
    kind: "map" | "reduce",
    key: string,
    leaves: ReadonlyMap<Value, boolean>,
    last: number,
  ): OpenGroup | null {
    if (CONTRACTIONS.has(node.equation.op)) return null;
    const candidates = this.#groupsByDomain.get(key);
    if (candidates === undefined) return null;
    // Only the latest few: a long list of equal domains must not make this quadratic.
    for (let c = candidates.length - 1, tries = 0; c >= 0 && tries < 8; c--, tries++) {
      const group = candidates[c];
      if (group.id < last) return null;
      const reason = this.#whyNotJoin(node, kind, leaves, group);
      this.#record(node.equation, group, reason);
      if (reason === null) return group;
    }
    return null;
  }

  #whyNotJoin(
    node: Node,
    kind: "map" | "reduce",
    leaves: ReadonlyMap<Value, boolean>,
    group: OpenGroup,
  ): string | null {
    if (group.values.size + node.equation.outputs.length > MAX_GROUP_OUTPUTS)
      return "the kernel has enough outputs";
    if (group.work + node.work > GROUP_BUDGET) return "the kernel would grow too large";
    if (group.roots.some((root) => CONTRACTIONS.has(root.op)) && kind === "reduce")
      return "one contraction per kernel";
    let related =
      node.equation.outputs[0].type.size === 1 && kind === "map" && group.domainKey.startsWith("map");
    for (const [leaf, identity] of leaves) {
      if (group.values.has(leaf)) {
        if (kind === "reduce") return "a reduction needs all elements of what this kernel computes";
        if (!identity) return `reads other elements of ${leaf.type.text} than the kernel has at hand`;
        related = true;
      } else if (group.leaves.has(leaf)) related = true;
    }
    return related ? null : "shares no operand";
  }

  /** A decision for every edge from the group to the joining equation. */
  #record(consumer: Equation, group: OpenGroup, reason: string | null): void {
    for (const x of consumer.inputs) {
      const producer = x instanceof Value && group.values.has(x) ? this.#producer.get(x) : undefined;
      if (producer === undefined || !(x instanceof Value)) continue;
      this.#decisions.push({
        value: x,
        producer: producer.equation,
        consumer,
        decision: reason === null ? "allow" : "forbid",
        reason: reason ?? "epilogue at the same element",
      });
    }
  }

  #finish(group: OpenGroup): FusionGroup {
    const outputs = [...group.values].filter((v) => this.#graphOutputs.has(v) || this.#readOutside(v, group));
    const structure = group.kind === "structure";
    return {
      id: group.id,
      kind: group.kind,
      roots: group.roots,
      outputs: structure || group.kind === "custom" ? group.roots.flatMap((e) => e.outputs) : outputs,
      regions: structure ? group.roots.flatMap(subgraphsOf).map(fuse) : [],
    };
  }

  /** Whether a kernel other than the group's own reads the value, directly or through inlined producers. */
  #readOutside(value: Value, group: OpenGroup, seen: Set<Equation> = new Set()): boolean {
    for (const consumer of this.#consumers.get(value) ?? []) {
      if (seen.has(consumer)) continue;
      seen.add(consumer);
      if (this.#node(consumer).inlined) {
        if (consumer.outputs.some((v) => this.#readOutside(v, group, seen))) return true;
      } else if (!group.roots.includes(consumer)) return true;
    }
    return false;
  }
}

/** Makes the fusion plan of a region and of the regions inside it. */
export function fuse(graph: Graph): FusionPlan {
  return new Fuser(graph).run();
}
