// `npm run docs`: writes docs/api, the API reference, from the docstrings of what the package exports.
// `npm run docs -- --check` writes nothing, and fails if docs/api is not what would be written.

import { spawnSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { root } from "./paths.mjs";
import { withScratchFolder } from "./scratch.mjs";
import { ensureFolderInstalled, ensureInstalled } from "./setup.mjs";

const generator = path.join(root, "scripts/docs");
const reference = path.join(root, "docs/api");
const check = process.argv.includes("--check");

await ensureInstalled("start");
// TypeDoc needs an older TypeScript than the one that checks the types.
await ensureFolderInstalled(generator, "TypeDoc into scripts/docs (npm ci, about 50 MB)");
await withScratchFolder("docs", async (made) => {
  const typedoc = path.join(generator, "node_modules/typedoc/bin/typedoc");
  const args = [typedoc, "--options", "typedoc.json", "--out", made, "--logLevel", "Warn"];
  const { status } = spawnSync(process.execPath, args, { cwd: generator, stdio: "inherit" });
  if (status !== 0) {
    process.exitCode = status ?? 1;
    return;
  }
  if (!check) {
    rmSync(reference, { recursive: true, force: true });
    cpSync(made, reference, { recursive: true });
    return;
  }
  const stale = differences(made, reference);
  if (stale.length === 0) return;
  console.error(`docs/api is not what the docstrings say: run npm run docs\n  ${stale.join("\n  ")}`);
  process.exitCode = 1;
});

/** @param {string} made @param {string} kept @returns {string[]} the files that differ or are in one folder alone */
function differences(made, kept) {
  const files = (/** @type {string} */ folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".md"));
  const [here, there] = [new Set(files(made)), new Set(files(kept))];
  const textOf = (/** @type {string} */ folder, /** @type {string} */ file) =>
    readFileSync(path.join(folder, file), "utf8");
  return [...new Set([...here, ...there])].filter(
    (file) => !here.has(file) || !there.has(file) || textOf(made, file) !== textOf(kept, file),
  );
}
