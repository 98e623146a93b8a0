/** The fusion plan as text: groups in execution order, and a decision with its reason for every edge. */
import type { Equation } from "../graph/graph.ts";
import { valueNames } from "../text/graph-printer.ts";
import { formatSource } from "../types/source.ts";
import type { FusionGroup, FusionPlan, RowPlan } from "./plan.ts";

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
  const printGroup = (group: FusionGroup, indent: string, word: string): void => {
    const outputs = group.outputs.map((v) => `${names.get(v)}: ${v.type.text}`).join(", ");
    lines.push(`${indent}${word} ${group.id} ${group.kind} -> ${outputs} {`);
    if (group.rows !== null) printRows(group.rows, `${indent}  `);
    for (const part of group.parts) printGroup(part, `${indent}  `, "part");
    for (const root of group.parts.length > 0 ? [] : group.roots) {
      const location = root.source?.resolve();
      const comment = location ? `  // ${formatSource(location)}` : "";
      const part = group.rows === null ? "" : `  ${partOf(group.rows, root)}`;
      lines.push(`${indent}  ${results(root)} = ${root.op}${part}${comment}`);
    }
    for (const region of group.regions) lines.push(printPlan(region, `${indent}  `));
    lines.push(`${indent}}`);
  };
  const printRows = ({ domain, kept }: RowPlan, indent: string): void => {
    lines.push(`${indent}rows ${domain.rows} of ${domain.length}, along axes [${domain.axes.join(", ")}]`);
    for (const [v, place] of kept) {
      const where = place.where === "scratch" ? "a row of scratch" : `the memory of ${names.get(place.home)}`;
      lines.push(`${indent}keep ${names.get(v)} in ${where}`);
    }
  };
  for (const group of plan.groups) printGroup(group, `${indent}  `, "group");
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

/** What an equation is computed as in a kernel over rows, and in which pass. */
function partOf({ roles, level }: RowPlan, root: Equation): string {
  const at = level.get(root) ?? 0;
  switch (roles.get(root)) {
    case "element":
      return `(pass ${at})`;
    case "reduce":
      return `(pass ${at}, fold along the row)`;
    case "row":
      return `(before pass ${at}, once per row)`;
    case "total":
    case "columns":
      return `(pass ${at}, fold over all rows)`;
    case "totalOfRows":
      return `(before pass ${at}, fold over all rows)`;
    default:
      return "(after all rows)";
  }
}
