import { root } from "./paths.mjs";

/** What the bundles of the package and of its tests have in common. */
export const bundleOptions = /** @satisfies {import("esbuild").BuildOptions} */ ({
  absWorkingDir: root,
  bundle: true,
  splitting: true,
  format: "esm",
  // Lowers `using`, which Node 20 does not parse; Symbol.dispose itself it has.
  target: "es2022",
  packages: "external",
  external: ["node:*"],
  sourcemap: "linked",
  sourcesContent: true,
  logLevel: "warning",
});
