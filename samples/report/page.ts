import { drawTwice } from "./draw.ts";
import { escapeHtml, inlineHtml, paragraphs } from "./html.ts";
import type { Cell, Plot3dSection, Report, Section } from "./sections.ts";
import { styleSheet } from "./theme.ts";

/**
 * The whole page of a report.
 *
 * @param spaceScripts gives the script elements that draw plots in space, for a report that has any
 */
export async function renderPage(report: Report, spaceScripts: () => Promise<string>): Promise<string> {
  const content = await renderReport(report, "");
  const scripts = report.sections.some((section) => section.kind === "plot3d")
    ? `\n${await spaceScripts()}`
    : "";
  return htmlPage(report.title, `<main>\n${content}\n</main>${scripts}`);
}

/**
 * Title, introduction and sections as HTML, without the page around them.
 *
 * @param prefix what ids begin with, so that several reports can stand in one page
 */
export async function renderReport(
  { title, subtitle, intro, sections }: Report,
  prefix: string,
): Promise<string> {
  const body = await Promise.all(sections.map((section, i) => renderSection(section, `${prefix}s${i + 1}`)));
  const lead = [
    `<h1>${inlineHtml(title)}</h1>`,
    subtitle === undefined ? "" : `<p class="subtitle">${inlineHtml(subtitle)}</p>`,
    intro === undefined ? "" : `<div class="intro">${paragraphs(intro)}</div>`,
  ];
  return `<header>\n${lead.filter((part) => part !== "").join("\n")}\n</header>\n${body.join("\n")}`;
}

/** A page of its own in the looks of the reports, around what stands in its body. */
export function htmlPage(title: string, body: string, head = ""): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title.replaceAll("`", ""))}</title>
<link rel="icon" href="data:,">
<style>
${styleSheet()}
</style>${head === "" ? "" : `\n${head}`}
</head>
<body>
${body}
</body>
</html>
`;
}

async function renderSection(section: Section, id: string): Promise<string> {
  switch (section.kind) {
    case "heading":
      return `<h${section.level} id="${id}">${inlineHtml(section.text)}</h${section.level}>`;
    case "prose":
      return paragraphs(section.text);
    case "table":
      return renderTable(section);
    case "code":
      return figure(
        "code",
        block(`<code>${escapeHtml(section.text)}</code>`, "source text"),
        section.caption,
      );
    case "output":
      return figure("output", block(`<samp>${escapeHtml(section.text)}</samp>`, "output"), section.caption);
    case "plot": {
      return figure("", `<div class="plot">${await drawTwice(section, id)}</div>`, section.caption);
    }
    case "plot3d":
      return figure("", renderSpace(section), section.caption);
    default:
      return section satisfies never;
  }
}

/** The data of a plot in space and the place where `drawSpace` draws it. */
function renderSpace({ data, layout, description }: Plot3dSection): string {
  // JSON in a script element may hold anything but what ends the element.
  const json = JSON.stringify({ data, layout }).replaceAll("<", "\\u003c");
  const canvas = `<div class="canvas" role="img" aria-label="${escapeHtml(description)}"></div>`;
  return `<div class="plot space">${canvas}<script type="application/json">${json}</script></div>`;
}

function renderTable({ columns, rows, caption }: Section & { kind: "table" }): string {
  for (const row of rows) {
    if (row.length !== columns.length) {
      throw new Error(
        `table: a row of ${row.length} cells under ${columns.length} columns: ${row.join(", ")}`,
      );
    }
  }
  const numeric = columns.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === "number"));
  const cell = (tag: string, content: Cell, i: number) =>
    `<${tag}${numeric[i] ? ' class="number"' : ""}>${inlineHtml(String(content))}</${tag.split(" ")[0]}>`;
  const head = columns.map((column, i) => cell('th scope="col"', column, i)).join("");
  const body = rows.map((row) => `<tr>${row.map((content, i) => cell("td", content, i)).join("")}</tr>`);
  const inner = `<table><thead><tr>${head}</tr></thead>\n<tbody>${body.join("\n")}</tbody></table>`;
  return figure("", scrollable(inner, caption ?? "table"), caption);
}

function block(content: string, label: string): string {
  return scrollable(`<pre>${content}</pre>`, label);
}

/** What is too wide for the page scrolls by itself, with the keyboard too. */
function scrollable(content: string, label: string): string {
  return `<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(label)}">${content}</div>`;
}

function figure(style: string, content: string, caption: string | undefined): string {
  const attribute = style === "" ? "" : ` class="${style}"`;
  const below = caption === undefined ? "" : `\n<figcaption>${inlineHtml(caption)}</figcaption>`;
  return `<figure${attribute}>\n${content}${below}\n</figure>`;
}
