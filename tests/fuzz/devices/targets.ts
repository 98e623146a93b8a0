/** What programs are compiled for, and running a graph there. */
import type { Platform } from "weft";
import type { Graph } from "../../../compiler/graph/graph.ts";
import { compileGraph } from "../../../compiler/pipeline.ts";
import { compileGraphForWebGpu } from "../../../compiler/pipeline-webgpu.ts";
import { cpuDevice } from "../../../runtime/device.ts";
import { loadWasm } from "../../../runtime/loader.ts";
import { gpuDevice } from "../../../runtime/webgpu/default-device.ts";
import { loadGpuProgram } from "../../../runtime/webgpu/loader.ts";

/** A device, and on a GPU the kind of hardware that is compiled for: the schedules of a software driver are others. */
export type Target =
  | { readonly platform: "wasm"; readonly name: string }
  | { readonly platform: "webgpu"; readonly name: string; readonly software: boolean };

export function targetsOf(platforms: readonly Platform[]): Target[] {
  return platforms.flatMap((platform): Target[] =>
    platform === "wasm"
      ? [{ platform, name: platform }]
      : [true, false].map((software) => ({
          platform,
          name: `${platform}, schedules for ${software ? "software" : "hardware"}`,
          software,
        })),
  );
}

/** The bytes of a graph's outputs for those of its inputs. */
export async function runGraphOn(
  target: Target,
  graph: Graph,
  inputs: readonly Uint8Array[],
): Promise<Uint8Array[]> {
  if (target.platform === "wasm") {
    const { memory } = cpuDevice();
    const program = loadWasm(compileGraph(graph).executable);
    const given = inputs.map((x) => memory.store(x));
    const outputs = program.run(given);
    const results = outputs.map((storage) => storage.bytes().slice());
    for (const storage of [...given, ...outputs]) storage.release();
    program.dispose();
    return results;
  }
  const gpu = await gpuDevice();
  const limits = { ...gpu.limits, software: target.software };
  const program = loadGpuProgram(compileGraphForWebGpu(graph, { limits }).executable, gpu);
  const given = inputs.map((x) => gpu.store(x));
  const outputs = program.run(given);
  const results = await Promise.all(outputs.map((storage) => storage.read()));
  for (const storage of [...given, ...outputs]) storage.release();
  program.dispose();
  return results;
}
