/** Graphs as JAX prints jaxprs: `{ lambda ; a:f32[3] b:f32[3]. let c:f32[3] = mul a b in (c,) }`. Not parsed back. */
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
import { forceDeferred } from "./deferred-text.ts";
import { formatElement, formatNumber } from "./numbers.ts";

/** The jaxpr of a graph, as `print(jax.make_jaxpr(f)(x))` lays it out; no newline at its end. */
export function printJaxpr(graph: Graph): string {
  return new JaxprPrinter().jaxpr(graph, "");
}

class JaxprPrinter {
  readonly #names = new Map<Value, string>();
  readonly #open = new Set<object>();
  #next = 0;

  jaxpr(graph: Graph, indent: string): string {
    const inputs = graph.inputs.map((x) => this.#binder(x)).join(" ");
    const used = usedValues(graph);
    const inner = `${indent}    `;
    const lines = graph.equations.map((equation) => inner + this.#equation(equation, used, inner));
    const outputs = graph.outputs.map((x) => this.#operand(x));
    const result = `in ${tuple(outputs)} }`;
    const head = `{ lambda ; ${inputs}. let`;
    return lines.length === 0 ? `${head}  ${result}` : [head, ...lines, `${indent}  ${result}`].join("\n");
  }

  #equation(equation: Equation, used: ReadonlySet<Value>, indent: string): string {
    const operands = equation.inputs.map((x) => ` ${this.#operand(x)}`).join("");
    const params = this.#params(equation, indent);
    const results = equation.outputs.map((x) => (used.has(x) ? this.#binder(x) : `_:${x.type.text}`));
    const bound = results.length === 0 ? "" : `${results.join(" ")} = `;
    return `${bound}${equation.op}${params}${operands}`;
  }

  #params(equation: Equation, indent: string): string {
    const shown = Object.entries(equation.params).filter(([key, a]) => !isLeftOut(equation.op, key, a));
    const entries = shown.sort(([a], [b]) => (a < b ? -1 : 1));
    if (entries.length === 0) return "";
    const inner = `${indent}  `;
    const texts = entries.map(([key, a]) => `${snakeCase(key)}=${this.#attribute(a, inner)}`);
    if (!texts.some((text) => text.includes("\n"))) return `[${texts.join(" ")}]`;
    return `[\n${texts.map((text) => inner + text).join("\n")}\n${indent}]`;
  }

  #attribute(a: Attribute, indent: string): string {
    if (a === null) return "None";
    if (typeof a === "boolean") return a ? "True" : "False";
    if (typeof a === "number") return formatNumber(a);
    if (typeof a === "string") return a;
    if (a instanceof Graph) return this.jaxpr(a, indent);
    if (a instanceof DenseTensor) return a.type.text;
    if (a instanceof DeferredGraph) return this.#deferred(a, indent);
    if (isList(a)) return tuple(a.map((item) => this.#attribute(item, indent)));
    const fields = Object.entries(a).map(
      ([key, item]) => `${snakeCase(key)}: ${this.#attribute(item, indent)}`,
    );
    return `{${fields.join(", ")}}`;
  }

  #deferred(deferred: DeferredGraph, indent: string): string {
    const forced = forceDeferred(deferred, this.#open);
    if (forced.kind !== "graph") return `<${forced.kind} rule>`;
    this.#open.add(deferred.key);
    const text = this.jaxpr(forced.graph, indent);
    this.#open.delete(deferred.key);
    return text;
  }

  #binder(x: Value): string {
    return `${this.#name(x)}:${x.type.text}`;
  }

  #operand(x: Operand): string {
    if (x.kind === "value") return this.#name(x);
    return `${formatElement(x.value, x.type.dtype)}:${x.type.text}`;
  }

  #name(x: Value): string {
    const known = this.#names.get(x);
    if (known !== undefined) return known;
    const name = letters(this.#next++);
    this.#names.set(x, name);
    return name;
  }
}

function usedValues(graph: Graph): ReadonlySet<Value> {
  const used = new Set<Value>();
  const use = (x: Operand): void => {
    if (x.kind === "value") used.add(x);
  };
  for (const equation of graph.equations) equation.inputs.forEach(use);
  graph.outputs.forEach(use);
  return used;
}

/** a, b, …, z, ba, bb, …: JAX's names, numbers in base 26. */
function letters(n: number): string {
  const digit = String.fromCharCode(97 + (n % 26));
  return n < 26 ? digit : letters(Math.floor(n / 26)) + digit;
}

function tuple(items: readonly string[]): string {
  return `(${items.join(", ")}${items.length === 1 ? "," : ""})`;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
}
