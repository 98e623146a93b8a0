/** What `jit(f).lower(…).compile()` returns: the compiled function as a value. */
import type { Cost } from "../../compiler/analysis/cost.ts";
import { type KernelUse, type ProgramCost, programCost } from "../../compiler/analysis/program-cost.ts";
import { type Moment, memoryTimeline } from "../../compiler/assembly/memory-timeline.ts";
import type { Graph } from "../../compiler/graph/graph.ts";
import type { WasmExecutable } from "../../compiler/program/program.ts";
import type { WebGpuExecutable } from "../../compiler/program/webgpu.ts";
import { printJaxpr } from "../../compiler/text/jaxpr.ts";
import { bytesOf } from "../../compiler/types/tensor-type.ts";
import { describeValue } from "../core/describe.ts";
import { type Device, WebGpuDevice, withDefaultDevice } from "../core/device.ts";
import { UnsupportedError, WeftTypeError, WeftValueError } from "../core/errors.ts";
import { captureSource } from "../core/source.ts";
import { stageText, withRelativeSources } from "../inspect/stage-text.ts";
import { type AnyCompiled, stagesOf, type TargetName } from "../inspect/stages.ts";
import { loadWat } from "../inspect/wat.ts";
import { flatten, leafPaths, structureDifference } from "../tree/tree.ts";
import { formatPath } from "../tree/treedef.ts";
import { leafArray } from "./arguments.ts";
import { costOf } from "./graph-cost.ts";
import type { JitEntry } from "./jit-entry.ts";
import { gpuKernelCode, wasmKernelCode } from "./kernel-code.ts";
import { KernelHandle } from "./kernel-handle.ts";
import type { AnyFunction, Arguments, Result } from "./types.ts";

/** The stages of which a compiled function has a text. */
export type Stage = "jaxpr" | "graph" | "optimized" | "fusion" | "kernel" | "program" | "wgsl";

/** What a compiled function costs, whole and by kernel (`compiled.cost_analysis()` in JAX). */
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

/** What memory a compiled function takes (`compiled.memory_analysis()` in JAX). */
export interface MemoryAnalysis {
  /** Bytes of arguments and captured arrays. */
  readonly argumentSize: number;
  readonly outputSize: number;
  /** Bytes of outputs that take over donated memory. */
  readonly aliasSize: number;
  readonly tempSize: number;
  readonly constantSize: number;
  /** Of the portable WebAssembly module, or of the shaders. */
  readonly generatedCodeSize: number;
  /** Bytes at once: arguments, outputs that take over none of them, constants and temporaries. */
  readonly peakSize: number;
  /**
   * No plan of the temporaries can be smaller: the largest set of them that is alive at once. (On a GPU a temporary has
   * a buffer of its own while it lives, so that `tempSize` can be more than the plan of `timeline`, which is in one.)
   */
  readonly tempLowerBound: number;
  /** The temporaries alive at each step of the schedule. */
  readonly timeline: readonly MemoryMoment[];
}

/** What is alive while one step of the schedule runs. */
export interface MemoryMoment extends Omit<Moment, "live"> {
  readonly live: readonly { readonly label: string; readonly offset: number; readonly bytes: number }[];
}

/** A compiled function: callable, and every stage can be read. */
export class Compiled<F extends AnyFunction> {
  constructor(
    readonly entry: JitEntry,
    readonly stages: AnyCompiled,
    /** Where it runs; null where it was compiled for another target than the device of its arguments. */
    readonly device: Device | null,
  ) {}

