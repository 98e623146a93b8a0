/** `dist/weft.browser.js`: loads in a page without a bundler, whole, and runs there on both backends. */
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import * as weft from "weft";
import { root } from "../helpers/paths.ts";
import { withPage } from "./chromium.ts";

/** Bytes with gzip. The aim is 150 000; the whole API in one file is far from it. */
const LIMIT = 450_000;

interface Build {
  bundleForPages(file: string, options: { minify: boolean }): Promise<string>;
}

test("the bundle has every export, no part of Node, and trains on Wasm and WebGPU", async (t) => {
  const build = (await import(pathToFileURL(path.join(root, "scripts/build.mjs")).href)) as Build;
  const bundle = await build.bundleForPages("frontend/index.ts", { minify: true });
  const bytes = Buffer.from(bundle);
  const compressed = gzipSync(bytes, { level: 9 }).length;
  t.diagnostic(
    `${bytes.length} bytes, ${compressed} with gzip, ${brotliCompressSync(bytes).length} with brotli`,
  );
  assert.ok(compressed < LIMIT, `${compressed} bytes with gzip`);
  assert.doesNotMatch(bundle, /(?:from|import\()\s*"node:/);
  await withPage({ "/": "<!doctype html><title>bundle</title>", "/weft.js": bundle }, async (page) => {
    const names = await page.evaluate(
      async (url) => Object.keys((await import(url)) as object).sort(),
      "/weft.js",
    );
    assert.deepEqual(names, Object.keys(weft).sort());
    for (const platform of ["wasm", "webgpu"] as const) {
      const w = await page.evaluate(
        async ([url, platform]) => {
          const { device, devicePut, grad, jit, numpy: np } = (await import(url)) as typeof import("weft");
          const on = await device(platform);
          const x = devicePut(
            np.array([
              [1, 2],
              [3, 4],
              [5, 6],
            ]),
            on,
          ) as import("weft").NdArray;
          const y = np.array([[5], [11], [17]]);
          const loss = (w: import("weft").NdArray) => np.mean(np.square(x.matmul(w).sub(y)));
          const step = jit((w: import("weft").NdArray) => w.sub(grad(loss)(w).mul(0.03)));
          let w: import("weft").NdArray = np.zeros([2, 1]);
          for (let i = 0; i < 500; i++) w = step(w);
          return [...(await w.data())];
        },
        ["/weft.js", platform] as const,
      );
      for (const [i, value] of w.entries())
        assert.ok(Math.abs(value - [1, 2][i]) < 0.05, `${platform}: ${w}`);
    }
  });
});
