/** The user's TypeScript or JavaScript as one module that Node can import. */
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { BuildFailure, Loader, Plugin } from "esbuild";
import { InputError } from "./errors.ts";
import { loadEsbuild } from "./packages.ts";

/** The absolute path of a file the user named. Throws InputError where there is no such file. */
export function existingFile(file: string): string {
  const absolute = path.resolve(file);
  if (!existsSync(absolute)) throw new InputError(`there is no file ${file}`);
  if (!statSync(absolute).isFile()) throw new InputError(`${file} is not a file`);
  return realpathSync(absolute);
}

export interface UserModule {
  readonly exports: Readonly<Record<string, unknown>>;
}

/** A program bundled into a file of its own, which exists until the program has begun. */
export class Bundle {
  readonly #folder: string;
  readonly #file: string;

  constructor(
    folder: string,
    file: string,
    /** The files by path that are in it. */
    readonly sources: readonly string[],
  ) {
    this.#folder = folder;
    this.#file = file;
  }

  /** Runs the module. Rejects with what it throws. */
  async import(): Promise<UserModule> {
    const remove = (): void => rmSync(this.#folder, { recursive: true, force: true });
    // Removed as its first statement runs: a program that is killed leaves nothing behind.
    started.set(this.#file, remove);
    try {
      return { exports: await import(pathToFileURL(this.#file).href) };
    } finally {
      started.delete(this.#file);
      remove();
    }
  }
}

/** What to do when a bundle begins to run, by its file. Bundles call `STARTED`, as they cannot import this module. */
const started = new Map<string, () => void>();
const STARTED = "weft.cli.started";

/**
 * Bundles a file and what it imports by path. `weft` is this package, so that there is one instance of it; other
 * packages stay where they are. Throws InputError with esbuild's messages where the file does not parse.
 *
 * `keepService`: esbuild's process stays, for a build of somebody else that is under way.
 */
export async function bundleProgram(file: string, { keepService = false } = {}): Promise<Bundle> {
  const source = existingFile(file);
  const esbuild = await loadEsbuild();
  // A path without symbolic links, so that the source map's relative paths lead back to the sources.
  const folder = path.join(realpathSync(tmpdir()), `weft-${process.pid}-${randomUUID().slice(0, 8)}`);
  const outfile = path.join(folder, "program.mjs");
  try {
    const { outputFiles, metafile } = await esbuild.build({
      entryPoints: [source],
      outfile,
      write: false,
      metafile: true,
      bundle: true,
      format: "esm",
      platform: "node",
      // Lowers `using`, which Node 20 does not parse.
      target: "node20",
      // Those of Node: `module`, which bundlers add, would pick files that Node cannot import.
      conditions: ["node-addons"],
      // Functions keep their names in dumps.
      keepNames: true,
      sourcemap: "inline",
      charset: "utf8",
      logLevel: "silent",
      define: {
        "import.meta.url": "__weft_url",
        "import.meta.filename": "__weft_filename",
        "import.meta.dirname": "__weft_dirname",
      },
      plugins: [packagesInPlace, sourceUrls],
    });
    const [{ text }] = outputFiles;
    mkdirSync(folder, { recursive: true });
    writeFileSync(outfile, withPrologue(text, source, outfile));
    Reflect.set(globalThis, Symbol.for(STARTED), (name: string) => started.get(name)?.());
    const sources = Object.keys(metafile.inputs).filter((input) => !/^[\w-]{2,}:/.test(input));
    return new Bundle(
      folder,
      outfile,
      sources.map((input) => path.resolve(input)),
    );
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    if (!isBuildFailure(error)) throw error;
    const messages = await esbuild.formatMessages(error.errors, {
      kind: "error",
      color: process.stderr.isTTY === true,
      terminalWidth: 110,
    });
    throw new InputError(`${file} cannot be bundled\n${messages.join("").trimEnd()}`);
  } finally {
    if (!keepService) await esbuild.stop();
  }
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && "errors" in error && Array.isArray(error.errors);
}

/** Puts on the first line what has to run first; source maps stay right when it has no line break. */
function withPrologue(text: string, source: string, outfile: string): string {
  const parts = [`globalThis[Symbol.for(${JSON.stringify(STARTED)})](${JSON.stringify(outfile)});`];
  // esbuild's stand-in for the `require` of CommonJS files looks for a real one.
  if (text.includes("var __require =")) {
    parts.push(
      'import { createRequire as __weft_createRequire } from "node:module";',
      `globalThis.require ??= __weft_createRequire(${JSON.stringify(pathToFileURL(source).href)});`,
    );
  }
  return `${parts.join(" ")} ${text}`;
}

/** Marks resolutions that a plugin asks for, so that it does not see them again. */
const RESOLVING = { resolving: true };

/** `weft` is this package; every other package is imported from where it is installed. */
const packagesInPlace: Plugin = {
  name: "packages-in-place",
  setup(build) {
    build.onResolve({ filter: /^weft(\/|$)/ }, ({ path: name, kind }) => {
      if (kind === "require-call") return { errors: [{ text: `${name} is an ES module: import it` }] };
      try {
        return { path: import.meta.resolve(name), external: true };
      } catch {
        return { errors: [{ text: `weft exports no "${name}"` }] };
      }
    });
    build.onResolve({ filter: /^[^./]/ }, async ({ path: name, pluginData, ...where }) => {
      if (pluginData === RESOLVING || where.kind === "entry-point" || isBuiltin(name)) return undefined;
      if (path.isAbsolute(name) || /^[a-z][a-z-]+:/.test(name)) return undefined;
      const { importer, resolveDir, kind } = where;
      const found = await build.resolve(name, { importer, resolveDir, kind, pluginData: RESOLVING });
      // What cannot be found is esbuild's to report, as it knows of `try` around an import.
      const inPackage = /[\\/]node_modules[\\/].*\.[cm]?js$/.test(found.path);
      if (found.errors.length > 0 || found.external || !inPackage) return undefined;
      const required = kind === "require-call" || kind === "require-resolve";
      return { path: required ? found.path : pathToFileURL(found.path).href, external: true };
    });
  },
};

const LOADERS: Readonly<Record<string, Loader>> = {
  ".ts": "ts",
  ".mts": "ts",
  ".cts": "ts",
  ".tsx": "tsx",
  ".js": "js",
  ".mjs": "js",
  ".cjs": "js",
  ".jsx": "jsx",
};

/**
 * In each file `import.meta.url` is the file itself, so that a file beside it can be named by it. An import at the
 * end of the file brings the value: imports are hoisted, and no line or column moves.
 */
const sourceUrls: Plugin = {
  name: "source-urls",
  setup(build) {
    build.onLoad({ filter: /\.[cm]?[jt]sx?$/, namespace: "file" }, async ({ path: file }) => {
      const loader = LOADERS[path.extname(file)];
      const text = await readFile(file, "utf8");
      if (loader === undefined || !text.includes("import.meta.")) return undefined;
      const names = "url as __weft_url, filename as __weft_filename, dirname as __weft_dirname";
      const specifier = JSON.stringify(`weft-source-url:${file}`);
      return { contents: `${text}\nimport { ${names} } from ${specifier};\n`, loader };
    });
    build.onResolve({ filter: /^weft-source-url:/ }, ({ path: name }) => ({
      path: name.slice("weft-source-url:".length),
      namespace: "weft-source-url",
      sideEffects: false,
    }));
    build.onLoad({ filter: /.*/, namespace: "weft-source-url" }, ({ path: file }) => {
      const values = { url: pathToFileURL(file).href, filename: file, dirname: path.dirname(file) };
      const exports = Object.entries(values).map(
        ([name, x]) => `export const ${name} = ${JSON.stringify(x)};`,
      );
      return { contents: exports.join("\n"), loader: "js" };
    });
  },
};
