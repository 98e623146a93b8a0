/**
 * Graphs as text, losslessly: `parseGraph(printGraph(g))` equals `g`, and equal graphs print alike up to the names
 * of inputs and sub-graphs. Sub-graphs are closed, so numbering starts anew in each.
 */
import {
  type Attribute,
  DeferredGraph,
  DenseTensor,
  type Equation,
  Graph,
  type Operand,
  type Value,
} from "../graph/graph.ts";
import { isList } from "../graph/param-kinds.ts";
import { isLeftOut } from "../graph/params.ts";
import { formatGlobal } from "./cursor.ts";
import { forceDeferred } from "./deferred-text.ts";
import { formatDense } from "./dense-text.ts";
import { beginsWithDigit, sanitizeName, UniqueNames } from "./names.ts";
import { formatElement, formatNumber } from "./numbers.ts";
import { formatSourceComment } from "./source-comments.ts";

/** Options of `printGraph`. */
export interface PrintGraphOptions {
  /** Whether equations carry their source location as a comment. Default true. */
  readonly sources?: boolean;
  /** Names of all values, of sub-graphs too, where texts are compared and numbering should not shift. */
  readonly names?: ReadonlyMap<Value, string>;
}

/** The text of a graph, ending in a newline. */
export function printGraph(graph: Graph, options: PrintGraphOptions = {}): string {
  return `${new GraphPrinter(options.sources ?? true, options.names ?? null).graph(graph, "")}\n`;
}

/** The text of one equation on its own, for messages: `%2: f32[3] = mul %0, %1`. */
export function printEquation(equation: Equation, names: ReadonlyMap<Value, string>): string {
  return new GraphPrinter(false, null).equation(equation, names, "");
}

/** The names that the text gives to a graph's values: inputs by their hints, results by number. */
export function valueNames(graph: Graph): ReadonlyMap<Value, string> {
  const unique = new UniqueNames();
  const names = new Map<Value, string>();
  let next = 0;
  for (const input of graph.inputs) {
    if (names.has(input)) continue;
    names.set(input, input.hint === null ? `%${next++}` : `%${unique.take(wordOf(input.hint))}`);
  }
  for (const equation of graph.equations) {
    for (const output of equation.outputs) if (!names.has(output)) names.set(output, `%${next++}`);
  }
  return names;
}

/** A hint that does not begin like a number, which is what values without a hint are called. */
function wordOf(hint: string): string {
  const name = sanitizeName(hint);
  return beginsWithDigit(name) ? `v${name}` : name;
}

/** Comments stand in one column, unless that would be beyond this one. */
const COMMENT_COLUMN = 72;

class GraphPrinter {
  /** Keys of the deferred graphs being printed. */
  readonly #open = new Set<object>();

  constructor(
    private readonly sources: boolean,
    private readonly names: ReadonlyMap<Value, string> | null,
  ) {}

  graph(graph: Graph, indent: string): string {
    // Whoever names values does not know those of deferred graphs, which are closed and named by themselves.
    const names = this.names !== null && this.#open.size === 0 ? this.names : valueNames(graph);
    const operand = (x: Operand): string => formatOperand(x, names);
    const inputs = graph.inputs.map((x) => `${operand(x)}: ${x.type.text}`).join(", ");
    const types = graph.outputs.map((x) => x.type.text).join(", ");
    const inner = `${indent}  `;
    const equations = graph.equations.map((equation) => this.equation(equation, names, inner));
    const column = commentColumn(equations);
    const lines = equations.map((text, i) => inner + this.#withSource(text, graph.equations[i], column));
    const outputs = graph.outputs.map((x) => ` ${operand(x)}`).join(",");
    return [
      `graph ${formatGlobal(graph.name)}(${inputs}) -> (${types}) {`,
      ...lines,
      `${inner}return${outputs}`,
      `${indent}}`,
    ].join("\n");
  }

  equation(equation: Equation, names: ReadonlyMap<Value, string>, indent: string): string {
    const results = equation.outputs.map((x) => `${formatOperand(x, names)}: ${x.type.text}`).join(", ");
    const operands = equation.inputs.map((x) => ` ${formatOperand(x, names)}`).join(",");
    const params = this.#params(equation, indent);
    return `${results === "" ? "" : `${results} = `}${equation.op}${operands}${params}`;
  }

  #withSource(text: string, equation: Equation, column: number): string {
    const location = this.sources ? equation.source?.resolve() : null;
    if (!location) return text;
    const pad = text.includes("\n") ? "" : " ".repeat(Math.max(column - text.length, 0));
    return `${text}${pad}  // ${formatSourceComment(location)}`;
  }

