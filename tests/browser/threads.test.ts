/** Threads in a cross-origin-isolated page: web workers give the bits of one thread and of Node; dead ones are errors. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { hasRelaxedSimd } from "../../runtime/relaxed-simd.ts";
import { LAYOUT } from "../../runtime/threads/layout.ts";
import { withModule } from "./chromium.ts";
import * as pages from "./pages/threads.ts";

const PAGE = "tests/browser/pages/threads.ts";

/** Cases without fused multiply-adds, which Node 20 lacks and Chromium has. */
const PORTABLE = ["sums", "sort", "prefixes", "scatter"];

describe("threads in Chromium", () => {
  test("web workers give the same bits as one thread, and as Node", () =>
    withModule<typeof pages, void>(PAGE, async (module) => {
      const inPage = await module.evaluate((m) => m.compare(3));
      assert.equal(inPage.isolated, true);
      assert.equal(inPage.threads, 3);
      assert.equal(inPage.workers, 2);
      for (const results of inPage.shared) assert.deepEqual(results, inPage.alone);
      const inNode = await pages.compare(3);
      for (const results of inNode.shared) assert.deepEqual(results, inNode.alone);
      const names = hasRelaxedSimd() ? Object.keys(inPage.alone) : PORTABLE;
      for (const name of names) assert.equal(inPage.alone[name], inNode.alone[name], name);
    }));

  test("a worker that dies is an error and no hang, and new ones can be started", async () => {
    // The page's workers are written by hand to the layout.
    assert.deepEqual([LAYOUT.ready, LAYOUT.next, LAYOUT.grains, LAYOUT.grainBits], [17, 32, 85, 12]);
    await withModule<typeof pages, void>(PAGE, async (module) => {
      const thrown = await module.evaluate((m) => m.deadWorker("throws"));
      assert.match(thrown, /WorkerDiedError: A worker thread of Weft died: .*broken on purpose/);
      const ended = await module.evaluate((m) => m.deadWorker("ends"));
      assert.match(ended, /WorkerDiedError: A worker thread of Weft died: no progress for 300 ms/);
      const after = await module.evaluate((m) => m.compare(2));
      for (const results of after.shared) assert.deepEqual(results, after.alone);
    });
  });

  test("without isolation there is one thread, and asking for more says what the page needs", () =>
    withModule<typeof pages, void>(
      PAGE,
      async (module) => {
        const found = await module.evaluate((m) => m.withoutIsolation());
        assert.equal(found.isolated, false);
        assert.equal(found.threads, 1);
        assert.equal(found.sum, 1_000_000);
        assert.match(
          found.error,
          /page must be cross-origin isolated \(Cross-Origin-Opener-Policy: same-origin/,
        );
      },
      { isolated: false },
    ));
});
