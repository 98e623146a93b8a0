/**
 * Random products and convolutions against the oracle, in every variant of Wasm, whole and in grains.
 * `npm run fuzz -- contractions --devices wasm,webgpu` runs thousands.
 */
import { describe, test } from "node:test";
import { assertContraction } from "./fuzz/contractions/check.ts";

const FIRST = 10_000;
const PROGRAMS = 100;

describe("random contractions", () => {
  for (let seed = FIRST; seed < FIRST + PROGRAMS; seed++)
    test(`seed ${seed}`, () => assertContraction(seed, ["wasm"]));
});
