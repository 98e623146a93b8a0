/** The live page in a real browser: the samples run there, show plots meanwhile, and print what they print in Node. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { run as autoInsurance } from "../../samples/auto-insurance/sample.ts";
import { run as bayesianRegression } from "../../samples/bayesian-regression/sample.ts";
import { findSamples } from "../../samples/gallery/find.ts";
import { bundleLive } from "../../samples/gallery/live-bundle.ts";
import { serveFolder } from "../../samples/gallery/server.ts";
import { run as lineFit } from "../../samples/line-fit/sample.ts";
import { run as linearRegression } from "../../samples/linear-regression/sample.ts";
import { run as logisticRegression } from "../../samples/logistic-regression/sample.ts";
import { run as nonlinearRegression } from "../../samples/nonlinear-regression/sample.ts";
import type { DeviceName, RunSample } from "../../samples/run/sample.ts";
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
  /** Kernels and graphs. */
  readonly code: readonly string[];
  readonly plots: number;
  readonly spaces: number;
}

/** Chooses a sample and a backend, runs it, and tells what the page then shows. */
async function runOnPage(page: Page, name: string, device: DeviceName, quick = false): Promise<Seen> {
  await page.click(`nav a[href="#${name}"]`);
  await page.check(`input[value="${device}"]`);
  await page.setChecked('input[name="quick"]', quick);
  await page.click("#run");
  await page.waitForSelector("#report[data-complete], #status.failed", { timeout: 240_000 });
  return page.evaluate(() => ({
    status: document.querySelector("#status")?.textContent ?? "",
    // The last block of the report is what the sample printed.
    printed: ([...document.querySelectorAll("#report samp")].at(-1)?.textContent ?? "").split("\n"),
    code: [...document.querySelectorAll("#report .code code")].map((code) => code.textContent ?? ""),
    plots: document.querySelectorAll("#report .plot:has(> svg, > .wide)").length,
    spaces: document.querySelectorAll("#report .space .js-plotly-plot").length,
  }));
}

/** The lines of the samples that kernels name in comments, `samples/line-fit/model.ts:81`. */
const linesNamed = (code: readonly string[]): string[] => {
  const comments = code.flatMap((text) => [...text.matchAll(/^ *\/\/ (\S+):\d+(?: in .*)?$/gm)]);
  return [...new Set(comments.map(([, place]) => place!.replace(/^.*\/(samples\/)/, "$1")))].sort();
};

/** What is no time. Here the bundler numbers the second class of a name, and tables are wider. */
const stable = (lines: readonly string[]): string[] =>
  lines
    .filter((line) => line.trim() !== "" && !/ ms, |^Time:/.test(line))
    .map((line) => line.replace(/LinearRegression\d/, "LinearRegression").replace(/[━─]+/g, "─"));

/** Samples whose lines do not depend on which instructions the engine has beyond their rounding. */
const compared: Readonly<Record<string, RunSample>> = {
  "auto-insurance": autoInsurance,
  "line-fit": lineFit,
  "sigmoid-derivatives": sigmoidDerivatives,
  "logistic-regression": logisticRegression,
};

/** Those that train or draw longer, and how far the numbers of their shortened runs may be apart. */
const shortened: Readonly<Record<string, readonly [RunSample, tolerance: number | null]>> = {
  "linear-regression": [linearRegression, 1e-4],
  // A rounding changes the draws that come after it.
  "bayesian-regression": [bayesianRegression, null],
  "nonlinear-regression": [nonlinearRegression, 2e-3],
};

/** The summary of the posterior about what the data were made of. */
const POSTERIOR = /\nsigma +0\.5[\s\S]*\nIntercept +3\.[01][\s\S]*\nx0 +1\.(09|10)[\s\S]*\nx1 +2\.(09|10)/;

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
        const recorded = await runRecorded(run);
        const code = recorded.report.sections.flatMap((each) => (each.kind === "code" ? [each.text] : []));
        assert.deepEqual(linesNamed(seen.code), linesNamed(code), "the sources' lines, as in Node");
        if (name === "line-fit") assert.ok(linesNamed(seen.code).length > 0);
        const [there, here] = [stable(seen.printed), stable(recorded.printed)];
        assert.equal(there.length, here.length);
        for (const [i, line] of here.entries()) samePrinted(there[i]!, line, 1e-5);
      });
    }

    for (const device of ["wasm", "webgpu"] as const) {
      for (const [name, [run, tolerance]] of Object.entries(shortened)) {
        await t.test(`runs ${name} with fewer steps on ${device}`, async () => {
          const seen = await runOnPage(page, name, device, true);
          assert.match(seen.status, /^done in [\d.]+ s$/);
          const expected = await runRecorded(run, { quick: true });
          const kinds = expected.report.sections.map(({ kind }) => kind);
          assert.equal(seen.plots, kinds.filter((kind) => kind === "plot").length);
          assert.equal(seen.spaces, kinds.filter((kind) => kind === "plot3d").length);
          if (tolerance === null) return assert.match(seen.printed.join("\n"), POSTERIOR);
          const here = stable(expected.printed);
          const there = stable(seen.printed);
          assert.equal(there.length, here.length);
          for (const [i, line] of here.entries()) samePrinted(there[i]!, line, tolerance);
        });
      }
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
