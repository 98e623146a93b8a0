/** The loader that ships with compiled functions: made by the build, beside this program. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { LOADER_FILE, type LoaderPaths, WEBGPU_LOADER_FILE } from "../aot/module-text.ts";

/** The path of a loader. This package's programs are bundled into dist/, with the loaders in dist/loader/. */
function loaderPath(file: string): string {
  return fileURLToPath(new URL(`./loader/${file}`, import.meta.resolve("weft")));
}

export function loaderPaths(): LoaderPaths {
  return { wasm: loaderPath(LOADER_FILE), webgpu: loaderPath(WEBGPU_LOADER_FILE) };
}

/** A loader's text. */
export function loaderText(file: string): string {
  return readFileSync(loaderPath(file), "utf8");
}

/** A loader's declarations; those of the one for WebAssembly have all types. */
export function loaderTypes(file = LOADER_FILE): string {
  return readFileSync(loaderPath(declarationsOf(file)), "utf8");
}

/** `weft-loader.js` → `weft-loader.d.ts`. */
export function declarationsOf(file: string): string {
  return file.replace(/\.js$/, ".d.ts");
}
