/** What `jit(f).trace(…)`, `.lower(…)` and `.compile()` return: the compiled function as a value. */
import type { Cost } from "../../compiler/analysis/cost.ts";
import { type KernelUse, type ProgramCost, programCost } from "../../compiler/analysis/program-cost.ts";
import { type Moment, memoryTimeline } from "../../compiler/assembly/memory-timeline.ts";
import type { Graph } from "../../compiler/graph/graph.ts";
import { subgraphsOf } from "../../compiler/graph/graph.ts";
import type { CompiledGraph } from "../../compiler/pipeline.ts";
import { compileGraph } from "../../compiler/pipeline.ts";
import { primitiveOf } from "../../compiler/primitives/table.ts";
import type { WasmExecutable } from "../../compiler/program/program.ts";
import { printGraph } from "../../compiler/text/graph-printer.ts";
import { printJaxpr } from "../../compiler/text/jaxpr.ts";
import { bytesOf } from "../../compiler/types/tensor-type.ts";
import type { NdArray } from "../core/array.ts";
import type { ShapedArray } from "../core/aval.ts";
import { describeValue } from "../core/describe.ts";
import { WeftTypeError } from "../core/errors.ts";
import { captureSource } from "../core/source.ts";
import { stageText, withRelativeSources } from "../inspect/stage-text.ts";
import { loadWat } from "../inspect/wat.ts";
import { flatten, leafPaths, structureDifference } from "../tree/tree.ts";
import { formatPath, type TreeDef } from "../tree/treedef.ts";
import { type Callee, leafArray } from "./arguments.ts";
import type { JitEntry } from "./jit-entry.ts";
import { KernelHandle } from "./kernel-handle.ts";
import type { AnyFunction, Arguments, Result } from "./types.ts";

export type Stage = "jaxpr" | "graph" | "optimized" | "fusion" | "kernel" | "program";

/** A traced function: its graph, and the outer arrays it uses as the graph's last inputs. */
export class Stages<F extends AnyFunction> {
  constructor(
    readonly entry: JitEntry,
    readonly callee: Callee,
  ) {}

  get graph(): Graph {
    return this.entry.traced.graph;
  }
  /** Arrays of the surroundings that the function uses: the graph's inputs after the arguments' leaves. */
  get captured(): readonly NdArray[] {
    return this.entry.traced.captured;
  }
  get outTree(): TreeDef {
    return this.entry.traced.outTree;
  }
  get inAvals(): readonly ShapedArray[] {
    return this.entry.avals;
  }
  get outAvals(): readonly ShapedArray[] {
    return this.entry.traced.outAvals;
  }
  lower(): Lowered<F> {
    return new Lowered<F>(this.entry);
  }
  toString(): string {
    return printJaxpr(this.graph);
  }
}

/** A function ready to be compiled. */
export class Lowered<F extends AnyFunction> {
  constructor(readonly entry: JitEntry) {}

  get graph(): Graph {
    return this.entry.traced.graph;
  }

  /** The graph as text. Later stages are known once compiled. */
  asText({ stage = "graph" }: { readonly stage?: Stage } = {}): string {
    if (stage === "graph") return relativeSources(printGraph(this.graph));
    if (stage === "jaxpr") return printJaxpr(this.graph);
    return this.compile().asText({ stage });
  }

  /** Compiles for WebAssembly. Throws where the function captured values of a running trace. */
  compile(): Compiled<F> {
    if (!this.entry.cacheable) {
      throw new WeftTypeError(
        `${this.entry.name} uses values of a function being traced, so it cannot be compiled by itself: ` +
          "pass them as arguments",
        captureSource(),
      );
    }
    // Another backend than the compiler's (tests have one) makes no stages.
    const stages =
      this.entry.executable().compiled ?? compileGraph(this.graph, { donated: this.entry.donated ?? [] });
    return new Compiled<F>(this.entry, stages);
  }
}

export interface CostAnalysis {
  /** Floating operations of the graph's equations; loops count their trips, whiles one. */
  readonly flops: number;
  /** Of them exp, log, sin, …, counted by element. */
  readonly transcendentals: number;
  /** Bytes of inputs and outputs. */
  readonly bytesAccessed: number;
  /**
   * What the compiled program executes in one call: arithmetic with what fusion computes again, math functions by
   * name, and the bytes that its kernels and copies read and write.
   */
  readonly executed: Cost;
  /** Each kernel: the cost of one launch, and how often it is launched. */
  readonly kernels: readonly KernelUse[];
}

export interface MemoryAnalysis {
  /** Bytes of arguments and captured arrays. */
  readonly argumentSize: number;
  readonly outputSize: number;
  /** Bytes of outputs that take over donated memory. */
  readonly aliasSize: number;
  readonly tempSize: number;
  readonly constantSize: number;
  readonly generatedCodeSize: number;
  /** Bytes at once: arguments, outputs that take over none of them, constants and temporaries. */
  readonly peakSize: number;
  /** No plan of the temporaries can be smaller: the largest set of them that is alive at once. */
  readonly tempLowerBound: number;
  /** The temporaries alive at each step of the schedule. */
  readonly timeline: readonly MemoryMoment[];
}

export interface MemoryMoment extends Omit<Moment, "live"> {
  readonly live: readonly { readonly label: string; readonly offset: number; readonly bytes: number }[];
}

/** A compiled function: callable, and every stage can be read. */
export class Compiled<F extends AnyFunction> {
  constructor(
    readonly entry: JitEntry,
    readonly stages: CompiledGraph,
  ) {}

