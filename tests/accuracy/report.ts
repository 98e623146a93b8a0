/** Measurements as lines of a terminal, as tables of docs/accuracy.md, and what is wrong with them. */
import type { MathDType } from "../../compiler/math/index.ts";
import { XLA_BUDGET } from "./functions.ts";
import type { IteratedMeasurement } from "./iterated.ts";
import type { Measurement } from "./measure.ts";

const COLUMNS = [12, 8, 8, 7, 8, 7, 9] as const;

function row(cells: readonly string[]): string {
  return cells.map((cell, i) => (i < 3 ? cell.padEnd(COLUMNS[i]) : cell.padStart(COLUMNS[i] ?? 0))).join(" ");
}

export function printedTitle(): string {
  return `${row(["function", "dtype", "variant", "bound", "max ULP", "mean", "points"])}  at`;
}

function meanOf({ errors }: Measurement): number {
  return errors.count === 0 ? 0 : errors.total / errors.count;
}

function place({ errors }: Measurement): string {
  return errors.max === 0 ? "" : errors.at.map((x) => String(x)).join(", ");
}

export function printedLine(m: Measurement): string {
  const { fn, variant, errors } = m;
  const numbers = [String(fn.bound), errors.max.toFixed(3), meanOf(m).toFixed(3), String(errors.count)];
  return `${row([fn.name, fn.dtype, variant, ...numbers])}  ${place(m)}`;
}

/** One line for each thing that is not as declared. */
export function failuresOf(m: Measurement): string[] {
  const { fn, variant, errors } = m;
  const where = `${fn.name} in ${fn.dtype} (${variant})`;
  const wrong = errors.wrong.map((line) => `${where}: ${line}`);
  if (errors.max <= fn.bound) return wrong;
  const detail = `${errors.max.toFixed(3)} ULP at ${place(m)}, declared ${fn.bound}`;
  return [...wrong, `${where}: ${detail}: ${errors.result}, exactly ${errors.expected}`];
}

function table(measurements: readonly Measurement[], dtype: MathDType): string {
  const rows = new Map<string, Measurement[]>();
  for (const m of measurements) {
    if (m.fn.dtype !== dtype) continue;
    const known = rows.get(m.fn.name);
    if (known) known.push(m);
    else rows.set(m.fn.name, [m]);
  }
  const single = dtype === "float32";
  const lines = [...rows].map(([name, runs]) => {
    const worst = runs.reduce((a, b) => (b.errors.max > a.errors.max ? b : a));
    const of = (variant: string): string =>
      runs.find((run) => run.variant === variant)?.errors.max.toFixed(2) ?? "-";
    const budget = single ? [XLA_BUDGET[name]?.toString() ?? ""] : [];
    const cells = [
      `\`${name}\``,
      String(worst.fn.bound),
      of("simd"),
      of("relaxed"),
      ...(single ? [of("webgpu")] : []),
      meanOf(worst).toFixed(2),
    ];
    return `| ${[...cells, ...budget, String(worst.errors.count), place(worst)].join(" | ")} |`;
  });
  const budget = single ? ["XLA's CPU budget"] : [];
  const variants = ["simd", "relaxed", ...(single ? ["webgpu"] : [])];
  const titles = ["function", "bound", ...variants, "mean", ...budget, "points", "greatest error at"];
  const rule = titles.map((_, i) => (i === 0 || i === titles.length - 1 ? "---" : "---:"));
  return [`### ${dtype}`, "", `| ${titles.join(" | ")} |`, `| ${rule.join(" | ")} |`, ...lines].join("\n");
}

export function markdownTables(measurements: readonly Measurement[]): string {
  return ["", table(measurements, "float32"), "", table(measurements, "float64"), ""].join("\n");
}

export function printedIterated(m: IteratedMeasurement): string {
  const error = `relative error ${m.max.toExponential(1)}, mean ${m.mean.toExponential(1)}, bound ${m.bound}`;
  return `${m.name} ${m.dtype} ${m.variant}: ${error}, at ${m.at.join(", ")}`;
}

export function iteratedFailures(m: IteratedMeasurement): string[] {
  if (m.max <= m.bound) return [];
  return [`${printedIterated(m)}: ${m.result}, exactly ${m.expected}`];
}

/** One line per function: the greatest relative error of the variants in each precision. */
export function iteratedTable(measurements: readonly IteratedMeasurement[]): string {
  const worst = (name: string, dtype: MathDType): string => {
    const runs = measurements.filter((m) => m.name === name && m.dtype === dtype);
    const max = Math.max(...runs.map((m) => m.max));
    return `${max.toExponential(1)} | ${runs[0].bound}`;
  };
  const names = [...new Set(measurements.map((m) => m.name))];
  const lines = names.map(
    (name) => `| \`${name}\` | ${worst(name, "float32")} | ${worst(name, "float64")} |`,
  );
  return [
    "### Functions that iterate",
    "",
    "Relative errors at 250 float32 points each, against mpmath (`tests/accuracy/iterated.py`): series and fractions end",
    "when their terms are small, and the results' factors are exponentials of sums, so ULP say little.",
    "",
    "| function | float32 | bound | float64 | bound |",
    "| --- | ---: | ---: | ---: | ---: |",
    ...lines,
    "",
  ].join("\n");
}
