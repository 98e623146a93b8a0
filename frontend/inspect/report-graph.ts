/** The optimised graph as the inspector's page draws it: equations, the kernels that compute them, and what crosses between. */
import type { KernelOrigin } from "../../compiler/assembly/assemble.ts";
import type { EdgeDecision, FusionPlan } from "../../compiler/fusion/plan.ts";
import { type Equation, type Graph, subgraphsOf, Value } from "../../compiler/graph/graph.ts";
import { primitiveOf } from "../../compiler/primitives/table.ts";
import type { SourceRef } from "../../compiler/types/source.ts";
import { bytesOf } from "../../compiler/types/tensor-type.ts";
import type { EdgeInfo, NodeInfo, SourceInfo } from "./report-data.ts";

export interface ReportGraph {
  readonly nodes: readonly NodeInfo[];
  readonly edges: readonly EdgeInfo[];
}

export interface ReportGraphInput {
  readonly plan: FusionPlan;
  readonly origins: ReadonlyMap<string, KernelOrigin>;
  /** Kernels in the order of the program. */
  readonly kernels: readonly string[];
  numberOf(value: Value): number;
  sourceOf(source: SourceRef | null): SourceInfo | null;
}

export function reportGraph(input: ReportGraphInput): ReportGraph {
  const nodes: NodeInfo[] = [];
  const edges: EdgeInfo[] = [];
  const kernelsOf = kernelsOfEquations(input);
  const reasons = reasonsOf(input.plan);

  const add = (graph: Graph, parent: number | null): void => {
    const producer = new Map<Value, { readonly node: number; readonly equation: Equation }>();
    for (const equation of graph.equations) {
      const node = nodes.length;
      const kernels = kernelsOf.get(equation) ?? [];
      nodes.push({
        op: equation.op,
        outputs: equation.outputs.map((v) => input.numberOf(v)),
        source: input.sourceOf(equation.source),
        kernels,
        parent,
      });
      for (const x of new Set(equation.inputs)) {
        if (!(x instanceof Value)) continue;
        const from = producer.get(x);
        if (from === undefined) {
          // What a loop or branch hands to its body.
          if (parent === null) continue;
          const reason = `in the body of ${nodes[parent].op}`;
          edges.push({ value: input.numberOf(x), from: parent, to: node, boundary: false, reason, bytes: 0 });
          continue;
        }
        const before = kernelsOf.get(from.equation) ?? [];
        const decision = reasons.get(x)?.get(equation);
        const shared = kernels.length > 0 && kernels.every((k) => before.includes(k));
        edges.push({
          value: input.numberOf(x),
          from: from.node,
          to: node,
          boundary: !shared,
          reason: decision?.reason ?? usualReason(from.equation, equation, shared),
          bytes: shared ? 0 : 2 * bytesOf(x.type),
        });
      }
      for (const v of equation.outputs) producer.set(v, { node, equation });
      for (const inner of subgraphsOf(equation)) add(inner, node);
    }
  };
  add(input.plan.graph, null);
  return { nodes, edges };
}

/** Which kernels compute an equation: as a root, or inlined into one. */
export function kernelsOfEquations({
  origins,
  kernels,
}: Pick<ReportGraphInput, "origins" | "kernels">): ReadonlyMap<Equation, number[]> {
  const found = new Map<Equation, number[]>();
  const known = new Map<FusionPlan, ReadonlyMap<Value, Equation>>();
  const producersOf = (plan: FusionPlan): ReadonlyMap<Value, Equation> => {
    const before = known.get(plan);
    if (before !== undefined) return before;
    const made = new Map(plan.graph.equations.flatMap((e) => e.outputs.map((v) => [v, e] as const)));
    known.set(plan, made);
    return made;
  };
  for (const [number, name] of kernels.entries()) {
    const origin = origins.get(name);
    if (origin === undefined) continue;
    const { plan, group } = origin;
    const producers = producersOf(plan);
    const waiting = [...group.roots];
    const seen = new Set(waiting);
    for (let e = waiting.pop(); e !== undefined; e = waiting.pop()) {
      const list = found.get(e) ?? [];
      list.push(number);
      found.set(e, list);
      for (const x of e.inputs) {
        const from = x instanceof Value ? producers.get(x) : undefined;
        if (from === undefined || seen.has(from) || !plan.inlined.has(from)) continue;
        seen.add(from);
        waiting.push(from);
      }
    }
  }
  return found;
}

type Reasons = ReadonlyMap<Value, ReadonlyMap<Equation, EdgeDecision>>;

/** The last decision about each edge, of all regions. */
function reasonsOf(plan: FusionPlan): Reasons {
  const reasons = new Map<Value, Map<Equation, EdgeDecision>>();
  const collect = ({ decisions, groups }: FusionPlan): void => {
    for (const decision of decisions) {
      const list = reasons.get(decision.value) ?? new Map<Equation, EdgeDecision>();
      list.set(decision.consumer, decision);
      reasons.set(decision.value, list);
    }
    for (const group of groups) group.regions.forEach(collect);
  };
  collect(plan);
  return reasons;
}

/** Of edges that fusion had no choice about. */
function usualReason(producer: Equation, consumer: Equation, shared: boolean): string {
  if (shared) return "in the same kernel";
  const [from, to] = [producer, consumer].map((e) => primitiveOf(e.op).lower.kind);
  if (to === "structure") return `${consumer.op} is a loop or a branch: what it uses is in memory`;
  if (from === "structure") return `${producer.op} is a loop or a branch: what it makes is in memory`;
  if (to === "custom") return `${consumer.op} reads whole buffers`;
  if (from === "custom") return `${producer.op} writes whole buffers`;
  if (from === "reduce" || from === "cumulative")
    return `${consumer.op} needs all of what ${producer.op} makes, or other elements of it`;
  return "no kernel that could take it was open";
}
