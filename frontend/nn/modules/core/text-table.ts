/** Tables in text, drawn as the Python package rich draws them. */

export interface TextTable {
  readonly title: string;
  readonly header: readonly string[];
  /** Cells may have several lines. */
  readonly rows: readonly (readonly string[])[];
  readonly footer: readonly string[];
  /** Columns of the footer that are set to the right. */
  readonly footerRight: number;
  readonly caption: string;
}

export function renderTable({ title, header, rows, footer, footerRight, caption }: TextTable): string {
  const lineWidth = (cell: string): number => Math.max(...cell.split("\n").map((line) => [...line].length));
  const widths = header.map((_, i) => Math.max(...[header, ...rows, footer].map((row) => lineWidth(row[i]))));
  const rule = (left: string, fill: string, between: string, right: string): string =>
    left + widths.map((width) => fill.repeat(width + 2)).join(between) + right;
  const draw = (row: readonly string[], bar: string, right = -1): string[] => {
    const cells = row.map((cell) => cell.split("\n"));
    const height = Math.max(...cells.map((lines) => lines.length));
    return Array.from({ length: height }, (_, y) => {
      const line = cells.map((lines, i) => {
        const text = lines[y] ?? "";
        return ` ${i === right ? text.padStart(widths[i]) : text.padEnd(widths[i])} `;
      });
      return bar + line.join(bar) + bar;
    });
  };
  const total = widths.reduce((sum, width) => sum + width + 3, 1);
  const centred = (text: string): string =>
    " ".repeat(Math.max(0, Math.floor((total - text.length) / 2))) + text;
  const between = rule("├", "─", "┼", "┤");
  return [
    centred(title),
    rule("┏", "━", "┳", "┓"),
    ...draw(header, "┃"),
    rule("┡", "━", "╇", "┩"),
    ...rows.flatMap((row) => [...draw(row, "│"), between]),
    ...draw(footer, "│", footerRight),
    rule("└", "─", "┴", "┘"),
    "",
    centred(caption),
  ].join("\n");
}

/** A tree in print as PyYAML dumps it in block style: nested by indentation, items of lists behind a dash. */
export function toYaml(value: unknown): string {
  return yamlLines(value).join("\n");
}

function yamlLines(value: unknown): string[] {
  if (Array.isArray(value)) {
    if (value.length === 0) return ["[]"];
    return value.flatMap((each) => yamlLines(each).map((line, i) => (i === 0 ? `- ${line}` : `  ${line}`)));
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value);
    if (entries.length === 0) return ["{}"];
    return entries.flatMap(([key, each]) => {
      const lines = yamlLines(each);
      const isBlock = typeof each === "object" && each !== null && !["[]", "{}"].includes(lines[0]);
      if (!isBlock) return [`${key}: ${lines[0]}`];
      return [`${key}:`, ...lines.map((line) => (Array.isArray(each) ? line : `  ${line}`))];
    });
  }
  return [String(value)];
}
