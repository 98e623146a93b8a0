/** The looks of a report: one set of colours for light surroundings, one for dark. */

interface Shades {
  readonly light: string;
  readonly dark: string;
}

/** Each is a CSS variable of the page. Plots are drawn in the light shade, which is then replaced by the variable. */
const colors = {
  paper: { light: "#fdfcfa", dark: "#14161a" },
  card: { light: "#ffffff", dark: "#1b1e24" },
  ink: { light: "#1d2129", dark: "#e6e8ec" },
  quiet: { light: "#5c6370", dark: "#9aa2b1" },
  rule: { light: "#e3e1dc", dark: "#2e333c" },
  grid: { light: "#eceae5", dark: "#282d35" },
  shade: { light: "#f5f3ef", dark: "#20242b" },
  accent: { light: "#2457c5", dark: "#84abff" },
  series1: { light: "#2f6bd8", dark: "#7ba7ff" },
  series2: { light: "#d9541e", dark: "#ff9d6b" },
  series3: { light: "#0b8a63", dark: "#55d3a6" },
  series4: { light: "#8d45c4", dark: "#c89bf5" },
  series5: { light: "#b88600", dark: "#ecc356" },
  series6: { light: "#c22d62", dark: "#ff8bb0" },
} as const satisfies Record<string, Shades>;

/** Colours of the series of a plot, told apart in both surroundings and with the common forms of colour blindness. */
export const seriesColors: readonly string[] = [
  colors.series1.light,
  colors.series2.light,
  colors.series3.light,
  colors.series4.light,
  colors.series5.light,
  colors.series6.light,
];

/** The colour of text. */
export const inkColor = colors.ink.light;

const fontStack = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
const monoStack = 'ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace';

/** Vega-Lite configuration of all plots. */
export const plotConfig = {
  aria: false,
  background: "transparent",
  font: fontStack,
  view: { stroke: null },
  axis: {
    labelColor: colors.quiet.light,
    titleColor: colors.ink.light,
    gridColor: colors.grid.light,
    domainColor: colors.rule.light,
    ticks: false,
    labelPadding: 8,
    labelFontSize: 12,
    titleFontSize: 13,
    titleFontWeight: 500,
    titlePadding: 12,
  },
  axisX: { grid: false, labelFlush: false, tickCount: 10 },
  axisY: { domain: false, tickCount: 6 },
  legend: {
    orient: "top",
    direction: "horizontal",
    title: null,
    offset: 14,
    columnPadding: 18,
    labelColor: colors.ink.light,
    titleColor: colors.ink.light,
    titleFontSize: 13,
    titleFontWeight: 500,
    labelFontSize: 13,
    labelLimit: 260,
    labelOffset: 6,
    symbolSize: 130,
    symbolOpacity: 1,
    symbolStrokeWidth: 0,
  },
  header: { labelColor: colors.ink.light, titleColor: colors.ink.light },
  title: { color: colors.ink.light, anchor: "start", fontSize: 14, fontWeight: 600 },
  range: { category: [...seriesColors] },
} as const;

/** The style sheet of the page. */
export function styleSheet(): string {
  return `
:root { color-scheme: light dark; ${declarations("light")} }
@media (prefers-color-scheme: dark) { :root { ${declarations("dark")} } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.0625rem/1.65 ${fontStack}; }
main { max-width: 57rem; margin: 0 auto; padding: clamp(2rem, 6vw, 4.5rem) clamp(1rem, 4vw, 2rem) 5rem; }
header { padding-bottom: 1.75rem; margin-bottom: 2.25rem; border-bottom: 1px solid var(--rule); }
h1 { margin: 0; font-size: clamp(1.8rem, 5vw, 2.6rem); line-height: 1.15; letter-spacing: -0.022em; text-wrap: balance; }
h2 { margin: 3rem 0 0.75rem; font-size: 1.45rem; line-height: 1.3; letter-spacing: -0.012em; }
h3 { margin: 2rem 0 0.5rem; font-size: 1.12rem; line-height: 1.35; }
h2 + h3 { margin-top: 1rem; }
p { margin: 0 0 1rem; max-width: 44rem; text-wrap: pretty; }
a { color: var(--accent); }
.subtitle { margin: 0.6rem 0 0; color: var(--quiet); font-size: 1.15rem; line-height: 1.45; }
.intro { margin-top: 1.25rem; }
.intro p:last-child { margin-bottom: 0; }
figure { margin: 1.5rem 0 2rem; }
figcaption { margin-top: 0.6rem; color: var(--quiet); font-size: 0.92rem; line-height: 1.5; }
.plot { background: var(--card); border: 1px solid var(--rule); border-radius: 12px; padding: 1.1rem 1.1rem 0.8rem; }
.plot { overflow-x: auto; }
.plot > svg, .wide > svg, .narrow > svg { display: block; width: 100%; min-width: 27rem; height: auto; }
.plot > .wide, .plot > .narrow { margin: 0 auto; }
.plot > .narrow { display: none; }
@media (max-width: 36rem) { .plot:has(.narrow) { padding: 0.6rem; } .plot > .wide { display: none; } .plot > .narrow { display: block; } .narrow > svg { min-width: 0; } }
.space .canvas { height: min(30rem, 90vw); }
.scroll { overflow-x: auto; border: 1px solid var(--rule); border-radius: 10px; background: var(--card); }
.scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
table { width: 100%; border-collapse: collapse; font-size: 0.95rem; line-height: 1.45; font-variant-numeric: tabular-nums; }
th, td { padding: 0.5rem 0.95rem; text-align: left; white-space: nowrap; }
th { color: var(--quiet); font-size: 0.86rem; font-weight: 600; background: var(--shade); border-bottom: 1px solid var(--rule); }
tbody tr + tr td { border-top: 1px solid var(--rule); }
.number { text-align: right; }
code, pre { font-family: ${monoStack}; }
code { font-size: 0.88em; padding: 0.12em 0.35em; border-radius: 5px; background: var(--shade); border: 1px solid var(--rule); overflow-wrap: anywhere; }
pre { margin: 0; padding: 0.95rem 1.1rem; font-size: 0.86rem; line-height: 1.55; tab-size: 2; }
pre code { padding: 0; border: 0; background: none; font-size: inherit; overflow-wrap: normal; }
.code .scroll { background: var(--shade); }
.code .scroll, .output .scroll { max-height: 34rem; }
.output pre { font-size: 0.82rem; }
.output .scroll { border-left: 3px solid var(--accent); border-radius: 4px 10px 10px 4px; }
@media print { body { background: none; } .plot, .scroll, pre { break-inside: avoid; } .scroll { overflow: visible; max-height: none; } pre { white-space: pre-wrap; } }
`.trim();
}

/** Replaces the colours of a drawn plot by the page's variables, so that it follows light and dark. */
export function followPage(svg: string): string {
  const variables = new Map<string, string>(
    Object.entries(colors).map(([key, shades]) => [shades.light, `--${key}`]),
  );
  return svg.replace(/ (fill|stroke)="(#[0-9a-f]{6})"/g, (attribute, property: string, color: string) => {
    const variable = variables.get(color);
    return variable === undefined ? attribute : ` ${property}="var(${variable}, ${color})"`;
  });
}

function declarations(surroundings: keyof Shades): string {
  return Object.entries(colors)
    .map(([key, shades]) => `--${key}: ${shades[surroundings]};`)
    .join(" ");
}
