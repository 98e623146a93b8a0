// `npm run bench`: bundles the comparison in tests/bench, installs the other systems there if they are not, and runs it.
// `npm run bench -- NAME` with a file tests/bench/NAME.bench.ts runs that one, which needs none of them.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { failBuild } from "./build.mjs";
import { bundleFiles } from "./bundle.mjs";
import { compact } from "./bundle-options.mjs";
import { root } from "./paths.mjs";
import { ensureFolderInstalled, ensureInstalled } from "./setup.mjs";

const folder = path.join(root, "tests/bench");
// Beside the benches, so that their packages are found.
const outdir = path.join(folder, ".build");
const args = process.argv.slice(2);
const own = `${args[0]}.bench.ts`;

await ensureInstalled("start");
if (existsSync(path.join(folder, own))) {
  // The one that runs in a browser, with the other systems.
  if (args[0] === "webgpu") {
    await ensureInstalled("test");
    await ensurePeers();
  }
  const [file] = await bundle([`tests/bench/${own}`]);
  process.exitCode = run(["--enable-source-maps", "--expose-gc", file ?? "", ...args.slice(1)]);
} else {
  // What only prints needs no other system.
  if (!args.includes("--list") && !args.includes("--help")) await ensurePeers();
  const [driver, ...scripts] = await bundle([
    "tests/bench/main.ts",
    "tests/bench/peers/main.ts",
    "tests/bench/cold.ts",
  ]);
  process.exitCode = run(["--enable-source-maps", driver ?? "", ...scripts, ...args]);
}

/** @param {string[]} files @returns {Promise<string[]>} */
async function bundle(files) {
  // As the package is, for the time that V8 takes to parse it.
  return bundleFiles(files, outdir, compact).catch(failBuild);
}

/** @param {string[]} command @returns {number} the exit code */
function run(command) {
  return spawnSync(process.execPath, command, { cwd: root, stdio: "inherit" }).status ?? 1;
}

/** Installs what tests/bench/package-lock.json names, if that is not what was installed last. */
function ensurePeers() {
  return ensureFolderInstalled(folder, "the other systems into tests/bench (npm ci, about 700 MB)");
}
