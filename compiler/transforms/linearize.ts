/** Linearisation: splits a graph's derivative into what can be computed without the tangents and a linear graph. */
import { Builder } from "../graph/builder.ts";
import type { Graph, Operand } from "../graph/graph.ts";
import type { LinearizeContext, Tangent, Transforms } from "../graph/primitive.ts";
import { nonzeroMask, present, prune } from "../primitives/control/subgraphs.ts";
import { GraphBuilder } from "../primitives/graph-builder.ts";
import { primitiveOf } from "../primitives/table.ts";
import { InternalError } from "../types/errors.ts";
import { applyJvpRule, forceTangents, Tangents, tangentHint } from "./jvp.ts";
import { LinearBuilder, SplitBuilder } from "./split-builder.ts";
import { copyEquation, Environment } from "./walk.ts";

export interface Linearized {
  /** inputs → outputs, then residuals */
  readonly primal: Graph;
  /** residuals, then tangents of the inputs with `nonzero` → tangents of the outputs with `outNonzero` */
  readonly linear: Graph;
  /** How many residuals. */
  readonly residuals: number;
  readonly outNonzero: boolean[];
}

/** See `Transforms.linearize`. */
export function linearizeGraph(
  transforms: Transforms,
  graph: Graph,
  nonzero: readonly boolean[],
  forceOut: readonly boolean[] = [],
): Linearized {
  const primal = new GraphBuilder();
  const linear = new LinearBuilder(primal);
  const split = new SplitBuilder(primal, linear);
  const context: LinearizeContext = { primal, linear, transforms };
  const inputs = graph.inputs.map((v) => primal.input(v.type, v.hint));
  const values = new Environment(graph.inputs, inputs);
  const tangents = new Tangents();
  for (const [i, input] of graph.inputs.entries()) {
    if (nonzero[i]) tangents.set(input, linear.tangentInput(input, tangentHint(input)));
  }
  for (const equation of graph.equations) {
    const given = equation.inputs.map((x) => tangents.get(x));
    if (given.every((t) => t === null)) {
      copyEquation(primal, equation, values);
      continue;
    }
    primal.source = equation.source;
    linear.source = equation.source;
    split.source = equation.source;
    const primitive = primitiveOf(equation.op);
    const operands = equation.inputs.map((x) => values.read(x));
    const result =
      primitive.linearize?.(context, operands, given, equation.params) ??
      applyJvpRule(split, primitive, operands, given, equation.params, { transforms });
    if (result.outputs.some((x) => linear.owns(x))) {
      throw new InternalError(
        `the jvp rule of ${equation.op} computes outputs from tangents`,
        equation.source,
      );
    }
    values.define(equation.outputs, result.outputs);
    for (const [i, v] of equation.outputs.entries()) {
      if (Builder.differentiable(v.type)) tangents.set(v, result.tangents[i]);
    }
  }
  const found: Tangent[] = graph.outputs.map((x) => tangents.get(x));
  const out = forceTangents(primal, graph, found, forceOut);
  const finished = linear.finish(`${graph.name}_linear`, present(out));
  const outputs: Operand[] = graph.outputs.map((x) => values.read(x));
  return {
    primal: prune(primal.finish(`${graph.name}_primal`, [...outputs, ...finished.residuals])),
    linear: finished.graph,
    residuals: finished.residuals.length,
    outNonzero: nonzeroMask(out),
  };
}
