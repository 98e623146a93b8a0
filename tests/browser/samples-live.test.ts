/** The live page in a real browser: the samples run there, show plots meanwhile, and print what they print in Node. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { run as autoInsurance } from "../../samples/auto-insurance/sample.ts";
import { findSamples } from "../../samples/gallery/find.ts";
import { bundleLive } from "../../samples/gallery/live-bundle.ts";
import { serveFolder } from "../../samples/gallery/server.ts";
import { run as lineFit } from "../../samples/line-fit/sample.ts";
import { run as logisticRegression } from "../../samples/logistic-regression/sample.ts";
import type { RunSample } from "../../samples/run/sample.ts";
import { run as sigmoidDerivatives } from "../../samples/sigmoid-derivatives/sample.ts";
import { root } from "../helpers/paths.ts";
import { runRecorded, samePrinted } from "../helpers/run-sample.ts";
import { withPage } from "./chromium.ts";

const samples = path.join(root, "samples");
const live = findSamples(samples).filter(({ about }) => about.live);
let folder = "";

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "weft-live-"));
  await bundleLive(samples, folder);
});
after(() => rmSync(folder, { recursive: true, force: true }));

interface Seen {
  readonly status: string;
  readonly printed: readonly string[];
  readonly plots: number;
  readonly spaces: number;
}

/** Chooses a sample and a backend, runs it, and tells what the page then shows. */
async function runOnPage(page: Page, name: string, device: string): Promise<Seen> {
  await page.click(`nav a[href="#${name}"]`);
  await page.check(`input[value="${device}"]`);
  await page.click("#run");
  await page.waitForSelector("#report[data-complete], #status.failed", { timeout: 120_000 });
  return page.evaluate(() => ({
    status: document.querySelector("#status")?.textContent ?? "",
    // The last block of the report is what the sample printed.
    printed: ([...document.querySelectorAll("#report samp")].at(-1)?.textContent ?? "").split("\n"),
    plots: document.querySelectorAll("#report .plot svg[role=img]").length,
    spaces: document.querySelectorAll("#report .space .js-plotly-plot").length,
  }));
}

/** What is not a measured time. */
const stable = (lines: readonly string[]): string[] =>
  lines.filter((line) => line.trim() !== "" && !/ ms, /.test(line));

/** Samples whose lines do not depend on which instructions the engine has beyond their rounding. */
const compared: Readonly<Record<string, RunSample>> = {
  "auto-insurance": autoInsurance,
  "line-fit": lineFit,
  "sigmoid-derivatives": sigmoidDerivatives,
  "logistic-regression": logisticRegression,
};

test("the live page", (t) =>
  withPage(folder, async (page) => {
    await t.test("shows plots meanwhile, and can be stopped", async () => {
      await page.click('nav a[href="#line-fit"]');
      await page.click("#run");
      await page.waitForSelector("#plots figure svg");
      await page.click("#stop");
      assert.equal(await page.textContent("#status"), "stopped");
      assert.equal(await page.locator("#report > *").count(), 0, "no report of what did not end");
    });

    for (const { name } of live) {
      await t.test(`runs ${name}`, async () => {
        const seen = await runOnPage(page, name, "wasm");
        assert.match(seen.status, /^done in [\d.]+ s$/);
        assert.ok(seen.plots > 0 && seen.printed.length > 1);
        if (name === "line-fit") assert.equal(seen.spaces, 1, "Plotly drew the surface");
        const run = compared[name];
        if (run === undefined) return;
        const [there, here] = [stable(seen.printed), stable((await runRecorded(run)).printed)];
        assert.equal(there.length, here.length);
        for (const [i, line] of here.entries()) samePrinted(there[i]!, line, 1e-5);
      });
    }

    await t.test("runs line-fit on WebGPU", async () => {
      const seen = await runOnPage(page, "line-fit", "webgpu");
      assert.match(seen.status, /^done in/);
      const here = stable((await runRecorded(lineFit)).printed);
      for (const [i, line] of stable(seen.printed).entries()) samePrinted(line, here[i]!, 1e-5);
    });
  }));

test("the server: isolated pages, the way to the live page, nothing outside of its folder", async () => {
  const served = await serveFolder(path.dirname(folder), 0, `/${path.basename(folder)}/`);
  try {
    const { hostname } = new URL(served.url);
    assert.equal(hostname, "127.0.0.1");
    const page = await fetch(served.url);
    assert.equal(page.url, `${served.url}${path.basename(folder)}/`);
    assert.equal(page.headers.get("cross-origin-embedder-policy"), "require-corp");
    assert.match(await page.text(), /<title>Weft, live<\/title>/);
    assert.equal((await fetch(`${served.url}%2e%2e%2fetc%2fpasswd`)).status, 404);
    assert.equal((await fetch(`${served.url}nowhere.js`)).status, 404);
  } finally {
    await served.close();
  }
});
