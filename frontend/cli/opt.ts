/** `weft opt`: runs passes on an IR file. */

import { asChosen } from "../../compiler/fusion/policy.ts";
import { Graph } from "../../compiler/graph/graph.ts";
import type { Artifact, CompileObserver, PassRecord } from "../../compiler/pass-runner.ts";
import { PassRunner } from "../../compiler/pass-runner.ts";
import type { GraphPass } from "../../compiler/passes/pass.ts";
import {
  ASSEMBLY_PASS,
  type CompilerPlugin,
  fusionPass,
  graphPasses,
  verifyArtifact,
  WASM_PASS,
} from "../../compiler/pipeline.ts";
import { parseGraph } from "../../compiler/text/graph-parser.ts";
import { nearestName } from "../../compiler/text/parse-error.ts";
import { parseProgram } from "../../compiler/text/program-parser.ts";
import { verifyGraph, verifyProgram } from "../../compiler/verify/index.ts";
import { countEquations } from "../inspect/module-dump.ts";
import { allObservers, CompileRecording } from "../inspect/recording.ts";
import { artifactData, artifactText } from "../inspect/stage-text.ts";
import type { ToWat } from "../inspect/wat.ts";
import { openDump } from "./dump-folder.ts";
import { InputError, UsageError } from "./errors.ts";
import { type IrText, readIr } from "./ir-files.ts";
import { parseDonated } from "./ir-inputs.ts";
import { print } from "./output.ts";
import { requireWat } from "./packages.ts";
import { loadPlugin } from "./plugin.ts";
import { compileProgress } from "./progress.ts";

export interface OptOptions {
  /** Separated by commas. All passes of graphs if absent. */
  readonly passes?: string;
  readonly printAfterAll?: boolean;
  /** Positions of donated inputs, for the assembly. */
  readonly donate?: string;
  readonly plugin?: string;
  readonly json?: boolean;
}

/** The passes below the level of graphs, each of which takes what the one before it makes. */
const LOWER_PASSES = ["fusion", "assembly", "wasm"] as const;

type LowerPass = (typeof LOWER_PASSES)[number];

const LOWER_NAMES: readonly string[] = LOWER_PASSES;

interface PassList {
  readonly graph: readonly string[];
  readonly lower: readonly LowerPass[];
}

export async function opt(file: string, options: OptOptions): Promise<void> {
  const plugin = await loadPlugin(options.plugin);
  const passes = graphPasses(plugin);
  const list = parsePasses(options.passes, passes);
  const donated = parseDonated(options.donate);
  const ir = readIr(file);
  const start = parseStart(ir, list);
  const toWat = list.lower.includes("wasm") ? await requireWat() : null;
  const dump = await openDump(undefined);

  const recording = new CompileRecording();
  const sections: string[] = [];
  const shown: CompileObserver = {
    passed(record, artifact) {
      const text = record.changed ? `\n${textOf(artifact, toWat)}` : "\n";
      sections.push(`${heading(record, artifact)}${text}`);
    },
    failed() {},
  };
  const traced = start instanceof Graph ? dump?.observe(start, donated) : null;
  const observer = allObservers(
    options.printAfterAll === true ? shown : null,
    traced,
    recording,
    compileProgress(`passes on ${ir.name}`, 1 + list.graph.length + list.lower.length),
  );
  const runner = new PassRunner({ donated }, verifyArtifact, observer);
  const result = runPasses({ start, list, runner, file: ir.name, plugin });
  dump?.finish();
  const summary = dump?.summary();
  if (summary) console.error(summary);
  if (options.json === true) return print(`${JSON.stringify(dataOf(result, recording, toWat), null, 2)}\n`);
  await print(options.printAfterAll === true ? sections.join("\n") : textOf(result, toWat));
}

function parsePasses(text: string | undefined, passes: readonly GraphPass[]): PassList {
  const known = passes.map((pass) => pass.name);
  if (text === undefined) return { graph: known, lower: [] };
  const names = text.split(",").map((name) => name.trim());
  const graph: string[] = [];
  const lower: LowerPass[] = [];
  for (const name of names) {
    const at = LOWER_NAMES.indexOf(name);
    if (at >= 0) {
      const previous = lower.at(-1);
      const expected = previous === undefined ? null : LOWER_PASSES.indexOf(previous) + 1;
      if (expected !== null && at !== expected) {
        throw new UsageError(`${name} cannot run after ${previous}: the order is ${LOWER_PASSES.join(", ")}`);
      }
      lower.push(LOWER_PASSES[at]);
    } else if (!known.includes(name)) throw unknownPass(name, known);
    else if (lower.length > 0)
      throw new UsageError(`${name} takes a graph, so it cannot run after ${lower.at(-1)}`);
    else graph.push(name);
  }
  return { graph, lower };
}

