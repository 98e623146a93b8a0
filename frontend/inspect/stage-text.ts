/** The stages of a compiled function as text. */
import { printPlan } from "../../compiler/fusion/print-plan.ts";
import type { CompiledGraph } from "../../compiler/pipeline.ts";
import type { Program } from "../../compiler/program/program.ts";
import { printGraph } from "../../compiler/text/graph-printer.ts";
import { printJaxpr } from "../../compiler/text/jaxpr.ts";
import { printKernel } from "../../compiler/text/kernel-printer.ts";
import { printProgram } from "../../compiler/text/program-printer.ts";
import type { ToWat } from "./wat.ts";

export const STAGES = ["graph", "optimized", "fusion", "kernel", "program", "wat"] as const;

export type StageName = (typeof STAGES)[number];

export interface StageTextOptions {
  /** How graphs are written. */
  readonly format: "text" | "jaxpr";
  /** Needed for the stage `wat`. */
  readonly toWat: ToWat | null;
}

/** The text of a stage, ending in a newline. The stage `wat` is the portable module. */
export function stageText(compiled: CompiledGraph, stage: StageName, options: StageTextOptions): string {
  const graphText =
    options.format === "jaxpr" ? (g: CompiledGraph["graph"]) => `${printJaxpr(g)}\n` : printGraph;
  switch (stage) {
    case "graph":
      return graphText(compiled.graph);
    case "optimized":
      return graphText(compiled.optimised);
    case "fusion":
      return `${printPlan(compiled.plan)}\n`;
    case "kernel":
      return kernelsText(compiled.assembled.program);
    case "program":
      return printProgram(compiled.assembled.program);
    case "wat":
      return options.toWat?.(compiled.executable.modules.simd) ?? "";
  }
}

function kernelsText(program: Program): string {
  return program.kernels.map((kernel) => printKernel(kernel)).join("\n");
}

/**
 * The text with the files of source comments (`// /home/me/src/loss.ts:7:12 in loss`) relative to `folder`, where
 * they lie within it: dumps are compared between machines.
 */
export function withRelativeSources(text: string, folder: string): string {
  const root = folder.endsWith("/") ? folder : `${folder}/`;
  if (!text.includes(root)) return text;
  const escaped = root.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return text.replace(new RegExp(`// ${escaped}(?=[^"\\n]+:\\d+:\\d+(?: in [^"\\n]+)?$)`, "gm"), "// ");
}
