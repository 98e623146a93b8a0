// What the bundles of the package, of pages and of tests have in common.

import { readFile } from "node:fs/promises";
import path from "node:path";
import { root } from "./paths.mjs";

/** What the bundles of the package and of its tests have in common. */
export const bundleOptions = /** @satisfies {import("esbuild").BuildOptions} */ ({
  absWorkingDir: root,
  bundle: true,
  splitting: true,
  format: "esm",
  // Lowers `using`, which Node 20 does not parse; Symbol.dispose itself it has.
  target: "es2022",
  packages: "external",
  external: ["node:*"],
  sourcemap: "linked",
  sourcesContent: true,
  logLevel: "warning",
});

/**
 * All that `core` reaches in one file: every one of `others` loads all of it, so that esbuild does not cut it where they
 * differ in what they use. Loading one file is quicker, and it compresses better.
 *
 * @param {string} core relative to the root, as are the others
 * @param {readonly string[]} others
 * @returns {import("esbuild").Plugin}
 */
export function inOneFile(core, others) {
  const places = new Set(others.map((file) => path.join(root, file)));
  return {
    name: "in-one-file",
    setup(build) {
      build.onLoad({ filter: /[\\/]frontend[\\/].*\.ts$/ }, async ({ path: file }) => {
        if (!places.has(file)) return undefined;
        const load = `import ${JSON.stringify(path.join(root, core))};\n`;
        return { contents: load + (await readFile(file, "utf8")), loader: "ts" };
      });
    },
  };
}
