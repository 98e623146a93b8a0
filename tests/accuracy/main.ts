/**
 * `npm run accuracy`: measures every function in every variant that this engine knows, prints the table and writes it
 * to docs/accuracy.md. With names (`npm run accuracy -- exp erf`): only these, and nothing is written. Ends with code 1
 * if a bound does not hold.
 */
import { readFileSync, writeFileSync } from "node:fs";
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
const measurements: Measurement[] = [];
console.log(printedTitle());
for (const fn of FUNCTIONS) {
  if (names.length > 0 && !names.includes(fn.name)) continue;
  for (const variant of variants()) {
    const measurement = measure(fn, variant, COUNT, goldens);
    measurements.push(measurement);
    console.log(printedLine(measurement));
  }
}
const iterated: IteratedMeasurement[] = [];
if (names.length === 0) {
  const points = readIterated();
  for (const name of ITERATED)
    for (const dtype of ["float32", "float64"] as const)
      for (const variant of variants()) {
        const measurement = measureIterated(name, dtype, variant, points);
        iterated.push(measurement);
        console.log(printedIterated(measurement));
      }
}
const failures = [...measurements.flatMap(failuresOf), ...iterated.flatMap(iteratedFailures)];
for (const failure of failures) console.error(failure);
process.exitCode = failures.length > 0 ? 1 : 0;
if (names.length === 0 && failures.length === 0) {
  const text = readFileSync(DOCUMENT, "utf8");
  const [head, tail] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (head < 0 || tail < head) throw new Error(`docs/accuracy.md has no "${BEGIN}" before "${END}"`);
  const tables = `${markdownTables(measurements)}${iteratedTable(iterated)}`;
  writeFileSync(DOCUMENT, `${text.slice(0, head + BEGIN.length)}\n${tables}\n${text.slice(tail)}`);
  console.log("\nwritten to docs/accuracy.md");
}
