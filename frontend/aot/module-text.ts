/** The ES module of a compiled function: its manifest, and where its files are. */

import type { Artifact, Manifest } from "../../compiler/program/artifact.ts";
import { encodeBase64 } from "../../compiler/text/base64.ts";
import type { ExportTarget } from "./build.ts";

/** The loaders' files beside the modules. */
export const LOADER_FILE = "weft-loader.js";
export const WEBGPU_LOADER_FILE = "weft-webgpu.js";

/** What an artifact was compiled for. */
export function targetOf({ programs }: Manifest): ExportTarget {
  if (programs[0].webgpu === null) return "wasm";
  return programs[0].wasm === null ? "webgpu" : "both";
}

/** A module whose files lie beside it. Bundlers for the web know `new URL(…, import.meta.url)` and bring the files along. */
export function moduleText({ manifest }: Artifact): string {
  const files = manifest.sections.map(
    ({ name }) => `  ${JSON.stringify(name)}: new URL(${JSON.stringify(`./${name}`)}, import.meta.url),\n`,
  );
  const target = targetOf(manifest);
  const loader = target === "webgpu" ? WEBGPU_LOADER_FILE : LOADER_FILE;
  const gpu = `import("./${WEBGPU_LOADER_FILE}").then((loader) => loader.load(manifest, files, options))`;
  return `${header(manifest)}import { load as loadFunction } from "./${loader}";

const manifest = ${JSON.stringify(manifest)};

const files = {
${files.join("")}};

/** Loads ${manifest.name}. See the declarations beside this file. */
export const load = (options) => ${loadExpression(target, gpu)};
export default load;
`;
}

/** What loads it: on the device that the options name, which is by default the target, or else WebAssembly. */
function loadExpression(target: ExportTarget, gpu: string): string {
  const here = "loadFunction(manifest, files, options)";
  return target === "both" ? `options?.device === "webgpu"\n  ? ${gpu}\n  : ${here}` : here;
}

/** Where the loaders are, for modules that are bundled with them. */
export interface LoaderPaths {
  readonly wasm: string;
  readonly webgpu: string;
}

/** A module with its files in it, to be bundled with its loader. */
export function inlinedModuleText({ manifest, sections }: Artifact, loaders: LoaderPaths): string {
  const files = manifest.sections.map(
    ({ name }) => `  ${JSON.stringify(name)}: "${encodeBase64(sections.get(name) ?? new Uint8Array(0))}",\n`,
  );
  const target = targetOf(manifest);
  const imports = [
    ...(target === "webgpu"
      ? []
      : [
          `import { load as loadFunction, loadSync as loadFunctionSync } from ${JSON.stringify(loaders.wasm)};`,
        ]),
    ...(target === "wasm"
      ? []
      : [
          `import { load as ${target === "both" ? "loadOnGpu" : "loadFunction"} } from ${JSON.stringify(loaders.webgpu)};`,
        ]),
  ];
  const sync = "export const loadSync = (options) => loadFunctionSync(manifest, files, options);\n";
  return `${imports.join("\n")}
const manifest = ${JSON.stringify(manifest)};
const files = {
${files.join("")}};
export const load = (options) => ${loadExpression(target, "loadOnGpu(manifest, files, options)")};
${target === "webgpu" ? "" : sync}export default load;
`;
}

/** A function of a module of several. */
export interface NamedArtifact {
  /** What the module exports it as; `default` too. */
  readonly exported: string;
  readonly artifact: Artifact;
}

/**
 * A module of several functions for one target, with their files in it, each loaded when it is first called. To be bundled
 * with the loaders.
 */
export function lazyModuleText(functions: readonly NamedArtifact[], loaders: LoaderPaths): string {
  const target = functions.length === 0 ? "wasm" : targetOf(functions[0].artifact.manifest);
  const texts = functions.map(({ exported, artifact: { manifest, sections } }, i) => {
    const files = manifest.sections.map(({ name }) => [
      name,
      encodeBase64(sections.get(name) ?? new Uint8Array(0)),
    ]);
    const inlined = JSON.stringify(Object.fromEntries(files));
    return `const f${i} = /* @__PURE__ */ lazy(${JSON.stringify(manifest)}, ${inlined});\nexport { f${i} as ${exported} };\n`;
  });
  const wasm = `import { load, loadSync } from ${JSON.stringify(loaders.wasm)};\n`;
  const gpu = `import { load as loadOnGpu } from ${JSON.stringify(loaders.webgpu)};\n`;
  const imports = { wasm, webgpu: gpu, both: wasm + gpu }[target];
  return `${imports}${target === "webgpu" ? LAZY_ON_GPU : lazyFunction(target === "both")}${texts.join("")}`;
}

/** Loaded for WebAssembly when it is called; `alsoOnGpu`: for a GPU when load() is asked to. */
function lazyFunction(alsoOnGpu: boolean): string {
  const here = "(loaded = await load(manifest, files, options))";
  const chosen = alsoOnGpu
    ? `options?.device === "webgpu" ? loadOnGpu(manifest, files, options) : ${here}`
    : here;
  return `const lazy = (manifest, files) => {
  let loaded;
  const get = () => (loaded ??= loadSync(manifest, files));
  return Object.assign((...args) => get()(...args), {
    onDevice: (...args) => get().onDevice(...args),
    put: (...args) => get().put(...args),
    dispose: () => loaded?.dispose(),
    load: async (options) => ${chosen},
    manifest,
  });
};
`;
}

/** What is loaded on a GPU is there later: calls wait for it, and `put` needs it at once. */
const LAZY_ON_GPU = `const lazy = (manifest, files) => {
  let loading, loaded;
  const get = (options) => (loading ??= loadOnGpu(manifest, files, options).then((f) => (loaded = f)));
  return Object.assign(async (...args) => (await get())(...args), {
    onDevice: async (...args) => (await get()).onDevice(...args),
    put: (...args) => {
      if (loaded === undefined) throw new Error("await " + manifest.name + ".load() before put()");
      return loaded.put(...args);
    },
    dispose: () => loaded?.dispose(),
    load: (options) => get(options),
    manifest,
  });
};
`;

export function header({ name, compiler }: Manifest): string {
  return `// ${name}, compiled by Weft ${compiler}. Do not edit: compile it again.\n`;
}
