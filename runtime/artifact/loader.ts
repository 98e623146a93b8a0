/**
 * The loader that `weft compile` puts beside a compiled function: all that runs it, and nothing of the compiler. What
 * users see of it is declared in weft-loader.d.ts.
 */
import type { Manifest } from "../../compiler/program/artifact.ts";
import type { TypedArray } from "../../compiler/types/typed-array.ts";
import { hasRelaxedSimd } from "../relaxed-simd.ts";
import { ArtifactError } from "./errors.ts";
import { bytesOfSource } from "./fetch.ts";
import { type Files, type Locate, readSections, wantedSections } from "./files.ts";
import { WasmFunction } from "./function.ts";
import { checkedSection } from "./sections.ts";
import { Tensor } from "./tensor.ts";

export { ArtifactError, Tensor };

/** Options of `loadFunction`, `loadWasm`, `load` and `loadSync`. */
export interface LoadOptions {
  /** Where a file is, in place of the folder of the module: a URL, or its bytes. */
  readonly locate?: Locate;
  /** Which variant of the WebAssembly module; the default is what the engine can run. */
  readonly variant?: "simd" | "relaxed";
}

export interface LoadedFunction {
  (...args: readonly unknown[]): unknown;
  onDevice(...args: readonly unknown[]): unknown;
  put(data: TypedArray, shape?: readonly number[]): Tensor;
  dispose(): void;
  readonly manifest: Manifest;
}

/** Loads a compiled function. Rejects with ArtifactError where a file is not what the manifest says. */
export async function load(
  manifest: Manifest,
  files: Files,
  options: LoadOptions = {},
): Promise<LoadedFunction> {
  const sections = await readSections(manifest, needed(manifest), files, options.locate);
  const modules = await Promise.all(wasmModules(manifest, sections, options).map(compiledModule));
  return callable(new WasmFunction({ manifest, sections }, modules));
}

/** Modules of fewer bytes are compiled at once: to wait for another thread takes longer. */
const SMALL = 2 ** 16;

function compiledModule(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module | Promise<WebAssembly.Module> {
  try {
    if (bytes.length < SMALL) return new WebAssembly.Module(bytes);
  } catch {
    // Older browsers' main threads refuse more than 4 KB.
  }
  return WebAssembly.compile(bytes);
}

/** Loads a compiled function whose files are all at hand. */
export function loadSync(
  manifest: Manifest,
  files: Readonly<Record<string, string | BufferSource>>,
  options: Pick<LoadOptions, "variant"> = {},
): LoadedFunction {
  const sections = new Map(
    wantedSections(manifest, needed(manifest)).map((section) => [
      section.name,
      checkedSection(section, bytesOfSource(files[section.name])),
    ]),
  );
  const modules = wasmModules(manifest, sections, options).map((bytes) => new WebAssembly.Module(bytes));
  return callable(new WasmFunction({ manifest, sections }, modules));
}

/** The sections that WebAssembly needs. */
function needed({ programs }: Manifest): (string | undefined)[] {
  return programs.map(({ wasm }) => wasm?.section);
}

/** The module of each program that this engine runs. */
function wasmModules(
  { name, programs }: Manifest,
  sections: ReadonlyMap<string, Uint8Array>,
  { variant = hasRelaxedSimd() ? "relaxed" : "simd" }: LoadOptions,
): Uint8Array<ArrayBuffer>[] {
  return programs.map(({ wasm }) => {
    const bytes = wasm === null ? undefined : sections.get(wasm.section);
    if (wasm === null || bytes === undefined)
      throw new ArtifactError(`${name} was not compiled for WebAssembly`);
    const range = variant === "relaxed" ? wasm.relaxed : null;
    // A copy, as a view of shared memory is no source of a module.
    return bytes.slice(...(range ?? []));
  });
}

function callable(compiled: WasmFunction): LoadedFunction {
  const { manifest } = compiled;
  const call = Object.assign((...args: readonly unknown[]) => compiled.call(args, false), {
    onDevice: (...args: readonly unknown[]) => compiled.call(args, true),
    put: (data: TypedArray, shape?: readonly number[]) => compiled.put(data, shape),
    dispose: () => compiled.dispose(),
    manifest,
  });
  return Object.defineProperty(call, "name", { value: manifest.name });
}
