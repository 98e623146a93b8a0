/** A compiled function and the loader as one ES module. */
import type { Artifact } from "../../compiler/program/artifact.ts";
import { header, inlinedModuleText } from "../aot/module-text.ts";
import { loaderPaths } from "./loader-files.ts";
import { loadEsbuild } from "./packages.ts";

export interface ModuleBundle {
  readonly text: string;
  /** The files that went in. */
  readonly inputs: readonly string[];
}

/** Bundles and minifies, with `script` behind it. It imports nothing, and runs in Node, browsers, workers, Deno and Bun. */
export async function bundleModule(artifact: Artifact, script = ""): Promise<ModuleBundle> {
  const esbuild = await loadEsbuild();
  try {
    const { outputFiles, metafile } = await esbuild.build({
      stdin: {
        contents: inlinedModuleText(artifact, loaderPaths()) + script,
        sourcefile: `${artifact.manifest.name}.js`,
        resolveDir: "/",
      },
      bundle: true,
      minify: true,
      write: false,
      metafile: true,
      format: "esm",
      platform: "neutral",
      target: "es2022",
      charset: "utf8",
      logLevel: "silent",
    });
    const [{ text }] = outputFiles;
    return { text: header(artifact.manifest) + text, inputs: Object.keys(metafile.inputs) };
  } finally {
    await esbuild.stop();
  }
}
