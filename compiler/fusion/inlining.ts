/**
 * First walk: may a producer be computed inside its consumers (inlined), or must it be stored (a root)? Movement and
 * cheap elementwise operations may be computed again in several kernels where that costs less than storing them; a
 * transcendental may not be computed again for elements its consumer reads more than once.
 */
import { type Equation, type Graph, type Operand, Value } from "../graph/graph.ts";
import { isOp } from "../graph/operations.ts";
import { primitiveOf } from "../primitives/table.ts";
import { InternalError } from "../types/errors.ts";
import { type AccessSummary, summariseAccess } from "./access.ts";
import {
  compareRecomputation,
  EXPENSIVE,
  formatCost,
  GROUP_BUDGET,
  isContraction,
  trafficOf,
  workOf,
} from "./cost-model.ts";
import type { EdgeDecision } from "./plan.ts";
import type { FusionPolicy } from "./policy.ts";
import type { FusionTarget } from "./target.ts";

/** Elements from which on writing over a part of an array beats making it anew in a fused kernel. */
const MIN_UPDATED = 32;

/** Stored values that are counted as loads of one equation. */
const MAX_LOADS = 16;

export interface Node {
  readonly equation: Equation;
  kind: "map" | "reduce" | "cumulative" | "custom" | "structure";
  readonly access: AccessSummary | null;
  /** Work per element including inlined producers. */
  work: number;
  /** Cost per element of loading each stored value that it and its inlined producers read. */
  readonly loads: Map<Value, number>;
  inlined: boolean;
}

/** A value that is read in several ways is loaded once. */
function noteLoad({ loads }: Node, value: Value, cost: number): void {
  // A long list says enough: it is dear to load it all again.
  if (loads.size < MAX_LOADS || loads.has(value)) loads.set(value, Math.max(loads.get(value) ?? 0, cost));
}

/** The equations of a region with their costs and what is inlined. */
export class Inlining {
  readonly decisions: EdgeDecision[] = [];
  readonly graphOutputs: ReadonlySet<Operand>;
  readonly #nodes = new Map<Equation, Node>();
  readonly #producer = new Map<Value, Node>();
  readonly #consumers = new Map<Value, Equation[]>();

  constructor(
    readonly graph: Graph,
    private readonly policy: FusionPolicy,
    private readonly target: FusionTarget,
  ) {
    this.graphOutputs = new Set(graph.outputs);
    for (const equation of graph.equations) this.#add(equation);
    this.#chooseUpdates();
    for (const equation of graph.equations) {
      const node = this.node(equation);
      this.#measure(node);
      this.#decide(node);
    }
  }

  node(equation: Equation): Node {
    const node = this.#nodes.get(equation);
    if (node === undefined) throw new InternalError("equation of another graph");
    return node;
  }

  producer(value: Value): Node | undefined {
    return this.#producer.get(value);
  }

  consumers(value: Value): readonly Equation[] {
    return this.#consumers.get(value) ?? [];
  }

  /** The equation that is computed inside its consumers and gives the value; null for stored values. */
  inlinedProducer(value: Value): Equation | null {
    const node = this.#producer.get(value);
    return node?.inlined ? node.equation : null;
  }

  /** Stored values that the equation reads, through inlined producers; with whether each is read at the same element only. */
  leavesOf(equation: Equation): Map<Value, boolean> {
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
    visit(this.node(equation), true);
    return leaves;
  }

  #add(equation: Equation): void {
    const { lower } = primitiveOf(equation.op);
    if (lower.kind === "expand") {
      throw new InternalError(`${equation.op} was not expanded before fusion`, equation.source);
    }
    const node: Node = {
      equation,
      kind: lower.kind,
      access: isOp(equation, "constant") ? null : summariseAccess(equation),
      work: 0,
      loads: new Map(),
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

  /**
   * Maps that may write over an operand instead: where nobody needs the old operand, and the result goes to memory
   * in any case, as in the body of a loop that fills an array.
   */
  #chooseUpdates(): void {
    const { graph } = this;
    const lastUse = new Map<Value, Equation>();
    for (const e of graph.equations) for (const x of e.inputs) if (x instanceof Value) lastUse.set(x, e);
    // From the last, so that in a chain of updates each knows that the next one works in memory.
    for (const equation of graph.equations.toReversed()) {
      const { lower } = primitiveOf(equation.op);
      if (lower.kind !== "map" || lower.update === undefined) continue;
      const [result] = equation.outputs;
      const stored =
        this.graphOutputs.has(result) ||
        this.consumers(result).some((e) => ["custom", "structure"].includes(this.node(e).kind));
      const overwrites = (lower.update.updates ?? []).every(([, input]) => {
        const x = equation.inputs[input];
        if (!(x instanceof Value) || this.graphOutputs.has(x) || lastUse.get(x) !== equation) return false;
        if (equation.inputs.filter((y) => y === x).length > 1 || x.type.size < MIN_UPDATED) return false;
        const from = this.#producer.get(x);
        return from?.kind !== "map" || isOp(from.equation, equation.op);
      });
      if (stored && overwrites) this.node(equation).kind = "custom";
    }
  }

