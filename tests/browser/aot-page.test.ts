/** What `weft compile` writes, in a real browser: modules over HTTP, in a worker, and the page of --html. */
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { Workspace } from "../helpers/run-cli.ts";
import { withPage } from "./chromium.ts";

let place: Workspace;
before(async () => {
  place = new Workspace();
  place.write(
    "model.ts",
    `import { type NdArray, nn, numpy as np } from "weft";
     export const weights = np.array([[1, -2, 0.5], [0.25, 3, -1]]);
     export const predict = ({ image }: { image: NdArray }, scale: NdArray) =>
       ({ scores: nn.softmax(image.matmul(weights).mul(scale)) });
     export const exampleArgs = [{ image: np.array([1, 2]) }, np.array(2)];`,
  );
  const forms = { files: [], page: ["--html", "--bundle"], both: ["--html", "--target", "both"] };
  for (const [out, extra] of Object.entries(forms)) {
    const { code, stderr } = await place.weft(["compile", "model.ts#predict", "--out", out, ...extra]);
    assert.equal(stderr, "");
    assert.equal(code, 0);
  }
  place.write("files/index.html", "<!doctype html><title>test</title>");
  place.write(
    "files/worker.js",
    `import load from "./predict.js";
    const predict = await load();
    onmessage = ({ data }) => postMessage([...predict(data, 2).scores.data]);
    postMessage("ready");`,
  );
});
after(() => place.remove());

type Predict = (x: { image: Float32Array }, scale: number) => { scores: { data: Float32Array } };

describe("compiled for the web", () => {
  const wanted = [0.25, 8, -3];

  test("a page and a worker load the module, fetch its files, and agree", () =>
    withPage(path.join(place.folder, "files"), async (page) => {
      const inPage = await page.evaluate(async (file) => {
        const { load } = (await import(file)) as { load(): Promise<Predict> };
        return [...(await load())({ image: new Float32Array([1, 2]) }, 2).scores.data];
      }, "/predict.js");
      const inWorker = await page.evaluate(
        () =>
          new Promise((resolve) => {
            const worker = new Worker("/worker.js", { type: "module" });
            worker.onmessage = ({ data }) => {
              if (data === "ready") worker.postMessage({ image: new Float32Array([1, 2]) });
              else resolve(data);
            };
          }),
      );
      assert.deepEqual(inWorker, inPage);
      assert.equal(inPage.indexOf(Math.max(...inPage)), wanted.indexOf(Math.max(...wanted)));
    }));

  test("the page of --html runs with its examples, and shows what does not fit", async () => {
    const html = place.read("page/predict.html");
    assert.doesNotMatch(html, /(src|href)=/);
    await withPage({ "/": html }, async (page) => {
      await page.waitForSelector("body[data-ready]");
      assert.deepEqual(await page.$$eval("textarea", (fields) => fields.map((field) => field.value)), [
        "1, 2",
        "2",
      ]);
      await page.click("button");
      await page.waitForSelector("#results[data-done]");
      const scores = (await page.textContent("#results pre"))?.split(", ").map(Number) ?? [];
      assert.equal(scores.length, 3);
      assert.ok(Math.abs(scores.reduce((sum, x) => sum + x, 0) - 1) < 1e-6);
      if (process.env.SCREENSHOTS)
        await page.screenshot({ path: path.join(process.env.SCREENSHOTS, "aot.png") });
      await page.fill("textarea", "1, 2, 3");
      await page.click("button");
      await page.waitForSelector("#results .error");
      assert.match(
        (await page.textContent("#results")) ?? "",
        /args\[0\]\.image: expected f32\[2\], got Float32Array of 3/,
      );
    });
  });

  test("the page of --html --target both runs on the device that is chosen in it", async () => {
    const html = place.read("both/predict.html");
    await withPage({ "/": html }, async (page) => {
      await page.waitForSelector("body[data-ready]");
      const device = page.getByLabel("Device");
      assert.deepEqual(await device.locator("option").allInnerTexts(), ["WebAssembly", "WebGPU"]);
      const results: number[][] = [];
      for (const chosen of ["wasm", "webgpu", "wasm"]) {
        await device.selectOption(chosen);
        await page.evaluate(() => delete document.querySelector<HTMLElement>("#results")?.dataset.done);
        await page.getByRole("button", { name: "Run" }).click();
        await page.waitForSelector("#results[data-done] pre");
        assert.equal(await page.locator("#results .error").count(), 0, await page.innerText("#results"));
        results.push((await page.innerText("#results pre")).split(", ").map(Number));
        if (process.env.SCREENSHOTS)
          await page.screenshot({ path: path.join(process.env.SCREENSHOTS, `aot-${chosen}.png`) });
      }
      const [first, gpu, again] = results;
      assert.deepEqual(first, again);
      assert.ok(first!.length === 3 && gpu!.length === 3);
      for (const [i, x] of gpu!.entries())
        assert.ok(Math.abs(x - first![i]!) < 1e-6, `${gpu} is not ${first}`);
    });
  });
});
