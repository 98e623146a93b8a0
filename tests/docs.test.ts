/** Every `ts` block of the pages for JAX users runs, and prints what the page says. `BLESS=1` rewrites the pages. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import * as esbuild from "esbuild";
import {
  type BlockRun,
  bundleBlocks,
  checkBlockTypes,
  readBlocks,
  runBlock,
  withOutputs,
} from "./helpers/doc-blocks.ts";
import { root } from "./helpers/paths.ts";

const FOLDER = "docs/transformations";
const pages = [
  "docs/jax-users.md",
  ...(await readdir(path.join(root, FOLDER))).sort().map((name) => `${FOLDER}/${name}`),
];
const byPage = await Promise.all(pages.map(readBlocks));
const blocks = byPage.flat();
const bless = process.env.BLESS === "1";

let outdir = "";
let files: string[] = [];
before(async () => {
  outdir = await mkdtemp(path.join(tmpdir(), "weft-docs-"));
  files = await bundleBlocks(blocks, outdir);
});
after(async () => {
  await rm(outdir, { recursive: true, force: true });
  await esbuild.stop();
});

describe("pages for JAX users", () => {
  for (const [p, page] of pages.entries()) {
    test(page, async () => {
      assert.ok(byPage[p].length > 0, "the page has no ts block");
      const text = (await readFile(path.join(root, page), "utf8")).split("\n");
      // From the last block to the first: lines may be added.
      for (const block of byPage[p].toReversed()) {
        const run = await runBlock(files[blocks.indexOf(block)]);
        const wanted = withOutputs(block, run);
        if (bless) text.splice(block.start, block.lines.length, ...wanted);
        else assert.deepEqual(block.lines, wanted, unexpected(block.place, run));
      }
      if (bless) await writeFile(path.join(root, page), text.join("\n"));
    });
  }

  test("types hold", async () => {
    assert.equal(await checkBlockTypes(blocks, outdir), "");
  });

  test("links lead to files", async () => {
    for (const page of pages) {
      const text = await readFile(path.join(root, page), "utf8");
      const prose = text.replace(/^```.*?^```$/gms, "").replace(/`[^`\n]*`/g, "");
      for (const [, target] of prose.matchAll(/\]\((?!https?:)([^)#]+)/g)) {
        await assert.doesNotReject(
          readFile(path.join(root, path.dirname(page), target)),
          `${page}: ${target}`,
        );
      }
    }
  });
});

function unexpected(place: string, { error }: BlockRun): string {
  const because = error instanceof Error ? ` It ended with:\n${error.stack}` : "";
  return `${place}: the block prints something else; BLESS=1 npm test -- docs.test rewrites it.${because}`;
}
