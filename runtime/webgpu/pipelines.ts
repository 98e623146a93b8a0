/** Compute pipelines and the layouts of their bind groups, made once per device. */
import type { GpuShader } from "../../compiler/program/webgpu.ts";
import { GpuError } from "../errors.ts";
import { COMPUTE } from "./constants.ts";

/** Pipelines kept for shaders that no loaded program has just used. */
const PIPELINE_LIMIT = 2048;

export interface ShaderPipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

interface Entry {
  readonly pending: Promise<ShaderPipeline>;
  readonly done: ShaderPipeline | null;
}

export class Pipelines {
  /** Declared cache, least recently used first: single operations often share their shaders. */
  readonly #pipelines = new Map<string, Entry>();
  readonly #bufferLayouts = new Map<string, GPUBindGroupLayout>();
  readonly #counterLayouts: GPUBindGroupLayout[] = [];

  constructor(readonly device: GPUDevice) {}

  /** The pipeline of a shader if it is there, or else a promise that rejects with a GpuError showing the line of WGSL. */
  get(shader: GpuShader, program: string): ShaderPipeline | Promise<ShaderPipeline> {
    const key = shader.wgsl;
    let entry = this.#pipelines.get(key);
    this.#pipelines.delete(key);
    if (entry === undefined) {
      const pending = this.#create(shader, program);
      entry = { pending, done: null };
      pending.then(
        (done) => this.#pipelines.set(key, { pending, done }),
        // So that the next use tries again, and a failure does not hold its place.
        () => this.#pipelines.delete(key),
      );
    }
    this.#pipelines.set(key, entry);
    if (this.#pipelines.size > PIPELINE_LIMIT) {
      const oldest = this.#pipelines.keys().next();
      if (!oldest.done) this.#pipelines.delete(oldest.value);
    }
    return entry.done ?? entry.pending;
  }

  /** Layout of group 1: two digits of every counter. */
  counterLayout(counters: number): GPUBindGroupLayout {
    this.#counterLayouts[counters] ??= this.device.createBindGroupLayout({
      label: `${counters} counters`,
      entries: Array.from({ length: 2 * counters }, (_, binding) => ({
        binding,
        visibility: COMPUTE,
        buffer: { type: "uniform", hasDynamicOffset: true, minBindingSize: 4 },
      })),
    });
    return this.#counterLayouts[counters];
  }

  /** Layout of group 0. */
  #bufferLayout(shader: GpuShader): GPUBindGroupLayout {
    const key = shader.bindings.map(({ access }) => (access === "read" ? "r" : "w")).join("");
    let layout = this.#bufferLayouts.get(key);
    if (layout === undefined) {
      layout = this.device.createBindGroupLayout({
        label: key,
        entries: shader.bindings.map(({ access }, binding) => ({
          binding,
          visibility: COMPUTE,
          buffer: { type: access === "read" ? "read-only-storage" : "storage" },
        })),
      });
      this.#bufferLayouts.set(key, layout);
    }
    return layout;
  }

  async #create(shader: GpuShader, program: string): Promise<ShaderPipeline> {
    const { device } = this;
    const { name: label, wgsl, counters } = shader;
    const layout = this.#bufferLayout(shader);
    const bindGroupLayouts = counters === 0 ? [layout] : [layout, this.counterLayout(counters)];
    // The module's errors are asked for below; without a scope they would be reported as nobody's.
    device.pushErrorScope("validation");
    const module = device.createShaderModule({ label, code: wgsl });
    const pipeline = device.createComputePipelineAsync({
      label,
      layout: device.createPipelineLayout({ label, bindGroupLayouts }),
      compute: { module, entryPoint: "main" },
    });
    device.popErrorScope().catch(() => {});
    try {
      return { pipeline: await pipeline, layout };
    } catch (error) {
      const details = await compilationErrors(module, wgsl).catch(() => "");
      const reason = details === "" && error instanceof Error ? `\n${error.message}` : details;
      throw new GpuError(`${describeShader(shader, program)}: the GPU refuses its shader${reason}`);
    }
  }
}

/** `kernel k3 of train_step (train.ts:7:3)` */
export function describeShader(shader: GpuShader, program: string): string {
  const lines = shader.sources.length === 0 ? "" : ` (${shader.sources.slice(0, 3).join(", ")})`;
  return `kernel ${shader.name} of ${program}${lines}`;
}

/** The compiler's messages, each with the line it is about. */
async function compilationErrors(module: GPUShaderModule, wgsl: string): Promise<string> {
  const { messages } = await module.getCompilationInfo();
  const lines = wgsl.split("\n");
  return [...messages]
    .filter(({ type }) => type === "error")
    .map(({ message, lineNum, linePos }) => {
      const line = lines[lineNum - 1];
      const shown = line === undefined ? "" : `\n  ${lineNum} | ${line}`;
      return `\n  line ${lineNum}:${linePos}: ${message}${shown}`;
    })
    .join("");
}
