/** The loader as it ships, from the sources. */
import * as esbuild from "esbuild";
import { root } from "./paths.ts";

/** `weft-loader.js`, made as the package's build makes it. */
export async function loaderText(): Promise<string> {
  const { outputFiles } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: ["runtime/artifact/loader.ts"],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
  });
  await esbuild.stop();
  return outputFiles[0].text;
}
