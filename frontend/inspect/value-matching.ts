/**
 * Which values of different stages are the same. Passes keep the objects of what they do not touch; an equation made
 * anew is the same value if it does the same to the same operands. Numbers in texts shift with every equation removed,
 * and these do not.
 */
import {
  type Attribute,
  DeferredGraph,
  DenseTensor,
  type Equation,
  Graph,
  type Operand,
  subgraphsOf,
  type Value,
} from "../../compiler/graph/graph.ts";
import { isList } from "../../compiler/graph/param-kinds.ts";
import { valueNames } from "../../compiler/text/graph-printer.ts";
import { UniqueNames } from "../../compiler/text/names.ts";

export class ValueMatching {
  /** The number of a value: equal for values that are the same, in whatever stage. */
  readonly #numbers = new Map<Value, number>();
  /** By what an equation does, the numbers of its results. */
  readonly #known = new Map<string, readonly number[]>();
  readonly #names: string[] = [];
  readonly #unique = new UniqueNames();
  readonly #objects = new Map<object, number>();

  /** Graphs in the order of the passes that made them; numbers are given by the first that has a value. */
  constructor(stages: readonly Graph[]) {
    for (const stage of stages) this.#graph(stage, `@${stage.name}`, new Set());
  }

  /** Of a value of one of the stages, sub-graphs included. */
  numberOf(value: Value): number | null {
    return this.#numbers.get(value) ?? null;
  }

  /** A name for each number, that of the first stage where it is free. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** The names of all values of all stages, for `printGraph`. */
  allNames(): ReadonlyMap<Value, string> {
    return new Map([...this.#numbers].map(([value, number]) => [value, this.#names[number]]));
  }

  #graph(graph: Graph, path: string, used: Set<number>): void {
    const names = valueNames(graph);
    for (const [i, input] of graph.inputs.entries()) {
      this.#give([input], `${path} input ${i}`, names, used);
    }
    for (const equation of graph.equations) {
      const key = this.#keyOf(equation, path);
      this.#give(equation.outputs, key, names, used);
      const [first] = equation.outputs;
      const at = first === undefined ? key : this.#names[this.#numbers.get(first) ?? 0];
      for (const [i, inner] of subgraphsOf(equation).entries())
        this.#graph(inner, `${path} ${at}.${i}`, used);
    }
  }

  /** Numbers an equation's results: those they have, else those of the equation that did the same, else new ones. */
  #give(values: readonly Value[], key: string, names: ReadonlyMap<Value, string>, used: Set<number>): void {
    const own = values.map((v) => this.#numbers.get(v));
    const before = this.#known.get(key);
    // Two equal equations of one stage are two values.
    const free = before?.every((n) => !used.has(n)) ? before : null;
    const given = values.map((v, i): number => {
      const known = own[i] ?? free?.[i];
      if (known !== undefined) return known;
      const name = names.get(v) ?? "%v";
      return this.#names.push(`%${this.#unique.take(name.slice(1))}`) - 1;
    });
    for (const [i, v] of values.entries()) {
      this.#numbers.set(v, given[i]);
      used.add(given[i]);
    }
    if (!this.#known.has(key)) this.#known.set(key, given);
  }

  #keyOf(equation: Equation, path: string): string {
    const operand = (x: Operand): string =>
      x.kind === "value" ? `%${this.#numbers.get(x) ?? "?"}` : `${x.value}:${x.type.text}`;
    const types = equation.outputs.map((x) => x.type.text).join(",");
    const params = Object.keys(equation.params)
      .sort()
      .map((key) => `${key}=${this.#attribute(equation.params[key])}`);
    return `${path} ${equation.op} ${equation.inputs.map(operand).join(" ")} {${params.join(",")}} ${types}`;
  }

  /** Sub-graphs do not count: they change while the loop around them stays what it is. */
  #attribute(a: Attribute): string {
    if (a instanceof Graph || a instanceof DeferredGraph) return a.kind;
    if (a instanceof DenseTensor) return `dense ${this.#object(a.bytes)}`;
    if (a === null || typeof a !== "object") return JSON.stringify(a) ?? String(a);
    if (isList(a)) return `[${a.map((item) => this.#attribute(item)).join(",")}]`;
    return `{${Object.entries(a).map(([key, item]) => `${key}=${this.#attribute(item)}`)}}`;
  }

  /** A number for an object: constants keep their bytes from pass to pass. */
  #object(x: object): number {
    const known = this.#objects.get(x) ?? this.#objects.size;
    this.#objects.set(x, known);
    return known;
  }
}
