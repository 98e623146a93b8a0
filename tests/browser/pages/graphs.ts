/** Runs graphs in the page on a device, compiled there for the adapter that is there. */
import type { Platform } from "weft";
import { compileGraphForWebGpu } from "../../../compiler/pipeline-webgpu.ts";
import { decodeBase64, encodeBase64 } from "../../../compiler/text/base64.ts";
import { parseGraph } from "../../../compiler/text/index.ts";
import { gpuDevice } from "../../../runtime/webgpu/default-device.ts";
import { loadGpuProgram } from "../../../runtime/webgpu/loader.ts";
import { type GraphCall, runGraph } from "./just-in-time.ts";

/** A call as it comes from Node: base64 of each input's bytes. */
export type TextCall = Omit<GraphCall, "inputs"> & { readonly inputs: readonly string[] };

/** Base64 of each result's bytes. `software`: schedules for a driver in software, or for hardware. */
export async function runGraphOn(platform: Platform, software: boolean, given: TextCall): Promise<string[]> {
  const call: GraphCall = {
    ...given,
    inputs: given.inputs.map((text) => decodeBase64(text) ?? new Uint8Array()),
  };
  if (platform === "wasm") return runGraph(call).map(encodeBase64);
  const gpu = await gpuDevice();
  const { donated } = call;
  const limits = { ...gpu.limits, software };
  const { executable } = compileGraphForWebGpu(parseGraph(call.graph), { donated, limits });
  const program = loadGpuProgram(executable, gpu);
  const inputs = call.inputs.map((bytes) => gpu.store(bytes));
  const outputs = program.run(inputs);
  const results = await Promise.all(outputs.map((storage) => storage.read()));
  for (const storage of [...inputs, ...outputs]) storage.release();
  program.dispose();
  return results.map(encodeBase64);
}
