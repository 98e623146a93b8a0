/**
 * A program whose kernels are called one by one from JavaScript, each in a module of its own and timed: the same code
 * over the same memory as in the program's one module, with its schedule walked here. One thread.
 */
import type { Kernel } from "../../../compiler/kernel/kernel.ts";
import type { BufferRef, LoopId, Program, ProgramBuffer, Step } from "../../../compiler/program/program.ts";
import { compileWasm } from "../../../compiler/targets/wasm/compile.ts";
import type { Block } from "../../../runtime/arena.ts";
import { type CpuDevice, cpuDevice } from "../../../runtime/device.ts";
import { hasRelaxedSimd } from "../../../runtime/relaxed-simd.ts";
import type { Storage } from "../../../runtime/storage.ts";

/** Told of each launch: the kernel, and when it began and how long it took in milliseconds of `performance.now()`. */
export type OnLaunch = (kernel: string, start: number, duration: number) => void;

/** Slots of the table before the buffers: the temporary arena and the constants, which these modules do not use. */
const RESERVED_SLOTS = 2;

interface LoadedKernel {
  readonly run: (table: number) => void;
  /** Index of the table's first buffer in the arena's 32-bit view. */
  readonly slots: number;
  readonly table: number;
}

export class MeasuredProgram {
  readonly #kernels = new Map<string, LoadedKernel>();
  readonly #counters = new Map<LoopId, number>();
  readonly #blocks: Block[] = [];
  readonly #constants: number;
  readonly #temp: number;
  /** Byte addresses of the buffers of the running call, by id. */
  #bases: number[] = [];

  constructor(
    readonly program: Program,
    private readonly onLaunch: OnLaunch,
    private readonly device: CpuDevice = cpuDevice(),
  ) {
    for (const kernel of program.kernels) this.#kernels.set(kernel.name, this.#load(kernel));
    this.#constants = this.#block(program.constants.byteLength);
    device.memory.arena.u8.set(program.constants, this.#constants);
    this.#temp = this.#block(program.tempBytes);
  }

  /** As the runtime's LoadedProgram: inputs in order → new storages of the outputs; donated inputs are gone afterwards. */
  run(inputs: readonly Storage[], donated: readonly boolean[] | null = null): Storage[] {
    const { program, device } = this;
    const { memory } = device;
    memory.clock++;
    const pointers = inputs.map((storage) => storage.pointer());
    const sizes = program.buffers.filter((b) => b.kind === "output").sort((a, b) => a.offset - b.offset);
    const outputs = program.outputs.map((_, o): Storage => {
      const alias = donated === null ? null : program.aliases[o];
      const taken =
        alias !== null && donated?.[alias] && inputs[alias].references === 1 && inputs[alias].gone === null;
      return taken ? memory.adopt(inputs[alias], program.name) : memory.allocate(sizes[o].bytes);
    });
    const results = outputs.map((storage) => storage.pointer());
    this.#bases = [];
    for (const buffer of program.buffers) this.#bases[buffer.id] = this.#baseOf(buffer, pointers, results);
    this.#steps(program.schedule);
    for (const [i, storage] of inputs.entries()) {
      if (donated?.[i]) storage.release("donated", program.name);
    }
    return outputs;
  }

  dispose(): void {
    for (const block of this.#blocks.splice(0)) this.device.memory.arena.release(block);
  }

  #block(bytes: number): number {
    if (bytes === 0) return 0;
    const block = this.device.memory.allocateBlock(bytes);
    this.#blocks.push(block);
    return block.pointer;
  }

  #load(kernel: Kernel): LoadedKernel {
    const { memory } = this.device.memory.arena;
    const shared = typeof SharedArrayBuffer === "function" && memory.buffer instanceof SharedArrayBuffer;
    const { modules } = compileWasm(launchAlone(kernel), { shared });
    const bytes = new Uint8Array(hasRelaxedSimd() ? modules.relaxed : modules.simd);
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
    const { run } = exports;
    if (typeof run !== "function")
      throw new TypeError("not a compiled program: it exports no function `run`");
    const table = this.#block(4 * (RESERVED_SLOTS + kernel.params.length));
    return { run: run as (table: number) => void, table, slots: table / 4 + RESERVED_SLOTS };
  }

  #baseOf({ kind, offset }: ProgramBuffer, inputs: readonly number[], outputs: readonly number[]): number {
    switch (kind) {
      case "input":
        return inputs[offset];
      case "output":
        return outputs[offset];
      case "constant":
        return this.#constants + offset;
      case "temp":
        return this.#temp + offset;
      default:
        return kind satisfies never;
    }
  }

  #address({ buffer, offset, strides }: BufferRef): number {
    let address = this.#bases[buffer] + offset;
    for (const { loop, stride } of strides) address += (this.#counters.get(loop) ?? 0) * stride;
    return address;
  }

  #steps(steps: readonly Step[]): void {
    for (const step of steps) this.#step(step);
  }

  #step(step: Step): void {
    const { arena } = this.device.memory;
    switch (step.kind) {
      case "launch":
        return this.#launch(step.kernel, step.args);
      case "copy": {
        const from = this.#address(step.from);
        arena.u8.copyWithin(this.#address(step.to), from, from + step.bytes);
        return;
      }
      case "for":
        for (let i = 0; i < step.trips; i++) {
          this.#counters.set(step.loop, i);
          this.#steps(step.body);
        }
        return;
      case "while":
        for (;;) {
          this.#steps(step.cond);
          if (arena.u8[this.#address(step.predicate)] === 0) return;
          this.#steps(step.body);
        }
      case "branch": {
        const index = arena.u32[this.#address(step.index) / 4] | 0;
        return this.#steps(step.cases[Math.min(Math.max(index, 0), step.cases.length - 1)]);
      }
      default:
        return step satisfies never;
    }
  }

  #launch(name: string, args: readonly BufferRef[]): void {
    const kernel = this.#kernels.get(name);
    if (kernel === undefined) throw new TypeError(`${this.program.name} has no kernel ${name}`);
    const { u32 } = this.device.memory.arena;
    for (let i = 0; i < args.length; i++) u32[kernel.slots + i] = this.#address(args[i]);
    const start = performance.now();
    kernel.run(kernel.table);
    this.onLaunch(name, start, performance.now() - start);
  }
}

/** A program that launches the kernel once, on buffers that its table names in the order of the parameters. */
function launchAlone(kernel: Kernel): Program {
  const inputs = kernel.params.map(({ name, dtype, size }) => ({ dtype, shape: [size], label: name }));
  return {
    name: kernel.name,
    inputs,
    outputs: [],
    aliases: [],
    tempBytes: 0,
    constants: new Uint8Array(0),
    buffers: inputs.map((input, i) => ({ ...input, id: i, kind: "input", bytes: 0, offset: i })),
    kernels: [kernel],
    schedule: [
      {
        kind: "launch",
        kernel: kernel.name,
        args: inputs.map((_, buffer) => ({ buffer, offset: 0, strides: [] })),
      },
    ],
  };
}
