/**
 * Every sample's functions give the same bytes whenever they are compiled and, compiled ahead of time, the just-in-time run's
 * bits where only the output is: in Node and in Chromium, on WebAssembly and on WebGPU. A sample runs once for all of that.
 * `SAMPLES=all npm test -- aot-samples` runs whole trainings and chains on a GPU too, which in software takes half an hour.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { deserialize } from "weft";
import { packArtifact } from "../compiler/artifact/container.ts";
import { compileGraphForWebGpu } from "../compiler/pipeline-webgpu.ts";
import { UnsupportedError } from "../compiler/types/errors.ts";
import { hasRelaxedSimd } from "../runtime/index.ts";
import { loadGpuProgram } from "../runtime/webgpu/loader.ts";
import { prepareSchedule } from "../runtime/webgpu/schedule.ts";
import type { RunSample } from "../samples/run/sample.ts";
import { bundleForBrowser, withPage } from "./browser/chromium.ts";
import type * as JustInTime from "./browser/pages/just-in-time.ts";
import type { GraphCall } from "./browser/pages/just-in-time.ts";
import { exportGraph, type RecordedCall, recordCalls, writeCases } from "./helpers/aot-cases.ts";
import { root } from "./helpers/paths.ts";
import { checkRoundTrip } from "./helpers/round-trip.ts";
import { runRecorded } from "./helpers/run-sample.ts";
import { shortChain } from "./helpers/short-chain.ts";
import { installWebGpu, swiftShaderEnvironment } from "./helpers/swiftshader.ts";
import { gpuDevice } from "./webgpu/gpu.ts";

const base = mkdtempSync(path.join(tmpdir(), "weft-aot-"));
after(() => rmSync(base, { recursive: true, force: true }));

const samples = readdirSync(path.join(root, "samples")).filter((name) =>
  existsSync(path.join(root, "samples", name, "sample.json")),
);

const whole = process.env.SAMPLES === "all";
/** Commands and operations of one call. Whole trainings take minutes on a GPU in software. */
const MOST_COMMANDS = whole ? Number.POSITIVE_INFINITY : 200;
const MOST_FLOPS = whole ? Number.POSITIVE_INFINITY : 1e8;
/** Of other samples' functions, shorter runs for a GPU in software: the same shaders, which go round less often. */
const SHORTER: Readonly<Record<string, () => Promise<unknown>>> = whole
  ? {}
  : { "bayesian-regression": shortChain };

interface Outcome {
  readonly cases: number;
  readonly wrong: readonly string[];
}

interface Checks {
  check(variant?: string, expected?: (call: GraphCall) => readonly Uint8Array[]): Promise<Outcome>;
}

for (const name of samples) {
  describe(`samples/${name} compiled ahead of time`, () => {
    let calls: RecordedCall[] = [];
    const folder = (target: string): string => path.join(base, `${name}-${target}`);

    before(async () => {
      const { run } = (await import(`../samples/${name}/sample.ts`)) as { run: RunSample };
      calls = await recordCalls(() => runRecorded(run, { quick: true }));
      assert.ok(calls.length > 0, "it compiled nothing");
    });
    after(() => {
      calls = [];
      for (const target of ["wasm", "webgpu"]) rmSync(folder(target), { recursive: true, force: true });
    });

    test("the same bytes again, and from its text", () => {
      for (const { graph, donated, compiled } of calls) checkRoundTrip(graph, donated, compiled);
    });

    test("on WebAssembly", async () => {
      await writeCases(folder("wasm"), calls);
      await checkOnWasm(folder("wasm"), calls.length);
    });

    test("on WebGPU", async () => {
      const shorter = SHORTER[name];
      const recorded = shorter === undefined ? calls : await recordCalls(shorter);
      const onGpu: RecordedCall[] = [];
      for (const call of recorded) onGpu.push(...[await callOnGpu(call)].filter((each) => each !== null));
      if (onGpu.length === 0) {
        // Whole trainings alone: compiled, and accepted by who reads it.
        for (const call of recorded) deserialize(packArtifact(exportGraph(call, "f", "webgpu")));
        return;
      }
      await writeCases(folder("webgpu"), onGpu, "webgpu");
      await checkOnWebGpu(folder("webgpu"), onGpu.length);
    });
  });
}

/** The variant of the modules that this engine's just-in-time calls run. */
const variant = hasRelaxedSimd() ? "relaxed" : "simd";
/** All of Weft for the page, made once. */
let justInTime: Promise<string> | null = null;

async function checkOnWasm(folder: string, cases: number): Promise<void> {
  const right: Outcome = { cases, wrong: [] };
  assert.deepEqual(await inNode(folder, `check("${variant}")`), right, "in Node");
  await withPage(folder, async (page) => {
    // The same bits as Node's, and those that the page itself gives with what its engine has.
    const same = page.evaluate(
      async ([file, variant]) => {
        const { check } = (await import(file!)) as Checks;
        return check(variant);
      },
      ["/check.js", variant],
    );
    assert.deepEqual(await same, right, "in Chromium, with Node's variant");
  });
  justInTime ??= bundleForBrowser("tests/browser/pages/just-in-time.ts");
  writeFileSync(path.join(folder, "jit.js"), await justInTime);
  await withPage(folder, async (page) => {
    const own = page.evaluate(
      async ([checks, jit]) => {
        const { check } = (await import(checks!)) as Checks;
        const { runGraph } = (await import(jit!)) as typeof JustInTime;
        return check("relaxed", runGraph);
      },
      ["/check.js", "/jit.js"],
    );
    assert.deepEqual(await own, right, "in Chromium, against its own just-in-time run");
  });
}

async function checkOnWebGpu(folder: string, cases: number): Promise<void> {
  const right: Outcome = { cases, wrong: [] };
  installWebGpu(folder);
  assert.deepEqual(await inNode(folder, "check()", await swiftShaderEnvironment()), right, "in Node");
  const inPage = await withPage(folder, (page) =>
    page.evaluate(async (file) => {
      const { check } = (await import(file)) as Checks;
      return check();
    }, "/check.js"),
  );
  assert.deepEqual(inPage, right, "in Chromium");
}

/** What an expression with the folder's `check` gives in a process of its own. */
async function inNode(
  folder: string,
  expression: string,
  env: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const main = path.join(folder, "main.mjs");
  writeFileSync(
    main,
    `import { check } from "./check.js"; console.log(JSON.stringify(await ${expression})); process.exit();`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [main], { env: { ...process.env, ...env } });
  rmSync(main);
  return JSON.parse(stdout);
}

/**
 * The call with the results of compiling it just in time for WebGPU, with the least limits that every adapter grants; null
 * where it has float64, or runs for long.
 */
async function callOnGpu(call: RecordedCall): Promise<RecordedCall | null> {
  let executable: ReturnType<typeof compileGraphForWebGpu>["executable"];
  try {
    ({ executable } = compileGraphForWebGpu(call.graph, { donated: call.donated }));
  } catch (error) {
    if (error instanceof UnsupportedError && /float64/.test(error.message)) return null;
    throw error;
  }
  const { commands } = prepareSchedule(executable.schedule).body;
  if (commands > MOST_COMMANDS || call.flops > MOST_FLOPS) return null;
  const device = await gpuDevice();
  const program = loadGpuProgram(executable, device);
  const inputs = call.inputs.map((bytes) => device.store(bytes));
  const outputs = program.run(inputs);
  const bytes = await Promise.all(outputs.map((storage) => storage.read()));
  for (const storage of [...inputs, ...outputs]) storage.release();
  program.dispose();
  return { ...call, outputs: bytes };
}
