/** The documents' models train in a real browser, on both backends, and give what they give in Node. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import type { JSHandle } from "playwright-core";
import type { Platform } from "weft";
import { root } from "../helpers/paths.ts";
import { withModule } from "./chromium.ts";
import * as models from "./pages/models.ts";

const csv = readFileSync(path.join(root, "samples/data/auto-insurance.csv"), "utf8");

type Module = JSHandle<typeof models>;

/**
 * How far results may lie apart, relative to the largest of each array. Sums are taken in another order on a GPU, and
 * Chromium has fused multiply-adds where Node 20 has none; what follows from many steps of training keeps the difference.
 */
const TOLERANCE: Readonly<Record<(typeof models.names)[number], number>> = {
  autoInsurance: 1e-4,
  lineFit: 1e-5,
  linearRegression: 1e-5,
  bayesianRegression: 1e-4,
  nonlinearRegression: 1e-4,
  sigmoidDerivatives: 1e-5,
  logisticRegression: 1e-4,
  convolutional: 1e-4,
  recurrent: 1e-4,
  transformer: 1e-4,
  gpt: 1e-4,
};

for (const platform of ["wasm", "webgpu"] as const) {
  describe(`models in Chromium on ${platform}`, () => {
    test("they train, and the results are those of Node", () =>
      withModule<typeof models, void>("tests/browser/pages/models.ts", async (module) => {
        for (const name of models.names) await compare(module, name, platform);
      }));
  });
}

async function compare(
  module: Module,
  name: (typeof models.names)[number],
  platform: Platform,
): Promise<void> {
  const inPage = await module.evaluate((m, [name, platform, csv]) => m.run(name, platform, csv), [
    name,
    platform,
    csv,
  ] as const);
  const expected = await models.run(name, "wasm", csv);
  assert.deepEqual(Object.keys(inPage), Object.keys(expected));
  for (const [part, values] of Object.entries(expected)) {
    const scale = Math.max(...values.map(Math.abs), 1e-30);
    const bound = TOLERANCE[name];
    assert.equal(inPage[part].length, values.length);
    for (const [i, value] of values.entries()) {
      const difference = Math.abs(inPage[part][i] - value) / scale;
      assert.ok(difference <= bound, `${name}.${part}[${i}]: ${inPage[part][i]}, in Node ${value}`);
    }
  }
}
