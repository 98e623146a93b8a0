/** `weft inspect`: one HTML page about everything the compiler did with a function. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Graph } from "../../compiler/graph/graph.ts";
import { toTypedArray } from "../../compiler/interpret/tensors.ts";
import { type CompiledGraph, compileGraph } from "../../compiler/pipeline.ts";
import { compileGraphForWebGpu } from "../../compiler/pipeline-webgpu.ts";
import type { WebGpuExecutable } from "../../compiler/program/webgpu.ts";
import { UnsupportedError } from "../../compiler/types/errors.ts";
import { cpuDevice } from "../../runtime/device.ts";
import { bytesOfTypedArray } from "../../runtime/typed-array.ts";
import { gpuDevice } from "../../runtime/webgpu/default-device.ts";
import { measureGpuKernels } from "../inspect/measure/gpu-kernel-times.ts";
import { measureGpuMachine } from "../inspect/measure/gpu-machine.ts";
import { measureMachine } from "../inspect/measure/machine.ts";
import { profileGraph } from "../inspect/measure/profiling-backend.ts";
import { randomInput } from "../inspect/random-inputs.ts";
import { allObservers, CompileRecording } from "../inspect/recording.ts";
import { buildReport } from "../inspect/report-builder.ts";
import { readGraph } from "./bisect.ts";
import { parseDonated } from "./ir-inputs.ts";
import { print } from "./output.ts";
import { wantWat } from "./packages.ts";
import { loadPlugin } from "./plugin.ts";
import { compileProgress } from "./progress.ts";
import { isIrFile } from "./run-ir.ts";
import { traceExport } from "./traced-export.ts";
import { writeWhole } from "./write-files.ts";

export interface InspectOptions {
  readonly args?: string;
  readonly out?: string;
  /** Where kernels are run. */
  readonly device: "wasm" | "webgpu";
  /** Commander's: false for --no-run. */
  readonly run: boolean;
  readonly donate?: string;
  readonly plugin?: string;
  readonly json?: boolean;
}

/** Kernels are run for about this long, or so many times. */
const MEASURED_MILLISECONDS = 1000;
const MEASURED_CALLS = 200;

/** Longer source files are not put into the page. */
const LONGEST_FILE = 2 ** 20;

/** Where the page stands in `dist/` without its data, and the mark in it. */
const PAGE = "inspect.html";
const MARK = "<!--weft-data-->";

export async function inspect(target: string, options: InspectOptions, verbose: boolean): Promise<void> {
  const traced = isIrFile(target)
    ? null
    : await traceExport(target, { args: options.args, verbose, command: "inspect" });
  const graph: Graph = traced?.lowered.graph ?? readGraph(target);
  const donated = traced?.lowered.entry.donated ?? parseDonated(options.donate);
  const toWat = await wantWat();
  const plugin = await loadPlugin(options.plugin);
  const recording = new CompileRecording();
  const compiled = compileGraph(graph, {
    donated,
    verify: true,
    observer: allObservers(recording, compileProgress(`compiling ${graph.name}`)),
    plugin,
  });
  const onGpu = options.device === "webgpu";
  const device = onGpu && options.run ? await gpuDevice() : null;
  const forGpu = {
    donated,
    plugin,
    observer: allObservers(compileProgress(`compiling ${graph.name} for WebGPU`)),
  };
  const gpu = compiledForGpu(graph, { ...forGpu, ...(device && { limits: device.limits }) }, onGpu);
  const onCpu = options.run && !onGpu;
  const gpuTimes = device !== null && gpu !== null ? await measureGpuKernels(gpu.executable, device) : null;
  const data = buildReport({
    compiled,
    gpu,
    passes: recording.passes,
    donated,
    folder: process.cwd(),
    readFile,
    toWat,
    machine: onCpu ? measureMachine() : null,
    timeOf: onCpu ? measureKernels(compiled) : () => null,
    gpuMachine: device === null ? null : await measureGpuMachine(device),
    gpuTimeOf: (kernel) => gpuTimes?.kernels.get(kernel)?.median ?? null,
  });
  if (options.json === true) return print(`${JSON.stringify(data)}\n`);
  const out = options.out ?? `${graph.name.replace(/[^\p{L}\p{N}_.-]+/gu, "_")}.html`;
  writeWhole(out, pageOf(JSON.stringify(data)));
  await print(`${out}\n`);
}

/** Null where WebGPU has not what the function needs, float64 above all; an UnsupportedError where it is `required`. */
function compiledForGpu(
  graph: Graph,
  options: Parameters<typeof compileGraphForWebGpu>[1],
  required: boolean,
): CompiledGraph<WebGpuExecutable> | null {
  try {
    return compileGraphForWebGpu(graph, options);
  } catch (error) {
    if (required || !(error instanceof UnsupportedError)) throw error;
    console.error(`weft: no WGSL: ${error.message.split("\n")[0]}`);
    return null;
  }
}

function readFile(file: string): string | null {
  if (!path.isAbsolute(file) && !existsSync(file)) return null;
  try {
    const text = readFileSync(file, "utf8");
    return text.length > LONGEST_FILE ? null : text;
  } catch {
    return null;
  }
}

/** Runs the function on random arrays, each kernel timed. */
function measureKernels(compiled: CompiledGraph): (kernel: string) => number | null {
  const { program, clock } = profileGraph(compiled);
  const { memory } = cpuDevice();
  const inputs = compiled.graph.inputs.map(({ type }, i) =>
    memory.store(bytesOfTypedArray(toTypedArray(randomInput(type, 0, i)))),
  );
  const started = performance.now();
  for (let calls = 0; calls < MEASURED_CALLS; calls++) {
    for (const output of program.run(inputs)) output.release();
    if (performance.now() - started > MEASURED_MILLISECONDS) break;
  }
  program.dispose();
  for (const input of inputs) input.release();
  return (kernel) => clock.of(kernel)?.median ?? null;
}

function pageOf(json: string): string {
  const page = readFileSync(new URL(PAGE, import.meta.resolve("weft")), "utf8");
  // Within a script element nothing but its end tag and comments has a meaning.
  const safe = json.replaceAll("<", "\\u003c");
  return page.replace(MARK, () => safe);
}
