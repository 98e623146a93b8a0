/** makeJaxpr and evalShape: what a function would compute, without computing it. */
import type { Graph } from "../../compiler/graph/graph.ts";
import { printJaxpr } from "../../compiler/text/jaxpr.ts";
import type { NdArray } from "../core/array.ts";
import type { ShapedArray } from "../core/aval.ts";
import { ShapeDtypeStruct } from "../core/spec.ts";
import { flatten, leafPaths, unflatten } from "../tree/tree.ts";
import { argumentAval, argumentPath, describeCallee, inputHint } from "./arguments.ts";
import { type TracedGraph, traceToGraph } from "./trace-function.ts";
import { type AbstractArguments, type AnyFunction, applyFunction, type TreeOf } from "./types.ts";

/** A traced function that prints as JAX prints a jaxpr. */
export class ClosedJaxpr {
  constructor(
    readonly graph: Graph,
    /** Arrays of the surroundings, the graph's last inputs. */
    readonly consts: readonly NdArray[],
    readonly outAvals: readonly ShapedArray[],
  ) {}

  toString(): string {
    return printJaxpr(this.graph);
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

function traceAbstract(
  kind: "make_jaxpr" | "eval_shape",
  f: AnyFunction,
  args: readonly unknown[],
): TracedGraph {
  const callee = describeCallee(f);
  const { leaves, treedef } = flatten(args);
  const inputs = leafPaths(treedef).map(([first, ...path], i) => {
    const argument = first.kind === "index" ? first.index : 0;
    return {
      aval: argumentAval(callee, kind, argument, path, leaves[i]),
      name: argumentPath(callee, argument, path),
      hint: inputHint(callee, argument, path),
      outer: null,
    };
  });
  return traceToGraph(kind, callee, inputs, (arrays) => {
    const passed = unflatten(treedef, arrays);
    return Array.isArray(passed) ? applyFunction(f, passed) : undefined;
  });
}

/** The graph of a function for given arguments, or specs of them (`jax.make_jaxpr`). */
export function makeJaxpr<F extends AnyFunction>(
  f: F,
): (...args: AbstractArguments<Parameters<F>>) => ClosedJaxpr {
  return (...args) => {
    const { graph, captured, outAvals } = traceAbstract("make_jaxpr", f, args);
    return new ClosedJaxpr(graph, captured, outAvals);
  };
}

/** Shapes and dtypes of a function's results, without running it (`jax.eval_shape`). */
export function evalShape<F extends AnyFunction>(
  f: F,
  ...args: AbstractArguments<Parameters<F>>
): TreeOf<ReturnType<F>, ShapeDtypeStruct> {
  const { outAvals, outTree } = traceAbstract("eval_shape", f, args);
  const specs = outAvals.map((a) => new ShapeDtypeStruct(a));
  return unflatten(outTree, specs) as TreeOf<ReturnType<F>, ShapeDtypeStruct>;
}
