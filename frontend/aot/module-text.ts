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
 * A module of several functions with their files in it, each loaded when it is first called. To be bundled with the
 * loader, which it imports from `loader`.
 */
export function lazyModuleText(functions: readonly NamedArtifact[], loader: string): string {
  const texts = functions.map(({ exported, artifact: { manifest, sections } }, i) => {
    const files = manifest.sections.map(({ name }) => [
      name,
      encodeBase64(sections.get(name) ?? new Uint8Array(0)),
    ]);
    const inlined = JSON.stringify(Object.fromEntries(files));
    return `const f${i} = /* @__PURE__ */ lazy(${JSON.stringify(manifest)}, ${inlined});\nexport { f${i} as ${exported} };\n`;
  });
  return `import { load, loadSync } from ${JSON.stringify(loader)};
const lazy = (manifest, files) => {
  let loaded;
  const get = () => (loaded ??= loadSync(manifest, files));
  return Object.assign((...args) => get()(...args), {
    onDevice: (...args) => get().onDevice(...args),
    put: (...args) => get().put(...args),
    dispose: () => loaded?.dispose(),
    load: async (options) => (loaded = await load(manifest, files, options)),
    manifest,
  });
};
${texts.join("")}`;
}

export function header({ name, compiler }: Manifest): string {
  return `// ${name}, compiled by Weft ${compiler}. Do not edit: compile it again.\n`;
}
