/** A selection of the goldens, JAX's own numbers, on WebGPU: `GOLDENS=all npm test -- webgpu/goldens` runs all of them. */
import { after, describe } from "node:test";
import { device } from "weft";
import { goldenFamilyOn } from "../helpers/golden-family.ts";

const gpu = await device("webgpu");
after(() => gpu.destroy());

/** Families, and of how many cases one is run. */
const FAMILIES: Readonly<Record<string, number>> = {
  fft: 48,
  "linalg-matrices": 48,
  "lax-more": 48,
  nn: 48,
  "nn-more": 48,
  "numpy-binary": 64,
  "numpy-logic": 48,
  "numpy-reductions": 64,
  "numpy-shapes": 96,
  "numpy-unary": 64,
  random: 48,
  special: 96,
  stats: 64,
};

for (const [family, every] of Object.entries(FAMILIES)) {
  describe(family, () => goldenFamilyOn(gpu, family, every));
}
