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

/**
 * Modules of functions that are of no use without them: there stand functions that call those once `part` is loaded. `kept`
 * are functions that the module exports from others, and that the core has.
 *
 * @typedef {{ part: keyof typeof parts, file: string, kept?: Readonly<Record<string, readonly string[]>> }} LateModule
 */
const lateModules = /** @satisfies {readonly LateModule[]} */ ([
  { part: "browser/linalg", file: "frontend/lax/linalg.ts" },
  {
    part: "browser/linalg",
    file: "frontend/numpy/linalg/index.ts",
    kept: {
      "frontend/numpy/linalg.ts": ["matmul", "tensordot", "vecdot"],
      "frontend/numpy/movement.ts": ["matrixTranspose"],
      "frontend/numpy/norms.ts": ["matrixNorm", "norm", "vectorNorm"],
    },
  },
  { part: "browser/linalg", file: "frontend/numpy/polyfit.ts" },
  { part: "browser/linalg", file: "frontend/random/multivariate.ts" },
  { part: "browser/fft", file: "frontend/lax/fft.ts" },
  { part: "browser/fft", file: "frontend/numpy/fft.ts" },
  { part: "browser/special", file: "frontend/lax/special.ts" },
  { part: "browser/special", file: "frontend/random/gamma.ts" },
  { part: "browser/special", file: "frontend/random/poisson.ts" },
  { part: "browser/convolution", file: "frontend/lax/convolution.ts" },
  { part: "browser/convolution", file: "frontend/lax/conv-patches.ts" },
  { part: "browser/convolution", file: "frontend/lax/reduce-window.ts" },
  { part: "browser/inspect", file: "compiler/analysis/program-cost.ts" },
  { part: "browser/inspect", file: "compiler/fusion/print-plan.ts" },
  { part: "browser/inspect", file: "compiler/text/graph-printer.ts" },
  { part: "browser/inspect", file: "compiler/text/jaxpr.ts" },
  { part: "browser/inspect", file: "compiler/text/kernel-accesses.ts" },
  { part: "browser/inspect", file: "compiler/text/kernel-printer.ts" },
  { part: "browser/inspect", file: "compiler/text/program-printer.ts" },
]);

/** The files that bring what the core leaves out. */
const parts = {
  "browser/convolution": "frontend/parts/convolution.ts",
  "browser/fft": "frontend/parts/fft.ts",
  "browser/inspect": "frontend/parts/inspect.ts",
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

/** Puts something in the place of what pages load from files of their own, and has those files put it right. */
const late = /** @satisfies {import("esbuild").Plugin} */ ({
  name: "late",
  setup(build) {
    const all = [...lateFamilies, ...lateValues];
    const exported = exportsOf(lateModules.map(({ file }) => file));
    build.onResolve({ filter: /^(\.|late:)/ }, ({ path: asked, importer }) => {
      if (asked.startsWith("late:")) return { path: asked.slice("late:".length), namespace: "late" };
      const from = fromRoot(importer);
      const found = all.find((each) => each.importer === from && each.path === asked);
      if (found) return { path: found.exported, namespace: "late" };
      if (Object.values(parts).some((file) => file === from)) return undefined;
      const file = fromRoot(path.resolve(path.dirname(importer), asked));
      return lateModules.some((each) => each.file === file) ? { path: file, namespace: "late" } : undefined;
    });
    build.onLoad({ filter: /./, namespace: "late" }, async ({ path: name }) => {
      const family = lateFamilies.find((each) => each.exported === name);
      const value = lateValues.find((each) => each.exported === name);
      const functions = lateModules.find((each) => each.file === name);
      const contents = family
        ? placeOfFamily(family)
        : functions
          ? placeOfFunctions(functions, await exported)
          : `export let ${name} = ${value?.until};
             export function put(real) { ${name} = real; }`;
      return { contents, loader: "js", resolveDir: root };
    });
  },
});

/** @param {string} file @returns {string} relative to the root, with slashes */
function fromRoot(file) {
  return path.relative(root, file).split(path.sep).join("/");
}

/** @param {string} file relative to the root @returns {string} as a module names it in an import */
function inQuotes(file) {
  return JSON.stringify(path.join(root, file));
}

/** @param {(typeof lateFamilies)[number]} family */
function placeOfFamily({ part, exported, names, single = false }) {
  const declarations = single
    ? `latePrimitive(${JSON.stringify(part)}, ${JSON.stringify(names[0])})`
    : `latePrimitives(${JSON.stringify(part)}, ${JSON.stringify(names)})`;
  return `import { latePrimitive, latePrimitives } from ${inQuotes("compiler/primitives/late.ts")};
    export const ${exported} = ${declarations};`;
}

/** @param {LateModule} module @param {Map<string, string[]>} exported */
function placeOfFunctions({ part, file, kept = {} }, exported) {
  const already = Object.values(kept).flat();
  const names = exported.get(file)?.filter((name) => !already.includes(name)) ?? [];
  const functions = names.map((name) => `${name} = /* @__PURE__ */ module.functionOf("${name}")`);
  const others = Object.entries(kept).map(
    ([from, all]) => `export { ${all.join(", ")} } from ${inQuotes(from)};`,
  );
  return `import { LateModule } from ${inQuotes("frontend/core/late.ts")};
    ${others.join("\n")}
    const module = /* @__PURE__ */ new LateModule(${JSON.stringify(part)});
    export const put = (real) => module.put(real);
    export const ${functions.join(",")};`;
}

/** @param {string[]} files @returns {Promise<Map<string, string[]>>} the names that each exports */
async function exportsOf(files) {
  const esbuild = await import("esbuild");
  const { metafile } = await esbuild.build({
    ...bundleOptions,
    entryPoints: files,
    outdir: dist,
    write: false,
    metafile: true,
    sourcemap: false,
    plugins: [withoutNode],
  });
  return new Map(Object.values(metafile.outputs).map((output) => [output.entryPoint ?? "", output.exports]));
}

/** @param {string} file of a part @returns {string} puts right what stands in the core for it */
function putRight(file) {
  const values = lateValues.map(({ part, exported, file: real }) => ({
    ...{
      part,
      from: exported,
      real: `{ ${exported} as real_${exported} }`,
      value: `real_${exported}`,
      file: real,
    },
  }));
  const modules = lateModules.map(({ part, file: real }, i) => ({
    ...{ part, from: real, real: `* as module_${i}`, value: `module_${i}`, file: real },
  }));
  return [...values, ...modules]
    .filter(({ part }) => parts[part] === file)
    .map(
      ({ from, real, value, file: place }) =>
        `import ${real} from ${inQuotes(place)};\nimport { put as put_${value} } from "late:${from}";\nput_${value}(${value});\n`,
    )
    .join("");
}