function unknownPass(name: string, known: readonly string[]): UsageError {
  const near = nearestName(name, [...known, ...LOWER_PASSES]);
  const problem = name === "" ? "a pass without a name" : `unknown pass ${name}`;
  return new UsageError(
    `${problem}${near === null ? "" : `; did you mean ${near}?`}\n` +
      `Passes of graphs: ${known.join(", ")}\nThen, in this order: ${LOWER_PASSES.join(", ")}`,
  );
}

/** Parses and verifies the file. Throws where the passes do not take what it holds. */
function parseStart(ir: IrText, list: PassList): Graph | ReturnType<typeof parseProgram> {
  const [first] = [...list.graph, ...list.lower];
  if (ir.kind === "kernel") throw new InputError(`${ir.name} is a kernel, and no pass takes one`);
  if (ir.kind === "program") {
    if (first !== "wasm") throw new InputError(`${ir.name} is a program, and only the pass wasm takes one`);
    const program = parseProgram(ir.text, ir.name);
    verifyProgram(program);
    return program;
  }
  if (list.graph.length === 0 && first !== "fusion") {
    throw new UsageError(`${first} does not take a graph: the order is ${LOWER_PASSES.join(", ")}`);
  }
  const graph = parseGraph(ir.text, ir.name);
  verifyGraph(graph);
  return graph;
}

interface PassRun {
  readonly start: ReturnType<typeof parseStart>;
  readonly list: PassList;
  readonly runner: PassRunner;
  /** For messages. */
  readonly file: string;
  readonly plugin: CompilerPlugin;
}

function runPasses({ start, list, runner, file, plugin }: PassRun): Artifact {
  let running = "";
  try {
    if (!(start instanceof Graph)) {
      running = WASM_PASS.name;
      return runner.run("wasm", WASM_PASS, assembledOf(start));
    }
    runner.start(start);
    let graph = start;
    for (const name of list.graph) {
      running = name;
      const pass = graphPasses(plugin).find((each) => each.name === name);
      if (pass !== undefined) graph = runner.run("graph", pass, graph);
    }
    if (list.lower.length === 0) return graph;
    running = "fusion";
    const plan = runner.run("fusion", fusionPass(plugin.fusion ?? asChosen), graph);
    if (list.lower.length === 1) return plan;
    running = ASSEMBLY_PASS.name;
    const assembled = runner.run("program", ASSEMBLY_PASS, plan);
    if (list.lower.length === 2) return assembled;
    running = WASM_PASS.name;
    return runner.run("wasm", WASM_PASS, assembled);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`the pass ${running} failed on ${file}\n${reason}`, { cause: error });
  }
}

/** A program from a file: its memory is planned already. */
function assembledOf(program: ReturnType<typeof parseProgram>): Parameters<typeof WASM_PASS.run>[0] {
  return {
    program,
    memory: { bytes: program.tempBytes, lowerBound: program.tempBytes, intervals: new Map() },
    origins: new Map(),
  };
}

function heading(record: PassRecord, artifact: Artifact): string {
  const what = record.index === 0 ? "input" : `after ${record.name}${record.changed ? "" : " (no change)"}`;
  return artifact instanceof Graph ? `// ${what}: ${countEquations(artifact)} equations` : `// ${what}`;
}

function textOf(artifact: Artifact, toWat: ToWat | null): string {
  return artifactText(artifact, { format: "text", toWat, view: "whole" });
}

function dataOf(result: Artifact, { passes }: CompileRecording, toWat: ToWat | null): unknown {
  return {
    passes: passes.map(({ record, artifact }) => ({
      ...record,
      equations: artifact instanceof Graph ? countEquations(artifact) : null,
    })),
    result: { text: textOf(result, toWat), data: artifactData(result, process.cwd(), new Map(), null) },
  };
}
