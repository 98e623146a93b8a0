/** `call`: a jitted function called inside a trace (JAX's pjit). Inlined by the compiler, kept by name until then. */
import type { Builder } from "../../graph/builder.ts";
import type { Graph, Operand } from "../../graph/graph.ts";
import {
  type BatchResult,
  definePrimitive,
  isLinearInput,
  type JvpResult,
  type LinearizeContext,
  type Tangent,
  type Transforms,
  type TransposeInput,
} from "../../graph/primitive.ts";
import {
  checkOperands,
  inputIndex,
  isZero,
  knownInputs,
  nonzeroMask,
  present,
  scatterMask,
  typesOf,
} from "./subgraphs.ts";
import { callCases } from "./test-cases.ts";

type CallParams = { readonly graph: Graph; readonly name: string };

/** Emits one equation that runs a graph: how `call` and `checkpoint` differ. */
export type EmitGraph = (b: Builder, graph: Graph, inputs: readonly Operand[]) => readonly Operand[];

export function jvpOfGraph(
  emit: EmitGraph,
  b: Builder,
  graph: Graph,
  primals: readonly Operand[],
  tangents: readonly Tangent[],
  transforms: Transforms,
): JvpResult {
  const { graph: jvp, outNonzero } = transforms.jvp(graph, nonzeroMask(tangents));
  const results = emit(b, jvp, [...primals, ...present(tangents)]);
  const n = graph.outputs.length;
  return { outputs: results.slice(0, n), tangents: scatterMask(results.slice(n), outNonzero) };
}

export function batchOfGraph(
  emit: EmitGraph,
  b: Builder,
  graph: Graph,
  inputs: readonly Operand[],
  dims: readonly (number | null)[],
  context: { readonly size: number; readonly transforms: Transforms },
): BatchResult {
  const batched = context.transforms.batch(graph, context.size, dims);
  return { outputs: emit(b, batched.graph, inputs), dims: batched.outDims };
}

/** Runs the transpose of a graph that is linear in the inputs given as LinearInput. */
export function transposeOfGraph(
  emit: EmitGraph,
  b: Builder,
  graph: Graph,
  cotangents: readonly Tangent[],
  inputs: readonly TransposeInput[],
  transforms: Transforms,
): readonly Tangent[] {
  const linear = inputs.map(isLinearInput);
  const transposed = transforms.transpose(graph, linear, nonzeroMask(cotangents));
  const results = emit(b, transposed, [...knownInputs(inputs), ...present(cotangents)]);
  // Zeros come out of a transposition as literals; behind an equation they would be lost.
  const known = results.map((x, i) => (isZero(transposed.outputs[i]) ? null : x));
  return scatterMask(known, linear);
}

/**
 * Linearises a graph into an equation of its primal part and one of its linear part. A residual that is an input of
 * the graph is the operand itself and not another result.
 */
export function linearizeOfGraph(
  emit: EmitGraph,
  { primal, linear, transforms }: LinearizeContext,
  graph: Graph,
  primals: readonly Operand[],
  tangents: readonly Tangent[],
): JvpResult {
  const parts = transforms.linearize(graph, nonzeroMask(tangents));
  const n = graph.outputs.length;
  const results = emit(primal, parts.primal, primals);
  const residuals = parts.primal.outputs.slice(n).map((x, i) => {
    const at = inputIndex(parts.primal, x);
    return at < 0 ? results[n + i] : primals[at];
  });
  const outputs = results.slice(0, n);
  if (!parts.outNonzero.includes(true)) return { outputs, tangents: outputs.map(() => null) };
  const out = emit(linear, parts.linear, [...residuals, ...present(tangents)]);
  return { outputs, tangents: scatterMask(out, parts.outNonzero) };
}

function emitCall(name: string): EmitGraph {
  return (b, graph, inputs) => b.emit("call", inputs, { graph, name });
}

export const call = definePrimitive<CallParams>({
  name: "call",
  infer(inputs, { graph, name }) {
    checkOperands(`call of ${name}`, graph, inputs);
    return typesOf(graph.outputs);
  },
  evaluate: (inputs, { graph }, context) => context.run(graph, inputs),
  jvp: (b, primals, tangents, { graph, name }, { transforms }) =>
    jvpOfGraph(emitCall(name), b, graph, primals, tangents, transforms),
  linearize: (context, primals, tangents, { graph, name }) =>
    linearizeOfGraph(emitCall(name), context, graph, primals, tangents),
  transpose: (b, cotangents, inputs, { graph, name }, { transforms }) =>
    transposeOfGraph(emitCall(name), b, graph, cotangents, inputs, transforms),
  batch: (b, inputs, dims, { graph, name }, context) =>
    batchOfGraph(emitCall(name), b, graph, inputs, dims, context),
  lower: { kind: "expand", expand: (b, inputs, { graph }) => b.inline(graph, inputs) },
  // What a sub-graph costs is the sum over its equations, which whoever holds the table of primitives adds up.
  cost: () => ({ flops: 0, transcendentals: 0 }),
  test: { cases: callCases, order: 2 },
});