  #params({ op, params }: Equation, indent: string): string {
    const entries = sortedEntries(params).filter(([key, a]) => !isLeftOut(op, key, a));
    if (entries.length === 0) return "";
    if (!entries.some(([, a]) => holdsGraph(a))) {
      return ` {${entries.map(([key, a]) => `${formatKey(key)}=${this.#attribute(a, indent)}`).join(", ")}}`;
    }
    const inner = `${indent}  `;
    const lines = entries.map(([key, a]) => `${inner}${formatKey(key)}=${this.#attribute(a, inner)}`);
    return ` {\n${lines.join(",\n")}\n${indent}}`;
  }

  #attribute(a: Attribute, indent: string): string {
    if (a === null || typeof a === "boolean") return String(a);
    if (typeof a === "number") return formatNumber(a);
    if (typeof a === "string") return JSON.stringify(a);
    if (a instanceof Graph) return this.graph(a, indent);
    if (a instanceof DenseTensor) return formatDense(a);
    if (a instanceof DeferredGraph) return this.#deferred(a, indent);
    if (isList(a)) return this.#list(a, indent);
    const fields = sortedEntries(a).map(
      ([key, item]) => `${formatKey(key)}=${this.#attribute(item, indent)}`,
    );
    return `{${fields.join(", ")}}`;
  }

  #list(items: readonly Attribute[], indent: string): string {
    if (!items.some(holdsGraph)) return `[${items.map((item) => this.#attribute(item, indent)).join(", ")}]`;
    const inner = `${indent}  `;
    return `[\n${items.map((item) => inner + this.#attribute(item, inner)).join(",\n")}\n${indent}]`;
  }

  #deferred(deferred: DeferredGraph, indent: string): string {
    const forced = forceDeferred(deferred, this.#open);
    if (forced.kind === "recursive") return "deferred @recursive";
    if (forced.kind === "unavailable") return `deferred @unavailable ${JSON.stringify(forced.reason)}`;
    this.#open.add(deferred.key);
    const text = `deferred ${this.graph(forced.graph, indent)}`;
    this.#open.delete(deferred.key);
    return text;
  }
}

/** `%x`, or `2.0:f32[3]` for a literal. */
export function formatOperand(x: Operand, names: ReadonlyMap<Value, string>): string {
  if (x.kind === "literal") return `${formatElement(x.value, x.type.dtype)}:${x.type.text}`;
  // A value that nothing defines (the verifier reports it) still has to print.
  return names.get(x) ?? "%undefined";
}

function sortedEntries(record: { readonly [key: string]: Attribute }): [string, Attribute][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_]*$/;

function formatKey(key: string): string {
  return PLAIN_KEY.test(key) ? key : JSON.stringify(key);
}

function holdsGraph(a: Attribute): boolean {
  if (a instanceof Graph || a instanceof DeferredGraph) return true;
  if (a === null || typeof a !== "object" || a instanceof DenseTensor) return false;
  return isList(a) ? a.some(holdsGraph) : Object.values(a).some(holdsGraph);
}

function commentColumn(texts: readonly string[]): number {
  let column = 0;
  for (const text of texts) {
    if (text.length <= COMMENT_COLUMN && !text.includes("\n")) column = Math.max(column, text.length);
  }
  return column;
}
