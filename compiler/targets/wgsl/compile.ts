/** Program → WebGPU: one shader per kernel and placement of its buffers, slots for temporaries, the schedule of dispatches. */
import type { BufferParam } from "../../kernel/expr.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { KernelBuilder } from "../../kernel/kernel-builder.ts";
import { scalarOps as s } from "../../kernel/scalar-ops.ts";
import type {
  BufferRef,
  CopyStep,
  LoopId,
  Program,
  ProgramInterface,
  Step,
  WhileStep,
} from "../../program/program.ts";
import type {
  DispatchStep,
  GpuBuffer,
  GpuLimits,
  GpuPlace,
  GpuShader,
  GpuStep,
  WebGpuExecutable,
} from "../../program/webgpu.ts";
import { DTYPE_INFO, type DType } from "../../types/dtype.ts";
import { InternalError, UnsupportedError } from "../../types/errors.ts";
import { Bindings, sameBuffer } from "./bindings.ts";
import { dispatchesOf, emitGuard, guardBytes } from "./guard.ts";
import { type ControlStep, emitLoop, type LoopContext, type LoopShader, placesOf } from "./loop-shader.ts";
import { emitShader, type ShaderLayout } from "./shader.ts";
import { isNarrow, type Life, paddedBytes, planSlots, type SlotPlace } from "./slots.ts";

/** Which loops and branches of a schedule run inside one shader. */
export type LoopShaders = ReadonlyMap<Step, LoopShader>;

/**
 * Compiles a program whose kernels were lowered for a GPU. `lives`: when each temporary buffer is in use, by its id.
 * Throws UnsupportedError for what the adapter cannot do.
 */
export function compileWebGpu(
  program: Program,
  lives: ReadonlyMap<number, Life>,
  limits: GpuLimits,
  loops: LoopShaders = new Map(),
): WebGpuExecutable {
  for (const { dtype, label } of [...program.inputs, ...program.outputs]) {
    if (dtype === "float64") {
      throw new UnsupportedError(
        `${program.name}: ${label} is float64, which WebGPU does not have. Run this function on Wasm, or convert to float32.`,
      );
    }
  }
  return new GpuCompiler(program, lives, limits, loops).run();
}

class GpuCompiler {
  readonly #kernels: ReadonlyMap<string, Kernel>;
  readonly #shaders: GpuShader[] = [];
  /** Shaders by kernel and placements. */
  readonly #known = new Map<string, number>();
  readonly #copies = new Map<string, Kernel>();

  readonly #slots: number[];
  readonly #placeOf: ReadonlyMap<number, SlotPlace>;
  /** Buffers of the caller that a loop's shader reads and writes in a slot, as it may bind few. */
  #staged: readonly Staged[] = [];
  #nextLoop: LoopId;
  /** Within a loop whose turns the GPU decides about: it can leave a dispatch out, but no copy. */
  #copiesAreKernels = false;
  /** Joint slots for staged buffers alone. */
  readonly #extraSlots = new Map<boolean, number>();

  constructor(
    private readonly program: Program,
    lives: ReadonlyMap<number, Life>,
    private readonly limits: GpuLimits,
    private readonly loops: LoopShaders,
  ) {
    this.#kernels = new Map(program.kernels.map((kernel) => [kernel.name, kernel]));
    const joined = new Set([...loops.keys()].flatMap((step) => [...placesOf(step)].map((ref) => ref.buffer)));
    const { slots, placeOf } = planSlots(program.buffers, lives, joined);
    this.#slots = [...slots];
    this.#placeOf = placeOf;
    this.#nextLoop = 1 + Math.max(-1, ...loopIds(program.schedule));
  }

