/** `weft bisect`: the first pass, or choice of fusion, after which a graph's results change. */
import type { FusionChoice } from "../../compiler/fusion/policy.ts";
import type { Graph } from "../../compiler/graph/graph.ts";
import { GRAPH_PASSES } from "../../compiler/pipeline.ts";
import { parseGraph } from "../../compiler/text/graph-parser.ts";
import { valueNames } from "../../compiler/text/graph-printer.ts";
import { formatSource } from "../../compiler/types/source.ts";
import { verifyGraph } from "../../compiler/verify/index.ts";
import { type Difference, formatDifference } from "../inspect/compare-results.ts";
import { numberData, sourceData } from "../inspect/graph-data.ts";
import { type BisectResult, bisectPasses, type Culprit } from "../inspect/search/bisect.ts";
import type { KernelFault } from "../inspect/search/kernel-fault.ts";
import { EXIT, InputError } from "./errors.ts";
import { readIr } from "./ir-files.ts";
import {
  type InputOptions,
  inputsOf,
  parseDonated,
  type ToleranceOptions,
  toleranceOf,
} from "./ir-inputs.ts";
import { print } from "./output.ts";
import { loadPlugin } from "./plugin.ts";
import { progress } from "./progress.ts";

export interface BisectOptions extends InputOptions, ToleranceOptions {
  readonly donate?: string;
  readonly plugin?: string;
  readonly json?: boolean;
}

export async function bisect(file: string, options: BisectOptions): Promise<void> {
  const graph = readGraph(file);
  const wanted = graph.inputs.map(({ type, hint }, i) => ({ name: hint ?? `input ${i}`, type }));
  const inputs = inputsOf(wanted, options, "random");
  const donated = parseDonated(options.donate);
  const plugin = await loadPlugin(options.plugin);
  const steps = progress(`bisecting ${graph.name}`, GRAPH_PASSES.length + 2);
  const result = bisectPasses(
    { graph, inputs, donated, plugin, tolerance: toleranceOf(options) },
    steps.done,
  );
  steps.end();
  await print(options.json === true ? `${JSON.stringify(dataOf(graph, result), null, 2)}\n` : textOf(result));
  if (result.culprit !== null) process.exitCode = EXIT.input;
}

/** A graph from a file. Throws ParseError, VerifyError or, where it is something else, InputError. */
export function readGraph(file: string): Graph {
  const ir = readIr(file);
  if (ir.kind !== "graph") throw new InputError(`${ir.name} is a ${ir.kind}, and a graph is needed`);
  const graph = parseGraph(ir.text, ir.name);
  verifyGraph(graph);
  return graph;
}

const VERDICTS = {
  unchanged: "changed nothing",
  same: "same results",
  differs: "RESULTS DIFFER",
  crashed: "FAILED",
} as const;

function textOf({ verdicts, culprit }: BisectResult): string {
  const width = Math.max(...verdicts.map(({ pass }) => pass.length));
  const lines = verdicts.map(({ pass, verdict }) => `${pass.padEnd(width)}  ${VERDICTS[verdict]}`);
  return `${[...lines, "", ...conclusion(culprit)].join("\n")}\n`;
}

function conclusion(culprit: Culprit | null): string[] {
  if (culprit === null) return ["No pass changes the results."];
  const { pass, kind, choice, kernel, difference, message } = culprit;
  const what = kind === "crash" ? "that fails" : "after which results differ";
  const lines = [`The first pass ${what}: ${pass}`];
  if (difference !== null) lines.push(`  ${formatDifference(difference)}`);
  if (message !== null) lines.push(...message.split("\n").map((line) => `  ${line}`));
  if (kernel !== null) {
    const sources = sourcesOf(kernel);
    const where = sources.length === 0 ? "" : ` (${sources.join(", ")})`;
    lines.push(`The first kernel that is wrong: ${kernel.kernel.name}${where}`);
    lines.push(`  ${kernel.buffer}: ${formatDifference(kernel.difference).replace(/^output 0, /, "")}`);
  }
  if (choice !== null) {
    lines.push(`The first choice of fusion that makes it so, number ${choice.number}:`);
    lines.push(`  ${describeChoice(choice.choice)}`);
  }
  return lines;
}

const VERBS: Readonly<Record<FusionChoice["kind"], string>> = {
  inline: "computed inside",
  join: "joins the kernel of",
  share: "computed in the passes of",
  merge: "becomes a part of the kernel of",
};

function describeChoice({ kind, equation, into, reason }: FusionChoice): string {
  const place = (e: FusionChoice["equation"]): string => {
    const location = e.source?.resolve();
    const type = e.outputs[0]?.type.text ?? "";
    return `${e.op} ${type}${location ? ` (${formatSource(location)})` : ""}`;
  };
  return `${place(equation)} ${VERBS[kind]} ${place(into)}: ${reason}`;
}

function dataOf(graph: Graph, { verdicts, culprit }: BisectResult): unknown {
  return { graph: graph.name, passes: verdicts, culprit: culprit && culpritData(graph, culprit) };
}

function sourcesOf({ kernel }: KernelFault): string[] {
  const places = kernel.sources.flatMap((source) => {
    const location = source.resolve();
    return location === null ? [] : [formatSource(location)];
  });
  return [...new Set(places)];
}

function culpritData(graph: Graph, { pass, kind, choice, kernel, difference, message }: Culprit): unknown {
  const names = valueNames(graph);
  const equationData = (e: FusionChoice["equation"]): unknown => ({
    op: e.op,
    outputs: e.outputs.map((v) => ({ name: names.get(v) ?? null, type: v.type.text })),
    source: sourceData(e.source, process.cwd()),
  });
  return {
    pass,
    kind,
    message,
    difference: difference && differenceData(difference),
    kernel: kernel && {
      name: kernel.kernel.name,
      buffer: kernel.buffer,
      sources: sourcesOf(kernel),
      difference: differenceData(kernel.difference),
    },
    choice: choice && {
      number: choice.number,
      kind: choice.choice.kind,
      reason: choice.choice.reason,
      equation: equationData(choice.choice.equation),
      into: equationData(choice.choice.into),
    },
  };
}

/** With infinities and NaN as strings. */
export function differenceData(difference: Difference): unknown {
  const { actual, expected, maxAbsolute, ...rest } = difference;
  return {
    ...rest,
    maxAbsolute: numberData(maxAbsolute),
    actual: numberData(actual),
    expected: numberData(expected),
  };
}
