/**
 * The loader for WebGPU that `weft compile` puts beside a compiled function: all that runs it there, and nothing of the
 * compiler. What users see of it is declared in weft-loader.d.ts.
 */
import type { Manifest } from "../../compiler/program/artifact.ts";
import type { TypedArray } from "../../compiler/types/typed-array.ts";
import { ArtifactError } from "./errors.ts";
import { type Files, type Locate, readSections } from "./files.ts";
import { sharedDevice } from "./gpu-device.ts";
import { GpuFunction } from "./gpu-function.ts";
import { GpuTensor } from "./gpu-tensor.ts";

export { ArtifactError, GpuTensor };

export interface GpuLoadOptions {
  readonly locate?: Locate;
  /** Of the device that all functions share, where it is not made yet; the default is the host's fastest. */
  readonly adapter?: GPUAdapter;
}

export interface LoadedGpuFunction {
  (...args: readonly unknown[]): Promise<unknown>;
  onDevice(...args: readonly unknown[]): Promise<unknown>;
  put(data: TypedArray, shape?: readonly number[]): GpuTensor;
  dispose(): void;
  readonly manifest: Manifest;
}

/**
 * Loads a compiled function. Rejects with ArtifactError where a file is not what the manifest says, NoAdapterError where
 * there is no WebGPU, GpuError where the adapter refuses a shader.
 */
export async function load(
  manifest: Manifest,
  files: Files,
  { locate, adapter }: GpuLoadOptions = {},
): Promise<LoadedGpuFunction> {
  const names = manifest.programs.map(({ webgpu }) => webgpu?.section);
  const sections = await readSections(manifest, names, files, locate);
  const compiled = new GpuFunction(manifest, sections, await sharedDevice(adapter));
  await compiled.ready();
  const call = Object.assign((...args: readonly unknown[]) => compiled.call(args, false), {
    onDevice: (...args: readonly unknown[]) => compiled.call(args, true),
    put: (data: TypedArray, shape?: readonly number[]) => compiled.put(data, shape),
    dispose: () => compiled.dispose(),
    manifest,
  });
  return Object.defineProperty(call, "name", { value: manifest.name });
}

/** Gives the GPU back: its tensors are gone, and functions have to be loaded anew. */
export async function destroyDevice(): Promise<void> {
  (await sharedDevice()).destroy();
}
