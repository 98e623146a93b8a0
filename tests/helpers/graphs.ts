/** Small graphs: making, running and looking at them. */
import assert from "node:assert/strict";
import { assemble } from "../../compiler/assembly/assemble.ts";
import { fuse } from "../../compiler/fusion/fuse.ts";
import type { Builder } from "../../compiler/graph/builder.ts";
import type { Graph, Operand } from "../../compiler/graph/graph.ts";
import type { PrimitiveName } from "../../compiler/graph/names.ts";
import type { PrimitiveParams } from "../../compiler/graph/operations.ts";
import type { RefTensor } from "../../compiler/graph/reference.ts";
import { runProgram } from "../../compiler/interpret/program-interpreter.ts";
import { interpretGraph } from "../../compiler/interpret/reference.ts";
import { fromBytes, refScalar, toBytes } from "../../compiler/interpret/tensors.ts";
import { WASM_FUSION } from "../../compiler/lowering/fusion-target.ts";
import { CPU_KERNELS, type KernelTarget } from "../../compiler/lowering/kernel-target.ts";
import { dropBarriers } from "../../compiler/passes/drop-barriers.ts";
import { inlineCalls } from "../../compiler/passes/inline-calls.ts";
import { GraphBuilder } from "../../compiler/primitives/graph-builder.ts";
import { transforms, vjpGraph } from "../../compiler/transforms/index.ts";
import type { TensorType } from "../../compiler/types/tensor-type.ts";
import { verifyGraph, verifyProgram } from "../../compiler/verify/index.ts";

export type Body = (b: Builder, x: readonly Operand[]) => readonly Operand[];

export function build(types: readonly TensorType[], body: Body, name = "f"): Graph {
  return transforms.build(name, types, body);
}

/** A graph of one equation. */
export function graphOf<N extends PrimitiveName>(
  name: N,
  types: readonly TensorType[],
  params: PrimitiveParams[N],
): Graph {
  const b = new GraphBuilder();
  const inputs = types.map((type) => b.input(type));
  return b.finish(name, b.emit(name, inputs, params));
}

/** What a graph means, by the oracle; checks that it is well formed. */
export function run(graph: Graph, inputs: readonly RefTensor[]): RefTensor[] {
  verifyGraph(graph);
  return interpretGraph(graph, inputs);
}

/** The plan of a graph of primitives as it stands: inlined, without barriers, and otherwise not optimised. */
export function compile(graph: Graph, donated: readonly boolean[] = [], target: KernelTarget = CPU_KERNELS) {
  const context = { donated };
  const plan = fuse(dropBarriers.run(inlineCalls.run(graph, context), context), WASM_FUSION);
  const { program } = assemble(plan, donated, target);
  verifyProgram(program);
  return program;
}

/** What one operation means, by the oracle. */
export function evaluate<N extends PrimitiveName>(
  name: N,
  inputs: readonly RefTensor[],
  params: PrimitiveParams[N],
): RefTensor[] {
  const types = inputs.map((x) => x.type);
  return interpretGraph(graphOf(name, types, params), inputs);
}

/** What the kernels of one operation compute, by the program interpreter. */
export function execute<N extends PrimitiveName>(
  name: N,
  inputs: readonly RefTensor[],
  params: PrimitiveParams[N],
): RefTensor[] {
  const types = inputs.map((x) => x.type);
  const graph = graphOf(name, types, params);
  const outputs = runProgram(compile(graph), inputs.map(toBytes));
  return graph.outputs.map((x, i) => fromBytes(x.type, outputs[i]));
}

/** Oracle and kernels give these elements for the first result, with the signs of zeros. */
export function means<N extends PrimitiveName>(
  name: N,
  inputs: readonly RefTensor[],
  params: PrimitiveParams[N],
  want: readonly number[],
): void {
  const of = `${name}(${inputs.map((x) => x.type.text).join(", ")})`;
  assert.deepEqual([...evaluate(name, inputs, params)[0].data], [...want], `${of}, oracle`);
  assert.deepEqual([...execute(name, inputs, params)[0].data], [...want], `${of}, kernels`);
}

/** Cotangents of all inputs, by the oracle. */
export function pullback(
  graph: Graph,
  inputs: readonly RefTensor[],
  cotangents: readonly RefTensor[],
  nonzero: readonly boolean[] = inputs.map(() => true),
): RefTensor[] {
  const { forward, backward } = vjpGraph(graph, nonzero);
  const residuals = run(forward, inputs).slice(graph.outputs.length);
  return run(backward, [...residuals, ...cotangents]);
}

export function scalars(...values: number[]): RefTensor[] {
  return values.map((value) => refScalar("float64", value));
}

/** All elements of all tensors. */
export function numbers(results: readonly RefTensor[]): number[] {
  return results.flatMap((x) => [...x.data]);
}

export function ops(graph: Graph): PrimitiveName[] {
  return graph.equations.map((e) => e.op);
}

/** After one output come the graph's inputs themselves, in any order. */
export function assertResidualsAreInputs(graph: Graph): void {
  const residuals = graph.outputs.slice(1);
  assert.equal(residuals.length, graph.inputs.length);
  assert.ok(graph.inputs.every((v) => residuals.includes(v)));
}
