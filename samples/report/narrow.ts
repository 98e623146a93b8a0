/** Plots for phones: scaled down, the text of a wide one could not be read. */
import type { PlotSpec } from "./sections.ts";
import { plotConfig } from "./theme.ts";

const config = {
  axisX: { ...plotConfig.axisX, tickCount: 5 },
  legend: { ...plotConfig.legend, direction: "vertical" },
} as const;

/**
 * The same plot no wider than a phone: narrower axes with the legend's entries below one another, or views below one another
 * instead of side by side. Null for plots of other kinds; those the reader moves sideways.
 */
export function narrowSpec(spec: PlotSpec): PlotSpec | null {
  if ("layer" in spec) return { ...spec, width: 340, height: 320, config: { ...spec.config, ...config } };
  if ("facet" in spec && "columns" in spec) return { ...spec, columns: 1 };
  return null;
}
