/** Loads a Program compiled to WebAssembly and runs it: write the pointer table, one call. */
import type { ProgramInterface, WasmExecutable } from "../compiler/program/program.ts";
import { DTYPE_INFO } from "../compiler/types/dtype.ts";
import type { Block } from "./arena.ts";
import { type CpuDevice, cpuDevice } from "./device.ts";
import { DisposedError } from "./errors.ts";
import { hasRelaxedSimd } from "./relaxed-simd.ts";
import { sharedModule } from "./shared-module.ts";
import type { SharingProgram } from "./sharing.ts";
import type { Storage } from "./storage.ts";

/** Gives the blocks of collected programs back. */
interface Held {
  device: CpuDevice;
  blocks: Block[];
}
const collected = new FinalizationRegistry<Held>(freeBlocks);

function freeBlocks(held: Held): void {
  for (const block of held.blocks.splice(0)) held.device.memory.arena.release(block);
}

/** Options of `loadFunction`, `loadWasm`, `load` and `loadSync`. */
export interface LoadOptions {
  device?: CpuDevice;
  /** Which variant of the module; the default is what the engine can run. */
  variant?: "simd" | "relaxed";
}

/** Instantiates a compiled program against the arena. Synchronous: in browsers' main threads a module over 8 MB is refused. */
export function loadWasm(executable: WasmExecutable, options: LoadOptions = {}): LoadedProgram {
  const device = options.device ?? cpuDevice();
  const variant = options.variant ?? (hasRelaxedSimd() ? "relaxed" : "simd");
  const { arena } = device.memory;
  const module = executable.modules[variant];
  // A module typed over SharedArrayBuffer is not a BufferSource; the compiler makes plain ones.
  const bytes = arena.shared ? sharedModule(module, arena.maximumPages) : new Uint8Array(module);
  let shares: SharedProgram | null = null;
  const share = (table: number, kernel: number, grains: number): void => {
    if (shares === null) throw new TypeError("not a compiled program: it exports no function `grains`");
    if (device.sharing === null) shares.grains(table, kernel, 0, grains);
    else device.sharing.share(shares, table, kernel, grains);
  };
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
    env: { memory: arena.memory, share },
  });
  const { run, grains } = instance.exports;
  if (typeof run !== "function") throw new TypeError("not a compiled program: it exports no function `run`");
  const held: Held = { device, blocks: [] };
  if (typeof grains === "function") {
    shares = new SharedProgram(grains as SharedProgram["grains"], bytes, held);
    // Memory is reserved while loading, not in the middle of a call.
    if (device.sharing !== null) shares.module();
  }
  const { threads } = instance.exports;
  if (!(threads instanceof WebAssembly.Global))
    return new LoadedProgram(executable.interface, run as (table: number) => void, held);
  // Set at each call: the number of threads may have been changed.
  const runOnThreads = (table: number): void => {
    threads.value = device.sharing === null ? 0 : 1;
    (run as (table: number) => void)(table);
  };
  return new LoadedProgram(executable.interface, runOnThreads, held);
}

/** Programs loaded by this thread: workers know them by number. */
let programs = 0;

class SharedProgram implements SharingProgram {
  readonly number = programs++;
  #module: { readonly address: number; readonly length: number } | null = null;

  constructor(
    readonly grains: SharingProgram["grains"],
    private readonly bytes: Uint8Array,
    private readonly held: Held,
  ) {}

  /** The bytes are put into the arena when threads may need them, and stay as long as the program. */
  module(): { readonly address: number; readonly length: number } {
    if (this.#module === null) {
      const { memory } = this.held.device;
      const { length } = this.bytes;
      const block = memory.allocateBlock(length);
      memory.arena.u8.set(this.bytes, block.pointer);
      this.held.blocks.push(block);
      this.#module = { address: block.pointer, length };
    }
    return this.#module;
  }
}

function byteLength(tensor: ProgramInterface["inputs"][number]): number {
  return tensor.shape.reduce((n, extent) => n * extent, DTYPE_INFO[tensor.dtype].bytes);
}

/** A program for WebAssembly, ready to run on storages. */
export class LoadedProgram {
  readonly #run: (table: number) => void;
  readonly device: CpuDevice;
  readonly #held: Held;
  readonly #constants: number;
  /** Byte address of the pointer table: scratch, constants, inputs, outputs. */
  readonly #table: number;
  readonly #inputBytes: readonly number[];
  readonly #outputBytes: readonly number[];
  readonly #aliases: readonly (number | null)[];

