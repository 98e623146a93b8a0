/** `weft run FILE.ir`: compiles a graph, kernel or program and runs it on arrays. */
import { writeFileSync } from "node:fs";
import type { RefTensor } from "../../compiler/graph/reference.ts";
import type { Kernel } from "../../compiler/kernel/kernel.ts";
import { compileGraph } from "../../compiler/pipeline.ts";
import type { Program, WasmExecutable } from "../../compiler/program/program.ts";
import { compileWasm } from "../../compiler/targets/wasm/compile.ts";
import { parseGraph } from "../../compiler/text/graph-parser.ts";
import { parseKernel } from "../../compiler/text/kernel-parser.ts";
import { parseProgram } from "../../compiler/text/program-parser.ts";
import { tensorType } from "../../compiler/types/tensor-type.ts";
import { verifyGraph, verifyKernel, verifyProgram } from "../../compiler/verify/index.ts";
import { formatElements } from "../core/print.ts";
import { compareResults, type Difference, formatDifference } from "../inspect/compare-results.ts";
import { interpretProgram, runExecutable, runReference } from "../inspect/execute.ts";
import { numberData } from "../inspect/graph-data.ts";
import { kernelProgram } from "../inspect/kernel-program.ts";
import { allObservers } from "../inspect/recording.ts";
import { openDump } from "./dump-folder.ts";
import { EXIT, UsageError } from "./errors.ts";
import { readIr } from "./ir-files.ts";
import {
  type InputOptions,
  inputsOf,
  type NamedInput,
  type ToleranceOptions,
  toleranceOf,
} from "./ir-inputs.ts";
import { formatNpy } from "./npy.ts";
import { print } from "./output.ts";
import { loadPlugin } from "./plugin.ts";
import { compileProgress } from "./progress.ts";

/** Options that a program of the user's has no use for. */
const OWN_OPTIONS = ["inputs", "seed", "outputs", "reference", "rtol", "atol", "plugin"] as const;

/** Throws UsageError where a program is to be run with options that are for IR. */
export function refuseIrOptions(file: string, options: RunIrOptions): void {
  const given = OWN_OPTIONS.find((name) => options[name] !== undefined);
  if (given === undefined) return;
  throw new UsageError(
    `--${given} is for files of IR (.ir), and ${file} is a program: its own options stand behind --`,
  );
}

export interface RunIrOptions extends InputOptions, ToleranceOptions {
  readonly device?: string;
  readonly dump?: string;
  readonly outputs?: string;
  readonly reference?: boolean;
  readonly plugin?: string;
  readonly json?: boolean;
}

/** Whether `weft run` is given IR, and not a program of the user's. */
export function isIrFile(file: string): boolean {
  return file === "-" || file.endsWith(".ir");
}

/** What a file of IR is to be run as. */
interface Runnable {
  readonly name: string;
  readonly inputs: readonly NamedInput[];
  readonly executable: WasmExecutable;
  /** The results as the interpreter gives them: of graphs in double precision. */
  reference(inputs: readonly RefTensor[]): RefTensor[];
}

/** Runs the file and prints its results; with `reference` the differences to the interpreter's. */
export async function runIr(file: string, args: readonly string[], options: RunIrOptions): Promise<void> {
  if (args.length > 0) throw new UsageError(`a file of IR takes no arguments; arrays are given by --inputs`);
  if (options.device !== undefined)
    throw new UsageError(
      "--device is for programs; weft profile FILE.ir --device webgpu runs a graph on a GPU",
    );
  const runnable = await load(file, options);
  const inputs = inputsOf(runnable.inputs, options, "none");
  const results = runExecutable(runnable.executable, inputs);
  const expected = options.reference === true ? runnable.reference(inputs) : null;
  const differences = expected === null ? null : compareResults(results, expected, toleranceOf(options));
  const files = results.map((tensor, i) => {
    if (options.outputs === undefined) return null;
    const name = `${options.outputs}.${i}.npy`;
    writeFileSync(name, formatNpy(tensor));
    return name;
  });
  if (options.json === true) {
    const outputs = results.map((tensor, i) => outputData(tensor, files[i], differences?.[i] ?? null));
    const same = differences === null ? null : differences.every((each) => each === null);
    await print(`${JSON.stringify({ name: runnable.name, outputs, matchesReference: same }, null, 2)}\n`);
  } else await print(textOf(results, files, differences));
  if (differences?.some((each) => each !== null)) process.exitCode = EXIT.input;
}

async function load(file: string, options: RunIrOptions): Promise<Runnable> {
  const ir = readIr(file);
  if (ir.kind !== "graph" && (options.dump ?? options.plugin) !== undefined) {
    throw new UsageError(
      `--dump and --plugin are for graphs, which passes compile, and ${ir.name} is a ${ir.kind}`,
    );
  }
  switch (ir.kind) {
    case "graph": {
      const graph = parseGraph(ir.text, ir.name);
      verifyGraph(graph);
      const plugin = await loadPlugin(options.plugin);
      const files = await openDump(options.dump);
      const observer = allObservers(files?.observe(graph, null), compileProgress(`compiling ${graph.name}`));
      const { executable } = compileGraph(graph, { plugin, observer });
      files?.finish();
      const summary = files?.summary();
      if (summary) console.error(summary);
      const inputs = graph.inputs.map(({ type, hint }, i) => ({ name: hint ?? `input ${i}`, type }));
      return { name: graph.name, inputs, executable, reference: (given) => runReference(graph, given) };
    }
    case "kernel": {
      const kernel: Kernel = parseKernel(ir.text, ir.name);
      verifyKernel(kernel);
      return ofProgram(kernelProgram(kernel));
    }
    case "program": {
      const program = parseProgram(ir.text, ir.name);
      verifyProgram(program);
      return ofProgram(program);
    }
    default:
      return ir.kind satisfies never;
  }
}

function ofProgram(program: Program): Runnable {
  const inputs = program.inputs.map(({ dtype, shape, label }) => ({
    name: label,
    type: tensorType(dtype, shape),
  }));
  return {
    name: program.name,
    inputs,
    executable: compileWasm(program),
    reference: (given) => interpretProgram(program, given),
  };
}

function outputData(tensor: RefTensor, file: string | null, difference: Difference | null): unknown {
  const { dtype, shape } = tensor.type;
  const elements = file === null ? { elements: Array.from(tensor.data, numberData) } : { file };
  return { dtype, shape, ...elements, difference };
}

function textOf(
  results: readonly RefTensor[],
  files: readonly (string | null)[],
  differences: readonly (Difference | null)[] | null,
): string {
  const lines = results.map((tensor, i) => {
    const { dtype, shape, text } = tensor.type;
    const file = files[i];
    const what = file === null ? `\n${formatElements(tensor.data, shape, dtype)}` : ` in ${file}`;
    const difference = differences?.[i];
    const verdict =
      differences === null
        ? ""
        : difference
          ? `\n${formatDifference(difference)}`
          : "\nas the reference has it";
    return `output ${i}, ${text}:${what}${verdict}\n`;
  });
  return lines.join("");
}
