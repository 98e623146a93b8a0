/**
 * Random products and convolutions against the oracle, in every variant of Wasm, whole and in grains.
 * `npm run fuzz -- contractions --devices wasm,webgpu` runs thousands.
 */
import { describe, test } from "node:test";
import { assertContraction } from "./fuzz/contractions/check.ts";

const FIRST = 10_000;
const PROGRAMS = 100;
/** What failed once: rows of padding alone; an epilogue of lanes beyond the last feature of a group. */
const FOUND = [77_883, 89_055];

describe("random contractions", () => {
  const seeds = [...FOUND, ...Array.from({ length: PROGRAMS }, (_, n) => FIRST + n)];
  for (const seed of seeds) test(`seed ${seed}`, () => assertContraction(seed, ["wasm"]));
});
