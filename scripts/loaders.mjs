// The loaders that `weft compile` puts beside compiled functions, for the package's build and for tests of the sources.

import path from "node:path";
import { root } from "./paths.mjs";

/** Name in dist/loader/, and source: one small file each that stands for itself. */
export const loaders = {
  "weft-loader": "runtime/artifact/loader.ts",
  "weft-webgpu": "runtime/artifact/gpu-loader.ts",
};

/** Their declarations. */
export const loaderTypes = ["runtime/artifact/weft-loader.d.ts", "runtime/artifact/weft-webgpu.d.ts"];

/** @satisfies {import("esbuild").BuildOptions} */
export const loaderOptions = /** @type {const} */ ({
  absWorkingDir: root,
  bundle: true,
  minify: true,
  write: false,
  format: "esm",
  target: "es2022",
  platform: "neutral",
  legalComments: "none",
  tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
  plugins: [
    {
      name: "no stacks",
      setup(build) {
        build.onResolve({ filter: /\/stack\.ts$/ }, () => ({
          path: path.join(root, "runtime/artifact/no-stack.ts"),
        }));
      },
    },
  ],
});
