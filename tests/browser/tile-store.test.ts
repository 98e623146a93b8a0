/** Measured tiles in a page's IndexedDB. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { withModule } from "./chromium.ts";
import type * as TileStore from "./pages/tile-store.ts";

test("a page keeps its measured tiles in IndexedDB", async () => {
  await withModule<typeof TileStore, void>("tests/browser/pages/tile-store.ts", async (module) => {
    const { found, measured, again, kept } = await module.evaluate((m) => m.keep());
    assert.equal(found, false);
    assert.deepEqual(Object.keys(measured), ["float32 1×64×64×64"]);
    assert.equal(again, true);
    assert.deepEqual(kept, measured);
  });
});
