import { Error as ErrorLevel, type Loader, loader, parse, type Spec, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import { escapeHtml } from "./html.ts";
import { narrowSpec } from "./narrow.ts";
import { isVega, type PlotSection, type PlotSpec } from "./sections.ts";
import { followPage, plotConfig } from "./theme.ts";

/**
 * Draws a plot as an SVG element that stands in a page by itself.
 *
 * @param id no two plots of a page have the same
 * @param description what the plot shows, in words
 */
export async function drawPlot(spec: PlotSpec, id: string, description: string): Promise<string> {
  const refused: string[] = [];
  const view = new View(parse(toVega(spec)), {
    renderer: "none",
    logLevel: ErrorLevel,
    loader: offlineLoader(refused),
  });
  try {
    const svg = await view.toSVG();
    if (refused.length > 0) {
      throw new Error(`a plot of a report must carry its data in the specification, not load ${refused[0]}`);
    }
    return embed(svg, id, description);
  } finally {
    view.finalize();
  }
}

/** The plot, and where it is too wide for a phone, also one for those: the style sheet shows one of the two. */
export async function drawTwice({ spec, description }: PlotSection, id: string): Promise<string> {
  const drawing = await drawPlot(spec, id, description);
  const narrow = narrowSpec(spec);
  if (narrow === null) return drawing;
  const other = await drawPlot(narrow, `${id}n`, description);
  return `<div class="wide"${capOf(drawing)}>${drawing}</div><div class="narrow"${capOf(other)}>${other}</div>`;
}

/** A drawing fills its place, but is not blown up much: its text is to be of the size of the page's. */
function capOf(drawing: string): string {
  const width = Number(/ viewBox="0 0 ([\d.]+) /.exec(drawing)?.[1]);
  return ` style="max-width: ${Math.round(1.2 * width)}px"`;
}

/** A drawn plot as a file of its own: on white, in the colours for light surroundings. */
export function standaloneSvg(drawing: string): string {
  const fixed = drawing.replace(/var\(--[a-z0-9]+, (#[0-9a-f]{6})\)/g, "$1");
  return `${fixed.replace(/^<svg[^>]*>/, (open) => `${open}<rect width="100%" height="100%" fill="#ffffff"/>`)}\n`;
}

function toVega(spec: PlotSpec): Spec {
  const styled = {
    autosize: { type: "fit", contains: "padding" },
    ...spec,
    config: { ...plotConfig, ...spec.config },
  };
  return isVega(spec) ? (styled as Spec) : compile(styled as TopLevelSpec).spec;
}

/** A report is written and read offline. Vega only warns when a loader fails, so what was asked for is noted. */
function offlineLoader(refused: string[]): Loader {
  const refuse = async (uri: string): Promise<never> => {
    refused.push(uri);
    throw new Error("offline");
  };
  return { ...loader(), load: refuse, sanitize: refuse, http: refuse, file: refuse };
}

function embed(svg: string, id: string, description: string): string {
  const [, width, height] = /<svg[^>]* width="([\d.]+)" height="([\d.]+)"/.exec(svg) ?? [];
  if (width === undefined || height === undefined) throw new Error("Vega drew something that is not an SVG");
  const open = `<svg role="img" aria-label="${escapeHtml(description)}" viewBox="0 0 ${width} ${height}" xmlns="http://www.w3.org/2000/svg">`;
  const ownIds = svg
    .replace(/^<svg[^>]*>/, open)
    // Vega numbers its clip paths and gradients from zero in every drawing.
    .replace(/ id="([^"]+)"/g, ` id="${id}-$1"`)
    .replace(/url\(#([^)]+)\)/g, `url(#${id}-$1)`);
  return followPage(ownIds);
}
