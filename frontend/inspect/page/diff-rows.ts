/** Two texts side by side: lines that define the same value stand in one row. */
import { diffArrays } from "diff";

export interface DiffRow {
  /** Positions in the texts, null where the row has nothing there. */
  readonly left: number | null;
  readonly right: number | null;
  readonly kind: "same" | "changed" | "removed" | "added";
}

/** More changes than these are not looked for: what it takes grows with their square. */
const MOST_CHANGES = 3000;

/** The values that a line defines, else the line itself: what tells which line is the same in another text. */
export function keyOf(line: string): string {
  const defined = /^\s*(%[^=]*?)\s=\s/.exec(line)?.[1];
  if (defined === undefined) return line.trim();
  return (defined.match(/%[\p{L}\p{N}_]+/gu) ?? []).join(" ");
}

/** Null where hardly a line of one is in the other, as in texts of different levels. */
export function diffRows(left: readonly string[], right: readonly string[]): DiffRow[] | null {
  const changes = diffArrays(left.map(keyOf), right.map(keyOf), { maxEditLength: MOST_CHANGES });
  if (changes === undefined) return null;
  const rows: DiffRow[] = [];
  let l = 0;
  let r = 0;
  for (const { value, added, removed } of changes) {
    for (let n = 0; n < value.length; n++) {
      if (removed) rows.push({ left: l++, right: null, kind: "removed" });
      else if (added) rows.push({ left: null, right: r++, kind: "added" });
      else {
        rows.push({ left: l, right: r, kind: left[l] === right[r] ? "same" : "changed" });
        l++;
        r++;
      }
    }
  }
  return rows;
}

/** The lines of both as they come. */
export function unmatchedRows(left: readonly string[], right: readonly string[]): DiffRow[] {
  const at = (i: number, lines: readonly string[]): number | null => (i < lines.length ? i : null);
  return Array.from({ length: Math.max(left.length, right.length) }, (_, i) => ({
    left: at(i, left),
    right: at(i, right),
    kind: "same",
  }));
}

/** Rows near a change, and how many were left out instead of others. */
export type Shown = DiffRow | { readonly hidden: number };

export function withContext(rows: readonly DiffRow[], context: number): Shown[] {
  const near = new Set<number>();
  for (const [i, row] of rows.entries()) {
    if (row.kind === "same") continue;
    for (let k = Math.max(0, i - context); k <= Math.min(rows.length - 1, i + context); k++) near.add(k);
  }
  const shown: Shown[] = [];
  let hidden = 0;
  for (const [i, row] of rows.entries()) {
    if (!near.has(i)) {
      hidden++;
      continue;
    }
    if (hidden > 0) shown.push({ hidden });
    hidden = 0;
    shown.push(row);
  }
  if (hidden > 0) shown.push({ hidden });
  return shown;
}
