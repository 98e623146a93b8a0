import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { renderPage } from "./page.ts";
import type { Report } from "./sections.ts";

/**
 * Writes a report as one HTML file, making its folder if need be. A file of that name is replaced at once or, if
 * anything fails, left as it was.
 *
 * @returns the absolute path of the file
 */
export async function writeReport(file: string, report: Report): Promise<string> {
  return writeFileWhole(file, await renderPage(report, spaceScripts));
}

/** Writes a file so that nobody ever sees half of it. Makes its folder. Gives its absolute path. */
export async function writeFileWhole(file: string, content: string | Uint8Array): Promise<string> {
  const target = path.resolve(file);
  const unfinished = `${target}.${randomUUID().slice(0, 8)}.tmp`;
  await mkdir(path.dirname(target), { recursive: true });
  try {
    await writeFile(unfinished, content);
    await rename(unfinished, target);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  return target;
}

/** Scripts that draw the plots in space of a page: Plotly's part for that, and what calls it. */
async function spaceScripts(): Promise<string> {
  const plotly = createRequire(import.meta.url).resolve("plotly.js-gl3d-dist-min");
  const [library, drawing] = await Promise.all([
    readFile(plotly, "utf8"),
    readFile(new URL("draw-space.mjs", import.meta.url), "utf8"),
  ]);
  return `<script>
${library}
</script>
<script type="module">
${drawing}
drawSpace(globalThis.Plotly, document);
</script>`;
}
