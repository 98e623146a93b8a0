/** The walk that graph passes share: copies a graph equation by equation, with sub-graphs first. */
import { type Attribute, type Equation, Graph, type Operand, type Params, Value } from "../graph/graph.ts";

/** Applies `f` to every sub-graph among the parameters; the same object comes back where nothing changed. */
export function mapSubgraphs(params: Params, f: (graph: Graph) => Graph): Params {
  let changed = false;
  const out: Record<string, Attribute> = {};
  for (const [key, attribute] of Object.entries(params)) {
    const mapped = mapAttribute(attribute, f);
    if (mapped !== attribute) changed = true;
    out[key] = mapped;
  }
  return changed ? out : params;
}

function mapAttribute(attribute: Attribute, f: (graph: Graph) => Graph): Attribute {
  if (attribute instanceof Graph) return f(attribute);
  if (!Array.isArray(attribute)) return attribute;
  const items = attribute as readonly Attribute[];
  if (!items.some((item) => item instanceof Graph)) return attribute;
  const mapped = items.map((item) => mapAttribute(item, f));
  return mapped.some((item, i) => item !== items[i]) ? mapped : attribute;
}

/** An equation with other operands; the same object where they are the same. */
export function withInputs(equation: Equation, inputs: readonly Operand[]): Equation {
  return inputs.every((x, i) => x === equation.inputs[i]) ? equation : { ...equation, inputs };
}

/** What a value has been replaced by, following chains. */
export class Substitution {
  readonly #map = new Map<Operand, Operand>();

  set(from: Value, to: Operand): void {
    this.#map.set(from, to);
  }

  get size(): number {
    return this.#map.size;
  }

  apply(x: Operand): Operand {
    let current = x;
    for (let next = this.#map.get(current); next !== undefined; next = this.#map.get(current)) current = next;
    return current;
  }
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
