/** WebGPU for Node programs that have nothing of Weft: the package `webgpu`, and SwiftShader where there is no GPU. */
import { mkdirSync, realpathSync, symlinkSync } from "node:fs";
import path from "node:path";
import { unpackArchives } from "../../runtime/webgpu/chromium-archives.ts";
import { root } from "./paths.ts";

/** Puts the package into a folder, as `npm install webgpu` does. */
export function installWebGpu(folder: string): void {
  mkdirSync(path.join(folder, "node_modules"), { recursive: true });
  symlinkSync(realpathSync(path.join(root, "node_modules/webgpu")), path.join(folder, "node_modules/webgpu"));
}

/** The environment in which Dawn finds SwiftShader; empty where it is not to be had, and a GPU has to be. */
export async function swiftShaderEnvironment(): Promise<Record<string, string>> {
  const folder = await unpackArchives(["swiftshader"]);
  if (folder === null) return {};
  return {
    VK_ICD_FILENAMES: `${folder}/swiftshader/vk_swiftshader_icd.json`,
    LD_LIBRARY_PATH: `${folder}/swiftshader`,
  };
}
