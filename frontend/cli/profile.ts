/** `weft profile`: runs a program or a function, times each kernel, and writes a trace for chrome://tracing. */
import { writeFileSync } from "node:fs";
import { countTranscendentals, operationsOf } from "../../compiler/analysis/cost.ts";
import { programCost } from "../../compiler/analysis/program-cost.ts";
import { toTypedArray } from "../../compiler/interpret/tensors.ts";
import { compileGraph } from "../../compiler/pipeline.ts";
import { compileGraphForWebGpu } from "../../compiler/pipeline-webgpu.ts";
import { formatSource } from "../../compiler/types/source.ts";
import { cpuDevice } from "../../runtime/device.ts";
import { bytesOfTypedArray } from "../../runtime/typed-array.ts";
import { gpuDevice } from "../../runtime/webgpu/default-device.ts";
import { loadGpuProgram } from "../../runtime/webgpu/loader.ts";
import { setBackend } from "../core/backend.ts";
import { spans } from "../core/spans.ts";
import { measureGpuKernels } from "../inspect/measure/gpu-kernel-times.ts";
import { measureGpuMachine } from "../inspect/measure/gpu-machine.ts";
import type { KernelTimes } from "../inspect/measure/kernel-times.ts";
import { type Machine, measureMachine } from "../inspect/measure/machine.ts";
import {
  type ProfiledFunction,
  ProfilingBackend,
  profileGraph,
} from "../inspect/measure/profiling-backend.ts";
import { relativeFile } from "../inspect/sources.ts";
import type { AnyCompiled } from "../inspect/stages.ts";
import { startTrace, stopTrace } from "../profiler/index.ts";
import { readGraph } from "./bisect.ts";
import { UsageError } from "./errors.ts";
import { type InputOptions, inputsOf, integer } from "./ir-inputs.ts";
import { print, withStdoutOnStderr } from "./output.ts";
import { compileProgress } from "./progress.ts";
import { runProgram } from "./run.ts";
import { isIrFile } from "./run-ir.ts";
import { formatTable } from "./table.ts";
import { traceExport } from "./traced-export.ts";

export interface ProfileOptions extends InputOptions {
  readonly device: "wasm" | "webgpu";
  readonly args?: string;
  readonly trace?: string;
  /** Calls of a function that are measured, after as many that are not, up to a few. */
  readonly repeat: string;
  readonly json?: boolean;
}

/** Calls before measuring, so that the engine has optimised the code. */
const WARM_UP = 10;

export async function profile(
  target: string,
  args: readonly string[],
  options: ProfileOptions,
  verbose: boolean,
): Promise<void> {
  const repeat = integer("--repeat", options.repeat);
  if (repeat === 0) throw new UsageError("--repeat takes a number from 1 on");
  const isFunction = isIrFile(target) || target.includes("#") || options.args !== undefined;
  if (isFunction && args.length > 0)
    throw new UsageError("arguments behind -- are for programs: a function's are given by --args");
  if (options.device === "webgpu") {
    if (!isFunction)
      throw new UsageError("--device webgpu is for functions and graphs: FILE#EXPORT, FILE.ir");
    return profileOnGpu(target, options, repeat, verbose);
  }
  const machine = measureMachine();
  if (isFunction) {
    const functions = [await profileFunction(target, options, repeat, verbose)];
    return report(functions, machine, options);
  }
  if (options.inputs !== undefined || options.seed !== undefined) {
    throw new UsageError("--inputs and --seed are for functions and IR: a program makes its own arrays");
  }
  const backend = new ProfilingBackend();
  setBackend(backend);
  if (options.trace !== undefined) startTrace();
  // stdout is for what was asked for.
  if (options.json === true) process.stdout.write = process.stderr.write.bind(process.stderr);
  await runProgram(target, args, verbose, {
    onEnd: () =>
      reportSync(
        backend.functions.filter((f) => f.calls.count > 0),
        machine,
        options,
      ),
  });
}

/** What is profiled by itself, and random or given arrays for it. */
async function functionOf(target: string, options: ProfileOptions, verbose: boolean) {
  const traced = isIrFile(target)
    ? null
    : await traceExport(target, { args: options.args, verbose, command: "profile" });
  const graph = traced?.lowered.graph ?? readGraph(target);
  const wanted = graph.inputs.map(({ type, hint }, i) => ({ name: hint ?? `input ${i}`, type }));
  return { graph, inputs: inputsOf(wanted, options, "random") };
}

