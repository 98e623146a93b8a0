/** Program → WebGPU: one shader per kernel and placement of its buffers, slots for temporaries, the schedule of dispatches. */
import type { BufferParam } from "../../kernel/expr.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { KernelBuilder } from "../../kernel/kernel-builder.ts";
import { scalarOps as s } from "../../kernel/scalar-ops.ts";
import type { BufferRef, LoopId, Program, ProgramInterface, Step } from "../../program/program.ts";
import type {
  GpuBuffer,
  GpuLimits,
  GpuPlace,
  GpuShader,
  GpuStep,
  WebGpuExecutable,
} from "../../program/webgpu.ts";
import { DTYPE_INFO, type DType } from "../../types/dtype.ts";
import { InternalError, UnsupportedError } from "../../types/errors.ts";
import { elementForm, type Placement } from "./memory.ts";
import { type BindingLayout, emitShader, type ShaderLayout } from "./shader.ts";
import { type Life, paddedBytes, planSlots, type SlotPlan } from "./slots.ts";

/**
 * Compiles a program whose kernels were lowered for a GPU. `lives`: when each temporary buffer is in use, by its id.
 * Throws UnsupportedError for what the adapter cannot do.
 */
export function compileWebGpu(
  program: Program,
  lives: ReadonlyMap<number, Life>,
  limits: GpuLimits,
): WebGpuExecutable {
  for (const { dtype, label } of [...program.inputs, ...program.outputs]) {
    if (dtype === "float64") {
      throw new UnsupportedError(
        `${program.name}: ${label} is float64, which WebGPU does not have. Run this function on Wasm, or convert to float32.`,
      );
    }
  }
  return new GpuCompiler(program, planSlots(program.buffers, lives), limits).run();
}

/** Arguments of a launch by the binding that they share. */
interface Binding {
  readonly buffer: GpuBuffer;
  readonly params: BufferParam[];
}

class GpuCompiler {
  readonly #kernels: ReadonlyMap<string, Kernel>;
  readonly #shaders: GpuShader[] = [];
  /** Shaders by kernel and placements. */
  readonly #known = new Map<string, number>();
  readonly #copies = new Map<string, Kernel>();

  constructor(
    private readonly program: Program,
    private readonly slots: SlotPlan,
    private readonly limits: GpuLimits,
  ) {
    this.#kernels = new Map(program.kernels.map((kernel) => [kernel.name, kernel]));
  }

