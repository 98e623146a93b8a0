/** The browser's binary is unpacked once for all processes that ask for it at the same time. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { brotliCompressSync } from "node:zlib";
import * as esbuild from "esbuild";
import type * as Archives from "../runtime/webgpu/chromium-archives.ts";
import { root } from "./helpers/paths.ts";

const base = mkdtempSync(path.join(tmpdir(), "weft-archives-"));
after(() => rmSync(base, { recursive: true, force: true }));

/** The module in a folder of its own, beside a package whose archive holds `text`. */
async function archivesBeside(text: string): Promise<typeof Archives> {
  const files = {
    "package.json": '{ "name": "@sparticuz/chromium", "version": "1.0.0", "main": "build/index.js" }',
    "build/index.js": "",
    "bin/chromium.br": brotliCompressSync(text),
  };
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(base, "node_modules/@sparticuz/chromium", name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  const outfile = path.join(base, "archives.mjs");
  await esbuild.build({
    entryPoints: [path.join(root, "runtime/webgpu/chromium-archives.ts")],
    bundle: true,
    platform: "node",
    format: "esm",
    outfile,
  });
  await esbuild.stop();
  return import(pathToFileURL(outfile).href);
}

// On other platforms an installed browser is used.
const skip = process.platform !== "linux" || process.arch !== "x64";

test("who comes second leaves the first one's binary alone, which may run already", { skip }, async () => {
  const { unpackArchives } = await archivesBeside("a binary");
  const unpack = async () => {
    const folder = String(await unpackArchives(["chromium"]));
    return { folder, inode: statSync(path.join(folder, "chromium")).ino };
  };
  const [first, second] = await Promise.all([unpack(), unpack()]);
  assert.deepEqual(first, second);
  assert.deepEqual(await unpack(), first);
  assert.deepEqual(readdirSync(first.folder), ["chromium"]);
  assert.equal(first.folder, path.join(base, "node_modules/.cache/weft/chromium-1.0.0"));
  assert.equal(readFileSync(path.join(first.folder, "chromium"), "utf8"), "a binary");
  assert.equal(statSync(path.join(first.folder, "chromium")).mode & 0o777, 0o755);
});