  run(): WebGpuExecutable {
    const { name, inputs, outputs, aliases, constants, schedule } = this.program;
    const steps = this.#steps(schedule);
    const slots = this.#slots;
    const tempBytes = slots.reduce((sum, bytes) => sum + bytes, 0);
    const bare: ProgramInterface = { name, inputs, outputs, aliases, tempBytes, constants };
    return { interface: bare, shaders: this.#shaders, slots, schedule: steps };
  }

  #steps(steps: readonly Step[]): GpuStep[] {
    return steps.flatMap((step): GpuStep[] => {
      const loop = this.loops.get(step);
      if (loop !== undefined && step.kind !== "launch" && step.kind !== "copy") return this.#loop(step, loop);
      switch (step.kind) {
        case "launch":
          return [this.#dispatch(this.#kernel(step.kernel), step.args)];
        case "copy":
          return this.#copy(step);
        case "for":
          return [{ ...step, body: this.#steps(step.body) }];
        case "while":
          return [this.#while(step)];
        case "branch":
          if (step.index === "threads") return this.#steps(step.cases[0]);
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

  #while(step: WhileStep): GpuStep {
    const outer = this.#copiesAreKernels;
    this.#copiesAreKernels = true;
    const cond = this.#steps(step.cond);
    const body = this.#steps(step.body);
    this.#copiesAreKernels = outer;
    const predicate = this.#place(step.predicate);
    return { kind: "while", cond, predicate, body, guard: this.#guard(predicate, [...body, ...cond]) };
  }

  #guard(predicate: GpuPlace, turn: readonly GpuStep[]): DispatchStep | null {
    const dispatches = dispatchesOf(turn);
    if (dispatches === null || predicate.strides.length > 0) return null;
    const bytes = this.#bytesOf(predicate.buffer);
    if (bytes > this.limits.bindingBytes) return null;
    const groups = dispatches.map(({ shader }) => this.#shaders[shader].workgroups);
    const shader = this.#shaders.push(emitGuard(predicate.offset, bytes, groups)) - 1;
    const slot = this.#slots.push(guardBytes(groups)) - 1;
    return {
      kind: "dispatch",
      shader,
      buffers: [predicate.buffer, { kind: "slot", index: slot }],
      counters: [],
    };
  }

  #place(ref: BufferRef): GpuPlace {
    const { id, kind, offset } = this.program.buffers[ref.buffer];
    const within = kind === "constant" ? offset : (this.#placeOf.get(id)?.offset ?? 0);
    const buffer = this.#bufferOf(ref);
    const staged = this.#staged.find((each) => sameBuffer(each.from, buffer));
    const place = { buffer, offset: within + ref.offset, strides: ref.strides };
    if (staged === undefined) return place;
    return { ...place, buffer: staged.slot, offset: staged.offset + place.offset };
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
        const place = this.#placeOf.get(id);
        if (place === undefined) throw new InternalError(`a temporary without a slot: ${id}`);
        return { kind: "slot", index: place.slot };
      }
      default:
        return kind satisfies never;
    }
  }

  #bytesOf(buffer: GpuBuffer): number {
    const { program } = this;
    if (buffer.kind === "constant") return paddedBytes(program.constants.byteLength);
    if (buffer.kind === "slot") return this.#slots[buffer.index];
    const { dtype, shape } = (buffer.kind === "input" ? program.inputs : program.outputs)[buffer.index];
    return paddedBytes(shape.reduce((n, extent) => n * extent, DTYPE_INFO[dtype].bytes));
  }

  #dispatch(kernel: Kernel, args: readonly BufferRef[]): GpuStep {
    const loops: LoopId[] = [];
    const bindings = new Bindings((loop) => {
      if (!loops.includes(loop)) loops.push(loop);
      return loops.indexOf(loop);
    });
    const placements = new Map(
      kernel.params.map((param, n) => [param, bindings.place(param, this.#place(args[n]))]),
    );
    const layout: ShaderLayout = {
      bindings: bindings.layouts((buffer, param) => this.#boundBytes(buffer, param)),
      placements,
      counters: loops.length,
    };
    return {
      kind: "dispatch",
      shader: this.#shader(kernel, layout),
      buffers: bindings.buffers,
      counters: loops,
    };
  }

  /** Bytes of a buffer that a shader binds. */
  #boundBytes(buffer: GpuBuffer, { name }: BufferParam): number {
    const bytes = this.#bytesOf(buffer);
    if (bytes > this.limits.bindingBytes) {
      throw new UnsupportedError(
        `${this.program.name}: ${name} has ${bytes} bytes, and this adapter binds at most ` +
          `${this.limits.bindingBytes}. Use smaller arrays, or run on Wasm.`,
      );
    }
    return bytes;
  }

  /** A loop or a branch as the dispatch of one shader, if the GPU decides about its end as often as needed. */
  #loop(step: ControlStep, loop: LoopShader): GpuStep[] {
    const staged = this.#stage(step);
    this.#staged = staged;
    const several = step.kind === "for" && step.trips > loop.turns ? this.#nextLoop++ : null;
    const context: LoopContext = {
      name: `loop${this.#shaders.length}_of_${[...new Set(launchesOf(step))].length}_kernels`,
      limits: this.limits,
      kernel: (name) => this.#kernel(name),
      copyKernel: (copy) =>
        this.#isNoCopy(copy)
          ? null
          : this.#copyKernel(this.program.buffers[copy.to.buffer].dtype, copy.bytes),
      place: (ref) => this.#place(ref),
      bytesOf: (buffer, param) => this.#boundBytes(buffer, param),
    };
    const { shader, buffers, counters } = emitLoop(step, loop, several, context);
    this.#staged = [];
    const dispatch: GpuStep = {
      kind: "dispatch",
      shader: this.#shaders.push(shader) - 1,
      buffers,
      counters,
    };
    const move = (each: Staged, into: boolean): GpuStep => {
      const outside: GpuPlace = { buffer: each.from, offset: 0, strides: [] };
      const inside: GpuPlace = { buffer: each.slot, offset: each.offset, strides: [] };
      const [from, to] = into ? [outside, inside] : [inside, outside];
      return { kind: "copy", from, to, bytes: each.bytes };
    };
    const before = staged.map((each) => move(each, true));
    const after = staged.filter(({ written }) => written).map((each) => move(each, false));
    switch (step.kind) {
      case "while": {
        // The shader begins with the condition: running it again goes on where it stopped, or changes nothing.
        const predicate = this.#place(step.predicate);
        return [...before, { kind: "while", cond: [dispatch], predicate, body: [], guard: null }, ...after];
      }
      case "for": {
        if (several === null) return [...before, dispatch, ...after];
        const trips = Math.ceil(step.trips / loop.turns);
        return [...before, { kind: "for", loop: several, trips, body: [dispatch] }, ...after];
      }
      case "branch":
        return [...before, dispatch, ...after];
      default:
        return step satisfies never;
    }
  }

  /** Gives as many of the caller's buffers a place in a slot as a loop has more than its shader may bind. */
  #stage(step: ControlStep): Staged[] {
    const used = new Map<string, { buffer: GpuBuffer; narrow: boolean; written: boolean }>();
    const note = (ref: BufferRef, written: boolean): void => {
      const buffer = this.#bufferOf(ref);
      const key = JSON.stringify(buffer);
      const known = used.get(key);
      const narrow = isNarrow(this.program.buffers[ref.buffer]);
      used.set(key, { buffer, narrow, written: written || (known?.written ?? false) });
    };
    for (const ref of placesOf(step)) note(ref, false);
    for (const ref of this.#writesOf(step)) note(ref, true);
    const excess = (): number => {
      const slots = new Set<number>();
      let others = 0;
      for (const { buffer } of used.values()) {
        if (buffer.kind === "slot") slots.add(buffer.index);
        else others++;
      }
      return slots.size + others - this.limits.storageBuffers;
    };
    if (excess() <= 0) return [];
    const movable = [...used]
      .filter(([, { buffer }]) => buffer.kind === "input" || buffer.kind === "output")
      .sort(([, a], [, b]) => this.#bytesOf(a.buffer) - this.#bytesOf(b.buffer));
    const staged: Staged[] = [];
    for (const [key, { buffer, narrow, written }] of movable) {
      if (excess() <= 0) break;
      const bytes = this.#bytesOf(buffer);
      const slot = this.#jointSlot(narrow);
      const offset = Math.ceil(this.#slots[slot] / 16) * 16;
      this.#slots[slot] = offset + bytes;
      staged.push({ from: buffer, slot: { kind: "slot", index: slot }, offset, bytes, written });
      used.delete(key);
      used.set(`slot ${slot}`, { buffer: { kind: "slot", index: slot }, narrow, written });
    }
    return staged;
  }

  /** The slot in which temporaries of narrow elements, or of the others, lie side by side. */
  #jointSlot(narrow: boolean): number {
    for (const step of this.loops.keys()) {
      for (const ref of placesOf(step)) {
        const { kind, id } = this.program.buffers[ref.buffer];
        const place = this.#placeOf.get(id);
        if (kind === "temp" && place !== undefined && isNarrow(this.program.buffers[ref.buffer]) === narrow)
          return place.slot;
      }
    }
    const known = this.#extraSlots.get(narrow);
    if (known !== undefined) return known;
    const slot = this.#slots.push(0) - 1;
    this.#extraSlots.set(narrow, slot);
    return slot;
  }

  *#writesOf(step: Step): Generator<BufferRef> {
    switch (step.kind) {
      case "launch": {
        const { params } = this.#kernel(step.kernel);
        for (const [n, ref] of step.args.entries()) if (params[n].access !== "read") yield ref;
        return;
      }
      case "copy":
        yield step.to;
        return;
      case "for":
        for (const each of step.body) yield* this.#writesOf(each);
        return;
      case "while":
        for (const each of [...step.cond, ...step.body]) yield* this.#writesOf(each);
        return;
      case "branch":
        for (const each of step.cases.flat()) yield* this.#writesOf(each);
        return;
      default:
        step satisfies never;
    }
  }

  #kernel(name: string): Kernel {
    const kernel = this.#kernels.get(name);
    if (kernel === undefined) throw new InternalError(`no kernel ${name}`);
    return kernel;
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

  /** Whether source and target are one place. */
  #isNoCopy({ from, to }: CopyStep): boolean {
    const source = this.#place(from);
    const target = this.#place(to);
    return (
      sameBuffer(source.buffer, target.buffer) &&
      source.offset === target.offset &&
      JSON.stringify(from.strides) === JSON.stringify(to.strides)
    );
  }

  /** A copy of the command encoder where it can be one: between different buffers, in whole words. */
  #copy(step: CopyStep): GpuStep[] {
    if (this.#isNoCopy(step)) return [];
    const { from, to, bytes } = step;
    const source = this.#place(from);
    const target = this.#place(to);
    const same = sameBuffer(source.buffer, target.buffer);
    // A whole buffer of an odd size may be copied with its padding.
    const whole = (ref: BufferRef): boolean =>
      ref.strides.length === 0 && ref.offset === 0 && this.program.buffers[ref.buffer].bytes === bytes;
    const padded = whole(from) && whole(to) && source.buffer.kind !== "constant" ? paddedBytes(bytes) : bytes;
    const inWords = [source, target].every(
      ({ offset, strides }) => offset % 4 === 0 && strides.every(({ stride }) => stride % 4 === 0),
    );
    if (!same && inWords && padded % 4 === 0 && !this.#copiesAreKernels)
      return [{ kind: "copy", from: source, to: target, bytes: padded }];
    const { dtype } = this.program.buffers[to.buffer];
    return [this.#dispatch(this.#copyKernel(dtype, bytes), [from, to])];
  }

  #copyKernel(dtype: DType, bytes: number): Kernel {
    const size = bytes / DTYPE_INFO[dtype].bytes;
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

/** A buffer of the caller that a loop's shader has in a slot. */
interface Staged {
  readonly from: GpuBuffer;
  readonly slot: GpuBuffer;
  readonly offset: number;
  readonly bytes: number;
  readonly written: boolean;
}

/** Kernels that steps launch. */
function launchesOf(step: Step): string[] {
  switch (step.kind) {
    case "launch":
      return [step.kernel];
    case "copy":
      return [];
    case "for":
      return step.body.flatMap(launchesOf);
    case "while":
      return [...step.cond, ...step.body].flatMap(launchesOf);
    case "branch":
      return step.cases.flat().flatMap(launchesOf);
    default:
      return step satisfies never;
  }
}

function loopIds(steps: readonly Step[]): LoopId[] {
  return steps.flatMap((step): LoopId[] => {
    switch (step.kind) {
      case "for":
        return [step.loop, ...loopIds(step.body)];
      case "while":
        return loopIds([...step.cond, ...step.body]);
      case "branch":
        return loopIds(step.cases.flat());
      default:
        return [];
    }
  });
}
