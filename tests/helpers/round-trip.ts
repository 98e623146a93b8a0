/** Text and bytes: `parse(print(x))` is `x` and compiles to the same bytes, for WebAssembly and for WebGPU. */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import type { AssembledProgram } from "../../compiler/assembly/assemble.ts";
import { chooseLoopShaders } from "../../compiler/assembly/gpu-loops.ts";
import type { Graph } from "../../compiler/graph/graph.ts";
import { equalGraphs, hashGraph } from "../../compiler/hash/index.ts";
import type { Artifact, CompileObserver, PassRecord } from "../../compiler/pass-runner.ts";
import { type CompiledGraph, compileGraph } from "../../compiler/pipeline.ts";
import { compileGraphForWebGpu } from "../../compiler/pipeline-webgpu.ts";
import type { WasmExecutable } from "../../compiler/program/program.ts";
import { DEFAULT_LIMITS, type WebGpuExecutable } from "../../compiler/program/webgpu.ts";
import { compileWasm } from "../../compiler/targets/wasm/compile.ts";
import { compileWebGpu } from "../../compiler/targets/wgsl/compile.ts";
import { parseGraph, parseProgram, printGraph, printProgram } from "../../compiler/text/index.ts";
import { UnsupportedError } from "../../compiler/types/errors.ts";

type Compiled = CompiledGraph<WasmExecutable | WebGpuExecutable>;

type Compile = (
  graph: Graph,
  options: { readonly donated: readonly boolean[]; readonly observer?: CompileObserver },
) => Compiled;

/** Both modules, or the shaders with all that runs them. */
function bytesOf(executable: Compiled["executable"]): unknown {
  return "modules" in executable ? [executable.modules.simd, executable.modules.relaxed] : executable;
}

/** What `compile` makes; null where the target cannot do it. */
function attempt(compile: Compile, graph: Graph, donated: readonly boolean[]): Compiled | null {
  try {
    return compile(graph, { donated });
  } catch (error) {
    if (error instanceof UnsupportedError) return null;
    throw error;
  }
}

/** The text of the graph is that of what is parsed from it, which is returned and equals the graph. */
export function checkText(graph: Graph): Graph {
  const text = printGraph(graph);
  const parsed = parseGraph(text);
  // Rules of custom derivatives that are not traced yet are compared by identity, which text does not keep.
  if (!/custom_[jv]+p_call/.test(text)) {
    assert.ok(equalGraphs(parsed, graph), `not equal after a round trip:\n${text}`);
    assert.equal(hashGraph(parsed), hashGraph(graph));
  }
  assert.equal(printGraph(parsed), text);
  return parsed;
}

/** The graph's text, and what is compiled from it and from the program's text. `known`: what was compiled already. */
export function checkRoundTrip(
  graph: Graph,
  donated: readonly boolean[] = [],
  known: CompiledGraph | null = null,
): void {
  const parsed = checkText(graph);
  for (const compile of [compileGraph, compileGraphForWebGpu] as const) {
    const first = compile === compileGraph ? known : null;
    const compiled = first ?? attempt(compile, graph, donated);
    const again = attempt(compile, parsed, donated);
    const [actual, expected] = [again && bytesOf(again.executable), compiled && bytesOf(compiled.executable)];
    if (!isDeepStrictEqual(actual, expected)) {
      const where = firstDifference(compile, graph, parsed, donated);
      assert.deepEqual(actual, expected, `${where}\ncompiled from\n${printGraph(graph)}`);
    }
    if (compiled !== null) checkProgram(compiled);
  }
}

/** The first pass after which the text of two graphs' compilations differs, and the line. */
function firstDifference(compile: Compile, a: Graph, b: Graph, donated: readonly boolean[]): string {
  const [first, second] = [a, b].map((graph) => {
    const texts: [name: string, lines: string[]][] = [];
    const passed = ({ name, level }: PassRecord, artifact: Artifact): void => {
      if (level === "graph") texts.push([name, printGraph(artifact as Graph).split("\n")]);
      if (level === "program")
        texts.push([name, printProgram((artifact as AssembledProgram).program).split("\n")]);
    };
    compile(graph, { donated, observer: { passed, failed: () => {} } });
    return texts;
  });
  for (const [i, [name, lines]] of first!.entries()) {
    const at = lines.findIndex((line, j) => line !== second![i]![1][j]);
    if (at >= 0) return `after ${name}:\n- ${lines[at]}\n+ ${second![i]![1][at]}`;
  }
  return "the same programs, and other bytes";
}

function checkProgram({ assembled: { program, memory }, executable }: Compiled): void {
  const text = printProgram(program);
  const parsed = parseProgram(text);
  assert.equal(printProgram(parsed), text);
  const again =
    "modules" in executable
      ? compileWasm(parsed)
      : compileWebGpu(parsed, memory.intervals, DEFAULT_LIMITS, chooseLoopShaders(parsed, DEFAULT_LIMITS));
  assert.deepEqual(bytesOf(again), bytesOf(executable), `compiled from\n${text}`);
}
