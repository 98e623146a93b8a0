/** The loader that ships with compiled functions: made by the build, beside this program. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { LOADER_FILE } from "../aot/module-text.ts";

/** The path of the loader. This package's programs are bundled into dist/, with the loader in dist/loader/. */
export function loaderPath(): string {
  return fileURLToPath(new URL(`./loader/${LOADER_FILE}`, import.meta.resolve("weft")));
}

export function loaderText(): string {
  return readFileSync(loaderPath(), "utf8");
}

/** The loader's declarations. */
export function loaderTypes(): string {
  return readFileSync(loaderPath().replace(/\.js$/, ".d.ts"), "utf8");
}
