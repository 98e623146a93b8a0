/**
 * The goldens, JAX's own numbers, on WebGPU: one case of every function, most with the gradient. `GOLDENS=all npm test --
 * webgpu/goldens` runs every case and the tables of the API, `GOLDENS=derived` second derivatives and batches besides;
 * `FAMILIES=fft,nn` some families alone.
 */
import { readdirSync } from "node:fs";
import path from "node:path";
import { after } from "node:test";
import { device } from "weft";
import { runGoldensOn } from "../helpers/golden-device.ts";
import { root } from "../helpers/paths.ts";

const gpu = await device("webgpu");
after(() => gpu.destroy());

runGoldensOn("webgpu");
const families = readdirSync(path.join(root, "tests/golden")).filter((file) => file.endsWith(".test.ts"));
const only = process.env.FAMILIES?.split(",");
for (const file of families) {
  const family = file.slice(0, -".test.ts".length);
  // The test of the data as a whole is no family.
  if (family !== "families" && (only?.includes(family) ?? true)) await import(`../golden/${family}.test.ts`);
}
if (process.env.GOLDENS !== undefined && (only?.includes("api") ?? true)) {
  await import("../lax-golden.test.ts");
  await import("../nn-golden.test.ts");
  await import("../numpy-golden-elementwise.test.ts");
  await import("../numpy-golden-linalg.test.ts");
  await import("../numpy-golden-reductions.test.ts");
  await import("../numpy-golden-shapes.test.ts");
  await import("../optim-golden.test.ts");
  await import("../random-golden.test.ts");
}
