import type { Data, Layout } from "plotly.js";
import type { Spec as VegaSpec } from "vega";
import type { TopLevelSpec } from "vega-lite";

/** What a report says, from top to bottom. Text is plain, except that `code` between backticks is set as code. */
export interface Report {
  title: string;
  subtitle?: string;
  intro?: string;
  sections: readonly Section[];
}

export type Cell = string | number;

/** What is drawn: a Vega-Lite specification, or one of Vega where its `$schema` says so. Its data are in it. */
export type PlotSpec = TopLevelSpec | VegaSpec;

export function isVega(spec: PlotSpec): spec is VegaSpec {
  return spec.$schema?.includes("/schema/vega/") === true;
}

export interface PlotSection {
  readonly kind: "plot";
  readonly spec: PlotSpec;
  readonly caption: string;
  readonly description: string;
}

/** A plot in space, which the reader can turn; Plotly draws it. */
export interface Plot3dSection {
  readonly kind: "plot3d";
  readonly data: readonly Data[];
  readonly layout: Partial<Layout>;
  readonly caption: string;
  readonly description: string;
}

export type Section =
  | { readonly kind: "heading"; readonly text: string; readonly level: 2 | 3 }
  | { readonly kind: "prose"; readonly text: string }
  | {
      readonly kind: "table";
      readonly columns: readonly string[];
      readonly rows: readonly (readonly Cell[])[];
      readonly caption?: string;
    }
  | { readonly kind: "code"; readonly text: string; readonly caption?: string }
  | { readonly kind: "output"; readonly text: string; readonly caption?: string }
  | PlotSection
  | Plot3dSection;

/** A heading; level 3 stands below level 2. */
export function heading(text: string, level: 2 | 3 = 2): Section {
  return { kind: "heading", text, level };
}

/** Paragraphs, with an empty line between them. */
export function prose(text: string): Section {
  return { kind: "prose", text };
}

/** A table. A column of numbers is aligned right; numbers are printed as `String` prints them. */
export function table(
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
  caption?: string,
): Section {
  return { kind: "table", columns, rows, caption };
}

/** Source text or IR. */
export function code(text: string, caption?: string): Section {
  return { kind: "code", text, caption };
}

/** What a program printed. */
export function output(text: string, caption?: string): Section {
  return { kind: "output", text, caption };
}

/**
 * A plot. `caption` stands below it; `description` says in words what it shows, for whoever does not see it, and is
 * the caption if left out.
 */
export function plot(spec: PlotSpec, caption: string, description: string = caption): PlotSection {
  return { kind: "plot", spec, caption, description };
}

/**
 * A plot in space of Plotly traces (`surface`, `scatter3d`, …; see `space.ts`). The file of a report with one is
 * 1.7 MB longer, as it carries the part of Plotly that draws it.
 */
export function plot3d(
  data: readonly Data[],
  layout: Partial<Layout>,
  caption: string,
  description: string = caption,
): Plot3dSection {
  return { kind: "plot3d", data, layout, caption, description };
}
