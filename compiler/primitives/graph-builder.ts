/** The plain builder: appends equations to one graph. */
import { Builder } from "../graph/builder.ts";
import { type Equation, Graph, type Operand, Value } from "../graph/graph.ts";
import type { PrimitiveName } from "../graph/names.ts";
import type { PrimitiveParams } from "../graph/operations.ts";
import { OwnNames } from "../graph/own-names.ts";
import type { SourceRef } from "../types/source.ts";
import type { TensorType } from "../types/tensor-type.ts";
import { primitiveOf } from "./table.ts";

/** A builder that checks each equation by the rules of its primitive and collects them into a graph. */
export class GraphBuilder extends Builder {
  readonly #inputs: Value[] = [];
  readonly #names = new OwnNames();
  readonly #equations: Equation[] = [];

  /** Adds an input to the graph. */
  input(type: TensorType, hint: string | null = null): Value {
    const value = new Value(type, this.#names.take(hint));
    this.#inputs.push(value);
    return value;
  }

  get inputs(): readonly Value[] {
    return this.#inputs;
  }

  get equations(): readonly Equation[] {
    return this.#equations;
  }

  override emit<N extends PrimitiveName>(
    name: N,
    inputs: readonly Operand[],
    params: PrimitiveParams[N],
  ): readonly Value[] {
    return appendEquation(this.#equations, name, inputs, params, this.source);
  }

  override inline(graph: Graph, inputs: readonly Operand[]): readonly Operand[] {
    return inlineInto(this.#equations, graph, inputs);
  }

  finish(name: string, outputs: readonly Operand[]): Graph {
    return new Graph(name, [...this.#inputs], [...this.#equations], [...outputs]);
  }
}

/** Infers the result types of one equation and appends it. */
export function appendEquation(
  equations: Equation[],
  op: PrimitiveName,
  inputs: readonly Operand[],
  params: Equation["params"],
  source: SourceRef | null,
): readonly Value[] {
  const types = primitiveOf(op).infer(
    inputs.map((x) => x.type),
    params,
  );
  const outputs = types.map((type) => new Value(type));
  equations.push({ op, inputs: [...inputs], params, outputs, source });
  return outputs;
}

/** Appends a copy of the graph's equations with its inputs replaced by `inputs`. */
export function inlineInto(
  equations: Equation[],
  graph: Graph,
  inputs: readonly Operand[],
): readonly Operand[] {
  const renamed = new Map<Operand, Operand>();
  for (const [i, input] of graph.inputs.entries()) renamed.set(input, inputs[i]);
  const rename = (x: Operand): Operand => renamed.get(x) ?? x;
  for (const equation of graph.equations) {
    const outputs = equation.outputs.map((v) => new Value(v.type, v.hint));
    for (const [i, v] of equation.outputs.entries()) renamed.set(v, outputs[i]);
    equations.push({ ...equation, inputs: equation.inputs.map(rename), outputs });
  }
  return graph.outputs.map(rename);
}
