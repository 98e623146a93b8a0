/**
 * Replaces optimization barriers by their operands. They have done their work once nothing merges equations any more:
 * what a checkpoint computes again stays computed again.
 */
import type { Graph } from "../graph/graph.ts";
import { isOp } from "../graph/operations.ts";
import type { GraphPass } from "./pass.ts";
import { Rewriter } from "./rewrite.ts";

function drop(graph: Graph): Graph {
  const rewriter = new Rewriter(graph);
  for (const original of graph.equations) {
    const equation = rewriter.update(original, drop);
    if (isOp(equation, "optimization_barrier")) rewriter.replace(equation, equation.inputs);
    else rewriter.keep(equation);
  }
  return rewriter.finish();
}

export const dropBarriers: GraphPass = { name: "drop_barriers", run: drop };
