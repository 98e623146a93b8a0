/** One fusion group → kernels for a GPU. */
import type { FusionGroup, FusionPlan } from "../../fusion/plan.ts";
import type { Equation, Value } from "../../graph/graph.ts";
import type { GpuLimits } from "../../program/webgpu.ts";
import { InternalError } from "../../types/errors.ts";
import { type LoweredGroup, type LoweredKernel, sourcesOf } from "../lower-group.ts";
import type { GroupContext } from "./draft.ts";
import { lowerContraction } from "./lower-contraction.ts";
import { lowerCumulative } from "./lower-cumulative.ts";
import { lowerCustom } from "./lower-custom.ts";
import { lowerMap } from "./lower-map.ts";
import { lowerReduce } from "./lower-reduce.ts";
import { lowerRows } from "./lower-rows.ts";

/** Lowers a group for adapters with these limits. */
export function lowerGroupForGpu(
  plan: FusionPlan,
  group: FusionGroup,
  producer: ReadonlyMap<Value, Equation>,
  name: string,
  limits: GpuLimits,
): LoweredGroup {
  const context = { producer, inlined: plan.inlined, name, sources: sourcesOf(group, plan, producer) };
  const kernels = kernelsOf(group, context, limits);
  return {
    group,
    kernels,
    args: kernels.flatMap(({ args }) => args),
    segments: kernels.map(({ kernel }) => ({ body: kernel.body, tiled: false })),
    alone: null,
    reread: new Set(),
  };
}

function kernelsOf(group: FusionGroup, context: GroupContext, limits: GpuLimits): LoweredKernel[] {
  switch (group.kind) {
    case "map":
      return lowerMap(group, context);
    case "reduce":
      return lowerContraction(group, context, limits) ?? lowerReduce(group, context, limits);
    case "rows":
      return lowerRows(group, context, limits);
    case "cumulative":
      return lowerCumulative(group, context, limits);
    case "custom":
      return lowerCustom(group.roots[0], context, limits);
    default:
      throw new InternalError(`a ${group.kind} group has no kernel on a GPU`);
  }
}
