/** The picture of a block's attention. */
import type { NdArray } from "weft";
import { attentionMaps, type PlotSection } from "../report/index.ts";

/** @param weights f32[heads, time, time] of the characters of `text`: where each looks */
export async function attentionPlot(text: string, weights: NdArray): Promise<PlotSection> {
  const heads = weights.shape[0]!;
  const values = await weights.data();
  const time = text.length;
  const names = Array.from(text, (character) => (character === " " ? "␣" : character.replace("\n", "¶")));
  const cells = Array.from({ length: heads * time * time }, (_, i) => ({
    head: Math.floor(i / (time * time)),
    row: Math.floor(i / time) % time,
    column: i % time,
    weight: Number(values[i]),
  })).filter(({ row, column }) => column <= row);
  const axis = { names, fontSize: 9 };
  return attentionMaps(
    cells,
    { rows: axis, columns: axis, height: 330 },
    "The last block's attention, a picture per head: how much each character (from top to bottom) takes from each one " +
      "before it (from left to right) and from itself.",
    "Triangular heat maps, as no character sees a later one.",
  );
}
