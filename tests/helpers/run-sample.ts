/** Runs a sample in this process, and compares what it prints with what the document's code prints. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { PlotSection } from "../../samples/report/index.ts";
import { useDevice } from "../../samples/run/device.ts";
import type { DeviceName, RunSample, SampleReport } from "../../samples/run/sample.ts";
import { flat } from "./close.ts";
import { root } from "./paths.ts";

export interface SampleRun {
  readonly printed: readonly string[];
  /** What was shown while it ran, in order. */
  readonly shown: readonly { readonly id: string; readonly plot: PlotSection }[];
  readonly report: SampleReport;
}

export async function runRecorded(
  run: RunSample,
  { device = "wasm", quick = false }: { device?: DeviceName; quick?: boolean } = {},
): Promise<SampleRun> {
  const printed: string[] = [];
  const shown: { id: string; plot: PlotSection }[] = [];
  await useDevice(device);
  const report = await run({
    device,
    quick,
    print: (line = "") => printed.push(...line.split("\n")),
    progress: () => ({ update: () => undefined, finish: () => undefined }),
    show: async (id, plot) => void shown.push({ id, plot }),
    data: async (name) => readFileSync(path.join(root, "samples/data", name)),
  }).finally(() => useDevice("wasm"));
  return { printed, shown, report };
}

/** The JSON that tests/golden/samples/NAME.py wrote. */
export function sampleGolden<T>(name: string): T & { readonly versions: Readonly<Record<string, string>> } {
  return JSON.parse(readFileSync(path.join(root, "tests/golden/samples", `${name}.json`), "utf8"));
}

const NUMBER = /-?\d+(?:\.\d*)?(?:e[-+]?\d+)?/g;

/** The same words, and numbers that differ by at most `tolerance` relative to their size or to one. */
export function samePrinted(actual: string, expected: string, tolerance: number): void {
  const words = (line: string): string =>
    line.replace(NUMBER, "#").replace(/\s+/g, " ").replaceAll(" ]", "]").trim();
  assert.equal(words(actual), words(expected));
  const numbers = (line: string): number[] => (line.match(NUMBER) ?? []).map(Number);
  const wanted = numbers(expected);
  for (const [i, value] of numbers(actual).entries()) {
    const bound = tolerance * Math.max(1, Math.abs(wanted[i]!));
    assert.ok(Math.abs(value - wanted[i]!) <= bound, `${actual}\nPython printed\n${expected}`);
  }
}

/** All of `actual`, floats or arrays of them, within `tolerance` of what Python has, relative to its size or to one. */
export function near(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!) / Math.max(1, Math.abs(expected[i]!));
    assert.ok(error <= tolerance, `element ${i}: ${actual[i]}, Python has ${expected[i]}`);
  }
}

/** Trees of parameters with the same names and, within `tolerance`, the numbers that Python has as nested lists. */
export function sameParameters(actual: unknown, expected: unknown, tolerance: number, path = ""): void {
  if (Array.isArray(expected)) return near(flat(actual), flat(expected), tolerance);
  const [a, e] = [actual as Record<string, unknown>, expected as Record<string, unknown>];
  assert.deepEqual(Object.keys(a).sort(), Object.keys(e).sort(), path);
  for (const name of Object.keys(e)) sameParameters(a[name], e[name], tolerance, `${path}/${name}`);
}
