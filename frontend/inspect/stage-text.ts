/** The stages of a compiled function as text, and as data. */
import type { KernelOrigin } from "../../compiler/assembly/assemble.ts";
import type { MemoryPlan } from "../../compiler/assembly/memory-plan.ts";
import type { FusionPlan } from "../../compiler/fusion/plan.ts";
import { printPlan } from "../../compiler/fusion/print-plan.ts";
import { Graph, type Value } from "../../compiler/graph/graph.ts";
import type { Kernel } from "../../compiler/kernel/kernel.ts";
import type { Artifact } from "../../compiler/pass-runner.ts";
import { printGraph } from "../../compiler/text/graph-printer.ts";
import { printJaxpr } from "../../compiler/text/jaxpr.ts";
import { printKernel } from "../../compiler/text/kernel-printer.ts";
import { printProgram } from "../../compiler/text/program-printer.ts";
import { graphDot, kernelsDot, planDot, programDot } from "./dot.ts";
import { graphData, planData } from "./graph-data.ts";
import { kernelData, programData } from "./kernel-data.ts";
import type { AnyCompiled, StageName } from "./stages.ts";
import { type ToWat, watOfKernel } from "./wat.ts";

export type TextFormat = "text" | "jaxpr" | "dot";

export interface StageTextOptions {
  /** `jaxpr` concerns graphs alone, `dot` everything but WebAssembly. */
  readonly format: TextFormat;
  /** Needed for the stage `wat`. */
  readonly toWat: ToWat | null;
  /** Only these kernels, and of the fusion plan only what concerns them; null for all. */
  readonly kernels?: ReadonlySet<string> | null;
  /** Names of the graphs' values; numbers as they come if absent. */
  readonly names?: ReadonlyMap<Value, string>;
}

/** The text of a stage, ending in a newline. The stage `wat` is the portable module. */
export function stageText(compiled: AnyCompiled, stage: StageName, options: StageTextOptions): string {
  return artifactText(artifactOf(compiled, stage), {
    ...options,
    view: stage === "kernel" ? "kernels" : "whole",
    origins: compiled.assembled.origins,
  });
}

/** A stage as plain data: docs/inspection.md says in what shape. `folder`: sources are named relative to it. */
export function stageData(
  compiled: AnyCompiled,
  stage: StageName,
  options: StageTextOptions,
  folder: string,
): unknown {
  const artifact = artifactOf(compiled, stage);
  if (stage === "kernel")
    return chosenKernels(compiled.assembled.program.kernels, options).map((k) => kernelData(k, folder));
  return artifactData(artifact, folder, compiled.assembled.origins, options.kernels ?? null);
}

function artifactOf(compiled: AnyCompiled, stage: StageName): Artifact {
  switch (stage) {
    case "graph":
      return compiled.graph;
    case "optimized":
      return compiled.optimised;
    case "fusion":
      return compiled.plan;
    case "kernel":
    case "program":
      return compiled.assembled;
    case "wat":
    case "wgsl":
      return compiled.executable;
    default:
      return stage satisfies never;
  }
}

/** A comment on how much memory the temporaries have, and how near that is to what they cannot do without. */
function memoryText({ bytes, lowerBound }: MemoryPlan): string {
  if (bytes === 0) return "";
  const over = (100 * (bytes - lowerBound)) / lowerBound;
  const more = lowerBound === 0 || over < 0.05 ? "" : `, ${over.toFixed(1)} % less`;
  return `// temporaries: ${bytes} bytes; at most ${lowerBound} are alive at once${more}\n`;
}

export interface ArtifactTextOptions extends StageTextOptions {
  /** Of an assembled program its kernels alone, or the whole. */
  readonly view: "kernels" | "whole";
  /** What the kernels were made from, to find the groups of those that are wanted. */
  readonly origins?: ReadonlyMap<string, KernelOrigin>;
}

