/** The harness of the other tests here: a real browser, with a GPU adapter, that reports what goes wrong in a page. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { withModule, withPage } from "./chromium.ts";
import type * as Adapter from "./pages/adapter.ts";

describe("browser", () => {
  test("a page has WebGPU with an adapter, is isolated, and runs Weft", () =>
    withModule<typeof Adapter, void>("tests/browser/pages/adapter.ts", async (module) => {
      const found = await module.evaluate((m) => m.describeAdapter());
      assert.equal(found.isolated, true);
      assert.notEqual(found.architecture, null, "navigator.gpu has no adapter");
      assert.equal(await module.evaluate((m) => m.sumOfSquares(100)), 328350);
    }));

  test("a console error, an uncaught error and a missing file fail the test", async () => {
    const failing = (script: string) =>
      withPage({ "/": `<script>${script}</script>` }, (page) => page.title());
    await assert.rejects(failing('console.error("wrong")'), /console: wrong/);
    await assert.rejects(failing('throw new Error("thrown")'), /uncaught: .*thrown/);
    await assert.rejects(
      withPage({ "/": '<script src="missing.js"></script>' }, (page) => page.title()),
      /404.*missing\.js/,
    );
  });
});
