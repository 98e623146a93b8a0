/** The samples on WebGPU, in Node: they print what they print on Wasm, to float32's rounding. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { run as autoInsurance } from "../samples/auto-insurance/sample.ts";
import { run as lineFit } from "../samples/line-fit/sample.ts";
import { run as logisticRegression } from "../samples/logistic-regression/sample.ts";
import type { RunSample } from "../samples/run/sample.ts";
import { run as sigmoidDerivatives } from "../samples/sigmoid-derivatives/sample.ts";
import { runRecorded, samePrinted } from "./helpers/run-sample.ts";

const samples: Readonly<Record<string, RunSample>> = {
  "auto-insurance": autoInsurance,
  "line-fit": lineFit,
  "sigmoid-derivatives": sigmoidDerivatives,
  "logistic-regression": logisticRegression,
};

/** What is not a measured time. */
const stable = (lines: readonly string[]): string[] =>
  lines.filter((line) => line.trim() !== "" && !/ ms, /.test(line));

for (const [name, run] of Object.entries(samples)) {
  test(name, async () => {
    const onWasm = stable((await runRecorded(run, { quick: true })).printed);
    const onGpu = stable((await runRecorded(run, { device: "webgpu", quick: true })).printed);
    assert.equal(onGpu.length, onWasm.length);
    for (const [i, line] of onWasm.entries()) samePrinted(onGpu[i]!, line, 1e-5);
  });
}
