/** Reverse mode from its parts: linearise, then transpose. */
import type { Graph, Operand } from "../graph/graph.ts";
import { LinearInput, type Transforms } from "../graph/primitive.ts";
import { instantiate, prune, select, typesOf } from "../primitives/control/subgraphs.ts";
import { formatShape } from "../primitives/typing.ts";
import { isFloating } from "../types/dtype.ts";
import { WeftTypeError } from "../types/errors.ts";
import { linearizeGraph } from "./linearize.ts";
import { transposeGraph, transposeInto } from "./transpose.ts";
import { buildGraph } from "./walk.ts";

export interface Vjp {
  /** inputs → outputs, then residuals */
  readonly forward: Graph;
  /** residuals, then cotangents of the outputs with `outNonzero` → cotangents of the inputs with `nonzero` */
  readonly backward: Graph;
  /** How many residuals. */
  readonly residuals: number;
  /** Which outputs depend, differentiably, on an input with `nonzero`. */
  readonly outNonzero: boolean[];
}

/** The forward graph with its residuals, and the backward graph. */
export function vjpGraph(transforms: Transforms, graph: Graph, nonzero: readonly boolean[]): Vjp {
  const { primal, linear, residuals, outNonzero } = linearizeGraph(transforms, graph, nonzero);
  const isLinear = linear.inputs.map((_, i) => i >= residuals);
  const backward = transposeGraph(transforms, linear, isLinear);
  return { forward: primal, backward, residuals, outNonzero };
}

/**
 * One graph: inputs → outputs, then the gradients of output 0 with respect to the inputs with `wrt`. The other
 * outputs are auxiliary. Throws WeftTypeError where output 0 is not a floating scalar.
 */
export function valueAndGradGraph(transforms: Transforms, graph: Graph, wrt: readonly boolean[]): Graph {
  checkScalarOutput(graph);
  const { primal, linear, residuals, outNonzero } = linearizeGraph(transforms, graph, wrt);
  const built = buildGraph(
    `${graph.name}_grad`,
    typesOf(graph.inputs),
    (b, inputs) => {
      const results = b.inline(primal, inputs);
      const outputs = results.slice(0, graph.outputs.length);
      const kept = results.slice(graph.outputs.length);
      const operands = linear.inputs.map((v, i) => (i < residuals ? kept[i] : new LinearInput(v.type)));
      const cotangents = select(
        graph.outputs.map((x, i): Operand | null => (i === 0 ? b.like(x, 1) : null)),
        outNonzero,
      );
      const found = transposeInto(b, linear, operands, cotangents, transforms).slice(residuals);
      return [...outputs, ...instantiate(found, select(graph.inputs, wrt))];
    },
    graph.inputs.map((v) => v.hint),
  );
  return prune(built);
}

function checkScalarOutput(graph: Graph): void {
  const { dtype, shape } = graph.outputs[0].type;
  if (shape.length > 0) {
    throw new WeftTypeError(
      `Gradient only defined for scalar-output functions. Output had shape: ${formatShape(shape)}. ` +
        "Reduce it to a scalar, e.g. with np.sum or np.mean, or use jacrev.",
    );
  }
  if (!isFloating(dtype)) {
    throw new WeftTypeError(
      "grad requires real-valued outputs (output dtype that is a sub-dtype of np.floating), " +
        `but got ${dtype}.`,
    );
  }
}
