/** Transposition of linear graphs: a backward walk that accumulates cotangents. */
import type { Builder } from "../graph/builder.ts";
import { type Equation, type Graph, type Operand, Value } from "../graph/graph.ts";
import {
  Absent,
  LinearInput,
  type Tangent,
  type Transforms,
  type TransposeInput,
} from "../graph/primitive.ts";
import {
  dependents,
  instantiate,
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

/** The sums of the cotangents that have reached each linear value so far. */
class Cotangents {
  readonly #map = new Map<Value, Operand>();

  constructor(private readonly linear: ReadonlySet<Operand>) {}

  /** Cotangents of what is not linear (a literal, a residual) are dropped. */
  add(b: Builder, x: Operand, cotangent: Tangent): void {
    const known = symbolic(cotangent);
    if (known === null || !(x instanceof Value) || !this.linear.has(x)) return;
    if (!sameType(known.type, x.type)) {
      throw new InternalError(
        `a cotangent of type ${known.type.text} for a value of type ${x.type.text}`,
        b.source,
      );
    }
    const before = this.#map.get(x);
    this.#map.set(x, before === undefined ? known : b.add(before, known));
  }

  get(x: Value): Tangent {
    return this.#map.get(x) ?? null;
  }
}

/**
 * Transposes into `b`. `inputs`: operands for the inputs the graph is not linear in, LinearInput for the others.
 * Returns cotangents of the linear inputs (null: zero) and null for the others.
 */
export function transposeInto(
  b: Builder,
  graph: Graph,
  inputs: readonly TransposeInput[],
  cotangents: readonly Tangent[],
  transforms: Transforms,
): Tangent[] {
  const linear = dependents(
    graph,
    inputs.map((x) => x.kind === "linear"),
  );
  const values = new Environment();
  for (const [i, x] of inputs.entries()) if (x.kind !== "linear") values.define([graph.inputs[i]], [x]);
  const backward: Equation[] = [];
  for (const equation of graph.equations) {
    if (equation.inputs.some((x) => linear.has(x))) backward.push(equation);
    else copyEquation(b, equation, values);
  }
  const sums = new Cotangents(linear);
  b.source = null;
  for (const [i, x] of graph.outputs.entries()) sums.add(b, x, cotangents[i]);
  for (const equation of backward.reverse()) {
    const given = equation.outputs.map((v) => sums.get(v));
    if (given.every((ct) => ct === null)) continue;
    b.source = equation.source;
    const operands = equation.inputs.map((x) => (linear.has(x) ? new LinearInput(x.type) : values.read(x)));
    const { transpose } = primitiveOf(equation.op);
    if (transpose instanceof Absent) {
      throw new UnsupportedError(
        `Transpose rule (for reverse-mode differentiation) for '${equation.op}' not implemented: ${transpose.reason}`,
        equation.source,
      );
    }
    const results = transpose(b, given, operands, equation.params, { transforms });
    for (const [i, x] of equation.inputs.entries()) sums.add(b, x, results[i]);
  }
  return graph.inputs.map((v) => sums.get(v));
}

/** See `Transforms.transpose`. */
export function transposeGraph(
  transforms: Transforms,
  graph: Graph,
  linear: readonly boolean[],
  ctNonzero: readonly boolean[] = graph.outputs.map(() => true),
): Graph {
  const known = graph.inputs.filter((_, i) => !linear[i]);
  const n = known.length;
  const given = select(graph.outputs, ctNonzero);
  const built = buildGraph(
    `${graph.name}_transpose`,
    typesOf([...known, ...given]),
    (b, operands) => {
      let at = 0;
      const inputs = graph.inputs.map((v, i) => (linear[i] ? new LinearInput(v.type) : operands[at++]));
      const cotangents = scatterMask(operands.slice(n), ctNonzero);
      const results = transposeInto(b, graph, inputs, cotangents, transforms);
      return instantiate(select(results, linear), select(graph.inputs, linear));
    },
    known.map((v) => v.hint),
  );
  return prune(built);
}
