/**
 * Replaces optimization barriers by their operands. They have done their work once nothing merges equations any more:
 * what a checkpoint computes again stays computed again.
 */
import { type Equation, Graph } from "../graph/graph.ts";
import { isOp } from "../graph/operations.ts";
import type { GraphPass } from "./pass.ts";
import { mapSubgraphs, Substitution, withInputs } from "./rewrite.ts";

function drop(graph: Graph): Graph {
  const substitution = new Substitution();
  const equations: Equation[] = [];
  let changed = false;
  for (const original of graph.equations) {
    const equation = withInputs(
      original,
      original.inputs.map((x) => substitution.apply(x)),
    );
    if (isOp(equation, "optimization_barrier")) {
      for (const [i, v] of equation.outputs.entries()) substitution.set(v, equation.inputs[i]);
      changed = true;
      continue;
    }
    const params = mapSubgraphs(equation.params, drop);
    if (equation !== original || params !== equation.params) changed = true;
    equations.push(params === equation.params ? equation : { ...equation, params });
  }
  if (!changed) return graph;
  return new Graph(
    graph.name,
    graph.inputs,
    equations,
    graph.outputs.map((x) => substitution.apply(x)),
  );
}

export const dropBarriers: GraphPass = { name: "drop_barriers", run: drop };
