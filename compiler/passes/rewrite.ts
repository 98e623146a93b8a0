/** The walk that graph passes share: copies a graph equation by equation, with sub-graphs. */
import { type Attribute, type Equation, Graph, type Operand, type Params, Value } from "../graph/graph.ts";

/** Applies `f` to every sub-graph among the parameters; the same object comes back where nothing changed. */
export function mapSubgraphs(params: Params, f: (graph: Graph) => Graph): Params {
  let changed: Record<string, Attribute> | null = null;
  for (const key in params) {
    const attribute = params[key];
    // Most are numbers, strings or null.
    if (typeof attribute !== "object" || attribute === null) continue;
    const mapped = mapAttribute(attribute, f);
    if (mapped === attribute) continue;
    changed ??= { ...params };
    changed[key] = mapped;
  }
  return changed ?? params;
}

function mapAttribute(attribute: Attribute, f: (graph: Graph) => Graph): Attribute {
  if (attribute instanceof Graph) return f(attribute);
  if (!Array.isArray(attribute)) return attribute;
  const items = attribute as readonly Attribute[];
  if (!items.some((item) => item instanceof Graph)) return attribute;
  const mapped = items.map((item) => mapAttribute(item, f));
  return mapped.some((item, i) => item !== items[i]) ? mapped : attribute;
}

/** How often each value is used: by equations and, once more each, by the graph's outputs. */
export function useCounts(graph: Graph): Map<Value, number> {
  const counts = new Map<Value, number>();
  const count = (x: Operand): void => {
    if (x instanceof Value) counts.set(x, (counts.get(x) ?? 0) + 1);
  };
  for (const equation of graph.equations) equation.inputs.forEach(count);
  graph.outputs.forEach(count);
  return counts;
}

/** A graph as a pass rewrites it: its equations in order, with operands that were replaced replaced. */
export class Rewriter {
  readonly equations: Equation[] = [];
  readonly #replaced = new Map<Operand, Operand>();
  #changed = false;

  constructor(readonly graph: Graph) {}

  /** What the operands of an equation have been replaced by. */
  operands(equation: Equation): Operand[] {
    return equation.inputs.map((x) => this.#apply(x));
  }

  /** Follows chains. */
  #apply(x: Operand): Operand {
    let current = x;
    for (let next = this.#replaced.get(x); next !== undefined; next = this.#replaced.get(current))
      current = next;
    return current;
  }

  /**
   * The equation over what its operands have been replaced by, and with `f` applied to its sub-graphs: the same object
   * where neither changes it. It is not kept yet.
   */
  update(original: Equation, f: (graph: Graph) => Graph): Equation {
    const inputs = this.#inputs(original.inputs);
    const params = mapSubgraphs(original.params, f);
    if (inputs === original.inputs && params === original.params) return original;
    this.#changed = true;
    return { ...original, inputs, params };
  }

  /** The same array where none has been replaced. */
  #inputs(inputs: readonly Operand[]): readonly Operand[] {
    if (this.#replaced.size === 0) return inputs;
    for (let i = 0; i < inputs.length; i++) {
      if (this.#replaced.has(inputs[i])) return inputs.map((x) => this.#apply(x));
    }
    return inputs;
  }

  keep(equation: Equation): void {
    this.equations.push(equation);
  }

  /** Uses `operands` for the equation's results from here on, and does not keep it. */
  replace(equation: Equation, operands: readonly Operand[]): void {
    for (const [i, v] of equation.outputs.entries()) this.#replaced.set(v, operands[i]);
    this.#changed = true;
  }

  /** The graph of the equations kept; the same object where all are as they were. */
  finish(): Graph {
    if (!this.#changed) return this.graph;
    const { name, inputs, outputs } = this.graph;
    return new Graph(
      name,
      inputs,
      this.equations,
      outputs.map((x) => this.#apply(x)),
    );
  }
}
