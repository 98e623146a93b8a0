/** Runs functions that `weft compile` has made for WebGPU. It holds nothing of the compiler. */
import type { FileSource, GpuCompiled, GpuLoadOptions } from "./weft-loader.js";

export type { GpuCompiled, GpuLoadOptions, GpuTensor } from "./weft-loader.js";

/** A file was truncated or altered, or is of another version; the message says what. It was not run. */
export declare class ArtifactError extends Error {}

/**
 * Loads a compiled function; the module that `weft compile` writes beside this one does it for you. Rejects where there is
 * no WebGPU. In Node it is that of the package `webgpu`.
 */
export declare function load(
  manifest: object,
  files: Readonly<Record<string, FileSource>>,
  options?: GpuLoadOptions,
): Promise<GpuCompiled & ((...args: readonly unknown[]) => Promise<unknown>)>;

/** Gives the GPU back: tensors on it are gone, and functions have to be loaded anew. */
export declare function destroyDevice(): Promise<void>;