  /** What this call costs by kernel. */
  get #programCost(): ProgramCost {
    return programCost(this.stages.assembled.program);
  }

  get target(): TargetName {
    return "shaders" in this.stages.executable ? "webgpu" : "wasm";
  }

  /** The modules, and what they need to be called. Throws where it was compiled for WebGPU. */
  get executable(): WasmExecutable {
    const { executable } = this.stages;
    if ("shaders" in executable) throw this.#otherThan("wasm");
    return executable;
  }

  /** Shaders and schedule. Throws where it was compiled for WebAssembly. */
  get gpuExecutable(): WebGpuExecutable {
    const { executable } = this.stages;
    if ("modules" in executable) throw this.#otherThan("webgpu");
    return executable;
  }

  #otherThan(wanted: TargetName): UnsupportedError {
    return new UnsupportedError(
      `${this.entry.name} was compiled for ${this.target}, and not for ${wanted}: lower(…).compile({ target: "${wanted}" })`,
      captureSource(),
    );
  }

  /**
   * Calls it. The arguments must have the structure and types it was compiled for, and be on its device or on none.
   */
  call(...args: Arguments<Parameters<F>>): Result<ReturnType<F>> {
    const { device, entry } = this;
    if (device === null) {
      throw new UnsupportedError(
        `${entry.name} was compiled for ${this.target} to be looked at: call the jitted function, or lower it for ` +
          `arguments that are there, devicePut(x, await device("${this.target}"))`,
        captureSource(),
      );
    }
    const leaves = entry.match(args, false);
    if (leaves === null) {
      throw new WeftTypeError(
        `Argument types differ from the types for which this computation was compiled (${entry.name}):\n` +
          `${this.#offenders(args).join("\n")}\n` +
          "Compile it for these, or call the jitted function.",
        captureSource(),
      );
    }
    const there = withDefaultDevice(device, () => entry.deviceFor(leaves));
    if (there !== device) {
      throw new WeftValueError(
        `Compiled object called with input placement that does not match the one for which the computation was ` +
          `compiled (${entry.name}): its arguments are on ${there}, and it was compiled for ${device}. ` +
          `Move them with devicePut(x, device), or call the jitted function.`,
        captureSource(),
      );
    }
    return withDefaultDevice(device, () => entry.call(leaves)) as Result<ReturnType<F>>;
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

  /** A stage as text. `wgsl` is known where it was compiled for WebGPU, WebAssembly's text by `wat()`. */
  asText({ stage = "program" }: { readonly stage?: Stage } = {}): string {
    if (stage === "jaxpr") return printJaxpr(this.stages.graph);
    const known: readonly string[] = stagesOf(this.target).filter((each) => each !== "wat");
    if (!known.includes(stage)) {
      const also =
        this.target === "wasm" ? '; wat() gives WebAssembly, compile({ target: "webgpu" }) has wgsl' : "";
      throw new WeftValueError(
        `${this.entry.name}, compiled for ${this.target}, has the stages jaxpr, ${known.join(", ")}${also}; got ${String(stage)}`,
        captureSource(),
      );
    }
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
    const { device } = this;
    const { executable } = this.stages;
    const code =
      "shaders" in executable
        ? gpuKernelCode(executable, device instanceof WebGpuDevice ? device.gpu : null)
        : wasmKernelCode(executable);
    return program.kernels.map(
      (kernel, i) => new KernelHandle(kernel, kernels[i].cost, kernels[i].launches, code),
    );
  }

  /**
   * The portable WebAssembly module as text. Rejects where it was compiled for WebGPU, and where the optional package
   * `wabt` is not installed.
   */
  async wat(): Promise<string> {
    const { modules } = this.executable;
    const toWat = await loadWat();
    return toWat(modules.simd);
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
      generatedCodeSize: codeSize(executable),
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

/** Bytes of the portable module, or of the shaders' text. */
function codeSize(executable: WasmExecutable | WebGpuExecutable): number {
  if (!("shaders" in executable)) return executable.modules.simd.byteLength;
  const encoder = new TextEncoder();
  return executable.shaders.reduce((sum, { wgsl }) => sum + encoder.encode(wgsl).length, 0);
}

/** Source lines relative to the working directory, where there is one. */
export function relativeSources(text: string): string {
  return typeof process === "object" && typeof process.cwd === "function"
    ? withRelativeSources(text, process.cwd())
    : text;
}
