// Weft for pages: minified modules without a part of Node, which load one another.

import path from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { bundleOptions, inOneFile } from "./bundle-options.mjs";
import { dist, root } from "./paths.mjs";

/**
 * Families of primitives that the core leaves out until a page imports `part`: a module that `importer` imports as `path`,
 * and the names for which declarations stand in its `exported` that say which file to import. Where `exported` is one
 * declaration and not a table of them, `single`.
 *
 * @typedef {{ part: keyof typeof parts, importer: string, path: string, exported: string }} Late
 * @type {readonly (Late & { names: readonly string[], single?: boolean })[]}
 */
export const lateFamilies = [
  {
    part: "browser/linalg",
    importer: "compiler/primitives/table.ts",
    path: "./linalg/index.ts",
    exported: "linalgPrimitives",
    names: [
      ...[
        "cholesky",
        "triangular_solve",
        "lu",
        "lu_pivots_to_permutation",
        "geqrf",
        "householder_product",
        "qr",
      ],
      ...["eigh", "jacobi_svd", "svd"],
    ],
  },
  {
    part: "browser/fft",
    importer: "compiler/primitives/table.ts",
    path: "./fft/index.ts",
    exported: "fourierPrimitives",
    names: ["fft", "fft_stages"],
  },
  {
    part: "browser/special",
    importer: "compiler/primitives/table.ts",
    path: "./special/index.ts",
    exported: "specialPrimitives",
    names: [
      ...["lgamma", "digamma", "trigamma", "bessel_i0e", "bessel_i1e", "igamma", "igammac", "igamma_grad_a"],
      ...["random_gamma_grad", "regularized_incomplete_beta", "zeta", "polygamma"],
    ],
  },
  {
    part: "browser/convolution",
    importer: "compiler/primitives/table.ts",
    path: "./window/index.ts",
    exported: "windowPrimitives",
    names: [
      ...["reduce_window_sum", "reduce_window_prod", "reduce_window_max", "reduce_window_min"],
      ...["select_and_scatter_add", "select_and_gather_add"],
    ],
  },
  {
    part: "browser/convolution",
    importer: "compiler/primitives/contraction/index.ts",
    path: "./conv.ts",
    exported: "convGeneralDilated",
    names: ["conv_general_dilated"],
    single: true,
  },
];

/** What only those families need of other modules: there stands a value until `part` has the real one. */
const lateValues = /** @satisfies {readonly (Late & { file: string, until: string })[]} */ ([
  {
    part: "browser/special",
    importer: "compiler/math/index.ts",
    path: "./special.ts",
    exported: "specialFunctions",
    file: "compiler/math/special.ts",
    until: "[]",
  },
  {
    part: "browser/convolution",
    importer: "compiler/lowering/contraction/lower-contraction.ts",
    path: "../winograd/lower-winograd.ts",
    exported: "lowerWinograd",
    file: "compiler/lowering/winograd/lower-winograd.ts",
    until: "() => null",
  },
]);

/** The files that bring what the core leaves out. */
const parts = {
  "browser/convolution": "frontend/parts/convolution.ts",
  "browser/fft": "frontend/parts/fft.ts",
  "browser/linalg": "frontend/parts/linalg.ts",
  "browser/special": "frontend/parts/special.ts",
};

/**
 * What other files need of them.
 *
 * @type {Readonly<Record<string, readonly (keyof typeof parts)[]>>}
 */
const needs = {
  "frontend/nn/index.ts": ["browser/convolution"],
  "frontend/haiku/index.ts": ["browser/convolution"],
  "frontend/scipy/index.ts": ["browser/fft", "browser/linalg", "browser/special"],
};

/** Each file that a page imports, and its source. */
export const pageEntries = {
  "weft.browser": "frontend/browser.ts",
  ...parts,
  "browser/aot": "frontend/aot/index.ts",
  "browser/checkify": "frontend/checkify/index.ts",
  "browser/data": "frontend/data/index.ts",
  "browser/flatten-util": "frontend/flatten-util/index.ts",
  "browser/haiku": "frontend/haiku/index.ts",
  "browser/nn": "frontend/nn/index.ts",
  "browser/optim": "frontend/optim/index.ts",
  "browser/profiler": "frontend/profiler/index.ts",
  "browser/scipy": "frontend/scipy/index.ts",
};

/** What a page with the core loads when it first asks for a GPU. */
const gpuPart = "frontend/core/gpu-modules.ts";

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
    chunkNames: "browser/chunks/[hash]",
    platform: "browser",
    plugins: [
      withoutNode,
      inOneFile(
        pageEntries["weft.browser"],
        [...Object.values(pageEntries).slice(1), gpuPart],
        (file) => (needs[file] ?? []).map((part) => parts[part]),
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

const lateModule = "compiler/primitives/late.ts";

/** Puts something in the place of what pages load from files of their own, and has those files put it right. */
const late = /** @satisfies {import("esbuild").Plugin} */ ({
  name: "late",
  setup(build) {
    const all = [...lateFamilies, ...lateValues];
    build.onResolve({ filter: /^(\.|late:)/ }, ({ path: asked, importer }) => {
      if (asked.startsWith("late:")) return { path: asked.slice("late:".length), namespace: "late" };
      const from = path.relative(root, importer).split(path.sep).join("/");
      const found = all.find((each) => each.importer === from && each.path === asked);
      return found && { path: found.exported, namespace: "late" };
    });
    build.onLoad({ filter: /./, namespace: "late" }, ({ path: name }) => {
      const family = lateFamilies.find(({ exported }) => exported === name);
      const value = lateValues.find(({ exported }) => exported === name);
      const contents = family
        ? `import { latePrimitive, latePrimitives } from ${JSON.stringify(path.join(root, lateModule))};
           export const ${name} = ${family.single ? "latePrimitive" : "latePrimitives"}(
             ${JSON.stringify(family.part)}, ${JSON.stringify(family.single ? family.names[0] : family.names)});`
        : `export let ${name} = ${value?.until};
           export function put(real) { ${name} = real; }`;
      return { contents, loader: "js", resolveDir: root };
    });
  },
});

/** @param {string} file of a part @returns {string} puts right what stands in the core for it */
function putRight(file) {
  return lateValues
    .filter(({ part }) => parts[part] === file)
    .map(
      ({ exported, file: real }) =>
        `import { ${exported} as real_${exported} } from ${JSON.stringify(path.join(root, real))};\n` +
        `import { put as put_${exported} } from "late:${exported}";\nput_${exported}(real_${exported});\n`,
    )
    .join("");
}
