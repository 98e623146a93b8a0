/** Who reads what in a region: for deciding, without walking all groups, what may be overwritten. */
import type { FusionGroup, FusionPlan } from "../fusion/plan.ts";
import { type Operand, Value } from "../graph/graph.ts";
import type { LoweredGroup } from "../lowering/lower-group.ts";

/** Which groups read each value, and which values are reshapes of others. */
export function readersOf(
  plan: FusionPlan,
  lowered: ReadonlyMap<FusionGroup, LoweredGroup>,
): { readers: Map<Value, FusionGroup[]>; aliases: Map<Value, Value[]> } {
  const readers = new Map<Value, FusionGroup[]>();
  const aliases = new Map<Value, Value[]>();
  const note = <T>(map: Map<Value, T[]>, key: Operand | null, item: T): void => {
    if (!(key instanceof Value)) return;
    const list = map.get(key);
    if (list === undefined) map.set(key, [item]);
    else list.push(item);
  };
  for (const group of plan.groups) {
    const [root] = group.roots;
    if (group.kind === "alias") {
      note(aliases, root.inputs[0], root.outputs[0]);
      continue;
    }
    const args = lowered.get(group)?.args;
    if (args === undefined) for (const x of root.inputs) note(readers, x, group);
    for (const { param, operand, initial } of args ?? []) {
      note(readers, param.access === "read" ? operand : initial, group);
    }
  }
  return { readers, aliases };
}
