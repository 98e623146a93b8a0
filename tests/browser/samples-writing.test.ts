/** The pages on which rnn and gpt write: compiled ahead of time, in a real browser, they write what Node writes. */
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { type nn, numpy as np, random, tree } from "weft";
import { findSamples } from "../../samples/gallery/find.ts";
import { bundleWritingPages, pageFolder } from "../../samples/gallery/writing-pages.ts";
import * as gpt from "../../samples/gpt/model.ts";
import * as rnn from "../../samples/rnn/model.ts";
import { CHECKPOINT, writeCheckpoint } from "../../samples/text/checkpoint.ts";
import { Vocabulary } from "../../samples/text/vocabulary.ts";
import { writeText } from "../../samples/text/write.ts";
import { root } from "../helpers/paths.ts";
import { Workspace } from "../helpers/run-cli.ts";
import { withPage } from "./chromium.ts";

const samples = path.join(root, "samples");
const vocabulary = new Vocabulary("the quick brown fox jumps over the lazy dog. ");
const drawing = { prompt: "the fox ", length: 60, seed: 5, temperature: 0.7, topK: 9 };

// Not trained: parameters of a size that makes the scores differ.
const gptConfig = {
  ...{ vocabSize: vocabulary.size, context: 16, layers: 2, heads: 2, features: 32, dropoutRate: 0 },
};
const { params: gptParams } = new gpt.GPT(gptConfig).init(
  random.PRNGKey(3),
  np.zeros([1, 16], { dtype: "int32" }),
);
const rnnConfig = { vocabSize: vocabulary.size, features: 32, context: 24 };
const lstm = new rnn.CharLSTM(rnnConfig);
const rnnParams = tree.map(
  (x) => x.mul(3),
  lstm.init(random.PRNGKey(4), np.zeros([1, 1], { dtype: "int32" })),
) as nn.VariableDict;

let out = "";
before(async () => {
  const workspace = new Workspace();
  await workspace.weft(["--version"]);
  workspace.remove();
  out = mkdtempSync(path.join(tmpdir(), "weft-writing-"));
  for (const [name, params, config] of [
    ["gpt", gptParams, gptConfig],
    ["rnn", rnnParams, rnnConfig],
  ] as const) {
    mkdirSync(path.join(out, name));
    writeFileSync(path.join(out, name, CHECKPOINT), await writeCheckpoint(params, config, vocabulary));
  }
  const cli = path.join(root, "dist/cli.js");
  assert.deepEqual(await bundleWritingPages(findSamples(samples), { cli, samples, out }), ["rnn", "gpt"]);
});
after(() => rmSync(out, { recursive: true, force: true }));

const expected = {
  gpt: () =>
    writeText(gpt.generatorOf(gptConfig), gptParams, vocabulary, { ...drawing, context: gptConfig.context }),
  rnn: () =>
    writeText(rnn.generatorOf(lstm), rnnParams, vocabulary, { ...drawing, context: rnnConfig.context }),
};

/** Fills in the form, writes, and gives what the page then says. */
async function writeOnPage(page: Page, device: string, prompt = drawing.prompt) {
  await page.waitForSelector("body[data-ready]");
  await page.fill("#prompt", prompt);
  await page.fill("#temperature", String(drawing.temperature));
  await page.fill("#topk", String(drawing.topK));
  await page.fill("#length", String(drawing.length));
  await page.fill("#seed", String(drawing.seed));
  await page.check(`input[value="${device}"]`);
  await page.click("#write");
  await page
    .waitForFunction(() => /^done|failed/.test(document.querySelector("#status")!.textContent!), null, {
      timeout: 60_000,
    })
    .catch(() => undefined);
  return { status: await page.textContent("#status"), text: await page.textContent("#text") };
}

describe("the page of a language model", () => {
  for (const name of ["gpt", "rnn"] as const) {
    test(`${name}: nothing of the compiler, weights as safetensors`, () => {
      const folder = pageFolder(out, name);
      const files = readdirSync(folder);
      for (const file of ["index.html", "write.js", "write.wasm", "write.wgsl.json", "write.safetensors"]) {
        assert.ok(files.includes(file), `${file} among ${files}`);
      }
      const scripts = files.filter((file) => file.endsWith(".js"));
      const size = scripts.reduce((sum, file) => sum + readFileSync(path.join(folder, file)).length, 0);
      assert.ok(size < 120_000, `${scripts}: ${size} bytes`);
      assert.ok(!existsSync(path.join(folder, "chunks")));
    });

    test(`${name} writes what Node writes`, () =>
      withPage(pageFolder(out, name), async (page) => {
        const seen = await writeOnPage(page, "wasm");
        assert.match(seen.status!, /^done: 52 characters, [\d.]+ ms each$/);
        assert.equal(seen.text, await expected[name]());
        const again = await writeOnPage(page, "wasm", "the dog ");
        assert.match(again.text!, /^the dog /);
        assert.notEqual(again.text!.slice(8), seen.text!.slice(8));
        if (process.env.SCREENSHOTS) {
          await page.screenshot({
            path: path.join(process.env.SCREENSHOTS, `${name}-page.png`),
            fullPage: true,
          });
        }
      }));

    test(`${name} writes it on WebGPU`, () =>
      withPage(pageFolder(out, name), async (page) => {
        const seen = await writeOnPage(page, "webgpu");
        assert.match(seen.status!, /^done/);
        assert.equal(seen.text, await expected[name]());
      }));
  }

  test("says which characters the model does not know, and can be stopped", () =>
    withPage(pageFolder(out, "gpt"), async (page) => {
      await page.waitForSelector("body[data-ready]");
      await page.fill("#prompt", "the Fox?");
      await page.click("#write");
      assert.match((await page.textContent("#status"))!, /^the model does not know F \?; it knows/);
      await page.fill("#prompt", "the ");
      await page.fill("#length", "100000");
      await page.click("#write");
      await page.waitForFunction(() => document.querySelector("#text")!.textContent!.length > 40);
      await page.click("#stop");
      assert.equal(await page.textContent("#status"), "stopped");
    }));
});
