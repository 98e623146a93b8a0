/** Plots for phones: scaled down, the text of a wide one could not be read. */
import type { Spec } from "vega";
import type { TopLevelSpec } from "vega-lite";
import { isVega, type PlotSpec } from "./sections.ts";
import { plotConfig } from "./theme.ts";

/** Of a plot without its axes, in pixels. */
const WIDTH = 340;
/** Of each view of several that stand below one another, each with axes of its own. */
const VIEW_WIDTH = 300;
/** What Vega-Lite leaves between two views. */
const SPACING = 20;

const config = {
  axisX: { ...plotConfig.axisX, tickCount: 5 },
  legend: { ...plotConfig.legend, direction: "vertical" },
} as const;

/**
 * The same plot no wider than a phone: narrower axes with the legend's entries below one another, or fewer views side by
 * side. Null for plots of other kinds; those the reader moves sideways.
 */
export function narrowSpec(spec: PlotSpec): PlotSpec | null {
  if (isVega(spec)) return narrowVega(spec);
  if ("layer" in spec) return { ...spec, width: WIDTH, height: 320, config: { ...spec.config, ...config } };
  if ("facet" in spec && "columns" in spec) return { ...spec, columns: columnsOf(spec) };
  if ("concat" in spec) return { ...spec, columns: 1, concat: spec.concat.map(narrowView) };
  if ("vconcat" in spec) return { ...spec, vconcat: spec.vconcat.flatMap(viewsOf) };
  return null;
}

/** As many views side by side as a phone has place for. */
function columnsOf({ spec: view, columns }: TopLevelSpec & { columns?: number; spec: object }): number {
  const width = "width" in view && typeof view.width === "number" ? view.width : WIDTH;
  return Math.min(columns ?? 1, Math.max(1, Math.floor((WIDTH + SPACING) / (width + SPACING))));
}

type View = Extract<TopLevelSpec, { vconcat: unknown }>["vconcat"][number];

/** The views of a row, one by one. */
function viewsOf(row: View): View[] {
  return "hconcat" in row ? row.hconcat.map(narrowView) : [narrowView(row)];
}

function narrowView(view: View): View {
  return "width" in view ? { ...view, width: VIEW_WIDTH } : view;
}

/** A drawing whose marks go by its signals `width` and `height`; a gradient's legend comes to stand below it. */
function narrowVega(spec: Spec): Spec {
  const legends = spec.legends?.map((legend) =>
    legend.type === "gradient"
      ? { ...legend, orient: "bottom" as const, direction: "horizontal" as const, gradientLength: WIDTH / 2 }
      : legend,
  );
  return { ...spec, width: VIEW_WIDTH, height: VIEW_WIDTH, ...(legends && { legends }) };
}
