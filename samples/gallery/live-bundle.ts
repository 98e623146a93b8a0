/** Bundles the live page: `index.html`, its script, the worker that runs the samples, and their data. */
import { cp, mkdir } from "node:fs/promises";
import path from "node:path";
import { build, type Plugin } from "esbuild";
import { htmlPage } from "../report/page.ts";
import { writeFileWhole } from "../report/write.ts";
import { findSamples } from "./find.ts";

/**
 * Writes the page into `out`. It needs a server, but none in particular: any that serves files.
 *
 * @param samples the folder of the samples; those with `live` become part of the page
 */
export async function bundleLive(samples: string, out: string): Promise<void> {
  await mkdir(out, { recursive: true });
  await build({
    absWorkingDir: samples,
    entryPoints: { page: "live/page.ts", worker: "live/worker.ts" },
    outdir: out,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    // Functions keep their names in what the compiler prints.
    keepNames: true,
    sourcemap: "linked",
    chunkNames: "chunks/[name]-[hash]",
    loader: { ".mjs": "js" },
    // Loaded where they are there, which is never in a browser.
    external: ["node:*", "esbuild", "wabt", "webgpu"],
    logLevel: "error",
    plugins: [listOfSamples(samples)],
  });
  const body = '<div id="live"></div>\n<script type="module" src="page.js"></script>';
  await writeFileWhole(path.join(out, "index.html"), htmlPage("Weft, live", body));
  await cp(path.join(samples, "data"), path.join(out, "data"), { recursive: true });
}

/** `samples:about` is what the page knows of the samples, `samples:run` how the worker gets them. */
function listOfSamples(folder: string): Plugin {
  return {
    name: "list-of-samples",
    setup(setup) {
      const live = findSamples(folder).filter(({ about }) => about.live);
      setup.onResolve({ filter: /^samples:/ }, (args) => ({ path: args.path, namespace: "samples" }));
      setup.onLoad({ filter: /^samples:about$/, namespace: "samples" }, () => ({
        contents: `export const samples = ${JSON.stringify(live)};`,
        loader: "js",
      }));
      setup.onLoad({ filter: /^samples:run$/, namespace: "samples" }, () => ({
        contents: `export const samples = {${live
          .map(
            ({ name }) => `${JSON.stringify(name)}: () => import(${JSON.stringify(`./${name}/sample.ts`)})`,
          )
          .join(",\n")}};`,
        loader: "js",
        resolveDir: folder,
      }));
    },
  };
}
