/**
 * Replaces calls, custom-rule calls and checkpoints by their bodies, and expands the primitives that are defined by
 * others. First, because every later pass then sees one flat graph per region.
 */
import { Builder } from "../graph/builder.ts";
import type { Equation, Graph, Operand, Params } from "../graph/graph.ts";
import type { PrimitiveName } from "../graph/names.ts";
import type { PrimitiveParams } from "../graph/operations.ts";
import type { ExpandLowering } from "../graph/primitive.ts";
import { appendEquation } from "../primitives/graph-builder.ts";
import { primitiveOf } from "../primitives/table.ts";
import { sourceWithin } from "../types/source.ts";
import type { GraphPass } from "./pass.ts";
import { mapSubgraphs, Rewriter } from "./rewrite.ts";

/** How an operation is replaced by others; null where it stays. Barriers stay until nothing merges equations any more. */
function expansionOf(op: PrimitiveName): ExpandLowering<Params> | null {
  const { lower } = primitiveOf(op);
  return lower.kind === "expand" && op !== "optimization_barrier" ? lower : null;
}

class ExpandingBuilder extends Builder {
  constructor(private readonly out: Equation[]) {
    super();
  }

  override emit<N extends PrimitiveName>(
    name: N,
    inputs: readonly Operand[],
    params: PrimitiveParams[N],
  ): readonly Operand[] {
    const lower = expansionOf(name);
    if (lower !== null) return lower.expand(this, inputs, params);
    return appendEquation(this.out, name, inputs, mapSubgraphs(params, inlineGraph), this.source);
  }

  override inline(graph: Graph, inputs: readonly Operand[]): readonly Operand[] {
    const renamed = new Map<Operand, Operand>();
    for (const [i, input] of graph.inputs.entries()) renamed.set(input, inputs[i]);
    const rename = (x: Operand): Operand => renamed.get(x) ?? x;
    const outer = this.source;
    for (const equation of graph.equations) {
      this.source = sourceWithin(equation.source, outer);
      const outputs = this.emit(equation.op, equation.inputs.map(rename), equation.params as never);
      for (const [i, v] of equation.outputs.entries()) renamed.set(v, outputs[i]);
    }
    this.source = outer;
    return graph.outputs.map(rename);
  }
}

function inlineGraph(graph: Graph): Graph {
  const rewriter = new Rewriter(graph);
  const builder = new ExpandingBuilder(rewriter.equations);
  for (const equation of graph.equations) {
    const lower = expansionOf(equation.op);
    if (lower === null) {
      rewriter.keep(rewriter.update(equation, inlineGraph));
    } else {
      builder.source = equation.source;
      rewriter.replace(equation, lower.expand(builder, rewriter.operands(equation), equation.params));
    }
  }
  return rewriter.finish();
}

export const inlineCalls: GraphPass = { name: "inline_calls", run: inlineGraph };