/** Calls a function on a GPU, and each of its shaders by itself. */
async function profileOnGpu(
  target: string,
  options: ProfileOptions,
  repeat: number,
  verbose: boolean,
): Promise<void> {
  const device = await gpuDevice();
  const machine = await measureGpuMachine(device);
  const { graph, inputs } = await functionOf(target, options, verbose);
  if (options.trace !== undefined) startTrace();
  const { limits } = device;
  const observer = compileProgress(`compiling ${graph.name}`);
  const compiled = spans.measure("compile", graph.name, () =>
    compileGraphForWebGpu(graph, { limits, ...(observer === null ? {} : { observer }) }),
  );
  const program = spans.measure("load", graph.name, () => loadGpuProgram(compiled.executable, device));
  const given = inputs.map((tensor) => device.store(bytesOfTypedArray(toTypedArray(tensor))));
  const call = async (): Promise<void> => {
    const start = performance.now();
    for (const output of program.run(given)) output.release();
    await device.idle();
    spans.report({ kind: "run", name: graph.name, start, duration: performance.now() - start, detail: {} });
  };
  for (let i = 0; i < Math.min(repeat, WARM_UP); i++) await call();
  const started = performance.now();
  for (let i = 0; i < repeat; i++) await call();
  const milliseconds = performance.now() - started;
  const { kernels, by } = await measureGpuKernels(compiled.executable, device);
  const functions: MeasuredFunction[] = [
    {
      compiled,
      calls: { count: repeat, milliseconds },
      of: (kernel, launches) => {
        const times = kernels.get(kernel);
        if (times === undefined) return null;
        return { ...times, launches: launches * repeat, total: times.median * launches * repeat };
      },
    },
  ];
  const how = by === "timestamps" ? "timestamp queries" : "the clock, as there are no timestamp queries";
  const note = `Shaders by themselves, by ${how}. ${describeMachine(device.description, machine)}`;
  await print(reportText(functions, note, machine, options));
  device.destroy();
}

async function profileFunction(
  target: string,
  options: ProfileOptions,
  repeat: number,
  verbose: boolean,
): Promise<ProfiledFunction> {
  const { graph, inputs } = await functionOf(target, options, verbose);
  if (options.trace !== undefined) startTrace();
  const observer = compileProgress(`compiling ${graph.name}`);
  const compiled = spans.measure("compile", graph.name, () =>
    compileGraph(graph, observer === null ? {} : { observer }),
  );
  const profiled = profileGraph(compiled);
  const { memory } = cpuDevice();
  const given = inputs.map((tensor) => memory.store(bytesOfTypedArray(toTypedArray(tensor))));
  await withStdoutOnStderr(async () => {
    const call = (): void => {
      const outputs = spans.measure("run", graph.name, () => profiled.program.run(given));
      for (const output of outputs) output.release();
    };
    for (let i = 0; i < Math.min(repeat, WARM_UP); i++) call();
    profiled.clock.clear();
    for (let i = 0; i < repeat; i++) {
      const start = performance.now();
      call();
      profiled.calls.count++;
      profiled.calls.milliseconds += performance.now() - start;
    }
  });
  return profiled;
}

/** A kernel's line of the table. */
interface KernelRow {
  readonly function: string;
  readonly kernel: string;
  readonly launches: number;
  /** Of all launches. */
  readonly milliseconds: number;
  readonly share: number;
  /** Of the middle launch. */
  readonly microseconds: number;
  readonly fastestMicroseconds: number;
  readonly flops: number;
  readonly transcendentals: number;
  /** Operations within math functions. */
  readonly mathOperations: number;
  readonly bytes: number;
  readonly gigaflopsPerSecond: number;
  readonly gigabytesPerSecond: number;
  /** Of what the roofline allows for its arithmetic intensity; null where nothing is counted. */
  readonly roofline: number | null;
  readonly sources: readonly string[];
}

/** The best time the machine could have for the counted work, in seconds. */
export function rooflineSeconds(operations: number, bytes: number, machine: Machine): number {
  return Math.max(operations / machine.flops, bytes / machine.bandwidth);
}

/** A function that was run, on whatever device. */
interface MeasuredFunction {
  readonly compiled: AnyCompiled;
  readonly calls: { readonly count: number; readonly milliseconds: number };
  /** Times of a kernel that one call launches so often; null where it did not run. */
  of(kernel: string, launches: number): KernelTimes | null;
}

function onCpu({ compiled, calls, clock }: ProfiledFunction): MeasuredFunction {
  return { compiled, calls, of: (kernel) => clock.of(kernel) };
}

/** What a core or a GPU can do, under a table. */
function describeMachine(where: string, { flops, fused, bandwidth }: Machine): string {
  const speed = `${(flops / 1e9).toFixed(1)} GFLOP/s${fused ? " fused" : ""}`;
  return `${where}: ${speed}, ${(bandwidth / 1e9).toFixed(1)} GB/s.`;
}

