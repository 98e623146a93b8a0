/** Plotly traces and layout of plots in space. Colours written `var(--name)` are those of the page. */
import type { Data, Layout } from "plotly.js";

export interface SpaceAxes {
  /** What each axis shows, with its unit. */
  readonly x: string;
  readonly y: string;
  readonly z: string;
  /** From where one looks at first, in units of the box's size; (0, 0, 0) is its centre. */
  readonly eye?: { readonly x: number; readonly y: number; readonly z: number };
}

/**
 * The surface z over a grid.
 *
 * @param z one row for each value of y, with one value for each value of x
 */
export function surface(
  name: string,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  z: readonly ArrayLike<number>[],
  { opacity = 1, colorBar = true }: { opacity?: number; colorBar?: boolean } = {},
): Data {
  if (z.length !== y.length || z.some((row) => row.length !== x.length)) {
    throw new Error(`surface "${name}": z has to have ${y.length} rows of ${x.length} values`);
  }
  return {
    type: "surface",
    name,
    x: Array.from(x),
    y: Array.from(y),
    z: z.map((row) => Array.from(row)),
    opacity,
    colorscale: "Viridis",
    showscale: colorBar,
    colorbar: { thickness: 14, len: 0.75, outlinewidth: 0, tickfont: { color: "var(--quiet)" } },
  };
}

/** Points in space, or with `line` the line through them. `color` is a series colour of the page, 1 to 6. */
export function points3d(
  name: string,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  z: ArrayLike<number>,
  { color = 1, size = 3.5, line = false }: { color?: number; size?: number; line?: boolean } = {},
): Data {
  if (x.length !== y.length || x.length !== z.length) {
    throw new Error(`points "${name}": ${x.length} values of x, ${y.length} of y, ${z.length} of z`);
  }
  const shade = `var(--series${color})`;
  return {
    type: "scatter3d",
    name,
    mode: line ? "lines+markers" : "markers",
    x: Array.from(x),
    y: Array.from(y),
    z: Array.from(z),
    marker: { size, color: shade },
    line: { width: 4, color: shade },
  };
}

/** The layout of a plot in space. `legend` where its traces need one. */
export function space(
  { x, y, z, eye = { x: 1.5, y: -1.5, z: 0.9 } }: SpaceAxes,
  { legend = false }: { legend?: boolean } = {},
): Partial<Layout> {
  const axis = (title: string) =>
    ({
      title: { text: title, font: { color: "var(--ink)", size: 13 } },
      tickfont: { color: "var(--quiet)", size: 11 },
      gridcolor: "var(--rule)",
      zerolinecolor: "var(--rule)",
      showbackground: false,
    }) as const;
  return {
    scene: {
      xaxis: axis(x),
      yaxis: axis(y),
      zaxis: axis(z),
      camera: { eye, center: { x: 0, y: 0, z: -0.12 } },
      aspectmode: "cube",
    },
    margin: { l: 0, r: 0, t: 0, b: 0 },
    paper_bgcolor: "rgba(0,0,0,0)",
    font: { family: "system-ui, sans-serif" },
    showlegend: legend,
    legend: { orientation: "h", x: 0, y: 1, font: { color: "var(--ink)", size: 13 } },
    hoverlabel: { font: { family: "system-ui, sans-serif" } },
  };
}
