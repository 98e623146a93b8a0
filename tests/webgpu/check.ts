/** Runs a graph on WebGPU: its kernels on the kernel interpreter, and its shaders on a device. */
import type { Graph } from "../../compiler/graph/graph.ts";
import type { RefTensor } from "../../compiler/graph/reference.ts";
import { runProgram } from "../../compiler/interpret/program-interpreter.ts";
import { fromBytes, toBytes } from "../../compiler/interpret/tensors.ts";
import { compileGraphForWebGpu } from "../../compiler/pipeline-webgpu.ts";
import { DEFAULT_LIMITS, type GpuLimits, type WebGpuExecutable } from "../../compiler/program/webgpu.ts";
import { loadGpuProgram } from "../../runtime/webgpu/loader.ts";
import { gpuDevice } from "./gpu.ts";

/** Results on the device. `donated[i]`: input i may be overwritten. */
export async function runOnGpu(
  graph: Graph,
  inputs: readonly RefTensor[],
  donated: readonly boolean[] = [],
  limits: GpuLimits = DEFAULT_LIMITS,
): Promise<RefTensor[]> {
  const device = await gpuDevice();
  const program = loadGpuProgram(
    compileGraphForWebGpu(graph, { verify: true, donated, limits }).executable,
    device,
  );
  const given = inputs.map((x) => device.store(toBytes(x)));
  const outputs = program.run(given, donated.length > 0 ? donated : null);
  const results = await Promise.all(
    outputs.map(async (storage, i) => fromBytes(graph.outputs[i].type, await storage.read())),
  );
  for (const [i, storage] of given.entries()) if (!donated[i]) storage.release();
  for (const storage of outputs) storage.release();
  program.dispose();
  return results;
}

/** Results of the same kernels on the kernel interpreter. */
export function runPlan(
  graph: Graph,
  inputs: readonly RefTensor[],
  donated: readonly boolean[] = [],
): RefTensor[] {
  const { program } = compileGraphForWebGpu(graph, { verify: true, donated }).assembled;
  return runProgram(program, inputs.map(toBytes)).map((bytes, i) => fromBytes(graph.outputs[i].type, bytes));
}

/** The shaders of a graph. */
export function shadersOf(graph: Graph): WebGpuExecutable["shaders"] {
  return compileGraphForWebGpu(graph, { verify: true }).executable.shaders;
}