function rowsOf(functions: readonly MeasuredFunction[], machine: Machine): KernelRow[] {
  const rows = functions.flatMap(({ compiled, of }) => {
    const { program } = compiled.assembled;
    return programCost(program).kernels.flatMap(({ name, cost, launches }, i): KernelRow[] => {
      const times = of(name, launches);
      if (times === null) return [];
      const bytes = cost.bytesRead + cost.bytesWritten;
      const seconds = times.median / 1000;
      const best = rooflineSeconds(operationsOf(cost), bytes, machine);
      const perSecond = (work: number): number => (seconds === 0 ? 0 : work / seconds / 1e9);
      return [
        {
          function: program.name,
          kernel: name,
          launches: times.launches,
          milliseconds: times.total,
          share: 0,
          microseconds: times.median * 1000,
          fastestMicroseconds: times.fastest * 1000,
          flops: cost.flops,
          transcendentals: countTranscendentals(cost),
          mathOperations: cost.mathOperations,
          bytes,
          gigaflopsPerSecond: perSecond(operationsOf(cost)),
          gigabytesPerSecond: perSecond(bytes),
          roofline: seconds === 0 || best === 0 ? null : best / seconds,
          sources: [
            ...new Set(
              program.kernels[i].sources.flatMap((source) => {
                const location = source.resolve();
                if (location === null) return [];
                return [formatSource({ ...location, file: relativeFile(location.file, process.cwd()) })];
              }),
            ),
          ],
        },
      ];
    });
  });
  const total = rows.reduce((sum, row) => sum + row.milliseconds, 0);
  return rows
    .map((row) => ({ ...row, share: total === 0 ? 0 : row.milliseconds / total }))
    .sort((a, b) => b.milliseconds - a.milliseconds);
}

async function report(
  functions: readonly ProfiledFunction[],
  machine: Machine,
  options: ProfileOptions,
): Promise<void> {
  await print(reportText(functions.map(onCpu), describeMachine("One core", machine), machine, options));
}

/** For the end of a process, where nothing is waited for. */
function reportSync(functions: readonly ProfiledFunction[], machine: Machine, options: ProfileOptions): void {
  // A program's own output is on stdout.
  const text = reportText(functions.map(onCpu), describeMachine("One core", machine), machine, options);
  writeFileSync(options.json === true ? 1 : 2, text);
}

function reportText(
  functions: readonly MeasuredFunction[],
  note: string,
  machine: Machine,
  { trace: file, json }: ProfileOptions,
): string {
  const trace = file === undefined ? null : stopTrace();
  if (file !== undefined && trace !== null) writeFileSync(file, trace.toChromeTrace());
  const rows = rowsOf(functions, machine);
  const calls = functions.map(({ compiled, calls: { count, milliseconds } }) => ({
    name: compiled.graph.name,
    calls: count,
    milliseconds,
  }));
  if (json === true) {
    return `${JSON.stringify({ machine, functions: calls, kernels: rows, trace: file ?? null }, null, 2)}\n`;
  }
  if (rows.length === 0) return "weft: no kernel ran\n";
  const several = functions.length > 1;
  const header = [
    "kernel",
    "launches",
    "total ms",
    "share",
    "µs each",
    "GFLOP/s",
    "GB/s",
    "of roofline",
    "source",
  ];
  const body = rows.map((row) => [
    several ? `${row.function} ${row.kernel}` : row.kernel,
    String(row.launches),
    row.milliseconds.toFixed(3),
    `${(100 * row.share).toFixed(1)} %`,
    row.microseconds.toFixed(2),
    row.gigaflopsPerSecond.toFixed(2),
    row.gigabytesPerSecond.toFixed(2),
    row.roofline === null ? "" : `${(100 * row.roofline).toFixed(0)} %`,
    row.sources.length > 1 ? `${row.sources[0]} and ${row.sources.length - 1} more` : (row.sources[0] ?? ""),
  ]);
  const sum = calls.reduce((n, each) => n + each.calls, 0);
  const total = calls.reduce((n, each) => n + each.milliseconds, 0);
  return [
    formatTable([header, ...body], ["left", ...Array<"right">(7).fill("right"), "left"]),
    "",
    `${sum} call${sum === 1 ? "" : "s"}, ${total.toFixed(3)} ms with the measuring. ${note}`,
    ...(file === undefined
      ? []
      : [`trace: ${file}${trace?.truncated ? " (cut short: there were too many launches)" : ""}`]),
    "",
  ].join("\n");
}
