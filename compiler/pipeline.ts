/**
 * The whole compiler on one page: every pass from the traced graph to WebAssembly bytes, in order. From fusion on, the way
 * to WGSL is another: `pipeline-webgpu.ts`, a file of its own because pages load it when they first ask for a GPU.
 *
 * A pass is pure. `PassRunner` times, verifies and dumps; nothing else does.
 */
import { type AssembledProgram, assemble } from "./assembly/assemble.ts";
import { fuse } from "./fusion/fuse.ts";
import type { FusionPlan } from "./fusion/plan.ts";
import { asChosen, type FusionPolicy } from "./fusion/policy.ts";
import { Graph } from "./graph/graph.ts";
import type { Kernel } from "./kernel/kernel.ts";
import { WASM_FUSION } from "./lowering/fusion-target.ts";
import { type CompileObserver, type PassRecord, PassRunner, type Verifier } from "./pass-runner.ts";
import { mergeCommonSubexpressions } from "./passes/common-subexpressions.ts";
import { eliminateDeadCode } from "./passes/dead-code.ts";
import { separateDilatedConvolutions } from "./passes/dilated-convolutions.ts";
import { dropBarriers } from "./passes/drop-barriers.ts";
import { inlineCalls } from "./passes/inline-calls.ts";
import { hoistLoopInvariants } from "./passes/loop-invariants.ts";
import { rewriteOneHotScatters } from "./passes/one-hot-scatters.ts";
import type { GraphPass, Pass } from "./passes/pass.ts";
import { simplifyGraph } from "./passes/simplify.ts";
import { rewriteThinProducts } from "./passes/thin-products.ts";
import type { Program, WasmExecutable } from "./program/program.ts";
import { compileWasm } from "./targets/wasm/compile.ts";
import { verifyGraph, verifyProgram } from "./verify/index.ts";

/** Graph → optimised graph. */
export const GRAPH_PASSES: readonly GraphPass[] = [
  // First: everything after it sees one flat graph per region, without calls and custom rules.
  inlineCalls,
  // Before the others, so that they do not work on what differentiation left unused.
  eliminateDeadCode,
  simplifyGraph,
  // After simplify: equal constants and cancelled movements make more equations equal.
  mergeCommonSubexpressions,
  // After merging: an invariant is moved once. Before the second round, which cleans up behind it.
  hoistLoopInvariants,
  // Before the second round, which cleans up behind it.
  separateDilatedConvolutions,
  // After simplify: by now a scatter's operand is a literal where it can be. Before the second round, which cleans up.
  rewriteOneHotScatters,
  // After hoisting: a vector is spread over a matrix as an index, and would be moved out of a loop as memory.
  rewriteThinProducts,
  { ...simplifyGraph, name: "simplify_again" },
  { ...mergeCommonSubexpressions, name: "common_subexpressions_again" },
  // After the last merging: what a checkpoint computes again would otherwise be merged with the first time.
  dropBarriers,
  // Last: the optimised graph has no dead equation; the verifier insists on it.
  { ...eliminateDeadCode, name: "dead_code_again" },
];

/** Optimised graph → partition into kernels, with `policy` having the last word. */
export function fusionPass(policy: FusionPolicy): Pass<Graph, FusionPlan> {
  return { name: "fusion", run: (graph) => fuse(graph, WASM_FUSION, policy) };
}

export const FUSION_PASS = fusionPass(asChosen);

/** The same with a plugin's changes. */
export function assemblyPass({ kernel }: CompilerPlugin): Pass<FusionPlan, AssembledProgram> {
  if (kernel === undefined) return ASSEMBLY_PASS;
  return {
    ...ASSEMBLY_PASS,
    run: (plan, context) => {
      const assembled = ASSEMBLY_PASS.run(plan, context);
      const { program } = assembled;
      return { ...assembled, program: { ...program, kernels: program.kernels.map((k) => kernel(k)) } };
    },
  };
}

export function wasmPass({ wasm }: CompilerPlugin): Pass<AssembledProgram, WasmExecutable> {
  return wasm === undefined ? WASM_PASS : { ...WASM_PASS, run: ({ program }) => wasm(program) };
}

/** Partition → kernels, buffers and schedule. */
export const ASSEMBLY_PASS: Pass<FusionPlan, AssembledProgram> = {
  name: "assembly",
  run: (plan, { donated }) => assemble(plan, donated),
};

/** Program → bytes. */
export const WASM_PASS: Pass<AssembledProgram, WasmExecutable> = {
  name: "wasm",
  run: ({ program }) => compileWasm(program),
};

/** Changes to the pipeline: passes of one's own, or other choices of fusion. `weft … --plugin FILE` loads one. */
export interface CompilerPlugin {
  /** The passes of graphs as they are → as they shall be. */
  passes?(passes: readonly GraphPass[]): readonly GraphPass[];
  /** Has the last word on every choice of fusion. */
  fusion?: FusionPolicy;
  /** Has the last word on every kernel for WebAssembly, as it was lowered. */
  kernel?(kernel: Kernel): Kernel;
  /** Makes modules in the place of the code generator. */
  wasm?(program: Program): WasmExecutable;
}

/** Options of `compileGraph`. */
export interface CompileOptions {
  readonly plugin?: CompilerPlugin;
  /** Whether input i may be overwritten (`donateArgnums`); none if absent. */
  readonly donated?: readonly boolean[];
  /** Run the verifier after every pass. */
  readonly verify?: boolean;
  /** Sees every stage as it is finished: dumps, the inspector. */
  readonly observer?: CompileObserver;
}

/** A compiled function as a value: every stage can be asked for. */
export interface CompiledGraph<E = WasmExecutable> {
  readonly graph: Graph;
  readonly optimised: Graph;
  readonly plan: FusionPlan;
  readonly assembled: AssembledProgram;
  readonly executable: E;
  readonly records: readonly PassRecord[];
}

/** Checks what a pass made: graphs, the kernels and the program. The bytes are validated by the engine. */
export const verifyArtifact: Verifier = (artifact) => {
  if (artifact instanceof Graph) verifyGraph(artifact, { level: "graph" });
  else if ("program" in artifact) verifyProgram(artifact.program);
};

/** The passes of graphs, with a plugin's changes. */
export function graphPasses(plugin: CompilerPlugin = {}): readonly GraphPass[] {
  return plugin.passes?.(GRAPH_PASSES) ?? GRAPH_PASSES;
}

/** Graph → optimised graph only. */
export function optimiseGraph(graph: Graph, runner: PassRunner, passes = GRAPH_PASSES): Graph {
  return passes.reduce((current, pass) => runner.run("graph", pass, current), graph);
}

/** Compiles a graph to WebAssembly. Throws UnsupportedError for what the target cannot do. */
export function compileGraph(graph: Graph, options: CompileOptions = {}): CompiledGraph {
  const { donated = [], verify = false, observer = null, plugin = {} } = options;
  const runner = new PassRunner({ donated }, verify ? verifyArtifact : null, observer);
  runner.start(graph);
  const optimised = optimiseGraph(graph, runner, graphPasses(plugin));
  const plan = runner.run("fusion", fusionPass(plugin.fusion ?? asChosen), optimised);
  const assembled = runner.run("program", assemblyPass(plugin), plan);
  const executable = runner.run("wasm", wasmPass(plugin), assembled);
  return { graph, optimised, plan, assembled, executable, records: runner.records };
}
