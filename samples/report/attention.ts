/** Pictures of attention: a heat map per head, in which a row is what looks and a column what is looked at. */
import { type PlotSection, plot } from "./sections.ts";

export interface AttentionCell {
  /** From 0. */
  readonly head: number;
  readonly row: number;
  readonly column: number;
  readonly weight: number;
}

/** What stands along an axis, a text per row or column. */
export interface AttentionAxis {
  readonly names: readonly string[];
  readonly fontSize: number;
}

/** @param height of each map, in pixels; they are 330 wide */
export function attentionMaps(
  cells: readonly AttentionCell[],
  axes: { readonly rows: AttentionAxis; readonly columns: AttentionAxis; readonly height: number },
  caption: string,
  description: string,
): PlotSection {
  const axisOf = ({ names, fontSize }: AttentionAxis) =>
    ({
      labelExpr: `${JSON.stringify(names)}[datum.value]`,
      labelAngle: 0,
      ticks: false,
      labelFontSize: fontSize,
      domain: false,
    }) as const;
  return plot(
    {
      // The theme's "fit" is for single views.
      autosize: "pad",
      data: {
        values: cells.map(({ head, row, column, weight }) => ({
          head: `Head ${head + 1}`,
          row,
          column,
          weight: Number(weight.toFixed(4)),
        })),
      },
      columns: 2,
      facet: { field: "head", type: "nominal", title: null },
      spec: {
        width: 330,
        height: axes.height,
        mark: "rect",
        encoding: {
          x: { field: "column", type: "ordinal", title: null, axis: axisOf(axes.columns) },
          y: { field: "row", type: "ordinal", title: null, axis: axisOf(axes.rows) },
          color: { field: "weight", type: "quantitative", title: "Weight", scale: { scheme: "viridis" } },
        },
      },
    },
    caption,
    description,
  );
}
