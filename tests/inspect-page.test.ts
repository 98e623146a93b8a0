/**
 * The page of `weft inspect` in a real browser, from a file and without a network: every view opens, links and search
 * work, nothing is logged as an error. Screenshots are in out/inspect/.
 */
import assert from "node:assert/strict";
import { mkdirSync, statSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { browser } from "./browser/chromium.ts";
import { root } from "./helpers/paths.ts";
import { Workspace } from "./helpers/run-cli.ts";

const ARGS = "{w1: f32[32,64], w2: f32[64,10], b: f32[10]}, f32[128,32], f32[128,10]";
const SCREENSHOTS = path.join(root, "out/inspect");

let place: Workspace;
before(() => {
  place = new Workspace();
  place.fixture("classifier.ts");
  mkdirSync(SCREENSHOTS, { recursive: true });
});
after(() => place.remove());

interface Look {
  readonly width?: number;
  readonly dark?: boolean;
}

/** Opens a page of the workspace without a network; fails where it logs an error or asks for anything. */
async function withInspector(
  file: string,
  { width = 1280, dark = false }: Look,
  body: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await (await browser()).newContext({
    viewport: { width, height: 860 },
    colorScheme: dark ? "dark" : "light",
    offline: true,
  });
  const problems: string[] = [];
  const url = pathToFileURL(path.join(place.folder, file)).href;
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on("console", (message) => {
      if (message.type() === "error") problems.push(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => problems.push(`uncaught: ${error.message}`));
    page.on("request", (request) => {
      if (!request.url().startsWith(url) && !request.url().startsWith("data:"))
        problems.push(`request: ${request.url()}`);
    });
    await page.goto(url);
    await body(page);
    assert.deepEqual(problems, []);
  } finally {
    await context.close();
  }
}

async function open(page: Page, view: string): Promise<void> {
  await page.getByRole("navigation").getByRole("link", { name: view, exact: true }).click();
  await page.waitForSelector("main h2");
}

function screenshot(page: Page, name: string): Promise<Buffer> {
  return page.screenshot({ path: path.join(SCREENSHOTS, `${name}.png`) });
}

describe("the inspector's page", { concurrency: 1 }, () => {
  before(async () => {
    const { code, stdout, stderr } = await place.weft([
      "inspect",
      "classifier.ts#step",
      "--args",
      ARGS,
      "--out",
      "step.html",
    ]);
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "step.html\n", stderr: "" });
    assert.ok(statSync(path.join(place.folder, "step.html")).size < 2_000_000);
  });

  test("passes: unchanged ones are grey, a pass opens its difference", () =>
    withInspector("step.html", {}, async (page) => {
      assert.equal(await page.title(), "step: weft inspect");
      assert.ok((await page.locator("tr.unchanged").count()) > 3);
      const row = page.locator("tr", { has: page.getByRole("link", { name: "dead_code", exact: true }) });
      assert.match(await row.innerText(), /−\d+/);
      await screenshot(page, "passes");
      await page.getByRole("link", { name: "dead_code", exact: true }).click();
      await page.waitForSelector(".diff .removed");
      await screenshot(page, "diff");
      // Rows of the same value stand beside each other.
      const rows = await page.locator(".diff .row.same, .diff .row.changed").all();
      for (const each of rows.slice(0, 40)) {
        const [left, right] = await each.locator(".side").allInnerTexts();
        assert.equal(/^\s*(%\w+)/.exec(left)?.[1], /^\s*(%\w+)/.exec(right)?.[1]);
      }
    }));

  test("any two stages can be compared", () =>
    withInspector("step.html", {}, async (page) => {
      await open(page, "Side by side");
      await page.getByLabel("left").selectOption("0");
      const fusion = page.getByLabel("right").locator("option", { hasText: /^\d+ fusion$/ });
      await page.getByLabel("right").selectOption({ label: await fusion.innerText() });
      await page.waitForFunction(() => document.querySelector(".diff")?.textContent?.includes("plan @step"));
      await page.getByLabel("all lines").check();
      assert.ok((await page.locator(".diff .row").count()) > 60);
      await page.getByLabel("right").selectOption("0");
      await page.getByText("no difference").waitFor();
    }));

  test("a value is followed from TypeScript to WebAssembly and WGSL", () =>
    withInspector("step.html", { width: 1500 }, async (page) => {
      await open(page, "Side by side");
      await page.getByLabel("all lines").check();
      const line = page.locator(".diff .side", { hasText: "= tanh" }).first();
      await line.locator("a.value").first().click();
      const panel = page.locator("aside.panel");
      await panel.getByRole("heading", { name: "TypeScript" }).waitFor();
      assert.match(await panel.locator(".line.marked").first().innerText(), /np\.tanh\(x\.matmul\(w\)\)/);
      assert.match(await panel.innerText(), /made by tanh/);
      assert.match(await panel.innerText(), /Computed in k\d+_/);
      await panel.getByRole("tab", { name: "WebAssembly" }).first().click();
      assert.match(
        await panel
          .locator("pre.code")
          .allInnerTexts()
          .then((texts) => texts.join("\n")),
        /\(func \$k\d+_[\s\S]*f32x4\.mul/,
      );
      await panel.getByRole("tab", { name: "WGSL" }).first().click();
      assert.match(
        await panel
          .locator("pre.code")
          .allInnerTexts()
          .then((texts) => texts.join("\n")),
        /@compute/,
      );
      await screenshot(page, "value");
      // The value is marked wherever it stands, and stays when the view changes.
      assert.ok((await page.locator("main a.value.followed").count()) > 0);
      await panel.getByRole("link", { name: "in the fusion graph" }).click();
      await page.waitForSelector("svg .back.aimed");
      await screenshot(page, "graph-followed");
      await panel.getByLabel("close").click();
      await page.waitForFunction(() => document.querySelector("aside.panel") === null);
    }));

  test("the fusion graph: colours of kernels, boundaries with reason and bytes", () =>
    withInspector("step.html", { width: 1500 }, async (page) => {
      await open(page, "Fusion graph");
      await page.waitForSelector(".drawing svg a.box");
      const labels = await page.locator(".arrow.boundary text").allTextContents();
      assert.ok(
        labels.some((text) => /^\d+(\.\d+)? KB$/.test(text)),
        labels.join("; "),
      );
      assert.ok(
        labels.some((text) => /reads each element many times/.test(text)),
        labels.join("; "),
      );
      assert.ok((await page.locator(".box rect[fill^=hsl]").count()) > 10);
      // Boxes do not lie on one another.
      const overlaps = await page.evaluate(() => {
        const boxes = [...document.querySelectorAll(".box .back")].map((box) => box.getBoundingClientRect());
        return boxes.filter((a, i) =>
          boxes.some(
            (b, k) => k < i && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom,
          ),
        ).length;
      });
      assert.equal(overlaps, 0);
      await page.locator(".arrow.boundary path").first().dispatchEvent("click");
      await page.locator(".details td.right", { hasText: "KB" }).first().waitFor();
      await page.getByRole("button", { name: "collapse all" }).click();
      await page.locator(".box.closed", { hasText: "hidden" }).first().waitFor();
      await screenshot(page, "graph-collapsed");
      await page.locator(".box.closed", { hasText: "loss" }).first().click();
      await page.locator(".box", { hasText: "dot_general" }).first().waitFor();
    }));

  test("kernels: cards with costs, the roofline, and texts", () =>
    withInspector("step.html", {}, async (page) => {
      await open(page, "Kernels");
      await page.waitForSelector(".plot svg circle");
      const cards = page.locator("details.card");
      const count = await cards.count();
      assert.ok(count > 2);
      await cards.first().locator("summary").click();
      await cards.first().locator("dl.facts").waitFor();
      const text = await cards.first().innerText();
      for (const fact of [
        /\d GFLOP|floating/,
        /read, .* written/,
        /operations per byte/,
        /the roofline/,
        /classifier\.ts:\d+/,
      ])
        assert.match(text, fact);
      await screenshot(page, "kernels");
    }));

  test("memory over time, its peak and donations", () =>
    withInspector("step.html", {}, async (page) => {
      await open(page, "Memory");
      await page.waitForSelector(".plot svg rect", { state: "attached" });
      const text = await page.locator("main").innerText();
      assert.match(text, /peak owner\s+\S+/);
      assert.match(text, /is written over p_b/);
      await screenshot(page, "memory");
    }));

  test("search finds values, kernels and passes", () =>
    withInspector("step.html", {}, async (page) => {
      await page.keyboard.press("/");
      const field = page.getByRole("searchbox");
      await field.fill("dot_general");
      await page.locator(".hits li", { hasText: "kernel" }).first().waitFor();
      await screenshot(page, "search");
      await field.fill("tanh classifier");
      await page.locator(".hits li", { hasText: "value" }).first().click();
      await page.locator("aside.panel", { hasText: "made by tanh" }).waitFor();
      await field.fill("simplify_again");
      await field.press("Enter");
      await page.locator(".diff, .controls").first().waitFor();
      assert.match(page.url(), /#\/diff\/\d+\/\d+/);
      await field.fill("nothing of this name");
      await page.getByText("nothing found").waitFor();
    }));

  test("narrow and dark", () =>
    withInspector("step.html", { width: 400, dark: true }, async (page) => {
      for (const view of ["Passes", "Side by side", "Fusion graph", "Kernels", "Memory"]) {
        await open(page, view);
        await page.waitForTimeout(200);
        await screenshot(page, `narrow-${view.toLowerCase().replaceAll(" ", "-")}`);
        // Nothing is wider than the window, but for what scrolls in a box of its own.
        const wide = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        assert.ok(wide <= 1, `${view} is ${wide} pixels too wide`);
      }
      assert.equal(
        await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor),
        "rgb(22, 24, 29)",
      );
      await page.goto(page.url().replace(/#.*/, "#/kernels?v=5"));
      await page.locator("aside.panel").waitFor();
      await screenshot(page, "narrow-value");
    }));
});

describe("a graph of 5 000 equations", { concurrency: 1 }, () => {
  test("is collapsed by source function, opens step by step, and stays quick", async () => {
    const lines: string[] = [];
    for (let i = 0; i < 5000; i++) {
      const x = i === 0 ? "%x" : `%${i - 1}`;
      const op =
        i % 50 === 49
          ? `cumsum ${x} {axis=0, reverse=false}`
          : `${["sin", "exp", "tanh", "neg"][i % 4]} ${x}`;
      lines.push(
        `  %${i}: f32[64] = ${op}  // big.ts:${1 + Math.floor(i / 100)}:3 in layer${Math.floor(i / 500)}`,
      );
    }
    place.write("big.ir", `graph @big(%x: f32[64]) -> (f32[64]) {\n${lines.join("\n")}\n  return %4999\n}\n`);
    const { code, stderr } = await place.weft(["inspect", "big.ir", "--no-run", "--out", "big.html"]);
    assert.equal(code, 0, stderr);
    await withInspector("big.html", {}, async (page) => {
      await open(page, "Fusion graph");
      await page.waitForSelector(".box.closed");
      assert.equal(await page.locator(".box.closed").count(), 10);
      await screenshot(page, "big");
      await page.locator(".box.closed", { hasText: "layer3" }).click();
      await page.locator(".box.closed", { hasText: "big.ts:16" }).click();
      await page.locator(".box.closed", { hasText: "equations 1 to 40" }).click();
      await page.waitForSelector(".box:not(.closed)");
      assert.ok((await page.locator(".box").count()) < 200);
      // A value deep inside is found and shown where it is.
      await page.getByRole("searchbox").fill("%4321");
      await page.getByRole("searchbox").press("Enter");
      await page.waitForSelector("svg .back.aimed");
      await open(page, "Side by side");
      await page.getByLabel("all lines").check();
      await page.waitForFunction(() => document.querySelectorAll(".diff .row").length > 4000);
      // Texts of two levels, far too long to be matched or drawn at once.
      await open(page, "Passes");
      await page.getByRole("link", { name: "wasm", exact: true }).click();
      await page.getByText("hardly a line is in both").waitFor();
      const rows = () => page.locator(".diff .row").count();
      assert.equal(await rows(), 5000);
      await page.getByRole("button", { name: "more" }).click();
      await page.waitForFunction(() => document.querySelectorAll(".diff .row").length === 10_000);
    });
  });
});
