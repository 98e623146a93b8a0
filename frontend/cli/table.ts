/** Tables of text, for terminals. */

/** Columns as wide as their widest cell, two spaces between them; no newline at the end. */
export function formatTable(
  rows: readonly (readonly string[])[],
  align: readonly ("left" | "right")[],
): string {
  const widths = align.map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => (align[i] === "right" ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
