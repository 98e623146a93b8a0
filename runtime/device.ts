/** The CPU device: its memory and the scratch region that compiled functions share. */
import { Arena, type Block } from "./arena.ts";
import type { Sharing } from "./sharing.ts";
import { DeviceMemory } from "./storage.ts";

/** Options of `CpuDevice`. */
export interface DeviceOptions {
  /** Whether threads can share its memory. Default false. */
  readonly shared?: boolean;
}

/** The processor as a device: its memory, and the threads that share kernels. */
export class CpuDevice {
  readonly memory: DeviceMemory;
  /** Threads that share the grains of kernels; null: the calling thread runs them all. */
  sharing: Sharing | null = null;
  #scratch: Block | null = null;

  constructor({ shared = false }: DeviceOptions = {}) {
    this.memory = new DeviceMemory(new Arena({ shared }));
  }

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
/** How it is to be made. */
let plan: { readonly shared: boolean; readonly setUp: (device: CpuDevice) => void } | null = null;

/** The device of this thread. */
export function cpuDevice(): CpuDevice {
  if (device === null) {
    device = new CpuDevice({ shared: plan?.shared ?? false });
    plan?.setUp(device);
  }
  return device;
}

/**
 * Sets this thread's device up, now or when it is made. False if it was made before and its memory is not shared; then
 * nothing is done.
 */
export function setSharedDevice(shared: boolean, setUp: (device: CpuDevice) => void): boolean {
  if (device === null) plan = { shared, setUp };
  else if (!device.memory.arena.shared) return false;
  else setUp(device);
  return true;
}
