/** Filled contours of a function on a grid, as Matplotlib's `contourf` draws them; Vega's `isocontour` finds them. */
import type { Spec } from "vega";

export interface ContourAxes {
  readonly x: string;
  readonly y: string;
  /** What the colours show. */
  readonly z: string;
}

export interface ContourOptions {
  /** How many levels, evenly spaced between the lowest and the highest value. */
  readonly levels?: number;
  /** Points to mark, in the order of a path that is drawn through them. */
  readonly path?: { readonly name: string; readonly x: ArrayLike<number>; readonly y: ArrayLike<number> };
}

const WIDTH = 600;
const HEIGHT = 420;
/** Seen on all of viridis, from dark violet to yellow. */
const PATH_COLOR = "#ff5a36";

/**
 * Contours of z over evenly spaced x and y.
 *
 * @param z one row for each value of y, with one value for each value of x
 */
export function contours(
  axes: ContourAxes,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  z: readonly ArrayLike<number>[],
  { levels = 20, path }: ContourOptions = {},
): Spec {
  if (z.length !== y.length || z.some((row) => row.length !== x.length)) {
    throw new Error(`contours of "${axes.z}": z has to have ${y.length} rows of ${x.length} values`);
  }
  const values = z.flatMap((row) => Array.from(row));
  const lowest = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const highest = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const grid = {
    width: x.length,
    height: y.length,
    values,
    // Contours have the sample (i, j) at (i + ½, j + ½). It is to lie where the scales put it, and y runs upwards.
    x1: 0.5,
    y1: 0.5,
  };
  // Of the signals of the drawing's size, so that a phone may have a smaller one.
  const scale = { signal: `[width / ${x.length - 1}, -height / ${y.length - 1}]` };
  const translate = { signal: "[0, height]" };
  const thresholds = Array.from({ length: levels }, (_, i) => lowest + ((highest - lowest) * i) / levels);
  const ends = (axis: ArrayLike<number>): number[] => [axis[0]!, axis[axis.length - 1]!];
  return {
    $schema: "https://vega.github.io/schema/vega/v6.json",
    // "fit" would change the size that the contours are scaled to.
    autosize: "pad",
    width: WIDTH,
    height: HEIGHT,
    data: [
      { name: "grid", values: [grid] },
      { name: "contours", source: "grid", transform: [{ type: "isocontour", thresholds, scale, translate }] },
      { name: "path", values: Array.from(path?.x ?? [], (value, i) => ({ x: value, y: path?.y[i] })) },
    ],
    scales: [
      { name: "x", type: "linear", domain: ends(x), range: "width", zero: false, nice: false },
      { name: "y", type: "linear", domain: ends(y), range: "height", zero: false, nice: false },
      { name: "color", type: "linear", domain: [lowest, highest], range: { scheme: "viridis" }, zero: false },
      ...(path === undefined
        ? []
        : [{ name: "path", type: "ordinal" as const, domain: [path.name], range: [PATH_COLOR] }]),
    ],
    axes: [
      { orient: "bottom", scale: "x", title: axes.x, domain: false },
      { orient: "left", scale: "y", title: axes.y, grid: false },
    ],
    legends: [
      {
        type: "gradient",
        fill: "color",
        title: axes.z,
        orient: "right",
        direction: "vertical",
        gradientLength: 240,
      },
      ...(path === undefined ? [] : [{ fill: "path", symbolType: "circle", orient: "top" as const }]),
    ],
    marks: [
      {
        type: "group",
        clip: true,
        encode: { enter: { width: { signal: "width" }, height: { signal: "height" } } },
        marks: [
          {
            type: "path",
            from: { data: "contours" },
            encode: {
              enter: {
                fill: { scale: "color", field: "contour.value" },
                stroke: { scale: "color", field: "contour.value" },
                strokeWidth: { value: 0.5 },
              },
            },
            transform: [{ type: "geopath", field: "datum.contour" }],
          },
          {
            type: "line",
            from: { data: "path" },
            encode: {
              enter: {
                x: { scale: "x", field: "x" },
                y: { scale: "y", field: "y" },
                stroke: { value: PATH_COLOR },
                strokeWidth: { value: 1.5 },
              },
            },
          },
          {
            type: "symbol",
            from: { data: "path" },
            encode: {
              enter: {
                x: { scale: "x", field: "x" },
                y: { scale: "y", field: "y" },
                fill: { value: PATH_COLOR },
                size: { value: 22 },
              },
            },
          },
        ],
      },
    ],
  };
}
