/** Reports of the samples: one HTML file each, which needs no network to be read. */

export { attentionMaps } from "./attention.ts";
export { type Axes, type Layer, layered, line, scatter } from "./charts.ts";
export { contours } from "./contours.ts";
export {
  code,
  heading,
  output,
  type Plot3dSection,
  type PlotSection,
  type PlotSpec,
  plot,
  plot3d,
  prose,
  type Report,
  type Section,
  table,
} from "./sections.ts";
export { points3d, type SpaceAxes, space, surface } from "./space.ts";
export { inkColor, seriesColors } from "./theme.ts";
