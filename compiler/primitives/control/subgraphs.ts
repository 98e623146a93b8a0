/** What the rules of control flow do with their sub-graphs: check, prune, reorder, and ask what depends on what. */
import { type Equation, Graph, Literal, type Operand, subgraphsOf, Value } from "../../graph/graph.ts";
import type { Tangent, TransposeInput } from "../../graph/primitive.ts";
import { WeftTypeError } from "../../types/errors.ts";
import { sameType, type TensorType } from "../../types/tensor-type.ts";
import { formatType } from "../typing.ts";

/** Indices at which a mask is true. */
export function where(mask: readonly boolean[]): number[] {
  return mask.flatMap((set, i) => (set ? [i] : []));
}

export function count(mask: readonly boolean[]): number {
  return where(mask).length;
}

/** [from, from + 1, …, to - 1] */
export function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}

export function pick<T>(items: readonly T[], at: readonly number[]): T[] {
  return at.map((i) => items[i]);
}

/** The items a mask selects. */
export function select<T>(items: readonly T[], mask: readonly boolean[]): T[] {
  return items.filter((_, i) => mask[i]);
}

/** Puts `items` where the mask is true, and null elsewhere. */
export function scatterMask<T>(items: readonly T[], mask: readonly boolean[]): (T | null)[] {
  let at = 0;
  return mask.map((set) => (set ? items[at++] : null));
}

export function nonzeroMask(tangents: readonly Tangent[]): boolean[] {
  return tangents.map((t) => t !== null);
}

/** The tangents that are not symbolic zeros. */
export function present<T>(items: readonly (T | null)[]): T[] {
  return items.filter((x): x is T => x !== null);
}

/** The operands of an equation under transposition that are not linear inputs. */
export function knownInputs(inputs: readonly TransposeInput[]): Operand[] {
  return inputs.filter((x): x is Operand => x.kind !== "linear");
}

export function isZero(x: Operand): boolean {
  return x instanceof Literal && x.value === 0;
}

/** A tangent or cotangent that is a zero literal is the symbolic zero. */
export function symbolic(x: Tangent): Tangent {
  return x === null || isZero(x) ? null : x;
}

/** Tangents with symbolic zeros made into literals of their primals' types. */
export function instantiate(
  tangents: readonly Tangent[],
  like: readonly { readonly type: TensorType }[],
): Operand[] {
  return tangents.map((t, i) => t ?? new Literal(like[i].type, 0));
}

/** The same graph with its inputs and outputs chosen and ordered by index. */
export function reorder(graph: Graph, inputs: readonly number[], outputs: readonly number[]): Graph {
  return new Graph(graph.name, pick(graph.inputs, inputs), graph.equations, pick(graph.outputs, outputs));
}

/** Position of an operand among the graph's inputs, or -1. */
export function inputIndex(graph: Graph, x: Operand): number {
  return x instanceof Value ? graph.inputs.indexOf(x) : -1;
}

/** Whether an equation states a condition, which checkify will want to know though nobody needs its result. */
function statesCheck(equation: Equation): boolean {
  return equation.op === "check" || subgraphsOf(equation).some((g) => g.equations.some(statesCheck));
}

/** The equations that `outputs` need, in order, and those that state a check. */
export function needed(equations: readonly Equation[], outputs: readonly Operand[]): Equation[] {
  const live = new Set<Operand>(outputs);
  const kept: Equation[] = [];
  for (let i = equations.length - 1; i >= 0; i--) {
    const equation = equations[i];
    if (!equation.outputs.some((v) => live.has(v)) && !statesCheck(equation)) continue;
    kept.push(equation);
    for (const x of equation.inputs) live.add(x);
  }
  return kept.reverse();
}

/** Without the equations nobody needs; inputs and outputs stay. */
export function prune(graph: Graph): Graph {
  const equations = needed(graph.equations, graph.outputs);
  return equations.length === graph.equations.length
    ? graph
    : new Graph(graph.name, graph.inputs, equations, graph.outputs);
}

/** Which inputs are used, by an equation or as an output. */
export function usedInputs(graph: Graph): boolean[] {
  const used = new Set<Operand>(graph.outputs);
  for (const equation of graph.equations) for (const x of equation.inputs) used.add(x);
  return graph.inputs.map((v) => used.has(v));
}

/** All values that depend on the inputs under the mask. A sub-graph's results count as depending on all its operands. */
export function dependents(graph: Graph, mask: readonly boolean[]): Set<Operand> {
  const found = new Set<Operand>(select(graph.inputs, mask));
  for (const equation of graph.equations) {
    if (equation.inputs.some((x) => found.has(x))) for (const v of equation.outputs) found.add(v);
  }
  return found;
}

/** The operands' types are those of the graph's inputs. */
export function checkOperands(what: string, graph: Graph, types: readonly TensorType[]): void {
  if (types.length !== graph.inputs.length) {
    throw new WeftTypeError(
      `${what}: graph @${graph.name} takes ${graph.inputs.length} operands, got ${types.length}`,
    );
  }
  for (const [i, input] of graph.inputs.entries()) {
    if (sameType(input.type, types[i])) continue;
    throw new WeftTypeError(
      `${what}: operand ${i} of graph @${graph.name} must have type ${formatType(input.type)}, ` +
        `got ${formatType(types[i])}`,
    );
  }
}

export function typesOf(items: readonly { readonly type: TensorType }[]): TensorType[] {
  return items.map((x) => x.type);
}

/** JAX's sentence on what differs between two types. */
export function typeDifference(a: TensorType, b: TensorType): string {
  const parts: string[] = [];
  if (a.dtype !== b.dtype) parts.push("the dtypes do not match");
  if (a.shape.join() !== b.shape.join()) parts.push("the shapes do not match");
  return parts.join(" and ");
}

/** A loop's carry keeps its types. JAX's `_check_carry_type`. */
export function checkCarry(what: string, carry: readonly TensorType[], results: readonly TensorType[]): void {
  const head = `${what} carry input and carry output must have`;
  if (carry.length !== results.length) {
    throw new WeftTypeError(
      `${head} the same structure, but the input carry has ${carry.length} components ` +
        `and the output carry has ${results.length}. ` +
        "Revise the function so that the output structure matches the carry input structure.",
    );
  }
  const differences: string[] = [];
  for (const [i, type] of carry.entries()) {
    if (sameType(type, results[i])) continue;
    differences.push(
      `the input carry component [${i}] has type ${formatType(type)} but the corresponding output carry ` +
        `component has type ${formatType(results[i])}, so ${typeDifference(type, results[i])}`,
    );
  }
  if (differences.length === 0) return;
  throw new WeftTypeError(
    `${head} equal types, but they differ: ${differences.join("; ")}. ` +
      "Revise the function so that all output types match the corresponding input types.",
  );
}

/** A value's copy that nobody uses takes its place as an equation's output, so that the value can become an input. */
export function withoutDefinitions(equations: readonly Equation[], values: ReadonlySet<Operand>): Equation[] {
  return equations.map((equation) =>
    equation.outputs.some((v) => values.has(v))
      ? { ...equation, outputs: equation.outputs.map((v) => (values.has(v) ? new Value(v.type, v.hint) : v)) }
      : equation,
  );
}
