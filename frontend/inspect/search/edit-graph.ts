/** Edits that make a graph smaller: what `weft reduce` tries. Each keeps the graph well-formed or gives null. */
import {
  type Attribute,
  type Equation,
  Graph,
  Literal,
  type Operand,
  type Params,
  Value,
} from "../../../compiler/graph/graph.ts";
import { isList } from "../../../compiler/graph/param-kinds.ts";
import type { RefTensor } from "../../../compiler/graph/reference.ts";
import { eliminateDeadCode } from "../../../compiler/passes/dead-code.ts";
import { mapSubgraphs } from "../../../compiler/passes/rewrite.ts";
import { primitiveOf } from "../../../compiler/primitives/table.ts";
import { type TensorType, tensorType } from "../../../compiler/types/tensor-type.ts";

/** A graph and what it is run on. */
export interface Trial {
  readonly graph: Graph;
  readonly inputs: readonly RefTensor[];
}

type Substitution = ReadonlyMap<Operand, Operand>;

function substituted(equation: Equation, by: Substitution): Equation {
  if (!equation.inputs.some((x) => by.has(x))) return equation;
  return { ...equation, inputs: equation.inputs.map((x) => by.get(x) ?? x) };
}

/** The graph without what nobody uses: equations, and then inputs. */
export function cleaned({ graph, inputs }: Trial): Trial {
  const live = eliminateDeadCode.run(graph, { donated: [] });
  const used = new Set<Operand>([...live.outputs, ...live.equations.flatMap((e) => e.inputs)]);
  const kept = live.inputs.flatMap((x, i) => (used.has(x) ? [i] : []));
  if (kept.length === live.inputs.length) return { graph: live, inputs };
  return {
    graph: new Graph(
      live.name,
      kept.map((i) => live.inputs[i]),
      live.equations,
      live.outputs,
    ),
    inputs: kept.map((i) => inputs[i]),
  };
}

/** Only these of the outputs. */
export function withOutputs({ graph, inputs }: Trial, kept: readonly number[]): Trial {
  const outputs = kept.map((i) => graph.outputs[i]);
  return cleaned({ graph: new Graph(graph.name, graph.inputs, graph.equations, outputs), inputs });
}

/** An output replaced by an operand of the equation that makes it. */
export function withEarlierOutput({ graph, inputs }: Trial, output: number, operand: number): Trial | null {
  const v = graph.outputs[output];
  const producer = graph.equations.find((e) => e.outputs.some((each) => each === v));
  const x = producer?.inputs[operand];
  if (x === undefined || x.kind === "literal") return null;
  const outputs = graph.outputs.map((each, i) => (i === output ? x : each));
  return cleaned({ graph: new Graph(graph.name, graph.inputs, graph.equations, outputs), inputs });
}

/** Results of these equations become inputs, with the values that `known` has of them. */
export function cut(
  { graph, inputs }: Trial,
  positions: ReadonlySet<number>,
  known: (value: Value) => RefTensor | null,
): Trial | null {
  const by = new Map<Operand, Operand>();
  const more: Value[] = [];
  const data: RefTensor[] = [];
  for (const [i, equation] of graph.equations.entries()) {
    if (!positions.has(i)) continue;
    for (const v of equation.outputs) {
      const tensor = known(v);
      if (tensor === null) return null;
      const input = new Value(v.type, null);
      by.set(v, input);
      more.push(input);
      data.push(tensor);
    }
  }
  const equations = graph.equations.flatMap((e, i) => (positions.has(i) ? [] : [substituted(e, by)]));
  const outputs = graph.outputs.map((x) => by.get(x) ?? x);
  return cleaned({
    graph: new Graph(graph.name, [...graph.inputs, ...more], equations, outputs),
    inputs: [...inputs, ...data],
  });
}

/** An equation's only result replaced by its `operand`-th operand, where they have one type. */
export function bypass({ graph, inputs }: Trial, position: number, operand: number): Trial | null {
  const equation = graph.equations[position];
  const x = equation.inputs[operand];
  if (equation.outputs.length !== 1 || x === undefined || x.type.text !== equation.outputs[0].type.text)
    return null;
  const by = new Map<Operand, Operand>([[equation.outputs[0], x]]);
  const equations = graph.equations.flatMap((e, i) => (i === position ? [] : [substituted(e, by)]));
  const outputs = graph.outputs.map((y) => by.get(y) ?? y);
  return cleaned({ graph: new Graph(graph.name, graph.inputs, equations, outputs), inputs });
}

/** An input replaced by a constant. */
export function inputAsLiteral({ graph, inputs }: Trial, position: number, value: number): Trial {
  const input = graph.inputs[position];
  const by = new Map<Operand, Operand>([[input, new Literal(input.type, value)]]);
  return cleaned({
    graph: new Graph(
      graph.name,
      graph.inputs.filter((_, i) => i !== position),
      graph.equations.map((e) => substituted(e, by)),
      graph.outputs.map((x) => by.get(x) ?? x),
    ),
    inputs: inputs.filter((_, i) => i !== position),
  });
}

