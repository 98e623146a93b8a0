/** The picture of a block's attention. */
import type { NdArray } from "weft";
import { type PlotSection, plot } from "../report/index.ts";

/** @param weights f32[heads, time, time] of the characters of `text`: where each looks */
export async function attentionPlot(text: string, weights: NdArray): Promise<PlotSection> {
  const heads = weights.shape[0]!;
  const values = await weights.data();
  const time = text.length;
  const names = Array.from(text, (character) => (character === " " ? "␣" : character.replace("\n", "¶")));
  const rows = Array.from({ length: heads * time * time }, (_, i) => ({
    head: `Head ${Math.floor(i / (time * time)) + 1}`,
    from: Math.floor(i / time) % time,
    to: i % time,
    weight: Number(Number(values[i]).toFixed(4)),
  })).filter(({ from, to }) => to <= from);
  const labelExpr = `${JSON.stringify(names)}[datum.value]`;
  const axis = { labelExpr, labelAngle: 0, ticks: false, labelFontSize: 9, domain: false } as const;
  return plot(
    {
      // The theme's "fit" is for single views.
      autosize: "pad",
      data: { values: rows },
      columns: 2,
      facet: { field: "head", type: "nominal", title: null },
      spec: {
        width: 330,
        height: 330,
        mark: "rect",
        encoding: {
          x: { field: "to", type: "ordinal", title: null, axis },
          y: { field: "from", type: "ordinal", title: null, axis },
          color: { field: "weight", type: "quantitative", title: "Weight", scale: { scheme: "viridis" } },
        },
      },
    },
    "The last block's attention, a picture per head: how much each character (from top to bottom) takes from each one " +
      "before it (from left to right) and from itself.",
    "Triangular heat maps, as no character sees a later one.",
  );
}