/** The text of what a pass made, ending in a newline. */
export function artifactText(artifact: Artifact, options: ArtifactTextOptions): string {
  const { format, toWat, view, kernels = null, origins = new Map(), names } = options;
  if (artifact instanceof Graph) {
    if (format === "dot") return graphDot(artifact);
    return format === "jaxpr"
      ? `${printJaxpr(artifact)}\n`
      : printGraph(artifact, names === undefined ? {} : { names });
  }
  if ("groups" in artifact) {
    const plans = kernels === null ? [artifact] : plansOf(kernels, origins);
    return plans.map((plan) => (format === "dot" ? planDot(plan) : `${printPlan(plan)}\n`)).join("\n");
  }
  if ("program" in artifact) {
    const { program } = artifact;
    const chosen = chosenKernels(program.kernels, { kernels });
    if (view === "kernels" || kernels !== null) {
      return format === "dot"
        ? kernelsDot(chosen, program.name)
        : chosen.map((k) => printKernel(k)).join("\n");
    }
    return format === "dot" ? programDot(program) : `${printProgram(program)}${memoryText(artifact.memory)}`;
  }
  if ("shaders" in artifact) {
    return artifact.shaders
      .filter(({ name }) => kernels?.has(name) ?? true)
      .map(({ wgsl }) => wgsl)
      .join("\n");
  }
  const text = toWat?.(artifact.modules.simd) ?? "";
  return kernels === null ? text : [...kernels].map((name) => watOfKernel(text, name)).join("\n");
}

/** What a pass made as plain data. */
export function artifactData(
  artifact: Artifact,
  folder: string,
  origins: ReadonlyMap<string, KernelOrigin>,
  kernels: ReadonlySet<string> | null,
): unknown {
  if (artifact instanceof Graph) return graphData(artifact, folder);
  if ("groups" in artifact) {
    return kernels === null ? planData(artifact) : plansOf(kernels, origins).map(planData);
  }
  if ("program" in artifact) {
    const { program } = artifact;
    const chosen = chosenKernels(program.kernels, { kernels }).map((kernel) => kernelData(kernel, folder));
    return { ...programData(program), kernels: chosen };
  }
  if ("shaders" in artifact) {
    const { shaders, slots, schedule } = artifact;
    return { shaders, slots, schedule };
  }
  const { simd, relaxed } = artifact.modules;
  return { bytes: { simd: simd.byteLength, relaxed: relaxed.byteLength } };
}

function chosenKernels(
  all: readonly Kernel[],
  { kernels = null }: { readonly kernels?: ReadonlySet<string> | null },
): readonly Kernel[] {
  return kernels === null ? all : all.filter((kernel) => kernels.has(kernel.name));
}

/** Of the plans that the kernels come from, their groups and the decisions about what is in them. */
function plansOf(kernels: ReadonlySet<string>, origins: ReadonlyMap<string, KernelOrigin>): FusionPlan[] {
  return [...kernels].flatMap((name) => {
    const origin = origins.get(name);
    if (origin === undefined) return [];
    const { plan, group } = origin;
    const inside = new Set(group.roots);
    for (const { producer, consumer } of plan.decisions.toReversed()) {
      if (inside.has(consumer) && plan.inlined.has(producer)) inside.add(producer);
    }
    const decisions = plan.decisions.filter((each) => inside.has(each.producer) || inside.has(each.consumer));
    const inlined = new Set([...plan.inlined].filter((e) => inside.has(e)));
    return [{ graph: plan.graph, groups: [group], decisions, inlined }];
  });
}

/** The kernels that a name means: its own, `k3` for `k3_reduce_sum`, else all that have it in their name. */
export function kernelsNamed(names: readonly string[], wanted: string): string[] {
  if (names.includes(wanted)) return [wanted];
  const numbered = names.filter((name) => name.startsWith(`${wanted}_`) && /^k\d+$/.test(wanted));
  return numbered.length > 0 ? numbered : names.filter((name) => name.includes(wanted));
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
