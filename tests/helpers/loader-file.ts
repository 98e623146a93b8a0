/** The loaders as they ship, from the sources. */
import path from "node:path";
import { pathToFileURL } from "node:url";
import * as esbuild from "esbuild";
import { root } from "./paths.ts";

interface LoaderBuild {
  readonly loaders: Readonly<Record<string, string>>;
  readonly loaderOptions: { readonly write: false };
}

export interface LoaderFile {
  readonly text: string;
  /** The sources in it. */
  readonly inputs: readonly string[];
}

/** `weft-loader` or `weft-webgpu`, made as the package's build makes it. */
export async function buildLoader(name: "weft-loader" | "weft-webgpu"): Promise<LoaderFile> {
  const url = pathToFileURL(path.join(root, "scripts/loaders.mjs")).href;
  const { loaders, loaderOptions } = (await import(url)) as LoaderBuild;
  const { outputFiles, metafile } = await esbuild.build({
    ...loaderOptions,
    entryPoints: [loaders[name]],
    metafile: true,
  });
  await esbuild.stop();
  return { text: outputFiles[0].text, inputs: Object.keys(metafile.inputs) };
}
