/**
 * Merges equations that compute the same thing: same operation, operands and parameters. Operands are compared by
 * identity (their producers were merged before), literals by value and type, parameters structurally.
 */
import {
  type Attribute,
  DeferredGraph,
  DenseTensor,
  type Equation,
  Graph,
  Literal,
  type Operand,
} from "../graph/graph.ts";
import { equalAttributes, hashOfAttribute } from "../hash/index.ts";
import type { GraphPass } from "./pass.ts";
import { Rewriter } from "./rewrite.ts";

/** Never merged: merging across a barrier would undo a checkpoint's recomputation. */
const OPAQUE: ReadonlySet<string> = new Set(["optimization_barrier"]);

type Whole = Graph | DenseTensor | DeferredGraph;

function isWhole(a: Attribute): a is Whole {
  return a instanceof Graph || a instanceof DenseTensor || a instanceof DeferredGraph;
}

class Keys {
  readonly #ids = new Map<object, number>();
  /** Sub-graphs and dense data by their hash, one of each that are equal. */
  readonly #wholes = new Map<number, Whole[]>();

  id(x: object): number {
    let id = this.#ids.get(x);
    if (id === undefined) {
      id = this.#ids.size;
      this.#ids.set(x, id);
    }
    return id;
  }

  operand(x: Operand): string {
    if (!(x instanceof Literal)) return `%${this.id(x)}`;
    return `${Object.is(x.value, -0) ? "-0" : x.value}:${x.type.text}`;
  }

  /** One of those that are equal: that two are the same object is lost in text, and must not make a difference. */
  whole(x: Whole): Whole {
    const hash = hashOfAttribute(x);
    const known = this.#wholes.get(hash) ?? [];
    const equal = known.find((each) => equalAttributes(each, x));
    if (equal !== undefined) return equal;
    this.#wholes.set(hash, [...known, x]);
    return x;
  }

  /** The order in which a rule names its parameters says nothing. */
  attribute(a: Attribute): string {
    if (a === null || typeof a === "boolean") return String(a);
    if (typeof a === "number") return Object.is(a, -0) ? "-0" : String(a);
    if (typeof a === "string") return JSON.stringify(a);
    if (isWhole(a)) return `@${this.id(this.whole(a))}`;
    if (Array.isArray(a)) return `[${(a as readonly Attribute[]).map((x) => this.attribute(x)).join()}]`;
    const named = a as Readonly<Record<string, Attribute>>;
    return `{${Object.keys(named)
      .sort()
      .map((k) => `${k}:${this.attribute(named[k])}`)
      .join()}}`;
  }
}

function merge(graph: Graph): Graph {
  const keys = new Keys();
  const seen = new Map<string, Equation>();
  const rewriter = new Rewriter(graph);
  for (const original of graph.equations) {
    const equation = rewriter.update(original, merge);
    if (!OPAQUE.has(equation.op)) {
      const key = `${equation.op}(${equation.inputs.map((x) => keys.operand(x)).join()})${keys.attribute(equation.params)}`;
      const twin = seen.get(key);
      if (twin !== undefined) {
        rewriter.replace(equation, twin.outputs);
        continue;
      }
      seen.set(key, equation);
    }
    rewriter.keep(equation);
  }
  return rewriter.finish();
}

export const mergeCommonSubexpressions: GraphPass = { name: "common_subexpressions", run: merge };
