/** How groups become kernels of a GPU. */
import type { GpuLimits } from "../../program/webgpu.ts";
import type { KernelTarget } from "../kernel-target.ts";
import { lowerGroupForGpu } from "./lower-group.ts";

/** Kernels for an adapter with these limits. */
export function gpuKernels(limits: GpuLimits): KernelTarget {
  return {
    lower: (plan, group, producer, name) => lowerGroupForGpu(plan, group, producer, name, limits),
    fill: "grid",
    joinsScratch: true,
  };
}
