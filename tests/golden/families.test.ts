/** The golden data as a whole: every family is run, there are enough cases, and they take little room. */
import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { GoldenContainer } from "../helpers/golden-container.ts";
import { root } from "../helpers/paths.ts";

const FOLDER = path.join(root, "tests", "golden");
/** Tables with a form of their own, which tests elsewhere run. */
const TABLES: ReadonlySet<string> = new Set([
  "api",
  "data-files",
  "indexing",
  "numpy-random",
  "reduction-window-contraction",
]);
const MEBIBYTE = 2 ** 20;

const files = readdirSync(path.join(FOLDER, "data")).filter((file) => file.endsWith(".bin"));
const families = files.map((file) => file.slice(0, -".bin".length));

const without = (names: readonly string[], others: readonly string[]): string[] =>
  names.filter((name) => !others.includes(name));

function names(folder: string, ending: string): string[] {
  const found = readdirSync(path.join(FOLDER, folder)).filter((file) => file.endsWith(ending));
  // `_NAME.py` is what several families share.
  return found.filter((file) => !file.startsWith("_")).map((file) => file.slice(0, -ending.length));
}

test("every family has its cases, its data and its test", () => {
  const sources = [...names("cases", ".py"), ...names("tables", ".py")];
  assert.deepEqual(without(sources, families), [], "data are missing: run tests/golden/make.py");
  assert.deepEqual(without(families, sources), [], "data without cases");
  const tests = [...names(".", ".test.ts"), ...TABLES];
  assert.deepEqual(without(families, tests), [], "families that no test runs");
});

test("at least 2000 cases, in less than 15 MiB", () => {
  const counts = families.map((family) => {
    const { cases = {} } = new GoldenContainer<{ readonly cases?: object }>(family).header;
    return Object.keys(cases).length;
  });
  const total = counts.reduce((a, b) => a + b, 0);
  assert.ok(total >= 2000, `${total} cases`);
  const bytes = files.reduce((sum, file) => sum + statSync(path.join(FOLDER, "data", file)).size, 0);
  assert.ok(bytes < 15 * MEBIBYTE, `${(bytes / MEBIBYTE).toFixed(1)} MiB`);
});

test("all data were made with the same versions of what they were made with", () => {
  const known: Record<string, string> = {};
  for (const family of families) {
    const { versions } = new GoldenContainer<{ readonly versions: Record<string, string> }>(family).header;
    for (const [library, version] of Object.entries(versions)) {
      known[library] ??= version;
      assert.equal(version, known[library], `${library} of ${family}`);
    }
  }
});
