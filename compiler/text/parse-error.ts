/** Errors of the text forms: position, offending line and caret; and suggestions for mistyped names. */

/** Widest part of a source line shown with an error: a constant's line may be megabytes long. */
const EXCERPT = 120;

/** A text that does not parse. The message holds `file:line:column`, the reason, the line and a caret below it. */
export class ParseError extends SyntaxError {
  override name = "ParseError";
  constructor(
    /** What is wrong, without position. */
    readonly reason: string,
    readonly fileName: string,
    /** From 1. */
    readonly line: number,
    /** From 1, in UTF-16 units. */
    readonly column: number,
    sourceLine: string,
  ) {
    super(`${fileName}:${line}:${column}: ${reason}\n${excerpt(sourceLine, column)}`);
  }
}

function excerpt(line: string, column: number): string {
  const start = column - 1 > EXCERPT - 20 ? column - 1 - EXCERPT / 2 : 0;
  const shown = line.slice(start, start + EXCERPT).replaceAll("\t", " ");
  return `  ${shown}\n  ${" ".repeat(column - 1 - start)}^`;
}

/**
 * The known name nearest to a mistyped one, or null where none is near: an edit distance of at most a third of the
 * name's length, or 1 in a short name.
 */
export function nearestName(name: string, known: Iterable<string>): string | null {
  if (name.length > 64) return null;
  let best: string | null = null;
  // A name of one letter is near to nothing.
  let bestDistance = Math.min(Math.max(1, Math.floor(name.length / 3)), name.length - 1) + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const distance = editDistance(name, candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `; did you mean "…"?` where a near name is known, else nothing. */
export function suggestion(name: string, known: Iterable<string>): string {
  const near = nearestName(name, known);
  return near === null ? "" : `; did you mean ${near}?`;
}

/** Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment), row by row. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = swapped ? before[j - 2] + 1 : Infinity;
      row.push(Math.min(substitute, swap, previous[j] + 1, row[j - 1] + 1));
    }
    before = previous;
    previous = row;
  }
  return previous[b.length];
}
