/** Reports of the samples: one HTML file each, which needs neither a network nor a script to be read. */

export { type Axes, type Layer, layered, line, scatter } from "./charts.ts";
export { code, heading, output, plot, prose, type Report, type Section, table } from "./sections.ts";
export { writeReport } from "./write.ts";
