/** Differences of texts, as `diff -u` shows them. */
import { createTwoFilesPatch } from "diff";

/** A unified diff with a few lines around each change; empty where the texts are equal. */
export function unifiedDiff(before: string, after: string, beforeName: string, afterName: string): string {
  if (before === after) return "";
  const patch = createTwoFilesPatch(beforeName, afterName, before, after, undefined, undefined, {
    context: 3,
  });
  // The first line is a rule, and file names are followed by a tab.
  const lines = patch.split("\n").filter((line, i) => i > 0 || !/^=+$/.test(line));
  return lines.map((line) => line.replace(/^((?:---|\+\+\+) .*?)\t*$/, "$1")).join("\n");
}

/** Lines added and removed. */
export function diffCounts(diff: string): { readonly added: number; readonly removed: number } {
  const lines = diff.split("\n");
  const count = (sign: string): number =>
    lines.filter((line) => line.startsWith(sign) && !line.startsWith(sign.repeat(3))).length;
  return { added: count("+"), removed: count("-") };
}
