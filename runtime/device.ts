/** The CPU device: its memory and the scratch region that compiled functions share. */
import { Arena, type Block } from "./arena.ts";
import { DeviceMemory } from "./storage.ts";

export class CpuDevice {
  readonly memory = new DeviceMemory(new Arena());
  #scratch: Block | null = null;

  /**
   * Makes the temporary arena at least this large. It is one region for all programs, since a call runs to its end
   * before another begins. It may move: ask for its address at each call.
   */
  reserveScratch(bytes: number): void {
    if (bytes === 0 || (this.#scratch !== null && this.#scratch.bytes >= bytes)) return;
    if (this.#scratch !== null) this.memory.arena.release(this.#scratch);
    this.#scratch = null;
    this.#scratch = this.memory.allocateBlock(bytes);
  }

  get scratchPointer(): number {
    return this.#scratch === null ? 0 : this.#scratch.pointer;
  }
}

/** Declared cache of one: the device is made when it is first used. */
let device: CpuDevice | null = null;

/** The device of this thread. */
export function cpuDevice(): CpuDevice {
  device ??= new CpuDevice();
  return device;
}
