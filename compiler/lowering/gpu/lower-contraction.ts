import type { FusionGroup } from "../../fusion/plan.ts";
import type { GpuLimits } from "../../program/webgpu.ts";
import type { LoweredKernel } from "../lower-group.ts";
import type { GroupContext } from "./draft.ts";

export function lowerContraction(_g: FusionGroup, _c: GroupContext, _l: GpuLimits): LoweredKernel[] | null {
  return null;
}
