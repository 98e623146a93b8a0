/** The commands of filetests. A new one is a new entry here. */
import assert from "node:assert/strict";
import type { Graph } from "../../../compiler/graph/graph.ts";
import type { RefTensor } from "../../../compiler/graph/reference.ts";
import { equalGraphs, hashGraph } from "../../../compiler/hash/index.ts";
import { interpretGraph } from "../../../compiler/interpret/reference.ts";
import { Cursor } from "../../../compiler/text/cursor.ts";
import { ParseError, parseGraph, printJaxpr } from "../../../compiler/text/index.ts";
import { expected, type Filetest, type Outcome } from "./filetest.ts";
import { executeCompiled, pipelineCommands } from "./pipeline-commands.ts";
import { parseText, printText, violationsOf } from "./texts.ts";
import { transformCommands } from "./transform-commands.ts";
import { formatTensor, parseTensor, sameTensor } from "./values.ts";

export type FiletestCommand = (test: Filetest) => Outcome;

export const commands: Readonly<Record<string, FiletestCommand>> = {
  /** The canonical text of a graph, kernel or program, which must parse back to the same. */
  print: (test) => {
    const parsed = parseText(test.source, test.name);
    const output = printText(parsed);
    const again = parseText(output, `${test.name} (printed)`);
    assert.equal(printText(again), output, "the printed text does not print alike when it is parsed");
    if (parsed.form === "graph" && again.form === "graph" && !output.includes("deferred ")) {
      assert.ok(equalGraphs(parsed.graph, again.graph), "the printed text parses to another graph");
      assert.equal(hashGraph(parsed.graph), hashGraph(again.graph));
    }
    return { output };
  },
  /** One error of the parser, with its position. */
  "parse-error": (test) => ({ lines: { error: [parseError(test)] } }),
  /** No violations. An argument is the level, `optimised`. */
  verify: (test) => ({ lines: { error: verifyErrors(test) } }),
  /** All violations, where the text is read without checking it. An argument is the level. */
  "verify-error": (test) => {
    const errors = verifyErrors(test);
    assert.ok(errors.length > 0, "expected violations, found none");
    return { lines: { error: errors } };
  },
  /** The graph as a jaxpr. */
  jaxpr: (test) => ({ output: printJaxpr(parseGraph(test.source, test.name)) }),
  /** The reference interpreter, once for each `; run:` line. */
  run: (test) => {
    const lines = expected(test, "run");
    assert.ok(lines.length > 0, 'expected "; run:" lines');
    return { lines: { run: lines.map((line) => runLine(test, line, interpretGraph)) } };
  },
  /** The same on WebAssembly. */
  compile: (test) => {
    const lines = expected(test, "run");
    assert.ok(lines.length > 0, 'expected "; run:" lines');
    const execute: Execute = (graph, inputs) => executeCompiled(graph, inputs, test);
    return { lines: { run: lines.map((line) => runLine(test, line, execute)) } };
  },
  ...transformCommands,
  ...pipelineCommands,
};

function parseError(test: Filetest): string {
  try {
    parseText(test.source, test.name);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return `${error.line}:${error.column} ${error.reason}`;
  }
  return assert.fail("expected an error of the parser, but the text parses");
}

function verifyErrors(test: Filetest): string[] {
  const level = test.args.includes("optimised") ? "optimised" : "graph";
  const parsed = parseText(test.source, test.name, false);
  return violationsOf(parsed, level).map(({ message, node }) => {
    const position = node === null ? undefined : parsed.positions.get(node);
    return `${position === undefined ? "0:0" : `${position.line}:${position.column}`} ${message}`;
  });
}

type Execute = (graph: Graph, inputs: readonly RefTensor[]) => RefTensor[];

/** Relative error that `~=` accepts: that of a float32. */
const TOLERANCE = 1e-6;

/** `@f(2.0:f32[]) == 4.0:f32[]`: the same line if it holds, else the line with what came out. */
function runLine(test: Filetest, line: string, execute: Execute): string {
  const graph = parseGraph(test.source, test.name);
  const cursor = new Cursor(line, `${test.name} (run line)`);
  assert.equal(cursor.expectKind("global", "@ and the graph's name").text, graph.name);
  cursor.expect("(");
  const inputs = cursor.list(")", () => parseTensor(cursor));
  const results = execute(graph, inputs);
  const exact = cursor.at("==");
  if (!cursor.eat("==")) {
    cursor.expect("~", ' or "=="');
    cursor.expect("=");
  }
  const wanted: RefTensor[] = [];
  if (cursor.token.kind !== "end") {
    do wanted.push(parseTensor(cursor));
    while (cursor.eat(","));
  }
  cursor.expectEnd();
  const same = (x: RefTensor, i: number): boolean => sameTensor(x, wanted[i], exact ? 0 : TOLERANCE);
  if (results.length === wanted.length && results.every(same)) return line;
  const call = line.slice(0, line.search(exact ? "==" : "~=")).trim();
  return `${call} ${exact ? "==" : "~="} ${results.map(formatTensor).join(", ")}`;
}
