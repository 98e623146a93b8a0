/**
 * Random products and convolutions on WebGPU against the oracle, with the schedules for software and for hardware.
 * `npm run fuzz -- contractions --devices webgpu` runs thousands.
 */
import { after, describe, test } from "node:test";
import { device } from "weft";
import { assertContraction } from "../fuzz/contractions/check.ts";

const FIRST = 20_000;
const PROGRAMS = 16;

const gpu = await device("webgpu");
after(() => gpu.destroy());

describe("random contractions on WebGPU", () => {
  for (let seed = FIRST; seed < FIRST + PROGRAMS; seed++)
    test(`seed ${seed}`, () => assertContraction(seed, ["webgpu"]));
});
