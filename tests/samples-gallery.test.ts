/** `npm run samples`: finds samples by the convention, runs each, and writes the gallery. */
import assert from "node:assert/strict";
import path from "node:path";
import { after, test } from "node:test";
import { findSamples } from "../samples/gallery/find.ts";
import { galleryPage } from "../samples/gallery/page.ts";
import { root } from "./helpers/paths.ts";
import { Workspace } from "./helpers/run-cli.ts";

const workspace = new Workspace();
after(() => workspace.remove());

const gallery = path.join(root, "samples/gallery");

test("runs a sample and writes the gallery", async () => {
  const result = await workspace.weft(["run", gallery, "--", "sigmoid-derivatives", "--out", "made"]);
  assert.equal(result.code, 0, result.stderr);
  assert.match(
    result.stderr,
    /\[1\/1\] sigmoid-derivatives …\n\[1\/1\] sigmoid-derivatives done in [\d.]+ s/,
  );
  const page = workspace.read("made/index.html");
  assert.match(page, /href="sigmoid-derivatives\/report\.html"/);
  assert.match(page, /<svg role="img"/);
  assert.doesNotMatch(page, /(src|href)="https?:/);
  assert.match(workspace.read("made/sigmoid-derivatives/printed.txt"), /derivative at 0 = 0\.25/);
  assert.match(workspace.read("made/sigmoid-derivatives/report.html"), /<h1>The sigmoid and its derivatives/);
});

test("wrong names and options are usage errors", async () => {
  const unknown = await workspace.weft(["run", gallery, "--", "no-such-sample"]);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /there is no sample no-such-sample; there are auto-insurance, line-fit/);
  const device = await workspace.weft(["run", gallery, "--", "--device", "cuda"]);
  assert.equal(device.code, 2);
  assert.match(device.stderr, /--device is wasm or webgpu, not cuda/);
  const port = await workspace.weft(["run", gallery, "--", "--serve", "--port", "x"]);
  assert.equal(port.code, 2);
});

test("samples come by their numbers, and one that failed is shown as such", () => {
  const found = findSamples(path.join(root, "samples"));
  const numbers = found.map(({ about }) => about.number);
  assert.deepEqual(
    numbers,
    [...numbers].sort((a, b) => a - b),
  );
  const page = galleryPage([{ ...found[0]!, outcome: null }]);
  assert.match(page, /failed: run it by itself/);
  assert.doesNotMatch(page, /report\.html/);
});
