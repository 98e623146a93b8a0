// Weft for pages: minified modules without a part of Node, which load one another.

import path from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { bundleOptions, inOneFile } from "./bundle-options.mjs";
import { late, putRight } from "./late.mjs";
import { gpuPart, needs, pageEntries, partFiles } from "./late-parts.mjs";
import { dist, root } from "./paths.mjs";

/**
 * @typedef {{ bytes: number, gzip: number, brotli: number, files: number }} Size
 * @typedef {{ file: string, what: string, size: Size, more: boolean }} PageLoad
 *   `more`: what is loaded in addition to the core.
 */

/**
 * @param {{ small?: boolean }} [options] `small`: as small as published, which takes longer
 * @returns {Promise<{ files: Map<string, Uint8Array>, loads: PageLoad[] }>} the files by their path in dist/, and what
 *   loading each entry means
 */
export async function buildPages({ small = false } = {}) {
  const esbuild = await import("esbuild");
  const { withoutReferences } = await import("./rules.mjs");
  const { outputFiles, metafile } = await esbuild.build({
    ...bundleOptions,
    entryPoints: pageEntries,
    packages: "bundle",
    outdir: dist,
    write: false,
    metafile: true,
    sourcemap: false,
    minify: true,
    legalComments: "none",
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
    chunkNames: "browser/chunks/[hash]",
    platform: "browser",
    plugins: [
      withoutNode,
      inOneFile(
        pageEntries["weft.browser"],
        [...Object.values(pageEntries).slice(1), gpuPart],
        (file) => (needs[file] ?? []).map((part) => partFiles[part]),
        putRight,
      ),
      late,
      withoutReferences,
    ],
  });
  const files = new Map(
    await Promise.all(
      outputFiles.map(
        async (file) =>
          /** @type {const} */ ([
            path.relative(dist, file.path).split(path.sep).join("/"),
            small ? await smaller(file.text) : file.contents,
          ]),
      ),
    ),
  );
  const outputs = new Map(
    Object.entries(metafile.outputs).map(([file, output]) => [
      path.relative(dist, path.join(root, file)).split(path.sep).join("/"),
      {
        entry: output.entryPoint,
        // Of one that is loaded later only who asks for it waits.
        imports: output.imports
          .filter(({ kind }) => kind === "import-statement")
          .map((each) => path.relative(dist, path.join(root, each.path)).split(path.sep).join("/")),
      },
    ]),
  );
  /** @param {string} file @param {Set<string>} found */
  const reach = (file, found = new Set()) => {
    if (found.has(file)) return found;
    found.add(file);
    for (const next of outputs.get(file)?.imports ?? []) reach(next, found);
    return found;
  };
  const core = reach("weft.browser.js");
  /** @param {Iterable<string>} names */
  const sizeOf = (names) => {
    const size = { bytes: 0, gzip: 0, brotli: 0, files: 0 };
    for (const name of names) {
      const contents = files.get(name);
      if (contents === undefined) throw new Error(`${name} is imported and was not made`);
      size.files++;
      size.bytes += contents.length;
      size.gzip += gzipSync(contents, { level: 9 }).length;
      size.brotli += brotliCompressSync(contents).length;
    }
    return size;
  };
  const loads = [{ file: "weft.browser.js", what: "on WebAssembly", size: sizeOf(core), more: false }];
  const others = new Set([gpuPart, ...Object.values(pageEntries).slice(1)]);
  for (const [file, { entry = "" }] of outputs) {
    if (!others.has(entry)) continue;
    const beyond = [...reach(file)].filter((each) => !core.has(each));
    const what = entry === gpuPart ? "when it asks for a GPU" : "";
    loads.push({ file, what, size: sizeOf(beyond), more: true });
  }
  return { files, loads };
}

/**
 * A module minified once more: SWC names variables so that it compresses better than what esbuild makes, by some 5 %.
 *
 * @param {string} code
 * @returns {Promise<Uint8Array>}
 */
async function smaller(code) {
  const { minify } = await import("@swc/core");
  const result = await minify(code, {
    module: true,
    ecma: 2022,
    compress: { ecma: 2022, module: true, toplevel: true },
    mangle: { toplevel: true },
  });
  return new TextEncoder().encode(result.code);
}

/** @param {readonly PageLoad[]} loads @returns {string} a line for each */
export function loadTable(loads) {
  const kilobytes = (/** @type {number} */ bytes) => `${(bytes / 1000).toFixed(0).padStart(6)} kB`;
  return loads
    .map(({ file, what, size, more }) =>
      [
        `  ${more ? "+ " : ""}${file}${what === "" ? "" : `, ${what}`}`.padEnd(50),
        ...[size.bytes, size.gzip, size.brotli].map(kilobytes),
      ].join(""),
    )
    .join("\n");
}

/**
 * One module for a page: everything in it, and nothing of Node.
 *
 * @param {string} file a TypeScript file, relative to the root or absolute
 * @param {import("esbuild").Plugin[]} [plugins]
 * @returns {Promise<string>} JavaScript
 */
export async function bundleForPage(file, plugins = []) {
  const esbuild = await import("esbuild");
  const { outputFiles } = await esbuild.build({
    ...bundleOptions,
    entryPoints: [file],
    packages: "bundle",
    write: false,
    splitting: false,
    sourcemap: "inline",
    platform: "browser",
    plugins: [withoutNode, ...plugins],
  });
  return outputFiles[0]?.text ?? "";
}

/** Modules that are of use in Node alone, or another in pages. */
const inPages = {
  "runtime/webgpu/node-adapter.ts":
    "export const requestNodeAdapter = () => Promise.reject(new Error('not in a page'));",
  "frontend/inspect/environment.ts": "export const environmentWatcher = () => null;",
  "frontend/devices/file-tile-store.ts":
    "export const fileTileStore = () => { throw new Error('a page has no files: indexedDbTileStore() keeps tiles there'); };",
  "frontend/core/gpu.ts": 'export { gpu, loadGpu } from "./gpu-on-demand.ts";',
  // The verifier is what tests and the command line ask for, and so are drawings of graphs.
  "compiler/verify/index.ts":
    "export const verifyGraph = () => {}, verifyKernel = verifyGraph, verifyProgram = verifyGraph;",
  "frontend/inspect/dot.ts":
    "export const graphDot = () => '', kernelsDot = graphDot, planDot = graphDot, programDot = graphDot;",
};

const withoutNode = /** @satisfies {import("esbuild").Plugin} */ ({
  name: "without-node",
  setup(build) {
    for (const [file, contents] of Object.entries(inPages)) {
      const filter = new RegExp(`${file.replaceAll("/", "[\\\\/]").replaceAll(".", "\\.")}$`);
      build.onLoad({ filter }, ({ path: place }) => ({
        contents,
        loader: "js",
        resolveDir: path.dirname(place),
      }));
    }
  },
});
