/** What `jit(f).trace(…)` and `.lower(…)` return: a function on its way to being compiled. */
import type { Graph } from "../../compiler/graph/graph.ts";
import { compileGraph } from "../../compiler/pipeline.ts";
import { printGraph } from "../../compiler/text/graph-printer.ts";
import { printJaxpr } from "../../compiler/text/jaxpr.ts";
import type { NdArray } from "../core/array.ts";
import type { ShapedArray } from "../core/aval.ts";
import { type Device, WebGpuDevice, wasmDevice } from "../core/device.ts";
import { WeftTypeError, WeftValueError } from "../core/errors.ts";
import { gpu } from "../core/gpu.ts";
import { captureSource } from "../core/source.ts";
import { type AnyCompiled, TARGETS, type TargetName } from "../inspect/stages.ts";
import type { TreeDef } from "../tree/treedef.ts";
import type { Callee } from "./arguments.ts";
import { Compiled, relativeSources, type Stage } from "./compiled.ts";
import type { JitEntry } from "./jit-entry.ts";
import type { AnyFunction } from "./types.ts";

/** A traced function: its graph, and the outer arrays it uses as the graph's last inputs. */
export class Stages<F extends AnyFunction> {
  constructor(
    readonly entry: JitEntry,
    readonly callee: Callee,
    /** Where a call with the same arguments runs. */
    readonly device: Device,
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
    return new Lowered<F>(this.entry, this.device);
  }
  toString(): string {
    return printJaxpr(this.graph);
  }
}

/** What a lowered function is compiled for. */
export interface CompileTarget {
  /**
   * What to compile for, where that is not the device that calls run on: to look at the code for another. Compiled for
   * WebGPU without a device, it keeps to what every adapter grants, and cannot be called.
   */
  readonly target?: TargetName;
}

/** A function ready to be compiled. */
export class Lowered<F extends AnyFunction> {
  constructor(
    readonly entry: JitEntry,
    readonly device: Device,
  ) {}

  get graph(): Graph {
    return this.entry.traced.graph;
  }

  /** The graph as text. Later stages are known once compiled: `wgsl` is compiled for WebGPU. */
  asText({ stage = "graph" }: { readonly stage?: Stage } = {}): string {
    if (stage === "graph") return relativeSources(printGraph(this.graph));
    if (stage === "jaxpr") return printJaxpr(this.graph);
    return this.compile(stage === "wgsl" ? { target: "webgpu" } : {}).asText({ stage });
  }

  /**
   * Compiles for the device that calls with these arguments run on. Throws where the function captured values of a
   * running trace.
   */
  compile({ target }: CompileTarget = {}): Compiled<F> {
    const { entry, device } = this;
    if (target !== undefined && !TARGETS.includes(target)) {
      throw new WeftValueError(`target is one of ${TARGETS.join(", ")}, got ${String(target)}`);
    }
    if (!entry.cacheable) {
      throw new WeftTypeError(
        `${entry.name} uses values of a function being traced, so it cannot be compiled by itself: ` +
          "pass them as arguments",
        captureSource(),
      );
    }
    const chosen = target === undefined || target === device.platform ? device : null;
    return new Compiled<F>(entry, this.#compileFor(chosen, target ?? device.platform), chosen);
  }

  #compileFor(device: Device | null, target: TargetName): AnyCompiled {
    const { entry, graph } = this;
    const options = { donated: entry.donated ?? [] };
    // Another backend than the compiler's (tests have one) makes no stages.
    if (device instanceof WebGpuDevice) {
      const { limits } = device.gpu;
      return (
        entry.executableOn(device).compiled ?? gpu().compileGraphForWebGpu(graph, { ...options, limits })
      );
    }
    if (target === "webgpu") return gpu().compileGraphForWebGpu(graph, options);
    return (device === wasmDevice ? entry.executable().compiled : null) ?? compileGraph(graph, options);
  }
}
