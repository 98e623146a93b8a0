/** `weft dump`: the IR of one exported function at every stage. */
import { existsSync } from "node:fs";
import { compileGraph } from "../../compiler/pipeline.ts";
import { printGraph } from "../../compiler/text/graph-printer.ts";
import { printJaxpr } from "../../compiler/text/jaxpr.ts";
import { ParseError } from "../../compiler/text/parse-error.ts";
import { setCompileWatcher } from "../core/backend.ts";
import { dumpsOperations } from "../inspect/environment.ts";
import { STAGES, type StageName, stageText, withRelativeSources } from "../inspect/stage-text.ts";
import type { ToWat } from "../inspect/wat.ts";
import type { Lowered } from "../transforms/stages.ts";
import type { AnyFunction } from "../transforms/types.ts";
import { parseArguments } from "./args-parser.ts";
import { bundleProgram } from "./bundle.ts";
import { openDump } from "./dump-folder.ts";
import { UsageError } from "./errors.ts";
import { type ChosenExport, chooseExport, exampleArguments, splitTarget } from "./exports.ts";
import { lowerExport } from "./lower-export.ts";
import { print, withStdoutOnStderr } from "./output.ts";
import { requireWat, wantWat } from "./packages.ts";
import { mapStackTraces } from "./stack-traces.ts";

export interface DumpOptions {
  readonly args?: string;
  readonly stage?: StageName;
  readonly out?: string;
  readonly format: "text" | "jaxpr";
  readonly json?: boolean;
}

/** What each stage is, in the headings. */
const TITLES: Readonly<Record<StageName, string>> = {
  graph: "as it was traced",
  optimized: "after the graph passes",
  fusion: "which equations become one kernel, and why",
  kernel: "loops over memory",
  program: "kernels, buffers and schedule",
  wat: "the portable WebAssembly module",
};

/** Prints the stages, or writes them to a folder. What the user's file prints goes to stderr. */
export async function dump(target: string, options: DumpOptions, verbose: boolean): Promise<void> {
  const given = options.args === undefined ? null : parseGiven(options.args);
  const [file, wanted] = splitTarget(target, existsSync);
  const bundle = await bundleProgram(file);
  const files = await openDump(options.out);
  // A folder asked for by --out is for this function alone.
  if (files !== null && options.out === undefined) setCompileWatcher(files.watcher(dumpsOperations()));
  mapStackTraces(verbose);
  const { lowered, chosen } = await withStdoutOnStderr(async () => {
    const module = await bundle.import();
    const chosen = chooseExport(module, file, wanted);
    const args = given ?? (await exampleArguments(module, file)) ?? noArguments(chosen, target);
    return { lowered: lowerExport(chosen, args), chosen };
  });

  const toWat = await watFor(options);
  const { donated } = lowered.entry;
  const observer = files?.observe(lowered.graph, donated);
  // The graph as traced can be shown even if it cannot be compiled.
  const traceOnly = options.stage === "graph" && files === null;
  const compiled = traceOnly
    ? null
    : compileGraph(lowered.graph, { donated: donated ?? [], verify: true, observer });
  files?.finish();

  const textOf = (stage: StageName): string => {
    const text =
      compiled === null ? graphText(lowered, options) : stageText(compiled, stage, { ...options, toWat });
    return withRelativeSources(text, process.cwd());
  };
  if (options.json === true) {
    const shown = options.stage === undefined ? shownStages(toWat) : [options.stage];
    await print(`${jsonText(chosen, lowered, shown, textOf)}\n`);
  } else if (options.stage !== undefined) await print(textOf(options.stage));
  else if (options.out === undefined) {
    const sections = shownStages(toWat).map((stage) => `// ${stage}: ${TITLES[stage]}\n\n${textOf(stage)}`);
    await print(sections.join("\n"));
  }
  const summary = files?.summary();
  if (!summary) return;
  if (options.stage === undefined && options.json !== true && options.out !== undefined) {
    await print(`${summary}\n`);
  } else console.error(summary);
}

function parseGiven(text: string): unknown[] {
  try {
    return parseArguments(text);
  } catch (error) {
    if (error instanceof ParseError) throw new UsageError(error.message);
    throw error;
  }
}

/** No arguments, for a function that takes none. Throws UsageError for another. */
function noArguments({ name, value }: ChosenExport, target: string): unknown[] {
  if (value.length === 0) return [];
  const count = `${value.length} argument${value.length === 1 ? "" : "s"}`;
  throw new UsageError(
    `${name} takes ${count}. Describe them with --args, as in\n` +
      `  weft dump ${target} --args '${Array.from({ length: value.length }, () => "f32[3]").join(", ")}'\n` +
      "or let the file export exampleArgs, a list of arguments",
  );
}

/** WABT where its text is wanted. Throws InputError where the stage was asked for by name and WABT is missing. */
async function watFor({ stage, out, json }: DumpOptions): Promise<ToWat | null> {
  if (stage === "wat") return requireWat();
  const everything = stage === undefined && (out === undefined || json === true);
  return everything ? wantWat() : null;
}

function shownStages(toWat: ToWat | null): StageName[] {
  return STAGES.filter((stage) => stage !== "wat" || toWat !== null);
}

function graphText({ graph }: Lowered<AnyFunction>, { format }: DumpOptions): string {
  return format === "jaxpr" ? `${printJaxpr(graph)}\n` : printGraph(graph);
}

function jsonText(
  { name }: ChosenExport,
  { graph }: Lowered<AnyFunction>,
  stages: readonly StageName[],
  textOf: (stage: StageName) => string,
): string {
  const texts = Object.fromEntries(stages.map((stage) => [stage, textOf(stage)]));
  const inputs = graph.inputs.map((x) => x.type.text);
  const outputs = graph.outputs.map((x) => x.type.text);
  return JSON.stringify({ name, inputs, outputs, stages: texts }, null, 2);
}
