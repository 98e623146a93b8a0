/** The pages on which trained language models write: `out/NAME/page/` for each sample with a `writer.ts` and a model. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { build } from "esbuild";
import { htmlPage } from "../report/page.ts";
import { writeFileWhole } from "../report/write.ts";
import { CHECKPOINT, readCheckpoint } from "../text/checkpoint.ts";
import type { PageModel } from "../text/page.ts";
import type { Found } from "./find.ts";

const STYLE = `
#page { max-width: 52rem; }
form { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: 1rem 1.4rem; align-items: end; }
form > label { display: flex; flex-wrap: wrap; justify-content: space-between; color: var(--quiet); font-size: 0.92rem; }
.wide { grid-column: 1 / -1; }
form > label input { flex: 1 0 100%; width: 100%; font: inherit; color: var(--ink); accent-color: var(--accent); }
input[type="number"], #prompt { padding: 0.4rem 0.6rem; border: 1px solid var(--rule); border-radius: 8px; background: var(--card); }
output { color: var(--ink); font-variant-numeric: tabular-nums; }
fieldset { border: 0; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: 0.2rem 1rem; }
legend { padding: 0; color: var(--quiet); font-size: 0.92rem; }
.buttons { display: flex; gap: 0.7rem; }
button { font: inherit; padding: 0.35rem 1.1rem; border-radius: 8px; border: 1px solid var(--rule); background: var(--card); color: inherit; cursor: pointer; }
button#write { background: var(--accent); border-color: var(--accent); color: var(--paper); font-weight: 600; }
button:disabled { opacity: 0.5; cursor: default; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
#status { min-height: 1.7em; margin: 1rem 0 0; color: var(--quiet); font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
#status.failed { color: var(--series2); }
#page .output { margin-top: 0.6rem; }
#page pre { white-space: pre-wrap; overflow-wrap: anywhere; min-height: 12rem; }
`;

/**
 * Makes the page of every sample that has left a trained model in its folder.
 *
 * @param places where the command line `cli.js`, the samples and their reports are
 * @returns the samples' names
 */
export async function bundleWritingPages(
  found: readonly Found[],
  places: { readonly cli: string; readonly samples: string; readonly out: string },
): Promise<string[]> {
  const names: string[] = [];
  for (const { name, about } of found) {
    const writer = path.join(places.samples, name, "writer.ts");
    const checkpoint = path.resolve(places.out, name, CHECKPOINT);
    if (!existsSync(writer) || !existsSync(checkpoint)) continue;
    await bundleWritingPage(
      { ...places, writer, checkpoint, title: about.title },
      pageFolder(places.out, name),
    );
    names.push(name);
  }
  return names;
}

/** Where the page of a sample is. */
export function pageFolder(out: string, name: string): string {
  return path.join(out, name, "page");
}

interface WritingPage {
  readonly cli: string;
  readonly samples: string;
  readonly writer: string;
  readonly checkpoint: string;
  readonly title: string;
}

async function bundleWritingPage(page: WritingPage, out: string): Promise<void> {
  await compileWriter(page, out);
  await build({
    absWorkingDir: page.samples,
    entryPoints: { page: "text/page.ts" },
    outdir: path.resolve(out),
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    logLevel: "error",
  });
  const { config, vocabulary } = readCheckpoint<{ readonly context: number }>(
    await readFile(page.checkpoint),
  );
  const { characters } = vocabulary;
  const model: PageModel = { title: page.title, characters, context: config.context };
  await writeFileWhole(path.join(out, "model.json"), `${JSON.stringify(model)}\n`);
  const body = '<main id="page"></main>\n<script type="module" src="page.js"></script>';
  await writeFileWhole(path.join(out, "index.html"), htmlPage(page.title, body, `<style>${STYLE}</style>`));
}

/** `weft compile`, with what it prints on stderr. */
async function compileWriter({ cli, writer, checkpoint }: WritingPage, out: string): Promise<void> {
  const args = [cli, "compile", `${writer}#write`, "--target", "both", "--out", out];
  const env = { ...process.env, CHECKPOINT: checkpoint };
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"], env });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code !== 0) throw new Error(`weft compile ${writer}#write failed`);
}
