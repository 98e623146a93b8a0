/**
 * The loader that `weft compile` puts beside a compiled function: all that runs it, and nothing of the compiler. What
 * users see of it is declared in weft-loader.d.ts.
 */
import { ARTIFACT_VERSION, type ArtifactSection, type Manifest } from "../../compiler/program/artifact.ts";
import type { TypedArray } from "../../compiler/types/typed-array.ts";
import { hasRelaxedSimd } from "../relaxed-simd.ts";
import { ArtifactError } from "./errors.ts";
import { bytesOfSource, type FileSource, readSource } from "./fetch.ts";
import { WasmFunction } from "./function.ts";
import { checkedSection } from "./sections.ts";
import { Tensor } from "./tensor.ts";

export { ArtifactError, Tensor };

export interface LoadOptions {
  /** Where a file is, in place of the folder of the module: a URL, or its bytes. */
  readonly locate?: (file: string) => FileSource | undefined;
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

/** Where the files of a compiled function are, by name. */
export type Files = Readonly<Record<string, FileSource>>;

/** Loads a compiled function. Rejects with ArtifactError where a file is not what the manifest says. */
export async function load(
  manifest: Manifest,
  files: Files,
  options: LoadOptions = {},
): Promise<LoadedFunction> {
  const read = async (section: ArtifactSection): Promise<[string, Uint8Array]> => {
    const source = options.locate?.(section.name) ?? files[section.name];
    return [section.name, checkedSection(section, await readSource(source))];
  };
  const sections = new Map(await Promise.all(needed(manifest).map(read)));
  const modules = await Promise.all(
    wasmModules(manifest, sections, options).map((x) => WebAssembly.compile(x)),
  );
  return callable(new WasmFunction({ manifest, sections }, modules));
}

/** Loads a compiled function whose files are all at hand. */
export function loadSync(
  manifest: Manifest,
  files: Readonly<Record<string, string | BufferSource>>,
  options: Pick<LoadOptions, "variant"> = {},
): LoadedFunction {
  const sections = new Map(
    needed(manifest).map((section) => [
      section.name,
      checkedSection(section, bytesOfSource(files[section.name])),
    ]),
  );
  const modules = wasmModules(manifest, sections, options).map((bytes) => new WebAssembly.Module(bytes));
  return callable(new WasmFunction({ manifest, sections }, modules));
}

/** The sections that WebAssembly needs. Throws ArtifactError where this loader is not of the manifest's version. */
function needed({ name, version, sections, programs, weights }: Manifest): ArtifactSection[] {
  if (version !== ARTIFACT_VERSION) {
    throw new ArtifactError(`${name} has format version ${version}, its loader reads ${ARTIFACT_VERSION}`);
  }
  const names = new Set([weights, ...programs.map(({ wasm }) => wasm?.section)]);
  return sections.filter(({ name }) => names.has(name));
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
    const inner = variant === "relaxed" && wasm.relaxed !== null ? bytes.subarray(...wasm.relaxed) : bytes;
    // A view of shared memory is no source of a module.
    return new Uint8Array(inner);
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
