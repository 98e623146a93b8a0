/** Weft's part for GPUs, as Node has it: loaded with the rest. In the bundle for pages `gpu-on-demand.ts` stands here. */
import * as modules from "./gpu-modules.ts";

export type GpuModules = typeof modules;

/** The part for GPUs, loaded if need be. */
export async function loadGpu(): Promise<GpuModules> {
  return modules;
}

/** The part for GPUs. Throws where it had to be loaded first, in pages. */
export function gpu(): GpuModules {
  return modules;
}
