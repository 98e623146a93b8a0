/** Runs graphs and programs on reference tensors: by the interpreters, and compiled. */
import type { Graph } from "../../compiler/graph/graph.ts";
import type { RefTensor } from "../../compiler/graph/reference.ts";
import { type AroundLaunch, runProgram } from "../../compiler/interpret/program-interpreter.ts";
import { interpretGraph } from "../../compiler/interpret/reference.ts";
import { fromBytes, fromTypedArray, toBytes, toTypedArray } from "../../compiler/interpret/tensors.ts";
import type { Program, ProgramInterface, WasmExecutable } from "../../compiler/program/program.ts";
import { tensorType } from "../../compiler/types/tensor-type.ts";
import { loadFunction } from "../../runtime/index.ts";

export function runReference(graph: Graph, inputs: readonly RefTensor[]): RefTensor[] {
  return interpretGraph(graph, inputs);
}

/** On the interpreter of kernels: the plan without the code generator. */
export function interpretProgram(
  program: Program,
  inputs: readonly RefTensor[],
  around?: AroundLaunch,
): RefTensor[] {
  const types = outputTypes(program);
  return runProgram(program, inputs.map(toBytes), around).map((bytes, i) => fromBytes(types[i], bytes));
}

/** The module that this engine runs. */
export function runExecutable(executable: WasmExecutable, inputs: readonly RefTensor[]): RefTensor[] {
  const types = outputTypes(executable.interface);
  const loaded = loadFunction(executable);
  try {
    return loaded.run(...inputs.map(toTypedArray)).map((array, i) => fromTypedArray(types[i], array));
  } finally {
    loaded.dispose();
  }
}

function outputTypes({ outputs }: ProgramInterface): ReturnType<typeof tensorType>[] {
  return outputs.map(({ dtype, shape }) => tensorType(dtype, shape));
}
