/** Elementwise groups: one invocation per element. */
import type { FusionGroup } from "../../fusion/plan.ts";
import { choosePartition, countDivisions, makeNest } from "../loop-shape.ts";
import type { LoweredKernel } from "../lower-group.ts";
import { emitStores, evaluateRoots } from "../lower-map.ts";
import { within } from "../reduce-regions.ts";
import { type GroupContext, KernelDraft } from "./draft.ts";

export function lowerMap(group: FusionGroup, context: GroupContext): LoweredKernel[] {
  const draft = new KernelDraft(context);
  const { k, elements, parameters } = draft;
  const { shape } = group.roots[0].outputs[0].type;
  const name = (n: number): string => `i${n}`;
  const partition = choosePartition(shape, (candidate) =>
    countDivisions(evaluateRoots(group, shape, elements, makeNest(shape, candidate, name, "grid").index)),
  );
  const { axes, index } = makeNest(shape, partition, name, "grid");
  if (shape.includes(0)) return [draft.finish()];
  within(
    k,
    axes.map((a) => a.axis),
    () => emitStores(k, group, index, shape, elements, parameters),
  );
  return [draft.finish()];
}
