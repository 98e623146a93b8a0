/** What the transformations share: reading operands through a map, copying equations, building graphs. */
import type { Builder } from "../graph/builder.ts";
import { type Equation, Graph, type Operand, Value } from "../graph/graph.ts";
import { GraphBuilder } from "../primitives/graph-builder.ts";
import type { TensorType } from "../types/tensor-type.ts";

/** What each value of the graph being walked has become. Literals stay themselves. */
export class Environment {
  readonly #map = new Map<Value, Operand>();

  constructor(values: readonly Value[] = [], operands: readonly Operand[] = []) {
    this.define(values, operands);
  }

  define(values: readonly Value[], operands: readonly Operand[]): void {
    for (const [i, value] of values.entries()) this.#map.set(value, operands[i]);
  }

  read(x: Operand): Operand {
    if (!(x instanceof Value)) return x;
    const found = this.#map.get(x);
    if (found === undefined) throw new Error("graph is not closed: an operand is not defined before its use");
    return found;
  }
}

/** Appends a copy of one equation with other operands; keeps its source and its values' names. */
export function copyEquation(b: Builder, equation: Equation, environment: Environment): readonly Operand[] {
  const values = equation.inputs.filter((x): x is Value => x instanceof Value);
  const single = new Graph(equation.op, values, [equation], equation.outputs);
  const outputs = b.inline(
    single,
    values.map((v) => environment.read(v)),
  );
  environment.define(equation.outputs, outputs);
  return outputs;
}

/** A new graph; its inputs keep the names of `hints`, where given. */
export function buildGraph(
  name: string,
  inputs: readonly TensorType[],
  body: (b: Builder, inputs: readonly Operand[]) => readonly Operand[],
  hints: readonly (string | null)[] = [],
): Graph {
  const b = new GraphBuilder();
  const operands = inputs.map((type, i) => b.input(type, hints[i] ?? null));
  return b.finish(name, body(b, operands));
}
