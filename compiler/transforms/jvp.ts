/** Forward mode: one walk over the equations, carrying a tangent or a symbolic zero beside every value. */
import { Builder } from "../graph/builder.ts";
import type { Graph, Operand, Value } from "../graph/graph.ts";
import {
  Absent,
  type JvpContext,
  type JvpResult,
  type Primitive,
  type Tangent,
  type Transforms,
} from "../graph/primitive.ts";
import {
  nonzeroMask,
  present,
  prune,
  scatterMask,
  select,
  symbolic,
  typesOf,
} from "../primitives/control/subgraphs.ts";
import { primitiveOf } from "../primitives/table.ts";
import { InternalError, UnsupportedError } from "../types/errors.ts";
import { sameType } from "../types/tensor-type.ts";
import { buildGraph, copyEquation, Environment } from "./walk.ts";

/** Tangents of the values of the graph being walked. */
export class Tangents {
  readonly #map = new Map<Operand, Operand>();

  set(value: Value, tangent: Tangent): void {
    const known = symbolic(tangent);
    if (known === null) return;
    if (!Builder.differentiable(value.type)) {
      throw new InternalError(`a value of type ${value.type.text} has no tangents`);
    }
    if (!sameType(known.type, value.type)) {
      throw new InternalError(`a tangent of type ${known.type.text} for a value of type ${value.type.text}`);
    }
    this.#map.set(value, known);
  }

  get(x: Operand): Tangent {
    return this.#map.get(x) ?? null;
  }
}

/** Runs an equation's jvp rule. */
export function applyJvpRule(
  b: Builder,
  primitive: Primitive,
  primals: readonly Operand[],
  tangents: readonly Tangent[],
  params: Graph["equations"][number]["params"],
  context: JvpContext,
): JvpResult {
  if (primitive.jvp instanceof Absent) {
    throw new UnsupportedError(
      `Differentiation rule for '${primitive.name}' not implemented: ${primitive.jvp.reason}`,
      b.source,
    );
  }
  return primitive.jvp(b, primals, tangents, params, context);
}

/** Differentiates the graph's equations into `b`. */
export function jvpInto(
  b: Builder,
  graph: Graph,
  primals: readonly Operand[],
  tangents: readonly Tangent[],
  context: JvpContext,
): JvpResult {
  const values = new Environment(graph.inputs, primals);
  const known = new Tangents();
  for (const [i, input] of graph.inputs.entries()) known.set(input, tangents[i]);
  for (const equation of graph.equations) {
    const inputTangents = equation.inputs.map((x) => known.get(x));
    if (inputTangents.every((t) => t === null)) {
      copyEquation(b, equation, values);
      continue;
    }
    b.source = equation.source;
    const inputs = equation.inputs.map((x) => values.read(x));
    const result = applyJvpRule(b, primitiveOf(equation.op), inputs, inputTangents, equation.params, context);
    values.define(equation.outputs, result.outputs);
    for (const [i, v] of equation.outputs.entries()) {
      if (Builder.differentiable(v.type)) known.set(v, result.tangents[i]);
    }
  }
  return {
    outputs: graph.outputs.map((x) => values.read(x)),
    tangents: graph.outputs.map((x) => known.get(x)),
  };
}

/** See `Transforms.jvp`. */
export function jvpGraph(
  transforms: Transforms,
  graph: Graph,
  nonzero: readonly boolean[],
  forceOut: readonly boolean[] = [],
): { graph: Graph; outNonzero: boolean[] } {
  const active = select(graph.inputs, nonzero);
  let outNonzero: boolean[] = [];
  const n = graph.inputs.length;
  const built = buildGraph(
    `${graph.name}_jvp`,
    typesOf([...graph.inputs, ...active]),
    (b, inputs) => {
      const tangents = scatterMask(inputs.slice(n), nonzero);
      const result = jvpInto(b, graph, inputs.slice(0, n), tangents, { transforms });
      const out = forceTangents(b, graph, result.tangents, forceOut);
      outNonzero = nonzeroMask(out);
      return [...result.outputs, ...present(out)];
    },
    [...graph.inputs.map((v) => v.hint), ...active.map((v) => tangentHint(v))],
  );
  return { graph: prune(built), outNonzero };
}

export function tangentHint(v: Value): string | null {
  return v.hint === null ? null : `${v.hint}_t`;
}

/** Makes zeros of the symbolic zeros of the outputs that must have a tangent. */
export function forceTangents(
  b: Builder,
  graph: Graph,
  tangents: readonly Tangent[],
  forceOut: readonly boolean[],
): Tangent[] {
  return tangents.map((t, i) => (t === null && forceOut[i] ? b.zeros(graph.outputs[i].type) : t));
}
