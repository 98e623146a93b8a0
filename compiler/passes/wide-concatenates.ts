/**
 * A concatenation of more operands than a shader may bind becomes concatenations of concatenations: `np.stack` of a
 * training loop's losses has as many operands as the loop has steps.
 */
import type { Builder } from "../graph/builder.ts";
import type { Graph, Operand } from "../graph/graph.ts";
import { isOp } from "../graph/operations.ts";
import { GraphBuilder } from "../primitives/graph-builder.ts";
import type { GraphPass } from "./pass.ts";
import { Rewriter } from "./rewrite.ts";

/** Joins `width` operands at a time until one is left. */
function join(b: Builder, operands: readonly Operand[], dimension: number, width: number): Operand {
  if (operands.length === 1) return operands[0];
  const joined: Operand[] = [];
  for (let i = 0; i < operands.length; i += width) {
    const part = operands.slice(i, i + width);
    joined.push(part.length === 1 ? part[0] : b.one("concatenate", part, { dimension }));
  }
  return join(b, joined, dimension, width);
}

function rewrite(graph: Graph, width: number): Graph {
  const rewriter = new Rewriter(graph);
  for (const original of graph.equations) {
    const equation = rewriter.update(original, (body) => rewrite(body, width));
    if (isOp(equation, "concatenate") && equation.inputs.length > width) {
      const b = new GraphBuilder();
      b.source = equation.source;
      const result = join(b, equation.inputs, equation.params.dimension, width);
      for (const e of b.equations) rewriter.keep(e);
      rewriter.replace(equation, [result]);
    } else rewriter.keep(equation);
  }
  return rewriter.finish();
}

/** `width`: operands that one kernel can read. */
export function splitWideConcatenates(width: number): GraphPass {
  return { name: "wide_concatenates", run: (graph) => rewrite(graph, width) };
}
