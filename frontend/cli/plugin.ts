/** Plugins of the compiler: a file that changes the passes or the choices of fusion, for experiments and bisection. */
import type { CompilerPlugin } from "../../compiler/pipeline.ts";
import { bundleProgram } from "./bundle.ts";
import { InputError } from "./errors.ts";

/**
 * The plugin that a file exports as `default`, a `CompilerPlugin`; none for no file. Throws InputError for a file
 * that exports something else.
 */
export async function loadPlugin(file: string | undefined): Promise<CompilerPlugin> {
  if (file === undefined) return {};
  const { exports } = await (await bundleProgram(file)).import();
  const plugin = exports.default;
  if (!isPlugin(plugin)) {
    throw new InputError(
      `${file} exports no plugin: export default { passes?: (passes) => passes, fusion?: (choice) => choice, kernel?: (kernel) => kernel, wasm?: (program) => … }`,
    );
  }
  return plugin;
}

function isPlugin(x: unknown): x is CompilerPlugin {
  if (typeof x !== "object" || x === null) return false;
  const { passes, fusion, kernel, wasm } = x as Record<string, unknown>;
  const given = [passes, fusion, kernel, wasm].filter((part) => part !== undefined);
  return given.length > 0 && given.every((part) => typeof part === "function");
}
