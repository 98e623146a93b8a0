/** How pandas prints a data frame of floats. */

export interface Frame {
  readonly index: readonly string[];
  readonly columns: readonly string[];
  readonly rows: readonly (readonly number[])[];
}

/** `print(df)`: six decimals at most, and in each column no more than its longest number needs. */
export function frameText({ index, columns, rows }: Frame): string {
  const cells = columns.map((name, i) => [name, ...columnText(rows.map((row) => row[i]!))]);
  const labels = ["", ...index];
  const labelWidth = widest(labels);
  const widths = cells.map(widest);
  return labels
    .map((label, row) => {
      const texts = cells.map((column, i) => column[row]!.padStart(widths[i]!));
      return [label.padEnd(labelWidth), ...texts].join("  ");
    })
    .join("\n");
}

function columnText(values: readonly number[]): string[] {
  let texts = values.map(fixed);
  const numbers = (): string[] => texts.filter((text) => text !== "NaN");
  while (numbers().length > 0 && numbers().every((text) => text.endsWith("0") && !text.endsWith(".0"))) {
    texts = texts.map((text) => (text === "NaN" ? text : text.slice(0, -1)));
  }
  return texts;
}

function fixed(x: number): string {
  if (Number.isNaN(x)) return "NaN";
  return Object.is(x, -0) ? "-0.000000" : x.toFixed(6);
}

function widest(texts: readonly string[]): number {
  return Math.max(...texts.map((text) => text.length));
}
