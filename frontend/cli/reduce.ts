/** `weft reduce`: makes a failing graph smaller for as long as it fails. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type CompilerPlugin, compileGraph } from "../../compiler/pipeline.ts";
import { printGraph } from "../../compiler/text/graph-printer.ts";
import { firstDifference, type Tolerance } from "../inspect/compare-results.ts";
import { runExecutable, runReference } from "../inspect/execute.ts";
import { countEquations } from "../inspect/module-dump.ts";
import type { Trial } from "../inspect/search/edit-graph.ts";
import { reduceGraph, type StillFails } from "../inspect/search/reduce.ts";
import { readGraph } from "./bisect.ts";
import { InputError } from "./errors.ts";
import { type InputOptions, inputsOf, integer, type ToleranceOptions, toleranceOf } from "./ir-inputs.ts";
import { formatNpy } from "./npy.ts";
import { print } from "./output.ts";
import { loadPlugin } from "./plugin.ts";

/** Options of `reduceAssociative` and `reduce`. */
export interface ReduceOptions extends InputOptions, ToleranceOptions {
  readonly fails: "mismatch" | "crash";
  readonly command?: string;
  readonly out?: string;
  readonly seconds: string;
  readonly plugin?: string;
  readonly json?: boolean;
}

export async function reduce(file: string, options: ReduceOptions): Promise<void> {
  const graph = readGraph(file);
  const wanted = graph.inputs.map(({ type, hint }, i) => ({ name: hint ?? `input ${i}`, type }));
  const whole: Trial = { graph, inputs: inputsOf(wanted, options, "random") };
  const seconds = integer("--seconds", options.seconds);
  const plugin = await loadPlugin(options.plugin);
  const stillFails = failureOf(whole, options, plugin);
  const started = performance.now();
  const { trial, tried, stopped } = reduceGraph(whole, stillFails, {
    deadline: started + seconds * 1000,
    onSmaller: (smaller, n) => showProgress(smaller, n),
  });
  if (process.stderr.isTTY === true) process.stderr.write("\r\x1b[K");
  const text = printGraph(trial.graph);
  const files = options.out === undefined ? [] : writeFiles(options.out, text, trial);
  const before = countEquations(graph);
  const after = countEquations(trial.graph);
  if (options.json === true) {
    const result = { equations: { before, after }, tried, stopped, graph: text, files };
    return print(`${JSON.stringify(result, null, 2)}\n`);
  }
  const late = stopped ? ", and time ran out: --seconds gives it more" : "";
  console.error(`${before} equations → ${after}, by ${tried} trials${late}`);
  await print(options.out === undefined ? text : files.map((name) => `${name}\n`).join(""));
}

function showProgress({ graph }: Trial, tried: number): void {
  if (process.stderr.isTTY !== true) return;
  process.stderr.write(`\r\x1b[Kreducing: ${countEquations(graph)} equations, ${tried} trials`);
}

function writeFiles(out: string, text: string, { inputs }: Trial): string[] {
  writeFileSync(out, text);
  const stem = out.replace(/\.ir$/, "");
  return [
    out,
    ...inputs.map((tensor, i) => {
      const name = `${stem}.${i}.npy`;
      writeFileSync(name, formatNpy(tensor));
      return name;
    }),
  ];
}

/** How the whole graph fails, as a question to smaller ones. Throws InputError where it does not fail. */
function failureOf(whole: Trial, options: ReduceOptions, plugin: CompilerPlugin): StillFails {
  if (options.command !== undefined) return byCommand(whole, options.command);
  if (options.fails === "crash") {
    const error = crashOf(whole, plugin);
    if (error === null) throw new InputError("the graph compiles and runs: it does not crash");
    return (trial) => crashOf(trial, plugin) === error;
  }
  const tolerance = toleranceOf(options);
  // What throws is to be seen, here: a smaller one that throws only fails in another way.
  if (!mismatches(whole, plugin, tolerance)) {
    throw new InputError("the results are as the interpreter has them: there is no mismatch");
  }
  return (trial) => {
    try {
      return mismatches(trial, plugin, tolerance);
    } catch {
      return false;
    }
  };
}

function mismatches(
  { graph, inputs }: Trial,
  plugin: CompilerPlugin,
  tolerance: Partial<Tolerance>,
): boolean {
  const { executable } = compileGraph(graph, { plugin });
  return firstDifference(runExecutable(executable, inputs), runReference(graph, inputs), tolerance) !== null;
}

/** What compiling and running throws, without the numbers and names in it; null where it throws nothing. */
function crashOf({ graph, inputs }: Trial, plugin: CompilerPlugin): string | null {
  try {
    runExecutable(compileGraph(graph, { plugin, verify: true }).executable, inputs);
    return null;
  } catch (error) {
    if (!(error instanceof Error)) return "thrown";
    const [first] = error.message.split("\n");
    return `${error.name}: ${first.replace(/%\w+|@\w+|\bk\d+\w*|\d+/g, "#")}`;
  }
}

function byCommand(whole: Trial, command: string): StillFails {
  const codeOf = (trial: Trial): number | null => {
    const folder = mkdtempSync(path.join(tmpdir(), "weft-reduce-"));
    try {
      const [file, ...inputs] = writeFiles(path.join(folder, "graph.ir"), printGraph(trial.graph), trial);
      const line = command.replaceAll("{inputs}", inputs.join(" ")).replaceAll("{}", file);
      return spawnSync(line, { shell: true, stdio: "ignore" }).status;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  const wanted = codeOf(whole);
  if (wanted === 0) {
    throw new InputError("the command ends with exit code 0 for the whole graph: it has to fail");
  }
  return (trial) => codeOf(trial) === wanted;
}
