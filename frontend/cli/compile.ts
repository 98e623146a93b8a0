/** `weft compile`: an exported function as files that run without the compiler. */
import { existsSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import type { Artifact } from "../../compiler/program/artifact.ts";
import type { ExportTarget } from "../aot/build.ts";
import { LOADER_FILE, moduleText, targetOf, WEBGPU_LOADER_FILE } from "../aot/module-text.ts";
import { declarationText } from "../aot/module-types.ts";
import { type Examples, PAGE_SCRIPT, pageText } from "../aot/page.ts";
import type { Sizes } from "../aot/sizes.ts";
import { NdArray } from "../core/array.ts";
import { flatten } from "../tree/tree.ts";
import { bundleProgram } from "./bundle.ts";
import { bundleModule } from "./bundle-module.ts";
import { type CompileSettings, compileExport } from "./compile-export.ts";
import { openDump } from "./dump-folder.ts";
import { UsageError } from "./errors.ts";
import { chooseExport, exampleArguments, exampleSizes, splitTarget } from "./exports.ts";
import { noArguments, parseGiven } from "./given-arguments.ts";
import { declarationsOf, loaderText, loaderTypes } from "./loader-files.ts";
import { print, withStdoutOnStderr } from "./output.ts";
import { mapStackTraces } from "./stack-traces.ts";
import { writeFiles } from "./write-files.ts";

export interface CompileCommandOptions {
  readonly args?: string;
  readonly out: string;
  readonly target: ExportTarget;
  readonly sizes?: readonly string[];
  readonly pad?: boolean;
  readonly bundle?: boolean;
  readonly html?: boolean;
  readonly json?: boolean;
}

/** Compiles and writes the files. What the user's file prints goes to stderr. */
export async function compile(
  target: string,
  options: CompileCommandOptions,
  verbose: boolean,
): Promise<void> {
  const sizes = parseSizes(options.sizes ?? []);
  const given = options.args === undefined ? null : parseGiven(options.args);
  mapStackTraces(verbose);
  const { artifact, args } = await withStdoutOnStderr(() =>
    compileTarget(target, given, { sizes, pad: options.pad ?? false, target: options.target }),
  );
  const files = await outputFiles(artifact, args, options);
  writeFiles(options.out, files);
  await print(
    options.json === true
      ? `${jsonText(artifact, options.out, files)}\n`
      : summary(artifact, options.out, files),
  );
}

interface CompiledExport {
  readonly artifact: Artifact;
  /** What it was compiled for: arrays, or specs of them. */
  readonly args: readonly unknown[];
}

/** Imports the file, and compiles the export that the target names. Arguments are given, or the file's own examples. */
async function compileTarget(
  target: string,
  given: readonly unknown[] | null,
  { sizes, pad, target: device }: CompileSettings,
): Promise<CompiledExport> {
  const [file, wanted] = splitTarget(target, existsSync);
  const bundle = await bundleProgram(file);
  const dump = await openDump(undefined);
  const module = await bundle.import();
  const chosen = chooseExport(module, file, wanted);
  const args =
    given ?? (await exampleArguments(module, file, chosen)) ?? noArguments(chosen, target, "compile");
  const chosenSizes = Object.keys(sizes).length > 0 ? sizes : exampleSizes(module, file, args);
  const settings = { pad, target: device, sizes: chosenSizes };
  const artifact = compileExport(module, chosen, args, settings, dump);
  dump?.finish();
  return { artifact, args };
}

/** `["b=1,8", "t=64"]` → sizes by name. Throws UsageError. */
function parseSizes(texts: readonly string[]): Sizes {
  return Object.fromEntries(
    texts.map((text) => {
      const [, name, list] = /^([A-Za-z_]\w*)=(\d+(?:,\d+)*)$/.exec(text) ?? [];
      if (name === undefined)
        throw new UsageError(`--sizes takes a name and whole numbers, as in b=1,8,32; got ${text}`);
      return [name, list.split(",").map(Number)];
    }),
  );
}

async function outputFiles(
  artifact: Artifact,
  args: readonly unknown[],
  { bundle = false, html = false }: CompileCommandOptions,
): Promise<Map<string, string | Uint8Array>> {
  const { manifest, sections } = artifact;
  const { name } = manifest;
  const files = new Map<string, string | Uint8Array>();
  if (html) {
    const { text } = await bundleModule(artifact, PAGE_SCRIPT);
    files.set(`${name}.html`, pageText(manifest, text, await exampleValues(args)));
  }
  if (html && !bundle) return files;
  const declarations = {
    loaderTypes: loaderTypes(),
    inlined: bundle,
    loaderFile: bundle ? null : `./${LOADER_FILE}`,
  };
  if (bundle) files.set(`${name}.js`, (await bundleModule(artifact)).text);
  else {
    for (const [section, bytes] of sections) files.set(section, bytes);
    files.set(`${name}.js`, moduleText(artifact));
    const target = targetOf(manifest);
    if (target !== "webgpu") files.set(LOADER_FILE, loaderText(LOADER_FILE));
    if (target !== "wasm") {
      files.set(WEBGPU_LOADER_FILE, loaderText(WEBGPU_LOADER_FILE));
      files.set(declarationsOf(WEBGPU_LOADER_FILE), loaderTypes(WEBGPU_LOADER_FILE));
    }
    files.set(declarationsOf(LOADER_FILE), loaderTypes());
  }
  files.set(`${name}.d.ts`, declarationText(manifest, declarations));
  return files;
}

/** The values of arguments that are arrays, not specs. */
async function exampleValues(args: readonly unknown[]): Promise<Examples> {
  const { leaves } = flatten(args);
  return Promise.all(
    leaves.map(async (leaf) => (leaf instanceof NdArray ? Array.from(await leaf.data(), Number) : null)),
  );
}

function summary(
  { manifest }: Artifact,
  folder: string,
  files: ReadonlyMap<string, string | Uint8Array>,
): string {
  const rows = sizesOf(files).map(({ file, bytes, gzip }) => [
    path.join(folder, file),
    `${bytes} bytes`,
    `${gzip} compressed`,
  ]);
  const width = (column: number): number => Math.max(...rows.map((row) => row[column].length));
  const lines = rows.map(
    ([file, bytes, gzip]) => `  ${file.padEnd(width(0))}  ${bytes.padStart(width(1))}, ${gzip}`,
  );
  const parameters = manifest.parameters.map((parameter) => parameter.name).join(", ");
  return `${manifest.name}(${parameters}):\n${lines.join("\n")}\n`;
}

function jsonText(
  { manifest }: Artifact,
  folder: string,
  files: ReadonlyMap<string, string | Uint8Array>,
): string {
  const { name, parameters, results, programs } = manifest;
  const sizes = programs.map((program) => program.sizes);
  return JSON.stringify({ name, folder, parameters, results, sizes, files: sizesOf(files) }, null, 2);
}

function sizesOf(
  files: ReadonlyMap<string, string | Uint8Array>,
): { file: string; bytes: number; gzip: number }[] {
  return [...files].map(([file, contents]) => ({
    file,
    bytes: Buffer.byteLength(contents),
    gzip: gzipSync(contents, { level: 9 }).length,
  }));
}
