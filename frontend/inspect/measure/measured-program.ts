/**
 * A program whose kernels are called one by one from JavaScript, each in a module of its own and timed: the same code
 * over the same memory as in the program's one module, with its schedule walked here.
 */
import type { Kernel } from "../../../compiler/kernel/kernel.ts";
import type { BufferRef, LoopId, Program, ProgramBuffer, Step } from "../../../compiler/program/program.ts";
import { compileWasm } from "../../../compiler/targets/wasm/compile.ts";
import type { Block } from "../../../runtime/arena.ts";
import { type CpuDevice, cpuDevice } from "../../../runtime/device.ts";
import { type LoadedProgram, loadWasm } from "../../../runtime/loader.ts";
import type { Storage } from "../../../runtime/storage.ts";

/** Told of each launch: the kernel, and when it began and how long it took in milliseconds of `performance.now()`. */
export type OnLaunch = (kernel: string, start: number, duration: number) => void;

export class MeasuredProgram {
  readonly #kernels = new Map<string, LoadedProgram>();
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
    for (const kernel of program.kernels) {
      this.#kernels.set(kernel.name, loadWasm(compileWasm(launchAlone(kernel)), { device }));
    }
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
    for (const kernel of this.#kernels.values()) kernel.dispose();
    for (const block of this.#blocks.splice(0)) this.device.memory.arena.release(block);
  }

  #block(bytes: number): number {
    if (bytes === 0) return 0;
    const block = this.device.memory.allocateBlock(bytes);
    this.#blocks.push(block);
    return block.pointer;
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
        if (step.index === "threads") return this.#steps(step.cases[this.device.sharing === null ? 0 : 1]);
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
    const pointers = args.map((ref) => this.#address(ref));
    const start = performance.now();
    kernel.runAt(pointers);
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
