/** The fusion plan as text: groups in execution order, and a decision with its reason for every edge. */
import type { Equation } from "../graph/graph.ts";
import { valueNames } from "../text/graph-printer.ts";
import { formatSource } from "../types/source.ts";
import type { FusionPlan } from "./plan.ts";

/**
 * ```
 * plan @loss {
 *   group 0 reduce -> %4 {
 *     %4 = reduce_sum  // loss.ts:7:12
 *   }
 *   inlined %0 %1 %3
 *   edge %0 (mul) -> %1 (exp): allow, only consumer
 * }
 * ```
 */
export function printPlan(plan: FusionPlan, indent = ""): string {
  const names = valueNames(plan.graph);
  const results = (e: Equation): string => e.outputs.map((v) => names.get(v) ?? "%?").join(", ");
  const lines = [`${indent}plan @${plan.graph.name} {`];
  for (const group of plan.groups) {
    const outputs = group.outputs.map((v) => `${names.get(v)}: ${v.type.text}`).join(", ");
    lines.push(`${indent}  group ${group.id} ${group.kind} -> ${outputs} {`);
    for (const root of group.roots) {
      const location = root.source?.resolve();
      const comment = location ? `  // ${formatSource(location)}` : "";
      lines.push(`${indent}    ${results(root)} = ${root.op}${comment}`);
    }
    for (const region of group.regions) lines.push(printPlan(region, `${indent}    `));
    lines.push(`${indent}  }`);
  }
  const inlined = plan.graph.equations.filter((e) => plan.inlined.has(e)).map(results);
  if (inlined.length > 0) lines.push(`${indent}  inlined ${inlined.join(" ")}`);
  for (const { value, producer, consumer, decision, reason } of plan.decisions) {
    const name = names.get(value) ?? "%?";
    lines.push(
      `${indent}  edge ${name} (${producer.op}) -> ${results(consumer)} (${consumer.op}): ${decision}, ${reason}`,
    );
  }
  lines.push(`${indent}}`);
  return lines.join("\n");
}
