/** Traces a user's function to a graph. */
import { Graph, type Operand, type Value } from "../../compiler/graph/graph.ts";
import { NdArray } from "../core/array.ts";
import type { ShapedArray } from "../core/aval.ts";
import { describeValue } from "../core/describe.ts";
import { WeftTypeError } from "../core/errors.ts";
import { captureSource, describeFunction } from "../core/source.ts";
import { spans } from "../core/spans.ts";
import { asArray, TraceContext, type TraceKind } from "../core/trace.ts";
import { flatten, leafPaths } from "../tree/tree.ts";
import { formatPath, type TreeDef } from "../tree/treedef.ts";
import type { Callee } from "./arguments.ts";

export interface InputSpec {
  readonly aval: ShapedArray;
  /** Key path in the user's arguments. */
  readonly name: string;
  readonly hint: string | null;
  /** The array it stands for, where tracing may compute with it. */
  readonly outer: NdArray | null;
}

/** A function as a graph: its inputs, then what it captured. */
export interface TracedGraph {
  readonly graph: Graph;
  readonly captured: readonly NdArray[];
  readonly outTree: TreeDef;
  readonly outAvals: readonly ShapedArray[];
}

/**
 * Runs `body` on tracers for `inputs` in a new context and returns the graph it made, the structure of what it
 * returned and the outer arrays it used. Throws a TypeError where an output is not an array.
 */
export function traceToGraph(
  kind: TraceKind,
  callee: Callee,
  inputs: readonly InputSpec[],
  body: (arrays: readonly NdArray[]) => unknown,
): TracedGraph {
  const context = new TraceContext(kind, callee);
  const traceNow = (): TracedGraph =>
    context.run(() => {
      const tracers = inputs.map((x) => context.input(x.aval, x.name, x.hint, x.outer));
      const { leaves, treedef } = flatten(body(tracers));
      const arrays = leaves.map((leaf, i) => outputArray(leaf, treedef, i, kind, callee));
      const outputs = arrays.map((x) => context.lift(x));
      return {
        graph: context.builder.finish(graphName(callee.name), outputs),
        captured: [...context.captured],
        outTree: treedef,
        outAvals: arrays.map((x) => x.aval),
      };
    });
  return spans.measure("trace", callee.name, traceNow, { kind });
}

/** A function's name as a graph's: what is not an identifier becomes underscores. */
export function graphName(name: string): string {
  const clean = name.replace(/[^A-Za-z0-9_]+/g, "_").replace(/^_+(?=[A-Za-z])|_+$/g, "");
  return /^[A-Za-z_]/.test(clean) ? clean : `f${clean}`;
}

function outputArray(leaf: unknown, treedef: TreeDef, i: number, kind: TraceKind, callee: Callee): NdArray {
  if (leaf instanceof NdArray || typeof leaf === "number" || typeof leaf === "boolean") return asArray(leaf);
  const path = formatPath(leafPaths(treedef)[i]);
  const where = path === "" ? "" : ` at path ${path}`;
  const hint =
    leaf === undefined
      ? " Does the function return its result?"
      : leaf instanceof Promise
        ? " Functions to be traced must not be async: they run once, synchronously, on tracers."
        : "";
  throw new WeftTypeError(
    `function ${describeFunction(callee.name, callee.source)} traced for ${kind} returned a value of type ` +
      `${describeValue(leaf)}${where}, which is not a valid array type.${hint}`,
    captureSource(),
  );
}

/** The graph with its inputs in another order: captured ones first, as control flow has its constants. */
export function capturedFirst(traced: TracedGraph): Graph {
  const { graph, captured } = traced;
  const given = graph.inputs.length - captured.length;
  return withInputs(graph, [...graph.inputs.slice(given), ...graph.inputs.slice(0, given)]);
}

export function withInputs(graph: Graph, inputs: readonly Value[]): Graph {
  return new Graph(graph.name, inputs, graph.equations, graph.outputs);
}

export function withOutputs(graph: Graph, outputs: readonly Operand[]): Graph {
  return new Graph(graph.name, graph.inputs, graph.equations, outputs);
}