  /** Per output element: its own work and that of the producers it will compute itself, each once; and its loads. */
  #measure(node: Node): void {
    const { equation } = node;
    const { lower } = primitiveOf(equation.op);
    if (lower.kind !== "map" || node.kind !== "map") return;
    const elements = Math.max(1, equation.outputs[0].type.size);
    node.work = workOf(lower.cost);
    for (const [k, x] of equation.inputs.entries()) {
      if (!(x instanceof Value) || equation.inputs.indexOf(x) !== k) continue;
      const producer = this.#producer.get(x);
      const reads = Math.max(1, node.access?.operands[k].reads ?? 1);
      if (producer?.inlined) {
        node.work += producer.work * reads;
        const share = (reads * Math.min(x.type.size, elements)) / elements;
        for (const [v, cost] of producer.loads) noteLoad(node, v, cost * share);
      } else {
        // What is smaller than the result is read again and again, and comes from the cache.
        noteLoad(node, x, trafficOf(x.type.dtype, Math.min(reads, x.type.size / elements)));
      }
    }
  }

  #decide(node: Node): void {
    const { equation } = node;
    const { lower } = primitiveOf(equation.op);
    if (lower.kind !== "map" || node.kind !== "map" || isOp(equation, "constant")) return;
    const consumers = new Set(equation.outputs.flatMap((v) => this.consumers(v)));
    let all = true;
    for (const consumer of consumers) {
      const [judged, why] = this.#judge(node, lower.cost, consumer, consumers.size);
      const choice = { kind: "inline", equation, into: consumer, decision: judged, reason: why } as const;
      const { decision, reason } = this.policy(choice);
      this.decisions.push({ value: equation.outputs[0], producer: equation, consumer, decision, reason });
      if (decision === "forbid") all = false;
    }
    node.inlined = all && !equation.outputs.some((v) => this.graphOutputs.has(v));
  }

  /** Whether the consumer may compute the producer's elements, or must read them stored. */
  #judge(
    producer: Node,
    cost: "movement" | "cheap" | "expensive",
    consumer: Equation,
    users: number,
  ): readonly ["allow" | "forbid", string] {
    const target = this.node(consumer);
    const { equation, work } = producer;
    if (target.kind === "custom" || target.kind === "structure") {
      return ["forbid", `${consumer.op} reads whole buffers`];
    }
    if (equation.outputs.some((v) => this.graphOutputs.has(v))) {
      return ["forbid", "stored as an output anyway"];
    }
    if (isContraction(consumer) && isOp(equation, "pad")) {
      return ["forbid", "a guard in the inner loop of a contraction"];
    }
    if (isContraction(consumer) && work > 0) return this.#judgePacked(producer, consumer, users);
    if (users > 1 && work >= EXPENSIVE) {
      return [
        "forbid",
        cost === "expensive"
          ? "expensive and used more than once"
          : "holds expensive work, and is used more than once",
      ];
    }
    if (work > GROUP_BUDGET) return ["forbid", "the kernel would grow too large"];
    if (this.#readsWith(consumer, equation) > this.target.reads) {
      return ["forbid", `the kernel would read more than ${this.target.reads} buffers`];
    }
    if (work >= EXPENSIVE && this.#reuse(target, producer) > 1) {
      return ["forbid", "expensive, and the consumer reads its elements more than once"];
    }
    if (users === 1) return ["allow", "only consumer"];
    if (work === 0) return ["allow", "only an index"];
    const { dtype } = equation.outputs[0].type;
    const loads = [...producer.loads.values()].reduce((sum, cost) => sum + cost, 0);
    const { again, stored } = compareRecomputation({ consumers: users, work, loads, dtype });
    return again <= stored
      ? ["allow", `computing it ${users} times costs ${formatCost(again)}, storing it ${formatCost(stored)}`]
      : [
          "forbid",
          `storing it costs ${formatCost(stored)}, computing it ${users} times ${formatCost(again)}`,
        ];
  }

  /** Whether a contraction may compute elements of an operand while it packs them. */
  #judgePacked(producer: Node, consumer: Equation, users: number): readonly ["allow" | "forbid", string] {
    const { equation, work } = producer;
    const times = consumer.inputs.reduce(
      (sum, x, k) =>
        equation.outputs.some((v) => v === x) ? sum + this.target.timesPacked(consumer, k) : sum,
      0,
    );
    if (times === Infinity) return ["forbid", `${consumer.op} reads each element many times`];
    if (work > GROUP_BUDGET) return ["forbid", "the kernel would grow too large"];
    const host = this.#foldedInto(equation);
    if (host !== null)
      return ["forbid", `stored by the kernel of ${host.op}, which has its operands at hand`];
    const all = times + users - 1;
    if (all === 1) return ["allow", `${consumer.op} packs each element once`];
    if (work >= EXPENSIVE) return ["forbid", "expensive, and computed for more than one packing"];
    const { dtype } = equation.outputs[0].type;
    const loads = [...producer.loads.values()].reduce((sum, cost) => sum + cost, 0);
    const { again, stored } = compareRecomputation({ consumers: all, work, loads, dtype });
    const costs = `computing it while packing, ${all} times, costs ${formatCost(again)}, storing it ${formatCost(stored)}`;
    return [again <= stored ? "allow" : "forbid", costs];
  }

  /** The reduction of whose result the equation is an epilogue: at the same element, or along the same rows. */
  #foldedInto(equation: Equation): Equation | null {
    for (const leaf of this.leavesOf(equation).keys()) {
      const from = this.#producer.get(leaf);
      if (from !== undefined && (from.kind === "reduce" || from.kind === "cumulative")) return from.equation;
    }
    return null;
  }

  /** Stored values that the consumer would read if it computed the producer itself. Not counted where any number will do. */
  #readsWith(consumer: Equation, producer: Equation): number {
    if (this.target.reads === Infinity) return 0;
    const leaves = new Set([...this.leavesOf(consumer).keys(), ...this.leavesOf(producer).keys()]);
    for (const v of producer.outputs) leaves.delete(v);
    return leaves.size;
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
}
