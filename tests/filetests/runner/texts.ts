/** The three text forms under one roof: a filetest's source is told apart by its first word. */
import type { Graph } from "../../../compiler/graph/graph.ts";
import type { Kernel } from "../../../compiler/kernel/kernel.ts";
import type { Program } from "../../../compiler/program/program.ts";
import type { TextPosition } from "../../../compiler/text/cursor.ts";
import {
  parseGraphWithPositions,
  parseKernelWithPositions,
  parseProgramWithPositions,
  printGraph,
  printKernel,
  printProgram,
} from "../../../compiler/text/index.ts";
import {
  graphViolations,
  kernelViolations,
  programViolations,
  type Violation,
} from "../../../compiler/verify/index.ts";

export type Parsed = { readonly positions: ReadonlyMap<object, TextPosition> } & (
  | { readonly form: "graph"; readonly graph: Graph }
  | { readonly form: "kernel"; readonly kernel: Kernel }
  | { readonly form: "program"; readonly program: Program }
);

/** Parses a text of any form. `check: false` leaves a graph's types and parameters to the verifier. */
export function parseText(source: string, name: string, check = true): Parsed {
  const word = /^(?:\s|;.*|\/\/.*)*(\w*)/.exec(source)?.[1];
  if (word === "kernel") return { form: "kernel", ...parseKernelWithPositions(source, name) };
  if (word === "program") return { form: "program", ...parseProgramWithPositions(source, name) };
  return { form: "graph", ...parseGraphWithPositions(source, name, { check }) };
}

export function printText(parsed: Parsed): string {
  if (parsed.form === "kernel") return printKernel(parsed.kernel);
  return parsed.form === "program" ? printProgram(parsed.program) : printGraph(parsed.graph);
}

export function violationsOf(parsed: Parsed, level: "graph" | "optimised"): readonly Violation<object>[] {
  if (parsed.form === "kernel") return kernelViolations(parsed.kernel);
  if (parsed.form === "program") return programViolations(parsed.program);
  return graphViolations(parsed.graph, { level });
}
