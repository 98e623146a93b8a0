/** The figures of the WebGPU benchmark as text: lines of the console, and the table of docs/benchmarks.md. */
import type { Figures, System } from "./figures.ts";

export interface Row {
  readonly name: string;
  /** A text is why there are none. */
  readonly figures: Readonly<Partial<Record<System, Figures | string>>>;
}

/** Results that differ by more are wrong. */
const MOST_DIFFERENCE = 1e-3;

const NAMES: Readonly<Record<System, string>> = { weft: "Weft", "jax-js": "jax-js", tfjs: "TensorFlow.js" };

export function cell(figures: Figures | string | undefined): string {
  if (figures === undefined) return "";
  if (typeof figures === "string") return figures;
  const { time, dispatches, bytes, difference } = figures;
  const wrong = difference > MOST_DIFFERENCE ? `, WRONG by ${difference.toExponential(1)}` : "";
  return `${time.toFixed(time < 10 ? 1 : 0)} (${dispatches}; ${megabytes(bytes)})${wrong}`;
}

function megabytes(bytes: number): string {
  const value = bytes / 1e6;
  return value.toFixed(value < 10 ? 1 : 0);
}

/** A Markdown table, with what Weft is behind in below it. */
export function table(adapter: string, systems: readonly System[], rows: readonly Row[]): string {
  const date = new Date().toISOString().slice(0, 10);
  const behind = rows.flatMap(({ name, figures }) => {
    const own = figures.weft;
    if (typeof own !== "object") return [`${name}: ${own ?? "not run"}`];
    return systems.flatMap((system) => {
      const other = figures[system];
      if (system === "weft" || typeof other !== "object" || other.difference > MOST_DIFFERENCE) return [];
      const slower = own.time / other.time;
      const more = own.dispatches > other.dispatches;
      return [
        ...(slower > 1.05 ? [`${name}: ${NAMES[system]} takes 1/${slower.toFixed(1)} of the time`] : []),
        ...(more ? [`${name}: ${NAMES[system]} dispatches less`] : []),
      ];
    });
  });
  return [
    `Adapter ${adapter.trim()}, ${date}. Milliseconds of a call (dispatches; megabytes of the buffers they bind).`,
    "",
    `| | ${systems.map((system) => NAMES[system]).join(" | ")} |`,
    `| --- | ${systems.map(() => "---:").join(" | ")} |`,
    ...rows.map(
      ({ name, figures }) => `| ${name} | ${systems.map((system) => cell(figures[system])).join(" | ")} |`,
    ),
    "",
    behind.length === 0
      ? "Weft is behind in none."
      : `Weft is behind in:\n\n${behind.map((line) => `- ${line}`).join("\n")}`,
  ].join("\n");
}
