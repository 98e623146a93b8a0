/**
 * Every sample's functions, compiled ahead of time for WebGPU, give the just-in-time run's bits where only the output is, in Node
 * and in Chromium. `SAMPLES=all npm test -- webgpu/aot-samples` runs the long ones too, which take minutes in software.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { promisify } from "node:util";
import { deserialize } from "weft";
import { packArtifact } from "../../compiler/artifact/container.ts";
import type { Graph } from "../../compiler/graph/graph.ts";
import { compileGraphForWebGpu } from "../../compiler/pipeline-webgpu.ts";
import { UnsupportedError } from "../../compiler/types/errors.ts";
import { costOf } from "../../frontend/transforms/graph-cost.ts";
import { loadGpuProgram } from "../../runtime/webgpu/loader.ts";
import { prepareSchedule } from "../../runtime/webgpu/schedule.ts";
import type { RunSample } from "../../samples/run/sample.ts";
import { withPage } from "../browser/chromium.ts";
import { exportGraph, type RecordedCall, recordCalls, writeCases } from "../helpers/aot-cases.ts";
import { root } from "../helpers/paths.ts";
import { runRecorded } from "../helpers/run-sample.ts";
import { installWebGpu, swiftShaderEnvironment } from "../helpers/swiftshader.ts";
import { gpuDevice } from "./gpu.ts";

const base = mkdtempSync(path.join(tmpdir(), "weft-aot-gpu-"));
after(() => rmSync(base, { recursive: true, force: true }));

const samples = readdirSync(path.join(root, "samples")).filter((name) =>
  existsSync(path.join(root, "samples", name, "sample.json")),
);

/** Shaders with whole Markov chains inside: Chromium's SwiftShader takes minutes to compile them. */
const SLOW_IN_CHROMIUM = "bayesian-regression";

const whole = process.env.SAMPLES === "all";
/** Commands and operations of one call. Whole trainings and chains pass too, but take minutes on a GPU in software. */
const MOST_COMMANDS = whole ? Number.POSITIVE_INFINITY : 200;
const MOST_FLOPS = whole ? Number.POSITIVE_INFINITY : 1e8;

/** Compiled for the least limits that every adapter grants; null for a function with float64, or one that runs for long. */
function compile(graph: Graph, donated: readonly boolean[]) {
  try {
    const { executable, optimised } = compileGraphForWebGpu(graph, { donated });
    const { commands } = prepareSchedule(executable.schedule).body;
    return commands > MOST_COMMANDS || costOf(optimised).flops > MOST_FLOPS ? null : executable;
  } catch (error) {
    if (error instanceof UnsupportedError && /float64/.test(error.message)) return null;
    throw error;
  }
}

/** The call with the results of compiling it just in time for WebGPU; null where that is not for this test. */
async function onGpu(call: RecordedCall): Promise<RecordedCall | null> {
  const executable = compile(call.graph, call.donated);
  if (executable === null) return null;
  const device = await gpuDevice();
  const program = loadGpuProgram(executable, device);
  const inputs = call.inputs.map((bytes) => device.store(bytes));
  const outputs = program.run(inputs);
  const bytes = await Promise.all(outputs.map((storage) => storage.read()));
  for (const storage of [...inputs, ...outputs]) storage.release();
  program.dispose();
  return { ...call, outputs: bytes };
}

describe("samples compiled ahead of time for WebGPU", () => {
  for (const name of samples) {
    test(name, async () => {
      const { run } = (await import(`../../samples/${name}/sample.ts`)) as { run: RunSample };
      const recorded = await recordCalls(() => runRecorded(run, { quick: true }));
      const calls: RecordedCall[] = [];
      for (const call of recorded) calls.push(...[await onGpu(call)].filter((each) => each !== null));
      assert.ok(recorded.length > 0, "it compiled nothing");
      if (calls.length === 0) {
        // Whole trainings and chains alone: compiled, and accepted by who reads it.
        for (const call of recorded) deserialize(packArtifact(exportGraph(call, "f", "webgpu")));
        return;
      }
      const folder = path.join(base, name);
      await writeCases(folder, calls, "webgpu");
      installWebGpu(folder);
      writeFileSync(
        path.join(folder, "main.mjs"),
        `import { check } from "./check.js"; console.log(JSON.stringify(await check())); process.exit();`,
      );
      const { stdout } = await promisify(execFile)(process.execPath, ["main.mjs"], {
        cwd: folder,
        env: { ...process.env, ...(await swiftShaderEnvironment()) },
      });
      const right = { cases: calls.length, wrong: [] };
      assert.deepEqual(JSON.parse(stdout), right);
      if (name === SLOW_IN_CHROMIUM && !whole) return;
      const inPage = await withPage(folder, (page) =>
        page.evaluate(async (file) => {
          const { check } = (await import(file)) as { check(): Promise<unknown> };
          return check();
        }, "/check.js"),
      );
      assert.deepEqual(inPage, right, "in Chromium");
    });
  }
});
