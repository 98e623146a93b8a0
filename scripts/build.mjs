// Bundles the package into dist/, and with --types writes its declaration files.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { bundleOptions, compact, inOneFile } from "./bundle-options.mjs";
import { loaderOptions, loaders, loaderTypes } from "./loaders.mjs";
import { withLock } from "./lock.mjs";
import { buildPages, loadTable } from "./pages.mjs";
import { dist, root, shown } from "./paths.mjs";
import { withScratchFolder } from "./scratch.mjs";
import { ensureInstalled } from "./setup.mjs";

/** The whole API. */
const index = "frontend/index.ts";

/** Parts of it by themselves. */
const parts = {
  numpy: "frontend/numpy/index.ts",
  lax: "frontend/lax/index.ts",
  nn: "frontend/nn/index.ts",
  random: "frontend/random/index.ts",
  optim: "frontend/optim/index.ts",
  haiku: "frontend/haiku/index.ts",
  scipy: "frontend/scipy/index.ts",
  data: "frontend/data/index.ts",
};

/** Each file of dist/ that someone imports, and its source. */
export const entryPoints = {
  index,
  ...parts,
  compiler: "compiler/index.ts",
  runtime: "runtime/index.ts",
  esbuild: "frontend/cli/esbuild-plugin.ts",
  cli: "frontend/cli/main.ts",
};

/** The inspector's page: its script and styles go into one HTML file, which `weft inspect` fills with data. */
const page = {
  entry: "frontend/inspect/page/main.tsx",
  file: "inspect.html",
  licenses: "third-party-licenses.txt",
};

const stampFile = path.join(dist, ".stamp");
const sourceFolders = ["compiler", "frontend", "runtime"];

/**
 * @typedef {{ sources: string, types: boolean, current: string[], previous: string[] }} Stamp
 *   `sources` is a fingerprint of all source files; `current` and `previous` are the files of the last two builds.
 */

/**
 * Brings dist/ up to date with the sources. Safe while other processes build or run from dist/: files are written
 * beside their place and renamed, chunks carry their hash in their name, and those of the build before stay, as a
 * running process may yet load them.
 *
 * @param {{ types?: boolean, force?: boolean, report?: (loads: import("./pages.mjs").PageLoad[]) => void }} [options]
 *   `types`: the declaration files too. `force`: from nothing, as it is published, and leave nothing else in dist/. `report`: is told what
 *   pages load.
 * @returns {Promise<boolean>} whether there was anything to do
 */
export async function build({ types = false, force = false, report = () => {} } = {}) {
  if (!force && isFresh(types)) return false;
  return withLock("build", async () => {
    if (!force && isFresh(types)) return false;
    const sources = fingerprint();
    await withScratchFolder("dist", async (staging) => {
      const [loads] = await Promise.all([
        bundle(staging, force),
        types ? declarations(path.join(staging, "types")) : undefined,
      ]);
      report(loads);
      publish(staging, { sources, types, prune: force });
    });
    return true;
  });
}

/** @param {string} staging @param {boolean} small spend time on the sizes of pages @returns what pages load */
async function bundle(staging, small) {
  const esbuild = await import("esbuild");
  const { withoutTests } = await import("./rules.mjs");
  const { outputFiles, metafile } = await esbuild.build({
    ...bundleOptions,
    ...compact,
    entryPoints,
    plugins: [inOneFile(index, Object.values(parts)), withoutTests],
    // What the command line uses and users need not install, a development dependency, becomes part of the bundles.
    packages: "bundle",
    external: [...bundleOptions.external, ...usersPackages()],
    mainFields: ["module", "main"],
    // Source maps name the sources from where the files will be, not from where they are written first.
    outdir: dist,
    write: false,
    metafile: true,
    chunkNames: "chunks/[name]-[hash]",
    platform: "neutral",
  });
  const shipped = await esbuild.build({
    ...loaderOptions,
    entryPoints: loaders,
    outdir: path.join(dist, "loader"),
  });
  const inputs = Object.keys(metafile.inputs);
  writeFileSync(path.join(staging, page.file), await bundlePage(inputs));
  writeFileSync(path.join(staging, page.licenses), licensesOf(inputs));
  const { files: pages, loads } = await buildPages({ small });
  const relative = (/** @type {{ path: string, contents: Uint8Array }} */ file) =>
    /** @type {const} */ ([path.relative(dist, file.path), file.contents]);
  for (const [place, contents] of [...[...outputFiles, ...shipped.outputFiles].map(relative), ...pages]) {
    const file = path.join(staging, place);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, contents);
  }
  for (const types of loaderTypes) {
    copyFileSync(path.join(root, types), path.join(staging, "loader", path.basename(types)));
  }
  const cli = path.join(staging, "cli.js");
  if (!readFileSync(cli, "utf8").startsWith("#!")) {
    throw new Error(`${entryPoints.cli} must begin with "#!/usr/bin/env node": it is the package's program`);
  }
  chmodSync(cli, 0o755);
  return loads;
}

/** @returns {string[]} what is installed with the package, or by those who want it */
function usersPackages() {
  const file = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
  return Object.keys({ ...file.dependencies, ...file.optionalDependencies, ...file.peerDependencies });
}

/**
 * @param {string[]} inputs takes the files that went into it
 * @returns {Promise<string>} the inspector's page without data: `weft inspect` puts it where the mark is
 */
