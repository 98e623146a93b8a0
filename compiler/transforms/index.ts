/** Differentiation and vectorisation as passes from graph to graph. Rules of primitives reach them through `Transforms`. */
import type { Graph } from "../graph/graph.ts";
import type { Transforms } from "../graph/primitive.ts";
import { batchGraph as batch } from "./batch.ts";
import { jvpGraph as jvp } from "./jvp.ts";
import { type Linearized, linearizeGraph as linearize } from "./linearize.ts";
import { type Vjp, valueAndGradGraph as valueAndGrad, vjpGraph as vjp } from "./reverse.ts";
import { transposeGraph as transpose } from "./transpose.ts";
import { buildGraph } from "./walk.ts";

export type { Linearized } from "./linearize.ts";
export type { Vjp } from "./reverse.ts";

export const transforms: Transforms = {
  jvp: (graph, nonzero, forceOut) => jvp(transforms, graph, nonzero, forceOut),
  linearize: (graph, nonzero, forceOut) => linearize(transforms, graph, nonzero, forceOut),
  transpose: (graph, linear, ctNonzero) => transpose(transforms, graph, linear, ctNonzero),
  batch: (graph, size, dims, forceBatched) => batch(transforms, graph, size, dims, forceBatched),
  build: (name, inputs, body) => buildGraph(name, inputs, body),
};

/** (primals…, tangents of `nonzero`…) → (outputs…, tangents of `outNonzero`…) */
export function jvpGraph(
  graph: Graph,
  nonzero: readonly boolean[],
  forceOut?: readonly boolean[],
): { graph: Graph; outNonzero: boolean[] } {
  return transforms.jvp(graph, nonzero, forceOut);
}

/** Splits a graph's derivative into a primal graph with residuals and a linear graph. */
export function linearizeGraph(
  graph: Graph,
  nonzero: readonly boolean[],
  forceOut?: readonly boolean[],
): Linearized {
  return transforms.linearize(graph, nonzero, forceOut);
}

/** Transposes a graph that is linear in the inputs with `linear[i]`. */
export function transposeGraph(
  graph: Graph,
  linear: readonly boolean[],
  ctNonzero?: readonly boolean[],
): Graph {
  return transforms.transpose(graph, linear, ctNonzero);
}

/** Vectorises a graph along `dims[i]` of each input. */
export function batchGraph(
  graph: Graph,
  size: number,
  dims: readonly (number | null)[],
  forceBatched?: readonly boolean[],
): { graph: Graph; outDims: (number | null)[] } {
  return transforms.batch(graph, size, dims, forceBatched);
}

/** The forward graph with residuals and the backward graph: jax.vjp. */
export function vjpGraph(graph: Graph, nonzero: readonly boolean[]): Vjp {
  return vjp(transforms, graph, nonzero);
}

/** inputs → outputs, then the gradients of output 0 with respect to the inputs with `wrt`: jax.value_and_grad. */
export function valueAndGradGraph(graph: Graph, wrt: readonly boolean[]): Graph {
  return valueAndGrad(transforms, graph, wrt);
}