  /** What this call costs by kernel. */
  get #programCost(): ProgramCost {
    return programCost(this.stages.assembled.program);
  }

  get executable(): WasmExecutable {
    return this.stages.executable;
  }

  /** Calls it. The arguments must have the structure and types it was compiled for. */
  call(...args: Arguments<Parameters<F>>): Result<ReturnType<F>> {
    const leaves = this.entry.match(args, false);
    if (leaves === null) {
      throw new WeftTypeError(
        `Argument types differ from the types for which this computation was compiled (${this.entry.name}):\n` +
          `${this.#offenders(args).join("\n")}\n` +
          "Compile it for these, or call the jitted function.",
        captureSource(),
      );
    }
    return this.entry.call(leaves) as Result<ReturnType<F>>;
  }

  /** What is wrong with the arguments, with their paths. */
  #offenders(args: readonly unknown[]): string[] {
    const { argumentTrees, avals } = this.entry;
    if (args.length !== argumentTrees.length) {
      return [`  * it takes ${argumentTrees.length} arguments, got ${args.length}`];
    }
    const found: string[] = [];
    let at = 0;
    for (const [n, tree] of argumentTrees.entries()) {
      if (tree === null) continue;
      const { leaves, treedef } = flatten(args[n]);
      const expected = avals.slice(at, at + tree.leaves);
      at += tree.leaves;
      const difference = structureDifference(tree, treedef, `args[${n}]`);
      if (difference !== null) {
        found.push(`  * ${difference}`);
        continue;
      }
      for (const [i, path] of leafPaths(tree).entries()) {
        const given = leafArray(leaves[i])?.aval.type.text ?? describeValue(leaves[i]);
        const wanted = expected[i].type.text;
        if (given !== wanted)
          found.push(`  * args[${n}]${formatPath(path)} was compiled for ${wanted}, got ${given}`);
      }
    }
    return found.length > 0 ? found : ["  * a static argument has another value"];
  }

  asText({ stage = "program" }: { readonly stage?: Stage } = {}): string {
    if (stage === "jaxpr") return printJaxpr(this.stages.graph);
    return relativeSources(stageText(this.stages, stage, { format: "text", toWat: null }));
  }

  costAnalysis(): CostAnalysis {
    const { graph } = this.stages;
    const { flops, transcendentals } = costOf(this.stages.optimised);
    const bytesAccessed = [...graph.inputs, ...graph.outputs].reduce((n, x) => n + bytesOf(x.type), 0);
    const { total, kernels } = this.#programCost;
    return { flops, transcendentals, bytesAccessed, executed: total, kernels };
  }

  /** The kernels in the order of the program. */
  kernels(): KernelHandle[] {
    const { program } = this.stages.assembled;
    const { kernels } = this.#programCost;
    return program.kernels.map(
      (kernel, i) =>
        new KernelHandle(kernel, kernels[i].cost, kernels[i].launches, () => this.executable.modules.simd),
    );
  }

  /** The portable WebAssembly module as text. Rejects where the optional package `wabt` is not installed. */
  async wat(): Promise<string> {
    const toWat = await loadWat();
    return toWat(this.executable.modules.simd);
  }

  memoryAnalysis(): MemoryAnalysis {
    const { graph, executable, assembled } = this.stages;
    const { program, memory } = assembled;
    const { aliases, tempBytes, constants } = executable.interface;
    const sum = (items: Graph["outputs"]): number => items.reduce((n, x) => n + bytesOf(x.type), 0);
    const argumentSize = sum(graph.inputs);
    const outputSize = sum(graph.outputs);
    const aliasSize = sum(graph.outputs.filter((_, i) => aliases[i] !== null));
    return {
      argumentSize,
      outputSize,
      aliasSize,
      tempSize: tempBytes,
      constantSize: constants.byteLength,
      generatedCodeSize: executable.modules.simd.byteLength,
      peakSize: argumentSize + outputSize - aliasSize + constants.byteLength + tempBytes,
      tempLowerBound: memory.lowerBound,
      timeline: memoryTimeline(program).map((moment) => ({
        ...moment,
        live: moment.live.map((id) => {
          const { label, offset, bytes } = program.buffers[id];
          return { label, offset, bytes };
        }),
      })),
    };
  }
}

/** Source lines relative to the working directory, where there is one. */
function relativeSources(text: string): string {
  return typeof process === "object" && typeof process.cwd === "function"
    ? withRelativeSources(text, process.cwd())
    : text;
}

/** Operations of a graph: loops count their trips, whiles one, of a cond's branches the most expensive. */
export function costOf(graph: Graph): { flops: number; transcendentals: number } {
  let flops = 0;
  let transcendentals = 0;
  for (const equation of graph.equations) {
    const inner = subgraphsOf(equation);
    if (inner.length === 0) {
      const own = primitiveOf(equation.op).cost({
        params: equation.params,
        inputs: equation.inputs.map((x) => x.type),
        outputs: equation.outputs.map((x) => x.type),
      });
      flops += own.flops;
      transcendentals += own.transcendentals;
      continue;
    }
    const trips = equation.op === "scan" ? Number(equation.params.length) : 1;
    const costs = inner.map(costOf);
    // Of the branches of a cond the most expensive one counts.
    const worst = equation.op === "cond";
    const total = (of: (c: (typeof costs)[number]) => number): number =>
      worst ? Math.max(...costs.map(of)) : costs.reduce((n, c) => n + of(c), 0);
    flops += trips * total((c) => c.flops);
    transcendentals += trips * total((c) => c.transcendentals);
  }
  return { flops, transcendentals };
}
