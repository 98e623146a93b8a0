/** The picture of a decoder's attention to what it translates. */
import { type PlotSection, plot } from "../report/index.ts";

/**
 * @param source what is translated, at most as many characters as there are columns
 * @param target what is written, a character per row
 * @param weights [heads][target's length][columns], each row a distribution
 */
export function attentionPlot(
  source: string,
  target: string,
  weights: readonly (readonly (readonly number[])[])[],
): PlotSection {
  const rows = weights.flatMap((head, number) =>
    Array.from(target, (_, row) =>
      Array.from(source, (_, column) => ({
        head: `Head ${number + 1}`,
        row,
        column,
        weight: Number(head[row]![column]!.toFixed(4)),
      })),
    ).flat(),
  );
  const axisOf = (text: string) =>
    ({
      labelExpr: `${JSON.stringify(Array.from(text, (character) => (character === " " ? "␣" : character)))}[datum.value]`,
      labelAngle: 0,
      ticks: false,
      labelFontSize: 11,
      domain: false,
    }) as const;
  return plot(
    {
      // The theme's "fit" is for single views.
      autosize: "pad",
      data: { values: rows },
      columns: 2,
      facet: { field: "head", type: "nominal", title: null },
      spec: {
        width: 330,
        height: 170,
        mark: "rect",
        encoding: {
          x: { field: "column", type: "ordinal", title: null, axis: axisOf(source) },
          y: { field: "row", type: "ordinal", title: null, axis: axisOf(target) },
          color: { field: "weight", type: "quantitative", title: "Weight", scale: { scheme: "viridis" } },
        },
      },
    },
    "The attention of the decoder's last layer to the source, a picture per head: how much each character it writes (from " +
      "top to bottom) takes from each one of the source (from left to right).",
    "Heat maps: the rows of the year are bright at the year, those of the month at its name, those of the day at its number.",
  );
}
