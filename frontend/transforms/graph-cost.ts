/** What a graph's equations cost before fusion. */
import { type Graph, subgraphsOf } from "../../compiler/graph/graph.ts";
import { primitiveOf } from "../../compiler/primitives/table.ts";

/** Operations of a graph: loops count their trips, whiles one, of a cond's branches the most expensive. */
export function costOf(graph: Graph): { flops: number; transcendentals: number } {
  let flops = 0;
  let transcendentals = 0;
  for (const equation of graph.equations) {
    const inner = subgraphsOf(equation);
    if (inner.length === 0) {
      const own = primitiveOf(equation.op).cost({
        params: equation.params,
        inputs: equation.inputs.map((x) => x.type),
        outputs: equation.outputs.map((x) => x.type),
      });
      flops += own.flops;
      transcendentals += own.transcendentals;
      continue;
    }
    const trips = equation.op === "scan" ? Number(equation.params.length) : 1;
    const costs = inner.map(costOf);
    // Of the branches of a cond the most expensive one counts.
    const worst = equation.op === "cond";
    const total = (of: (c: (typeof costs)[number]) => number): number =>
      worst ? Math.max(...costs.map(of)) : costs.reduce((n, c) => n + of(c), 0);
    flops += trips * total((c) => c.flops);
    transcendentals += trips * total((c) => c.transcendentals);
  }
  return { flops, transcendentals };
}
