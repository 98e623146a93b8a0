/** Vega-Lite specifications of the plots that samples want most. */

import type { TopLevelSpec } from "vega-lite";
import { seriesColors } from "./theme.ts";

export interface Axes {
  /** What the axis shows, with its unit. */
  x: string;
  y: string;
  xScale?: "linear" | "log";
  yScale?: "linear" | "log";
  /** Whether the axis of y begins at zero even if the values do not. */
  yFromZero?: boolean;
}

export interface Layer {
  readonly mark: "point" | "line";
  readonly name: string;
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  /** Draws a few points so that they stand out. */
  readonly emphasis: boolean;
}

/** The points `(x[i], y[i])`. */
export function scatter(
  name: string,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  { emphasis = false }: { emphasis?: boolean } = {},
): Layer {
  return makeLayer({ mark: "point", name, x, y, emphasis });
}

/** The line through the points `(x[i], y[i])`, in the order of x. */
export function line(name: string, x: ArrayLike<number>, y: ArrayLike<number>): Layer {
  return makeLayer({ mark: "line", name, x, y, emphasis: false });
}

/** The layers over one another in one plot, with a legend if there are several. Later ones are drawn on top. */
export function layered(axes: Axes, layers: readonly Layer[]): TopLevelSpec {
  const names = layers.map((layer) => layer.name);
  const colorScale = { domain: names, range: names.map((_, i) => seriesColors[i % seriesColors.length]!) };
  const shapeScale = { domain: names, range: layers.map(symbolOf) };
  // Marks that are points bring the shapes of all entries to the legend; lines alone are stroked there too.
  const onlyLines = layers.every((layer) => layer.mark === "line");
  const legend = layers.length === 1 ? null : onlyLines ? { symbolType: "stroke", symbolStrokeWidth: 3 } : {};
  const x = {
    field: "x",
    type: "quantitative",
    title: axes.x,
    ...axisOf(axes.xScale, layers, "x", false),
  } as const;
  const y = {
    field: "y",
    type: "quantitative",
    title: axes.y,
    ...axisOf(axes.yScale, layers, "y", axes.yFromZero ?? false),
  } as const;
  return {
    width: 720,
    height: 380,
    layer: layers.map((layer) => ({
      data: { values: rowsOf(layer) },
      mark: markOf(layer),
      encoding: {
        x,
        y,
        color: { field: "series", type: "nominal", scale: colorScale, legend },
        ...(layer.mark === "point" && {
          shape: { field: "series", type: "nominal", scale: shapeScale, legend },
        }),
      },
    })),
  };
}

/** A short bar, as an SVG path in the square from -1 to 1. */
const lineSymbol = "M-1,-0.16H1V0.16H-1Z";

function symbolOf({ mark, emphasis }: Layer): string {
  if (mark === "line") return lineSymbol;
  return emphasis ? "diamond" : "circle";
}

/** Scale and axis of one direction. Vega labels and rules a logarithmic axis too densely, so its ticks are chosen here. */
function axisOf(
  type: "linear" | "log" | undefined,
  layers: readonly Layer[],
  direction: "x" | "y",
  zero: boolean,
) {
  if (type !== "log") return { scale: { zero } };
  const positive = layers.flatMap((layer) => Array.from(layer[direction])).filter((value) => value > 0);
  const lowest = positive.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const highest = positive.reduce((a, b) => Math.max(a, b), 0);
  if (!Number.isFinite(lowest / highest)) return { scale: { type: "log" as const } };
  const margin = (highest / lowest) ** 0.06;
  const domain = [lowest / margin, highest * margin];
  return {
    scale: { type: "log" as const, domain, nice: false },
    axis: { values: logTicks(lowest, highest) },
  };
}

/** The powers of ten about a range and, if it is short, their two- and fivefold. */
function logTicks(lowest: number, highest: number): number[] {
  const factors = highest / lowest > 1000 ? [1] : [1, 2, 5];
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(lowest)); power <= Math.ceil(Math.log10(highest)); power++) {
    ticks.push(...factors.map((factor) => Number(`${factor}e${power}`)));
  }
  return ticks;
}

function makeLayer(layer: Layer): Layer {
  if (layer.x.length !== layer.y.length) {
    throw new Error(`plot "${layer.name}": ${layer.x.length} values of x, ${layer.y.length} values of y`);
  }
  return layer;
}

function rowsOf({ name, x, y }: Layer): { series: string; x: number; y: number }[] {
  return Array.from(x, (value, i) => ({ series: name, x: value, y: y[i]! }));
}

function markOf({ mark, emphasis }: Layer) {
  if (mark === "line") return { type: "line", strokeWidth: 2.5 } as const;
  if (emphasis) return { type: "point", filled: true, size: 220, opacity: 1 } as const;
  return { type: "point", filled: true, size: 55, opacity: 0.75 } as const;
}