/** Sub-graphs of an equation with results of some of their equations replaced by zeros. */
export function emptyBodies(
  { graph, inputs }: Trial,
  position: number,
  isCut: (i: number) => boolean,
): Trial | null {
  const equation = graph.equations[position];
  let changed = false;
  const params = mapSubgraphs(equation.params, (inner) => {
    const by = new Map<Operand, Operand>();
    for (const [i, e] of inner.equations.entries()) {
      if (!isCut(i)) continue;
      for (const v of e.outputs) by.set(v, new Literal(v.type, 0));
    }
    if (by.size === 0) return inner;
    changed = true;
    const equations = inner.equations.flatMap((e, i) => (isCut(i) ? [] : [substituted(e, by)]));
    return new Graph(
      inner.name,
      inner.inputs,
      equations,
      inner.outputs.map((x) => by.get(x) ?? x),
    );
  });
  if (!changed) return null;
  const equations = graph.equations.map((e, i) => (i === position ? { ...e, params } : e));
  return cleaned({ graph: new Graph(graph.name, graph.inputs, equations, graph.outputs), inputs });
}

/** The extents greater than 1 of a graph's values, the largest first. */
export function extentsOf(graph: Graph): number[] {
  const found = new Set<number>();
  const add = ({ shape }: TensorType): void => {
    for (const n of shape) found.add(n);
  };
  const visit = (g: Graph): void => {
    for (const x of g.inputs) add(x.type);
    for (const e of g.equations) {
      for (const x of [...e.inputs, ...e.outputs]) add(x.type);
      mapSubgraphs(e.params, (inner) => {
        visit(inner);
        return inner;
      });
    }
  };
  visit(graph);
  return [...found].filter((n) => n > 1).sort((a, b) => b - a);
}

/**
 * Every extent of `from` made `to`, in parameters as well, and all types inferred anew. Null where the operations do not
 * take that: an extent may be the sum of two others.
 */
export function withExtent({ graph, inputs }: Trial, from: number, to: number): Trial | null {
  try {
    const resized = resizedGraph(graph, from, to);
    const data = inputs.map((x, i) => resizedTensor(x, resized.inputs[i].type));
    return { graph: resized, inputs: data };
  } catch {
    return null;
  }
}

function resizedType({ dtype, shape }: TensorType, from: number, to: number): TensorType {
  return tensorType(
    dtype,
    shape.map((n) => (n === from ? to : n)),
  );
}

function resizedGraph(graph: Graph, from: number, to: number): Graph {
  const by = new Map<Operand, Operand>();
  const operand = (x: Operand): Operand => {
    const known = by.get(x);
    if (known !== undefined) return known;
    const made = x.kind === "literal" ? new Literal(resizedType(x.type, from, to), x.value) : null;
    if (made === null) throw new Error("a value without a definition");
    return made;
  };
  const inputs = graph.inputs.map((x) => {
    const input = new Value(resizedType(x.type, from, to), x.hint);
    by.set(x, input);
    return input;
  });
  const equations = graph.equations.map((e): Equation => {
    const operands = e.inputs.map(operand);
    const params = resizedParams(e.params, from, to);
    const types = primitiveOf(e.op).infer(
      operands.map((x) => x.type),
      params,
    );
    const outputs = types.map((type, i) => {
      const v = new Value(type, e.outputs[i].hint);
      by.set(e.outputs[i], v);
      return v;
    });
    return { ...e, inputs: operands, params, outputs };
  });
  return new Graph(graph.name, inputs, equations, graph.outputs.map(operand));
}

function resizedParams(params: Params, from: number, to: number): Params {
  return Object.fromEntries(Object.entries(params).map(([key, a]) => [key, resizedAttribute(a, from, to)]));
}

function resizedAttribute(a: Attribute, from: number, to: number): Attribute {
  if (typeof a === "number") return a === from ? to : a;
  if (a instanceof Graph) return resizedGraph(a, from, to);
  if (a === null || typeof a !== "object") return a;
  if (isList(a)) return a.map((item) => resizedAttribute(item, from, to));
  if (Object.getPrototypeOf(a) !== Object.prototype) {
    throw new Error("constants and deferred graphs keep their size");
  }
  const entries = Object.entries(a) as [string, Attribute][];
  return Object.fromEntries(entries.map(([key, item]) => [key, resizedAttribute(item, from, to)]));
}

/** The corner of an array that a smaller type has room for; what there is not begins again. */
function resizedTensor({ type, data }: RefTensor, wanted: TensorType): RefTensor {
  const out = new Float64Array(wanted.size);
  const index = wanted.shape.map(() => 0);
  for (let i = 0; i < out.length; i++) {
    let at = 0;
    for (const [axis, n] of index.entries()) at = at * type.shape[axis] + (n % Math.max(1, type.shape[axis]));
    out[i] = data[at] ?? 0;
    for (let axis = index.length - 1; axis >= 0 && ++index[axis] === wanted.shape[axis]; axis--)
      index[axis] = 0;
  }
  return { type: wanted, data: out };
}
