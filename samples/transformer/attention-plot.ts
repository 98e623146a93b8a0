/** The picture of a decoder's attention to what it translates. */
import { attentionMaps, type PlotSection } from "../report/index.ts";

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
  const cells = weights.flatMap((rows, head) =>
    Array.from(target, (_, row) =>
      Array.from(source, (_, column) => ({ head, row, column, weight: rows[row]![column]! })),
    ).flat(),
  );
  const axisOf = (text: string) => ({
    names: Array.from(text, (character) => (character === " " ? "␣" : character)),
    fontSize: 11,
  });
  return attentionMaps(
    cells,
    { rows: axisOf(target), columns: axisOf(source), height: 170 },
    "The attention of the decoder's last layer to the source, a picture per head: how much each character it writes (from " +
      "top to bottom) takes from each one of the source (from left to right).",
    "Heat maps: the rows of the year are bright at the year, those of the month at its name, those of the day at its number.",
  );
}
