/**
 * A scatter of one element per batch into a constant is elementwise: `select(position == index, update, constant)`.
 * That is the gradient of picking one element per row (the labels' log-probabilities of a cross entropy), which as
 * a map fuses with the rest of the gradient instead of filling and rereading a tensor of its own.
 */
import type { Builder } from "../graph/builder.ts";
import { type Equation, type Graph, isLiteral, type Operand } from "../graph/graph.ts";
import { type EquationOf, isOp } from "../graph/operations.ts";
import { GraphBuilder } from "../primitives/graph-builder.ts";
import { sizeOf } from "../types/tensor-type.ts";
import type { GraphPass } from "./pass.ts";
import { Rewriter } from "./rewrite.ts";

type Scatter = EquationOf<"scatter"> | EquationOf<"scatter_add">;

/** The elementwise form, or null where the scatter is of another kind. */
function elementwise(b: Builder, equation: Scatter): Operand | null {
  const [operand, indices, updates] = equation.inputs;
  const p = equation.params;
  if (!isLiteral(operand) || operand.type.size === 0 || operand.type.dtype === "bool") return null;
  if (p.scatterDimsToOperandDims.length !== 1 || p.updateWindowDims.length > 0) return null;
  const { shape } = operand.type;
  const [axis] = p.scatterDimsToOperandDims;
  const batch = p.operandBatchingDims;
  // One element wide in every dimension: the one that is indexed, and the batch.
  if (batch.length + 1 !== shape.length || !batch.every((d, k) => k === 0 || d > batch[k - 1])) return null;
  const vectors = indices.type.shape.slice(0, -1);
  const from = p.scatterIndicesBatchingDims;
  if (!from.every((d, k) => k === 0 || d > from[k - 1])) return null;
  if (sizeOf(vectors) !== sizeOf(from.map((d) => vectors[d]))) return null;

  const perBatch = (x: Operand): Operand =>
    b.broadcastInDim(
      b.reshape(
        x,
        batch.map((d) => shape[d]),
      ),
      shape,
      batch,
    );
  let at = b.convert(indices, "int32");
  if (p.mode === "clip") {
    at = b.binary("min", b.binary("max", at, b.like(at, 0)), b.like(at, shape[axis] - 1));
  }
  const hit = b.binary("eq", perBatch(at), b.iota("int32", shape, axis));
  const update = isOp(equation, "scatter_add") ? b.add(operand, perBatch(updates)) : perBatch(updates);
  return b.select(hit, update, operand);
}

function rewrite(graph: Graph): Graph {
  const rewriter = new Rewriter(graph);
  for (const original of graph.equations) {
    const equation: Equation = rewriter.update(original, rewrite);
    if (isOp(equation, "scatter") || isOp(equation, "scatter_add")) {
      const b = new GraphBuilder();
      b.source = equation.source;
      const result = elementwise(b, equation);
      if (result !== null) {
        for (const e of b.equations) rewriter.keep(e);
        rewriter.replace(equation, [result]);
        continue;
      }
    }
    rewriter.keep(equation);
  }
  return rewriter.finish();
}

export const rewriteOneHotScatters: GraphPass = { name: "one_hot_scatters", run: rewrite };
