/**
 * `weft/esbuild`: compiles functions while a page is bundled.
 *
 *     import { weft } from "weft/esbuild";
 *     await esbuild.build({ entryPoints: ["page.ts"], bundle: true, format: "esm", plugins: [weft()] });
 *
 * In `page.ts`, `import { step } from "./model.ts?weft"` is the compiled function: typed arrays in and out, the program and
 * its weights within the bundle, and none of the compiler. What it is compiled for, `model.ts` says by `exampleArgs`.
 */
import { writeFileSync } from "node:fs";
import path from "node:path";
import type { OnLoadResult, Plugin } from "esbuild";
import type { ExportTarget } from "../aot/build.ts";
import { lazyModuleText, type NamedArtifact } from "../aot/module-text.ts";
import { lazyDeclarationText } from "../aot/module-types.ts";
import { bundleProgram } from "./bundle.ts";
import { compileExport } from "./compile-export.ts";
import { describeError, InputError } from "./errors.ts";
import { chooseExport, exampleLists, exampleSizes } from "./exports.ts";
import { loaderPaths, loaderTypes } from "./loader-files.ts";

export interface WeftPluginOptions {
  /**
   * Write the types of `model.ts?weft` to `model.ts?weft.d.ts` beside it, where TypeScript finds them. Without it, put
   * `declare module "*?weft";` into a declaration file of the project: what is imported is untyped then. Default false.
   */
  readonly declarations?: boolean;
  /**
   * What functions are compiled for: `wasm` (the default), `webgpu`, whose calls return promises, or `both`, where
   * `await step.load({ device: "webgpu" })` is the function on a GPU.
   */
  readonly target?: ExportTarget;
  /** Fill sizes in between up to the next larger one, where `exampleArgs` has symbolic shapes. Default false. */
  readonly pad?: boolean;
}

const NAMESPACE = "weft";

/** The plugin. */
export function weft(options: WeftPluginOptions = {}): Plugin {
  return {
    name: "weft",
    setup(build) {
      build.onResolve({ filter: /\?weft$/ }, async ({ path: name, importer, resolveDir, kind }) => {
        const found = await build.resolve(name.replace(/\?weft$/, ""), { importer, resolveDir, kind });
        if (found.errors.length > 0) return { errors: found.errors };
        return { path: found.path, namespace: NAMESPACE };
      });
      build.onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path: file }) => compileFile(file, options));
    },
  };
}

async function compileFile(
  file: string,
  { declarations = false, pad = false, target = "wasm" }: WeftPluginOptions,
): Promise<OnLoadResult> {
  try {
    const bundle = await bundleProgram(file, { keepService: true });
    const module = await bundle.import();
    const shown = path.relative(process.cwd(), file);
    const functions = (await exampleLists(module, shown)).map(({ name, args }): NamedArtifact => {
      const chosen = chooseExport(module, shown, name);
      const isDefault = chosen.value === module.exports.default;
      const settings = { sizes: exampleSizes(module, shown, args), pad, target };
      const artifact = compileExport(module, chosen, args, settings);
      return { exported: isDefault ? "default" : chosen.name, artifact };
    });
    if (functions.length === 0) {
      throw new InputError(
        `${shown} gives no arguments to compile its functions for: export const exampleArgs = { NAME: [spec([3])] }`,
      );
    }
    if (declarations) {
      writeFileSync(`${file}?weft.d.ts`, lazyDeclarationText(functions, loaderTypes()));
    }
    return {
      contents: lazyModuleText(functions, loaderPaths()),
      loader: "js",
      resolveDir: path.dirname(file),
      watchFiles: [...bundle.sources],
    };
  } catch (error) {
    return { errors: [{ text: describeError(error, false) }], watchFiles: [file] };
  }
}
