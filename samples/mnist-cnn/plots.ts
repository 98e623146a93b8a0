/** The confusion matrix and pictures of digits, as Vega-Lite specifications, in colours that follow light and dark. */
import { inkColor, plot, seriesColors } from "../report/index.ts";

const CLASSES = 10;

/** How often each digit was taken for each; the diagonal, which would outshine the rest, has no colour. */
export function confusionPlot(truth: readonly number[], classes: readonly number[]) {
  const counts = Array.from({ length: CLASSES }, () => new Array<number>(CLASSES).fill(0));
  for (const [i, actual] of truth.entries()) counts[actual]![classes[i]!]!++;
  const values = counts.flatMap((row, actual) =>
    row.map((count, predicted) => ({ actual, predicted, count, wrong: actual === predicted ? 0 : count })),
  );
  return plot(
    {
      width: 420,
      height: 420,
      data: { values },
      encoding: {
        x: {
          field: "predicted",
          type: "ordinal",
          title: "Taken for",
          axis: { orient: "top", labelAngle: 0 },
        },
        y: { field: "actual", type: "ordinal", title: "Digit" },
      },
      layer: [
        {
          mark: { type: "rect", color: seriesColors[0] },
          encoding: {
            // Of the colour of a series, which follows light and dark.
            opacity: { field: "wrong", type: "quantitative", legend: null, scale: { range: [0, 0.6] } },
          },
        },
        {
          mark: { type: "text", fontSize: 12, color: inkColor },
          encoding: { text: { field: "count", type: "quantitative" } },
        },
      ],
    },
    "Rows are the digits, columns what the network took them for; the more mistakes, the deeper the colour.",
  );
}

/** Pictures of 28 by 28 bytes, with what they are. */
export function digitsPlot(
  digits: readonly { readonly title: string; readonly pixels: ArrayLike<number> }[],
) {
  const values = digits.flatMap(({ title, pixels }, n) =>
    Array.from(pixels, (value, i) => ({
      digit: `${n + 1}. ${title}`,
      n,
      x: i % 28,
      y: Math.floor(i / 28),
      value,
    })).filter(({ value }) => value > 0),
  );
  return plot(
    {
      // The theme's "fit" is for single views.
      autosize: "pad",
      data: { values },
      facet: { field: "digit", type: "nominal", title: null, sort: { field: "n", op: "min" } },
      columns: 8,
      spec: {
        width: 78,
        height: 78,
        mark: { type: "rect", color: inkColor },
        encoding: {
          x: {
            field: "x",
            type: "ordinal",
            axis: null,
            scale: { domain: Array.from({ length: 28 }, (_, i) => i) },
          },
          y: {
            field: "y",
            type: "ordinal",
            axis: null,
            scale: { domain: Array.from({ length: 28 }, (_, i) => i) },
          },
          opacity: {
            field: "value",
            type: "quantitative",
            legend: null,
            scale: { domain: [0, 255], range: [0, 1] },
          },
        },
      },
    },
    "What it is, and what the network took it for.",
  );
}