  constructor(
    readonly programInterface: ProgramInterface,
    run: (table: number) => void,
    held: Held,
  ) {
    this.#run = run;
    this.#held = held;
    const { device, blocks } = held;
    this.device = device;
    this.#inputBytes = programInterface.inputs.map(byteLength);
    this.#outputBytes = programInterface.outputs.map(byteLength);
    this.#aliases = programInterface.aliases;
    const { memory } = device;
    const table = memory.allocateBlock(4 * (2 + this.#inputBytes.length + this.#outputBytes.length));
    this.#table = table.pointer;
    blocks.push(table);
    const { constants } = programInterface;
    if (constants.byteLength > 0) {
      const block = memory.allocateBlock(constants.byteLength);
      memory.arena.u8.set(constants, block.pointer);
      blocks.push(block);
      this.#constants = block.pointer;
    } else {
      this.#constants = 0;
    }
    device.reserveScratch(programInterface.tempBytes);
    collected.register(this, this.#held, this.#held);
  }

  /**
   * Runs the program. Allocates nothing but its outputs.
   *
   * `donated[i]` gives input i's memory up: an output takes it over where the program allows, and the input is gone
   * afterwards.
   */
  run(inputs: readonly Storage[], donated: readonly boolean[] | null = null): Storage[] {
    const inputBytes = this.#inputBytes;
    const outputBytes = this.#outputBytes;
    const count = inputBytes.length;
    if (inputs.length !== count) {
      throw new TypeError(`${this.programInterface.name}: takes ${count} buffers, got ${inputs.length}`);
    }
    if (this.#held.blocks.length === 0)
      throw new DisposedError(`${this.programInterface.name}: the program was disposed`);
    const device = this.device;
    const { memory } = device;
    const { arena } = memory;
    // From here on nothing stamped with this clock is evicted, so the pointers stay valid.
    memory.clock++;
    let slot = (this.#table >>> 2) + 2;
    if (donated !== null) this.#checkDonation(inputs, donated);
    for (let i = 0; i < count; i++) {
      const storage = inputs[i];
      if (storage.byteLength !== inputBytes[i]) this.#wrongSize(i, storage);
      const pointer = storage.pointer();
      arena.u32[slot++] = pointer;
    }
    const outputs = new Array<Storage>(outputBytes.length);
    for (let o = 0; o < outputBytes.length; o++) {
      const alias = donated === null ? null : this.#aliases[o];
      const output =
        alias !== null && donated?.[alias] && inputs[alias].references === 1 && inputs[alias].gone === null
          ? memory.adopt(inputs[alias], this.programInterface.name)
          : memory.allocate(outputBytes[o]);
      outputs[o] = output;
      arena.u32[slot++] = output.pointer();
    }
    arena.u32[this.#table >>> 2] = device.scratchPointer;
    arena.u32[(this.#table >>> 2) + 1] = this.#constants;
    try {
      this.#run(this.#table);
    } catch (error) {
      // A worker thread died: nothing useful is in the outputs.
      for (const output of outputs) output.release();
      throw error;
    }
    if (donated !== null) {
      for (let i = 0; i < count; i++)
        if (donated[i]) inputs[i].release("donated", this.programInterface.name);
    }
    return outputs;
  }

  /** Runs the program over memory at these byte addresses, of its inputs and then of its outputs. */
  runAt(pointers: readonly number[]): void {
    const { device } = this;
    const { u32 } = device.memory.arena;
    const table = this.#table >>> 2;
    u32[table] = device.scratchPointer;
    u32[table + 1] = this.#constants;
    u32.set(pointers, table + 2);
    this.#run(this.#table);
  }

  /** Frees the program's constants and table. It cannot run afterwards. */
  dispose(): void {
    collected.unregister(this.#held);
    freeBlocks(this.#held);
  }

  #checkDonation(inputs: readonly Storage[], donated: readonly boolean[]): void {
    for (let i = 0; i < inputs.length; i++) {
      if (!donated[i]) continue;
      for (let j = 0; j < inputs.length; j++) {
        if (i === j || inputs[i] !== inputs[j]) continue;
        throw new TypeError(
          donated[j]
            ? `Attempt to donate the same buffer twice in ${this.programInterface.name} (arguments ${Math.min(i, j)} and ${Math.max(i, j)}).`
            : `Attempt to donate a buffer which is also used by the same call to ${this.programInterface.name} (argument ${i} and argument ${j}).`,
        );
      }
    }
  }

  #wrongSize(i: number, storage: Storage): never {
    const { dtype, shape, label } = this.programInterface.inputs[i];
    throw new TypeError(
      `${this.programInterface.name}: input ${i} (${label}) is ${dtype}[${shape.join(",")}], ${this.#inputBytes[i]} bytes, ` +
        `but was given ${storage.byteLength} bytes`,
    );
  }
}
