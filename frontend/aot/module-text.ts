/** The ES module of a compiled function: its manifest, and where its files are. */

import type { Artifact, Manifest } from "../../compiler/program/artifact.ts";
import { encodeBase64 } from "../../compiler/text/base64.ts";

/** The loader's file beside the modules. */
export const LOADER_FILE = "weft-loader.js";

/** A module whose files lie beside it. Bundlers for the web know `new URL(…, import.meta.url)` and bring the files along. */
export function moduleText({ manifest }: Artifact): string {
  const files = manifest.sections.map(
    ({ name }) => `  ${JSON.stringify(name)}: new URL(${JSON.stringify(`./${name}`)}, import.meta.url),\n`,
  );
  return `${header(manifest)}import { load as loadFunction } from "./${LOADER_FILE}";

const manifest = ${JSON.stringify(manifest)};

const files = {
${files.join("")}};

/** Loads ${manifest.name}. See the declarations beside this file. */
export const load = (options) => loadFunction(manifest, files, options);
export default load;
`;
}

/** A module with its files in it, to be bundled with the loader, which it imports from `loader`. */
export function inlinedModuleText({ manifest, sections }: Artifact, loader: string): string {
  const files = manifest.sections.map(
    ({ name }) => `  ${JSON.stringify(name)}: "${encodeBase64(sections.get(name) ?? new Uint8Array(0))}",\n`,
  );
  return `import { load as loadFunction, loadSync as loadFunctionSync } from ${JSON.stringify(loader)};
const manifest = ${JSON.stringify(manifest)};
const files = {
${files.join("")}};
export const load = (options) => loadFunction(manifest, files, options);
export const loadSync = (options) => loadFunctionSync(manifest, files, options);
export default load;
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
