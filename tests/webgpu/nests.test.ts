/**
 * Random nests of transformations and control flow on WebGPU against the reference: the compiled function, its gradient,
 * its derivative along a direction and its batch. `NESTS=all npm test -- webgpu/nests` runs as many as on Wasm, in all ways.
 */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { device } from "weft";
import { checkProgramOn, sampleOf, singleProgramOf } from "../fuzz/nests/check.ts";
import { describeFailure } from "../fuzz/nests/main.ts";

const gpu = await device("webgpu");
after(() => gpu.destroy());

const whole = process.env.NESTS === "all";
const PROGRAMS = whole ? 200 : 40;

describe("random nests", { concurrency: 4 }, () => {
  for (let seed = 0; seed < PROGRAMS; seed++) {
    test(`seed ${seed}`, async () => {
      const program = singleProgramOf(seed);
      const outcome = await checkProgramOn(gpu, program, whole ? undefined : sampleOf(seed));
      if (outcome.kind === "failed") assert.fail(describeFailure(null, program, outcome.failure));
    });
  }
});
