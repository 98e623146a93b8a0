/**
 * What the compiler makes of a graph: `; test pass simplify,dead_code`, `; test fusion`, `; test kernel`,
 * `; test program donate=0`, `; test wat`, `; test wgsl`, and `; test compile`, which runs `; run:` lines on WebAssembly.
 */
import loadWabt from "wabt";
import { assemble } from "../../../compiler/assembly/assemble.ts";
import { fuse } from "../../../compiler/fusion/fuse.ts";
import { printPlan } from "../../../compiler/fusion/print-plan.ts";
import type { Graph } from "../../../compiler/graph/graph.ts";
import type { RefTensor } from "../../../compiler/graph/reference.ts";
import { fromBytes, toBytes } from "../../../compiler/interpret/tensors.ts";
import { WASM_FUSION } from "../../../compiler/lowering/fusion-target.ts";
import { GRAPH_PASSES } from "../../../compiler/pipeline.ts";
import { compileGraphForWebGpu } from "../../../compiler/pipeline-webgpu.ts";
import type { Program } from "../../../compiler/program/program.ts";
import { compileWasm } from "../../../compiler/targets/wasm/compile.ts";
import { parseGraph, printGraph, printKernel, printProgram } from "../../../compiler/text/index.ts";
import { verifyGraph, verifyProgram } from "../../../compiler/verify/index.ts";
import { runVariants } from "../../helpers/run-wasm.ts";
import type { Filetest, Outcome } from "./filetest.ts";

const wabt = await loadWabt();

function passed(graph: Graph, names: readonly string[]): Graph {
  return names.reduce((current, name) => {
    const pass = GRAPH_PASSES.find((p) => p.name === name);
    if (pass === undefined) throw new Error(`no pass named ${name}`);
    const result = pass.run(current, { donated: [] });
    verifyGraph(result);
    return result;
  }, graph);
}

/** The graph of a test after all passes. */
function optimised(test: Filetest): Graph {
  return passed(
    parseGraph(test.source, test.name),
    GRAPH_PASSES.map((p) => p.name),
  );
}

function programOf(graph: Graph, test: Filetest): Program {
  const donated = new Set(
    test.args.flatMap((arg) => (arg.startsWith("donate=") ? arg.slice(7).split(",").map(Number) : [])),
  );
  const { program } = assemble(
    fuse(graph, WASM_FUSION),
    graph.inputs.map((_, i) => donated.has(i)),
  );
  verifyProgram(program);
  return program;
}

/** Runs a graph on WebAssembly; both variants must give the same to a few ULP, and the first is returned. */
export function executeCompiled(graph: Graph, inputs: readonly RefTensor[], test: Filetest): RefTensor[] {
  const program = programOf(
    passed(
      graph,
      GRAPH_PASSES.map((p) => p.name),
    ),
    test,
  );
  const [first] = runVariants(program, inputs.map(toBytes));
  return graph.outputs.map((x, i) => fromBytes(x.type, first.outputs[i]));
}

export const pipelineCommands = {
  /** One or more graph passes by name. */
  pass: (test: Filetest): Outcome => {
    const graph = parseGraph(test.source, test.name);
    return { output: printGraph(passed(graph, (test.args[0] ?? "").split(","))) };
  },
  /** The fusion plan of the optimised graph. */
  fusion: (test: Filetest): Outcome => ({ output: printPlan(fuse(optimised(test), WASM_FUSION)) }),
  /** The kernels of the compiled graph. */
  kernel: (test: Filetest): Outcome => ({
    output: programOf(optimised(test), test)
      .kernels.map((k) => printKernel(k))
      .join("\n"),
  }),
  /** The whole program. */
  program: (test: Filetest): Outcome => ({ output: printProgram(programOf(optimised(test), test)) }),
  /** The shaders for WebGPU, on an adapter that grants what every one does. */
  wgsl: (test: Filetest): Outcome => {
    const graph = parseGraph(test.source, test.name);
    const { executable } = compileGraphForWebGpu(graph, { verify: true });
    return { output: executable.shaders.map(({ wgsl }) => wgsl).join("\n") };
  },
  /** The module without relaxed SIMD, as WAT. */
  wat: (test: Filetest): Outcome => {
    const module = wabt.readWasm(compileWasm(programOf(optimised(test), test)).modules.simd, {
      readDebugNames: true,
      simd: true,
    });
    module.applyNames();
    return { output: module.toText({ foldExprs: true, inlineExport: false }) };
  },
};
