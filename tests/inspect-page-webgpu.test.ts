/** The page of `weft inspect --device webgpu` in a real browser: kernels for WebGPU have cards like those for WebAssembly. */
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { browser } from "./browser/chromium.ts";
import { Workspace } from "./helpers/run-cli.ts";

const ARGS = "{w1: f32[32,64], w2: f32[64,10], b: f32[10]}, f32[128,32], f32[128,10]";

let place: Workspace;
before(() => {
  place = new Workspace();
  place.fixture("classifier.ts");
});
after(() => place.remove());

test("kernels for WebGPU: cards with costs, WGSL, and times against the GPU's roofline", async () => {
  const target = ["inspect", "classifier.ts#step", "--args", ARGS, "--device", "webgpu", "--out", "gpu.html"];
  const { code, stderr } = await place.weft(target);
  assert.equal(code, 0, stderr);
  const context = await (await browser()).newContext({ offline: true });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    await page.goto(`${pathToFileURL(path.join(place.folder, "gpu.html")).href}#/kernels`);
    await page.waitForSelector(".plot svg circle");
    const card = page.locator("h2:has-text('WebGPU') ~ details.card").first();
    await card.locator("summary").click();
    await card.locator("dl.facts").waitFor();
    const text = await card.innerText();
    for (const fact of [/floating/, /read, .* written/, /, the roofline/, /@group\(0\)/]) {
      assert.match(text, fact);
    }
    // Both devices' kernels have the same names: what leads to a card leads to that of its device.
    const open = (heading: string) =>
      page.locator(`h2:text-is("${heading}") ~ details.card[open]`).filter({ hasText: "@group(0)" });
    await page.goto(`${page.url().replace(/#.*/, "")}#/passes`);
    const field = page.getByRole("searchbox");
    await field.fill("dot_general webgpu");
    await page.locator(".hits li", { hasText: "WebGPU" }).first().click();
    await open("Kernels for WebGPU").waitFor();
    assert.match(page.url(), /#\/kernels\/webgpu\/k\d+_dot_general/);
    await field.fill("tanh classifier");
    await page.locator(".hits li", { hasText: "value" }).first().click();
    const step = page.locator("aside.panel section.step", { hasText: "On the GPU in" }).first();
    const name = /On the GPU in (\w+)/.exec(await step.innerText())?.[1];
    await step.getByRole("link", { name: "its card" }).click();
    await page.waitForURL(new RegExp(`#/kernels/webgpu/${name}\\?v=`));
    await open("Kernels for WebGPU").filter({ hasText: name }).waitFor();
  } finally {
    await context.close();
  }
});
