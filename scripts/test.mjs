// `npm test`: format, lint, types, build, then every test. `npm test -- NAME…` runs the test files with a NAME in
// their path, and no check before them. With `--threads=N` every compiled function is run by one thread and by N, cut into
// the smallest grains, and the bits compared. What else begins with `-` goes to `node --test`.

import { spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build, failBuild } from "./build.mjs";
import { bundleFiles } from "./bundle.mjs";
import { root } from "./paths.mjs";
import { withScratchFolder } from "./scratch.mjs";
import { ensureInstalled } from "./setup.mjs";
import { lint, typecheck } from "./tools.mjs";

const args = process.argv.slice(2);
const names = args.filter((arg) => !arg.startsWith("-"));
const threads = args.find((arg) => arg.startsWith("--threads="))?.slice("--threads=".length);
const runnerOptions = args.filter((arg) => arg.startsWith("-") && !arg.startsWith("--threads="));
/** Runs before each test file where `--threads` is given. */
const PRELUDE = "tests/helpers/threads-prelude.ts";

await ensureInstalled("test");
process.exitCode = await withScratchFolder("tests", main);

/**
 * @param {string} outdir an empty folder for the bundles
 * @returns {Promise<number>} the exit code
 */
async function main(outdir) {
  const files = testFiles();
  if (files.length === 0) {
    console.error(
      `weft: no file under tests/ has ${names.map((name) => `"${name}"`).join(" or ")} in its path`,
    );
    return 1;
  }
  const checks = names.length === 0 ? [await runChecks(outdir)] : [];
  const before = threads === undefined ? [] : [PRELUDE];
  const bundles = await step("bundle the tests", () =>
    bundleFiles([...before, ...files], outdir).catch(failBuild),
  );
  for (const file of bundles.splice(0, before.length)) {
    runnerOptions.push(`--import=${pathToFileURL(file).href}`);
  }
  return step("test", () => runTests([...checks, ...bundles]), { quiet: true });
}

/**
 * Runs the checks that come before the tests. A failing one does not hide the tests' results: it becomes a failing
 * test itself, and so stands in the closing summary.
 *
 * @param {string} outdir
 * @returns {Promise<string>} the file of those tests
 */
async function runChecks(outdir) {
  const results = {
    "format and lint (npm run lint; npm run format repairs)": await step(
      "format and lint",
      () => lint() === 0,
    ),
    "types (npm run typecheck)": await step("types", () => typecheck() === 0),
    "build (npm run build)": await step("build", () => buildPackage()),
  };
  const file = path.join(outdir, "checks.test.js");
  writeFileSync(
    file,
    [
      'import { test } from "node:test";',
      `for (const [name, passed] of Object.entries(${JSON.stringify(results)})) {`,
      "  test(name, () => {",
      '    if (!passed) throw "failed: its own message is at the beginning of this output";',
      "  });",
      "}",
    ].join("\n"),
  );
  return file;
}

/** @returns {Promise<boolean>} whether it succeeded */
async function buildPackage() {
  try {
    await build({ types: true });
    return true;
  } catch (error) {
    if (!(error instanceof Error && "errors" in error))
      console.error(error instanceof Error ? error.message : error);
    return false;
  }
}

/** @param {string[]} files @returns {number} the exit code */
function runTests(files) {
  const options = [
    "--enable-source-maps",
    "--test",
    "--test-concurrency=2",
    "--test-reporter=spec",
    ...runnerOptions,
  ];
  return (
    spawnSync(process.execPath, [...options, ...files], {
      cwd: root,
      stdio: "inherit",
      env: threads === undefined ? process.env : { ...process.env, WEFT_TEST_THREADS: threads },
    }).status ?? 1
  );
}

/** @returns {string[]} the test files asked for, relative to the root */
function testFiles() {
  return readdirSync(path.join(root, "tests"), { recursive: true, encoding: "utf8" })
    .map((file) => `tests/${file.split(path.sep).join("/")}`)
    .filter((file) => file.endsWith(".test.ts") && !/\/(node_modules|bench|\.build)\//.test(file))
    .filter((file) => names.length === 0 || names.some((name) => file.includes(name)))
    .sort();
}

/**
 * @template T
 * @param {string} title
 * @param {() => T | Promise<T>} work
 * @param {{ quiet?: boolean }} [options] `quiet`: no time at the end, as the step prints its own
 * @returns {Promise<T>}
 */
async function step(title, work, { quiet = false } = {}) {
  console.log(`── ${title}`);
  const started = performance.now();
  const result = await work();
  if (!quiet)
    console.log(`   ${result === false ? "FAILED" : "done"} in ${seconds(performance.now() - started)}\n`);
  return result;
}

/** @param {number} milliseconds @returns {string} */
function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