async function bundlePage(inputs) {
  const esbuild = await import("esbuild");
  const { outputFiles, metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: [page.entry],
    outdir: dist,
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "iife",
    platform: "browser",
    target: "es2022",
    legalComments: "none",
    logLevel: "warning",
    define: { "process.env.NODE_ENV": '"production"' },
  });
  inputs.push(...Object.keys(metafile.inputs));
  const textOf = (/** @type {string} */ ending) =>
    outputFiles.find((file) => file.path.endsWith(ending))?.text.trim() ?? "";
  const script = textOf(".js").replaceAll("</script", "<\\/script");
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    "<title>weft inspect</title>",
    '<link rel="icon" href="data:,">',
    `<style>${textOf(".css")}</style>`,
    "</head>",
    "<body>",
    '<div id="app"></div>',
    '<script type="application/json" id="data"><!--weft-data--></script>',
    `<script>${script}</script>`,
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

/** @param {string[]} inputs files of bundles @returns {string} the licenses of the packages among them */
function licensesOf(inputs) {
  const folders = new Set(
    inputs.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []),
  );
  const texts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(
      readFileSync(path.join(root, folder, "package.json"), "utf8"),
    );
    const file = readdirSync(path.join(root, folder)).find((each) => /^licen[sc]e/i.test(each));
    const text =
      file === undefined ? `License: ${license}` : readFileSync(path.join(root, folder, file), "utf8");
    return `${name} ${version}\n\n${text.trim()}\n`;
  });
  return ["Packages whose code is part of the files beside this one.\n", ...texts].join(
    `\n${"-".repeat(72)}\n\n`,
  );
}
/** @param {string} outDir */
async function declarations(outDir) {
  const tsc = path.join(root, "node_modules/typescript/bin/tsc");
  const args = [
    tsc,
    "-p",
    path.join(root, "tsconfig.types.json"),
    "--outDir",
    outDir,
    "--pretty",
    String(process.stderr.isTTY === true),
  ];
  try {
    await promisify(execFile)(process.execPath, args, { cwd: root, maxBuffer: 1 << 26 });
  } catch (error) {
    const { stdout } = /** @type {{ stdout?: string }} */ (error);
    throw new Error(`the declaration files could not be made\n${stdout || error}`);
  }
}

/**
 * Moves what was built into dist/.
 *
 * @param {string} staging
 * @param {{ sources: string, types: boolean, prune: boolean }} what
 */
function publish(staging, { sources, types, prune }) {
  const before = prune ? undefined : readStamp();
  const current = filesIn(staging).filter((file) => !file.startsWith("types/"));
  for (const folder of new Set(current.map((file) => path.dirname(file)))) {
    mkdirSync(path.join(dist, folder), { recursive: true });
  }

  rmSync(stampFile, { force: true }); // Until all is in place, dist/ is nobody's build.
  // Chunks before the entry points that name them.
  const chunksFirst = [...current].sort((a, b) => Number(b.includes("/")) - Number(a.includes("/")));
  for (const file of chunksFirst) renameSync(path.join(staging, file), path.join(dist, file));
  if (types) {
    rmSync(path.join(dist, "types"), { recursive: true, force: true });
    renameSync(path.join(staging, "types"), path.join(dist, "types"));
  }

  const previous = before?.current ?? [];
  const keep = new Set([...current, ...previous]);
  for (const file of filesIn(dist)) {
    const declaration = file.startsWith("types/") && (types || !prune);
    if (!declaration && !keep.has(file)) rmSync(path.join(dist, file), { force: true });
  }
  /** @type {Stamp} */
  const stamp = { sources, types, current, previous };
  writeFileSync(stampFile, JSON.stringify(stamp));
}

/** @param {boolean} types @returns {boolean} whether dist/ is what the sources say */
function isFresh(types) {
  const stamp = readStamp();
  if (stamp === undefined || (types && !stamp.types)) return false;
  return stamp.sources === fingerprint() && stamp.current.every((file) => existsSync(path.join(dist, file)));
}

/** @returns {Stamp | undefined} */
function readStamp() {
  try {
    return JSON.parse(readFileSync(stampFile, "utf8"));
  } catch {
    return undefined;
  }
}

/** @returns {string} changes when a source file, or how it is built, does */
function fingerprint() {
  const hash = createHash("sha256");
  const files = [
    "package-lock.json",
    "tsconfig.json",
    ...["build", "bundle-options", "late", "late-parts", "pages", "rules"].map(
      (name) => `scripts/${name}.mjs`,
    ),
  ];
  for (const folder of sourceFolders) {
    if (!existsSync(path.join(root, folder))) continue;
    files.push(...filesIn(path.join(root, folder)).map((file) => `${folder}/${file}`));
  }
  for (const file of files) {
    const { mtimeMs, size } = statSync(path.join(root, file));
    hash.update(`${file}\0${mtimeMs}\0${size}\n`);
  }
  return hash.digest("hex");
}

/** @param {string} folder @returns {string[]} every file below `folder`, relative to it, in a stable order */
function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath ?? entry.path, entry.name)))
    .map((file) => file.split(path.sep).join("/"))
    .sort();
}

/**
 * Ends the process with a message; esbuild has printed its own errors already.
 *
 * @param {unknown} error
 * @returns {never}
 */
export function failBuild(error) {
  const printed = error instanceof Error && "errors" in error;
  if (!printed) console.error(`weft: ${error instanceof Error ? error.message : error}`);
  console.error("weft: build failed");
  process.exit(1);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const types = process.argv.includes("--types");
  const started = performance.now();
  await ensureInstalled(types ? "test" : "start");
  /** @type {import("./pages.mjs").PageLoad[]} */
  const loads = [];
  await build({ types, force: true, report: (all) => loads.push(...all) }).catch(failBuild);
  console.log(`${shown(dist)}/ built in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  console.log(`what pages load, without compression, with gzip and with brotli:\n${loadTable(loads)}`);
}
