/** Elementwise functions compiled to WGSL keep the bounds in ULP that they declare, at fewer points than `npm run accuracy`. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FUNCTIONS } from "../accuracy/functions.ts";
import { ITERATED, readIterated } from "../accuracy/iterated.ts";
import { failuresOf, iteratedFailures } from "../accuracy/report.ts";
import { measureIteratedOnGpu, measureOnGpu } from "../accuracy/webgpu.ts";
import { gpuDevice } from "./gpu.ts";

const COUNT = 20_000;

describe("compiled functions keep their bounds", () => {
  for (const fn of FUNCTIONS.filter(({ dtype }) => dtype === "float32")) {
    test(`${fn.name}, ${fn.bound} ULP`, async () => {
      assert.deepEqual(failuresOf(await measureOnGpu(fn, COUNT, await gpuDevice())), []);
    });
  }
});

describe("functions that iterate keep theirs", () => {
  const points = readIterated();
  for (const name of ITERATED) {
    test(name, async () => {
      assert.deepEqual(iteratedFailures(await measureIteratedOnGpu(name, points, await gpuDevice())), []);
    });
  }
});