  run(): WebGpuExecutable {
    const { name, inputs, outputs, aliases, constants, schedule } = this.program;
    const { slots } = this.slots;
    const tempBytes = slots.reduce((sum, bytes) => sum + bytes, 0);
    const bare: ProgramInterface = { name, inputs, outputs, aliases, tempBytes, constants };
    const steps = this.#steps(schedule);
    return { interface: bare, shaders: this.#shaders, slots, schedule: steps };
  }

  #steps(steps: readonly Step[]): GpuStep[] {
    return steps.flatMap((step): GpuStep[] => {
      switch (step.kind) {
        case "launch": {
          const kernel = this.#kernels.get(step.kernel);
          if (kernel === undefined) throw new InternalError(`no kernel ${step.kernel}`);
          return [this.#dispatch(kernel, step.args)];
        }
        case "copy":
          return this.#copy(step.from, step.to, step.bytes);
        case "for":
          return [{ ...step, body: this.#steps(step.body) }];
        case "while":
          return [
            {
              kind: "while",
              cond: this.#steps(step.cond),
              predicate: this.#place(step.predicate),
              body: this.#steps(step.body),
            },
          ];
        case "branch":
          return [
            {
              kind: "branch",
              index: this.#place(step.index),
              cases: step.cases.map((steps) => this.#steps(steps)),
            },
          ];
        default:
          return step satisfies never;
      }
    });
  }

  #place(ref: BufferRef): GpuPlace {
    const { kind, offset } = this.program.buffers[ref.buffer];
    const start = kind === "constant" ? offset : 0;
    return { buffer: this.#bufferOf(ref), offset: start + ref.offset, strides: ref.strides };
  }

  #bufferOf(ref: BufferRef): GpuBuffer {
    const { id, kind, offset } = this.program.buffers[ref.buffer];
    switch (kind) {
      case "input":
        return { kind, index: offset };
      case "output": {
        const alias = this.program.aliases[offset];
        return alias === null ? { kind, index: offset } : { kind: "input", index: alias };
      }
      case "constant":
        return { kind };
      case "temp": {
        const slot = this.slots.slotOf.get(id);
        if (slot === undefined) throw new InternalError(`a temporary without a slot: ${id}`);
        return { kind: "slot", index: slot };
      }
      default:
        return kind satisfies never;
    }
  }

  #bytesOf(buffer: GpuBuffer): number {
    const { program } = this;
    if (buffer.kind === "constant") return paddedBytes(program.constants.byteLength);
    if (buffer.kind === "slot") return this.slots.slots[buffer.index];
    const { dtype, shape } = (buffer.kind === "input" ? program.inputs : program.outputs)[buffer.index];
    return paddedBytes(shape.reduce((n, extent) => n * extent, DTYPE_INFO[dtype].bytes));
  }

  #dispatch(kernel: Kernel, args: readonly BufferRef[]): GpuStep {
    const bindings: Binding[] = [];
    const loops: LoopId[] = [];
    const placements = new Map<BufferParam, Placement>();
    for (const [n, param] of kernel.params.entries()) {
      const { buffer, offset, strides } = this.#place(args[n]);
      let binding = bindings.findIndex((b) => sameBuffer(b.buffer, buffer));
      if (binding < 0) binding = bindings.push({ buffer, params: [] }) - 1;
      bindings[binding].params.push(param);
      const { bytes } = DTYPE_INFO[param.dtype];
      placements.set(param, {
        binding,
        offset: offset / bytes,
        strides: strides.map(({ loop, stride }) => {
          if (!loops.includes(loop)) loops.push(loop);
          return { counter: loops.indexOf(loop), stride: stride / bytes };
        }),
      });
    }
    const layout: ShaderLayout = {
      bindings: bindings.map((binding) => this.#layout(binding)),
      placements,
      counters: loops.length,
    };
    return {
      kind: "dispatch",
      shader: this.#shader(kernel, layout),
      buffers: bindings.map((b) => b.buffer),
      counters: loops,
    };
  }

  #layout({ buffer, params }: Binding): BindingLayout {
    const bytes = this.#bytesOf(buffer);
    if (bytes > this.limits.bindingBytes) {
      throw new UnsupportedError(
        `${this.program.name}: ${params[0].name} has ${bytes} bytes, and this adapter binds at most ` +
          `${this.limits.bindingBytes}. Use smaller arrays, or run on Wasm.`,
      );
    }
    return {
      access: params.every((p) => p.access === "read") ? "read" : "readwrite",
      label: params.map((p) => p.name).join("_"),
      bytes,
      form: elementForm(params, buffer.kind === "constant"),
    };
  }

  #shader(kernel: Kernel, layout: ShaderLayout): number {
    if (layout.bindings.length > this.limits.storageBuffers) {
      throw new InternalError(
        `${kernel.name} binds ${layout.bindings.length} buffers, the adapter takes ${this.limits.storageBuffers}`,
      );
    }
    const key = JSON.stringify([kernel.name, layout.bindings, [...layout.placements.values()]]);
    let index = this.#known.get(key);
    if (index === undefined) {
      index = this.#shaders.push(emitShader(kernel, layout, this.limits)) - 1;
      this.#known.set(key, index);
    }
    return index;
  }

  /** A copy of the command encoder where it can be one: between different buffers, in whole words. */
  #copy(from: BufferRef, to: BufferRef, bytes: number): GpuStep[] {
    const source = this.#place(from);
    const target = this.#place(to);
    const same = sameBuffer(source.buffer, target.buffer);
    if (
      same &&
      source.offset === target.offset &&
      JSON.stringify(from.strides) === JSON.stringify(to.strides)
    ) {
      return [];
    }
    // A whole buffer of an odd size may be copied with its padding.
    const whole = (ref: BufferRef): boolean =>
      ref.strides.length === 0 && ref.offset === 0 && this.program.buffers[ref.buffer].bytes === bytes;
    const padded = whole(from) && whole(to) && source.buffer.kind !== "constant" ? paddedBytes(bytes) : bytes;
    const inWords = [source, target].every(
      ({ offset, strides }) => offset % 4 === 0 && strides.every(({ stride }) => stride % 4 === 0),
    );
    if (!same && inWords && padded % 4 === 0)
      return [{ kind: "copy", from: source, to: target, bytes: padded }];
    const { dtype } = this.program.buffers[to.buffer];
    return [this.#dispatch(this.#copyKernel(dtype, bytes / DTYPE_INFO[dtype].bytes), [from, to])];
  }

  #copyKernel(dtype: DType, size: number): Kernel {
    const name = `copy_${DTYPE_INFO[dtype].short}_${size}`;
    let kernel = this.#copies.get(name);
    if (kernel === undefined) {
      const from: BufferParam = { name: "from_buffer", dtype, size, access: "read" };
      const to: BufferParam = { name: "to_buffer", dtype, size, access: "write" };
      const k = new KernelBuilder();
      k.loop(size, (i) => k.store(to, i, s.load(from, i)), { kind: "grid" });
      kernel = { name, params: [from, to], body: k.finish(), sources: [] };
      this.#copies.set(name, kernel);
    }
    return kernel;
  }
}

function sameBuffer(a: GpuBuffer, b: GpuBuffer): boolean {
  return a.kind === b.kind && (a.kind === "constant" || b.kind === "constant" || a.index === b.index);
}
