/** Numbers and tables as people read them. */

/** Milliseconds in the unit that suits them, with three digits. */
export function duration(ms: number): string {
  const [value, unit] =
    ms >= 1000 ? [ms / 1000, "s"] : ms >= 1 ? [ms, "ms"] : ms >= 1e-3 ? [ms * 1e3, "µs"] : [ms * 1e6, "ns"];
  return `${digits(value)} ${unit}`;
}

/** Three digits. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return "–";
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

export type Row = readonly string[];

/** A table in Markdown; all columns but the first and those of `text` are aligned to the right. */
export function markdownTable(header: Row, rows: readonly Row[], text: readonly number[] = []): string {
  const cell = (value: string): string => value.replaceAll("|", "\\|").replaceAll("\n", " ");
  const line = (row: Row): string => `| ${row.map(cell).join(" | ")} |`;
  const rule = header.map((_, i) => (i === 0 || text.includes(i) ? "---" : "---:"));
  return [line(header), line(rule), ...rows.map(line)].join("\n");
}
