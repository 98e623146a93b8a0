/**
 * The passes on the way to WGSL: those of `pipeline.ts` up to the optimised graph, then fusion, kernels and shaders for what
 * an adapter can do.
 */

import { type AssembledProgram, assemble } from "./assembly/assemble.ts";
import { chooseLoopShaders } from "./assembly/gpu-loops.ts";
import { fuse } from "./fusion/fuse.ts";
import type { FusionPlan } from "./fusion/plan.ts";
import { asChosen, type FusionPolicy } from "./fusion/policy.ts";
import { gpuFusion } from "./fusion/target.ts";
import type { Graph } from "./graph/graph.ts";
import { gpuKernels } from "./lowering/gpu/kernel-target.ts";
import { PassRunner } from "./pass-runner.ts";
import type { GraphPass, Pass } from "./passes/pass.ts";
import { splitWideConcatenates } from "./passes/wide-concatenates.ts";
import {
  type CompiledGraph,
  type CompileOptions,
  graphPasses,
  optimiseGraph,
  verifyArtifact,
} from "./pipeline.ts";
import { DEFAULT_LIMITS, type GpuLimits, type WebGpuExecutable } from "./program/webgpu.ts";
import { compileWebGpu } from "./targets/wgsl/compile.ts";

/** Optimised graph → what shaders of an adapter can do. */
export function gpuGraphPasses(limits: GpuLimits): readonly GraphPass[] {
  return [splitWideConcatenates(gpuFusion(limits.storageBuffers).reads)];
}

/** Optimised graph → partition into kernels that an adapter can run. */
export function gpuFusionPass(policy: FusionPolicy, limits: GpuLimits): Pass<Graph, FusionPlan> {
  return { name: "fusion", run: (graph) => fuse(graph, gpuFusion(limits.storageBuffers), policy) };
}

/** Partition → kernels for a GPU, buffers and schedule. */
export function gpuAssemblyPass(limits: GpuLimits): Pass<FusionPlan, AssembledProgram> {
  const target = gpuKernels(limits);
  return { name: "assembly", run: (plan, { donated }) => assemble(plan, donated, target) };
}

/** Program → shaders. */
export function webGpuPass(limits: GpuLimits): Pass<AssembledProgram, WebGpuExecutable> {
  return {
    name: "webgpu",
    run: ({ program, memory }) =>
      compileWebGpu(program, memory.intervals, limits, chooseLoopShaders(program, limits)),
  };
}

export interface GpuCompileOptions extends CompileOptions {
  /** What the adapter can do; the default is what every adapter can. */
  readonly limits?: GpuLimits;
}

/**
 * Compiles a graph to WebGPU. Throws UnsupportedError for what the target or the adapter cannot do, float64 above all.
 */
export function compileGraphForWebGpu(
  graph: Graph,
  options: GpuCompileOptions = {},
): CompiledGraph<WebGpuExecutable> {
  const { donated = [], verify = false, observer = null, plugin = {}, limits = DEFAULT_LIMITS } = options;
  const runner = new PassRunner({ donated }, verify ? verifyArtifact : null, observer);
  runner.start(graph);
  const passes = [...graphPasses(plugin), ...gpuGraphPasses(limits)];
  const optimised = optimiseGraph(graph, runner, passes);
  const plan = runner.run("fusion", gpuFusionPass(plugin.fusion ?? asChosen, limits), optimised);
  const assembled = runner.run("program", gpuAssemblyPass(limits), plan);
  const executable = runner.run("webgpu", webGpuPass(limits), assembled);
  return { graph, optimised, plan, assembled, executable, records: runner.records };
}
