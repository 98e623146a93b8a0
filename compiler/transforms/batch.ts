/** Vectorisation: one walk over the equations, carrying the batch axis of every value, or null. */
import type { Builder } from "../graph/builder.ts";
import type { Graph, Operand } from "../graph/graph.ts";
import type { BatchResult, Transforms } from "../graph/primitive.ts";
import { batchFirst } from "../primitives/batching.ts";
import { prune } from "../primitives/control/subgraphs.ts";
import { primitiveOf } from "../primitives/table.ts";
import { InternalError } from "../types/errors.ts";
import { type TensorType, tensorType } from "../types/tensor-type.ts";
import { buildGraph, copyEquation, Environment } from "./walk.ts";

/** Batches the graph's equations into `b`. */
export function batchInto(
  b: Builder,
  graph: Graph,
  size: number,
  inputs: readonly Operand[],
  dims: readonly (number | null)[],
  transforms: Transforms,
): BatchResult {
  const values = new Environment(graph.inputs, inputs);
  const batchDims = new Map<Operand, number>();
  const setDim = (x: Operand, dim: number | null): void => {
    if (dim !== null) batchDims.set(x, dim);
  };
  const dimOf = (x: Operand): number | null => batchDims.get(x) ?? null;
  for (const [i, input] of graph.inputs.entries()) setDim(input, dims[i]);
  for (const equation of graph.equations) {
    const inputDims = equation.inputs.map(dimOf);
    if (inputDims.every((d) => d === null)) {
      copyEquation(b, equation, values);
      continue;
    }
    b.source = equation.source;
    const operands = equation.inputs.map((x) => values.read(x));
    const result = primitiveOf(equation.op).batch(b, operands, inputDims, equation.params, {
      size,
      transforms,
    });
    for (const [i, v] of equation.outputs.entries()) {
      const { type } = result.outputs[i];
      const expected = result.dims[i] === null ? v.type : batchedType(v.type, result.dims[i], size);
      if (type.text !== expected.text) {
        throw new InternalError(
          `the batch rule of ${equation.op} gives ${type.text} instead of ${expected.text}`,
          equation.source,
        );
      }
      setDim(v, result.dims[i]);
    }
    values.define(equation.outputs, result.outputs);
  }
  return { outputs: graph.outputs.map((x) => values.read(x)), dims: graph.outputs.map(dimOf) };
}

/** The type with an axis of `size` inserted at `dim`. */
export function batchedType(type: TensorType, dim: number | null, size: number): TensorType {
  return dim === null
    ? type
    : tensorType(type.dtype, [...type.shape.slice(0, dim), size, ...type.shape.slice(dim)]);
}

/** See `Transforms.batch`. */
export function batchGraph(
  transforms: Transforms,
  graph: Graph,
  size: number,
  dims: readonly (number | null)[],
  forceBatched: readonly boolean[] = [],
): { graph: Graph; outDims: (number | null)[] } {
  let outDims: (number | null)[] = [];
  const built = buildGraph(
    `${graph.name}_batch`,
    graph.inputs.map((v, i) => batchedType(v.type, dims[i], size)),
    (b, inputs) => {
      const result = batchInto(b, graph, size, inputs, dims, transforms);
      b.source = null;
      outDims = result.dims.map((dim, i) => (forceBatched[i] ? 0 : dim));
      return result.outputs.map((x, i) => (forceBatched[i] ? batchFirst(b, x, result.dims[i], size) : x));
    },
    graph.inputs.map((v) => v.hint),
  );
  return { graph: prune(built), outDims };
}
