// Bundles tests and benches so that Node can run them: TypeScript to ES modules, `weft` to the sources beside them.

import { readFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { bundleOptions } from "./bundle-options.mjs";
import { bundleForPage } from "./pages.mjs";
import { root } from "./paths.mjs";

/**
 * @param {string[]} files relative to the root
 * @param {string} outdir
 * @param {import("esbuild").BuildOptions} [options]
 * @returns {Promise<string[]>} the bundle of each file
 */
export async function bundleFiles(files, outdir, options = {}) {
  const esbuild = await import("esbuild");
  await esbuild.build({
    ...bundleOptions,
    entryPoints: files,
    outbase: root,
    outdir,
    chunkNames: "chunks/[name]-[hash]",
    platform: "node",
    plugins: [weftFromSource, keepSourceUrl],
    ...options,
  });
  return files.map((file) => path.join(outdir, file.replace(/\.ts$/, ".js")));
}

/**
 * A page's script from a test, with `weft` from the sources.
 *
 * @param {string} file a TypeScript file
 * @returns {Promise<string>} JavaScript
 */
export function bundleForBrowser(file) {
  return bundleForPage(file, [weftFromSource]);
}

/** `weft` is frontend/index.ts and so on, by the `paths` of tsconfig.json, and never what is in node_modules. */
const weftFromSource = /** @satisfies {import("esbuild").Plugin} */ ({
  name: "weft-from-source",
  setup(build) {
    const inRoot = new Set(["compiler", "runtime"]);
    build.onResolve({ filter: /^weft(\/|$)/ }, ({ path: name }) => {
      const sub = name.slice("weft/".length);
      const folder = sub === "" ? "frontend" : inRoot.has(sub) ? sub : `frontend/${sub}`;
      return { path: path.join(root, folder, "index.ts") };
    });
  },
});

/** In a test or sample, `import.meta.url` is the source file, so that a file beside it can be named by it. */
const keepSourceUrl = /** @satisfies {import("esbuild").Plugin} */ ({
  name: "keep-source-url",
  setup(build) {
    build.onLoad({ filter: /[\\/](tests|samples)[\\/].*\.ts$/ }, async ({ path: file }) => {
      if (file.includes("node_modules")) return undefined;
      const text = await readFile(file, "utf8");
      if (!text.includes("import.meta.url")) return undefined;
      const url = JSON.stringify(pathToFileURL(file).href);
      return { contents: text.replaceAll("import.meta.url", url), loader: "ts" };
    });
  },
});
