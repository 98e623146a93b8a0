/** ArviZ's plots of a posterior, as Vega-Lite specifications. */
import type { TopLevelSpec } from "vega-lite";
import { seriesColors } from "../../report/theme.ts";
import { mean } from "../numpy/reduce.ts";
import { type Chains, flat, hdi } from "./diagnostics.ts";
import { kde } from "./kde.ts";

type Posterior = Readonly<Record<string, Chains>>;
type Row = Readonly<Record<string, number | string>>;

const HEIGHT = 120;

/** `az.plot_trace`: for each variable the density of each chain, and beside it the draws in order. */
export function plotTrace(posterior: Posterior): TopLevelSpec {
  return {
    autosize: { type: "pad" },
    vconcat: Object.entries(posterior).map(([name, chains]) => ({
      spacing: 28,
      hconcat: [
        {
          title: name,
          width: 300,
          height: HEIGHT,
          ...linesOf(
            chains.flatMap((chain, c) => densityRows(chain, c)),
            { yAxis: false, strokeWidth: 1.8, opacity: 1 },
          ),
        },
        {
          title: name,
          width: 360,
          height: HEIGHT,
          ...linesOf(
            chains.flatMap((chain, c) => Array.from(chain, (y, x) => ({ x, y, chain: String(c) }))),
            { yAxis: true, strokeWidth: 0.7, opacity: 0.55 },
          ),
        },
      ],
    })),
  };
}

/** `az.plot_posterior`: the density of all draws, their mean and the interval of highest density. */
export function plotPosterior(posterior: Posterior, probability = 0.94, columns = 2): TopLevelSpec {
  return {
    autosize: { type: "pad" },
    columns,
    concat: Object.entries(posterior).map(([name, chains]) => posteriorOf(name, chains, probability)),
  };
}

function posteriorOf(name: string, chains: Chains, probability: number) {
  const draws = flat(chains);
  const { grid, pdf } = kde(draws);
  const top = pdf.reduce((a, b) => Math.max(a, b));
  const [low, high] = hdi(chains, probability);
  const middle = (low + high) / 2;
  const centre = mean(draws);
  const digits = (x: number): string => x.toPrecision(4);
  const text = (x: number, y: number, label: string, align: "left" | "center" | "right") => ({
    data: { values: [{ x, y: y * top, label }] },
    mark: { type: "text", align, fontSize: 12, color: "#1d2129" } as const,
    encoding: { x: horizontal, y: vertical(false), text: { field: "label" } } as const,
  });
  return {
    title: name,
    width: 330,
    height: 170,
    layer: [
      {
        data: { values: Array.from(grid, (x, i) => ({ x, y: pdf[i]! })) },
        mark: { type: "line", strokeWidth: 2, color: seriesColors[0]! } as const,
        encoding: { x: horizontal, y: vertical(false) },
      },
      {
        data: { values: [low, high].map((x) => ({ x, y: 0.02 * top })) },
        mark: { type: "line", strokeWidth: 4, color: "#1d2129" } as const,
        encoding: { x: horizontal, y: vertical(false) },
      },
      text(centre, 1.1, `mean=${digits(centre)}`, "center"),
      text(middle, 0.3, `${(100 * probability).toFixed(0)}% HDI`, "center"),
      text(low, 0.1, digits(low), "left"),
      text(high, 0.1, digits(high), "right"),
    ],
  };
}

const horizontal = {
  field: "x",
  type: "quantitative",
  title: null,
  scale: { zero: false, nice: false },
  axis: { tickCount: 5 },
} as const;

function vertical(axis: boolean) {
  return {
    field: "y",
    type: "quantitative",
    title: null,
    scale: { zero: false },
    axis: axis ? { tickCount: 4 } : null,
  } as const;
}

function densityRows(chain: ArrayLike<number>, index: number): Row[] {
  const { grid, pdf } = kde(chain);
  // Every second of the 512 places is enough for a line.
  return Array.from(grid, (x, i) => ({ x, y: pdf[i]!, chain: String(index) })).filter((_, i) => i % 2 === 0);
}

/** A line per chain. */
function linesOf(
  values: readonly Row[],
  { yAxis, strokeWidth, opacity }: { yAxis: boolean; strokeWidth: number; opacity: number },
) {
  return {
    data: { values: [...values] },
    mark: { type: "line", strokeWidth, opacity } as const,
    encoding: {
      x: horizontal,
      y: vertical(yAxis),
      color: {
        field: "chain",
        type: "nominal",
        scale: { range: [...seriesColors] },
        legend: null,
      },
    } as const,
  };
}
