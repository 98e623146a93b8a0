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
 * Without what V8 would only skip when it parses the package, which it does at each start of a program. Names stay, for
 * stack traces, and lines short, as Node prints the one an error comes from.
 */
export const compact = /** @satisfies {import("esbuild").BuildOptions} */ ({
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 160,
});

/**
 * All that `core` reaches in one file: every one of `others` loads all of it, so that esbuild does not cut it where they
 * differ in what they use. Loading one file is quicker, and it compresses better.
 *
 * @param {string} core relative to the root, as are the others
 * @param {readonly string[]} others
 * @param {(file: string) => readonly string[]} [needs] what one of the others loads besides
 * @param {(file: string) => string} [more] statements that one of the others begins with
 * @returns {import("esbuild").Plugin}
 */
export function inOneFile(core, others, needs = () => [], more = () => "") {
  const places = new Map(others.map((file) => [path.join(root, file), [core, ...needs(file)]]));
  return {
    name: "in-one-file",
    setup(build) {
      build.onLoad({ filter: /[\\/]frontend[\\/].*\.ts$/ }, async ({ path: file }) => {
        const loads = places.get(file)?.map((each) => `import ${JSON.stringify(path.join(root, each))};\n`);
        if (loads === undefined) return undefined;
        const start = loads.join("") + more(path.relative(root, file).split(path.sep).join("/"));
        return { contents: start + (await readFile(file, "utf8")), loader: "ts" };
      });
    },
  };
}
