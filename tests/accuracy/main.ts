/**
 * `npm run accuracy`: measures every function in every variant that this engine knows and, in float32, on WebGPU, prints the table and writes it
 * to docs/accuracy.md. With names (`npm run accuracy -- exp erf`): only these, and nothing is written. Ends with code 1
 * if a bound does not hold.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { requestAdapter } from "../../runtime/webgpu/adapter.ts";
import { createDevice } from "../../runtime/webgpu/device.ts";
import { FUNCTIONS } from "./functions.ts";
import { readGolden } from "./golden.ts";
import { ITERATED, type IteratedMeasurement, measureIterated, readIterated } from "./iterated.ts";
import { type Measurement, measure, variants } from "./measure.ts";
import {
  failuresOf,
  iteratedFailures,
  iteratedTable,
  markdownTables,
  printedIterated,
  printedLine,
  printedTitle,
} from "./report.ts";
import { measureIteratedOnGpu, measureOnGpu } from "./webgpu.ts";

/** Points of each function and variant. */
const COUNT = 600_000;
const DOCUMENT = new URL("../../docs/accuracy.md", import.meta.url);
const BEGIN = "<!-- written by npm run accuracy: begin -->";
const END = "<!-- written by npm run accuracy: end -->";

const names = process.argv.slice(2);
const unknown = names.filter((name) => !FUNCTIONS.some((fn) => fn.name === name));
if (unknown.length > 0) {
  console.error(`weft: no elementwise function of floats is called ${unknown.join(", ")}`);
  process.exit(1);
}

const goldens = readGolden();
const gpu = await createDevice(await requestAdapter());
const measurements: Measurement[] = [];
console.log(printedTitle());
for (const fn of FUNCTIONS) {
  if (names.length > 0 && !names.includes(fn.name)) continue;
  for (const variant of variants()) {
    const measurement = measure(fn, variant, COUNT, goldens);
    measurements.push(measurement);
    console.log(printedLine(measurement));
  }
  if (fn.dtype !== "float32") continue;
  const measurement = await measureOnGpu(fn, COUNT, gpu);
  measurements.push(measurement);
  console.log(printedLine(measurement));
}
const iterated: IteratedMeasurement[] = [];
if (names.length === 0) {
  const points = readIterated();
  for (const name of ITERATED) {
    const ofName = (["float32", "float64"] as const).flatMap((dtype) =>
      variants().map((variant) => measureIterated(name, dtype, variant, points)),
    );
    ofName.push(await measureIteratedOnGpu(name, points, gpu));
    for (const measurement of ofName) console.log(printedIterated(measurement));
    iterated.push(...ofName);
  }
}
gpu.destroy();
const failures = [...measurements.flatMap(failuresOf), ...iterated.flatMap(iteratedFailures)];
for (const failure of failures) console.error(failure);
process.exitCode = failures.length > 0 ? 1 : 0;
if (names.length === 0 && failures.length === 0) {
  const text = readFileSync(DOCUMENT, "utf8");
  const [head, tail] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (head < 0 || tail < head) throw new Error(`docs/accuracy.md has no "${BEGIN}" before "${END}"`);
  const adapter = `WebGPU ran on ${gpu.description}.\n`;
  const tables = `\n${adapter}${markdownTables(measurements)}\n${iteratedTable(iterated)}`;
  writeFileSync(DOCUMENT, `${text.slice(0, head + BEGIN.length)}\n${tables}\n${text.slice(tail)}`);
  console.log("\nwritten to docs/accuracy.md");
}
