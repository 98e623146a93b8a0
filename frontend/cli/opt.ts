/** `weft opt`: runs passes on an IR file. */

import { printPlan } from "../../compiler/fusion/print-plan.ts";
import { Graph } from "../../compiler/graph/graph.ts";
import type { Artifact, CompileObserver, PassRecord } from "../../compiler/pass-runner.ts";
import { PassRunner } from "../../compiler/pass-runner.ts";
import {
  ASSEMBLY_PASS,
  FUSION_PASS,
  GRAPH_PASSES,
  verifyArtifact,
  WASM_PASS,
} from "../../compiler/pipeline.ts";
import { parseGraph } from "../../compiler/text/graph-parser.ts";
import { printGraph } from "../../compiler/text/graph-printer.ts";
import { nearestName } from "../../compiler/text/parse-error.ts";
import { parseProgram } from "../../compiler/text/program-parser.ts";
import { printProgram } from "../../compiler/text/program-printer.ts";
import { verifyGraph, verifyProgram } from "../../compiler/verify/index.ts";
import { countEquations } from "../inspect/module-dump.ts";
import type { ToWat } from "../inspect/wat.ts";
import { openDump } from "./dump-folder.ts";
import { InputError, UsageError } from "./errors.ts";
import { type IrText, readIr } from "./ir-files.ts";
import { print } from "./output.ts";
import { requireWat } from "./packages.ts";

export interface OptOptions {
  /** Separated by commas. All passes of graphs if absent. */
  readonly passes?: string;
  readonly printAfterAll?: boolean;
  /** Positions of donated inputs, for the assembly. */
  readonly donate?: string;
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
  const list = parsePasses(options.passes);
  const donated = parseDonated(options.donate);
  const ir = readIr(file);
  const start = parseStart(ir, list);
  const toWat = list.lower.includes("wasm") ? await requireWat() : null;
  const dump = await openDump(undefined);

  const sections: string[] = [];
  const shown: CompileObserver = {
    passed(record, artifact) {
      const text = record.changed ? `\n${artifactText(artifact, toWat)}` : "\n";
      sections.push(`${heading(record, artifact)}${text}`);
    },
    failed() {},
  };
  const traced = start instanceof Graph ? dump?.observe(start, donated) : null;
  const observer = both(options.printAfterAll === true ? shown : null, traced ?? null);
  const runner = new PassRunner({ donated }, verifyArtifact, observer);
  const result = runPasses(start, list, runner, ir.name);
  dump?.finish();
  const summary = dump?.summary();
  if (summary) console.error(summary);
  await print(options.printAfterAll === true ? sections.join("\n") : artifactText(result, toWat));
}

function parsePasses(text: string | undefined): PassList {
  const known = GRAPH_PASSES.map((pass) => pass.name);
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

function parseDonated(text: string | undefined): boolean[] {
  const donated: boolean[] = [];
  if (text === undefined) return donated;
  for (const part of text.split(",")) {
    if (!/^\s*\d{1,4}\s*$/.test(part)) {
      throw new UsageError(`--donate takes positions of inputs, as in --donate 0,2, and not ${text}`);
    }
    donated[Number(part)] = true;
  }
  return Array.from(donated, Boolean);
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

function runPasses(
  start: ReturnType<typeof parseStart>,
  list: PassList,
  runner: PassRunner,
  file: string,
): Artifact {
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
      const pass = GRAPH_PASSES.find((each) => each.name === name);
      if (pass !== undefined) graph = runner.run("graph", pass, graph);
    }
    if (list.lower.length === 0) return graph;
    running = FUSION_PASS.name;
    const plan = runner.run("fusion", FUSION_PASS, graph);
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

function artifactText(artifact: Artifact, toWat: ToWat | null): string {
  if (artifact instanceof Graph) return printGraph(artifact);
  if ("groups" in artifact) return `${printPlan(artifact)}\n`;
  if ("program" in artifact) return printProgram(artifact.program);
  return toWat?.(artifact.modules.simd) ?? "";
}

function both(a: CompileObserver | null, b: CompileObserver | null): CompileObserver | null {
  if (a === null || b === null) return a ?? b;
  return {
    passed(record, artifact) {
      a.passed(record, artifact);
      b.passed(record, artifact);
    },
    failed(record, input, error) {
      a.failed(record, input, error);
      b.failed(record, input, error);
    },
  };
}
