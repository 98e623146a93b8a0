/** Weft's part for GPUs in pages: the bundle puts this module in the place of `gpu.ts`. */
import { UnsupportedError } from "../../compiler/types/errors.ts";
import type { GpuModules } from "./gpu.ts";

/** Declared cache of one. */
let loaded: GpuModules | null = null;

export async function loadGpu(): Promise<GpuModules> {
  loaded ??= await import("./gpu-modules.ts");
  return loaded;
}

export function gpu(): GpuModules {
  if (loaded === null) {
    throw new UnsupportedError(
      'pages load what WebGPU needs when they first ask for it: await device("webgpu") before this.',
    );
  }
  return loaded;
}
