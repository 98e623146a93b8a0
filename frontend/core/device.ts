/**
 * Devices, as in JAX: computation follows data. An array put on a device with `devicePut` is *committed* to it, and so are
 * the results of computing with it; other arrays go where they are needed. Where nothing is committed, the default
 * device computes.
 */
import { UnsupportedError, WeftTypeError, WeftValueError } from "../../compiler/types/errors.ts";
import type { GpuDevice, GpuStatistics } from "../../runtime/webgpu/device.ts";
import { gpu, loadGpu } from "./gpu.ts";
import type { TileTable } from "./tile-table.ts";

export type Platform = "wasm" | "webgpu";
export const PLATFORMS: readonly Platform[] = ["wasm", "webgpu"];

/** Where arrays are and functions run (`jax.Device`). */
export abstract class Device {
  abstract readonly platform: Platform;
  /** Number among the devices of its platform. */
  readonly id: number = 0;
  /** What it is, for people. */
  abstract readonly deviceKind: string;

  /** `webgpu:0` */
  toString(): string {
    return `${this.platform}:${this.id}`;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `Device(${this.toString()}, ${this.deviceKind})`;
  }
}

export class WasmDevice extends Device {
  readonly platform = "wasm";
  readonly deviceKind = "WebAssembly";
}

export class WebGpuDevice extends Device {
  readonly platform = "webgpu";

  constructor(
    /** The runtime's device. */
    readonly gpu: GpuDevice,
  ) {
    super();
  }

  get deviceKind(): string {
    return this.gpu.description;
  }

  /** Which tiles of matrix products are the fastest here. */
  get tiles(): TileTable {
    return gpu().tileTable(this.gpu);
  }

  /** What was asked of the GPU so far: dispatches, submissions, bytes moved. */
  get statistics(): Readonly<GpuStatistics> {
    return this.gpu.statistics;
  }

  /** Bytes and number of the GPU buffers that arrays hold now. */
  get memory(): { readonly bytes: number; readonly buffers: number } {
    const { bytes, count } = this.gpu.pool;
    return { bytes, buffers: count };
  }

  /** Gives the GPU back. Its arrays are gone; `await device("webgpu")` makes a new one. */
  destroy(): void {
    this.gpu.destroy();
  }
}

/** WebAssembly in this thread: always there. */
export const wasmDevice = new WasmDevice();

/** Declared cache: the frontend's device of a runtime's. */
const webGpuDevices = new WeakMap<GpuDevice, WebGpuDevice>();

/** What the program chose. */
interface Choice {
  device: Device;
  /** Whether a GPU was ever asked for: until then no call has to look where its arguments are. */
  accelerated: boolean;
}
const choice: Choice = { device: wasmDevice, accelerated: false };

/** Whether arrays may be elsewhere than on Wasm. */
export function accelerated(): boolean {
  return choice.accelerated;
}

/**
 * The device of a platform (`jax.devices(platform)[0]`). `webgpu` is the browser's, or in Node that of the package
 * `webgpu`; it is made when it is first asked for, and anew after it was lost. Rejects with NoAdapterError where there
 * is none.
 */
export async function device(platform: "wasm"): Promise<WasmDevice>;
export async function device(platform: "webgpu"): Promise<WebGpuDevice>;
export async function device(platform: Platform): Promise<Device>;
export async function device(platform: Platform): Promise<Device> {
  if (platform === "wasm") return wasmDevice;
  if (platform !== "webgpu") {
    throw new WeftValueError(
      `Unknown backend ${String(platform)}. Available backends are ['wasm', 'webgpu'].`,
    );
  }
  const { gpuDevice } = await loadGpu();
  const gpu = await gpuDevice();
  let found = webGpuDevices.get(gpu);
  if (found === undefined) {
    found = new WebGpuDevice(gpu);
    webGpuDevices.set(gpu, found);
  }
  choice.accelerated = true;
  return found;
}

/** Every device there is here (`jax.devices()`), the best first; of one platform, if it is named. */
export async function devices(platform?: Platform): Promise<Device[]> {
  if (platform !== undefined) return [await device(platform)];
  const gpu = await device("webgpu").catch(() => null);
  return gpu === null ? [wasmDevice] : [gpu, wasmDevice];
}

/** Where computations on uncommitted arrays run. */
export function defaultDevice(): Device {
  return choice.device;
}

/** Sets the default device (`jax.config.update("jax_default_device", …)`); null is WebAssembly. */
export function setDefaultDevice(device: Device | null): void {
  checkDevice(device ?? wasmDevice);
  choice.device = device ?? wasmDevice;
}

/** Runs `body` with another default device (`with jax.default_device(…):`), to the end of its promise if it gives one. */
export function withDefaultDevice<T>(device: Device | null, body: () => T): T {
  const before = choice.device;
  setDefaultDevice(device);
  let pending = false;
  const restore = (): void => {
    choice.device = before;
  };
  try {
    const result = body();
    if (result instanceof Promise) {
      pending = true;
      return result.finally(restore) as T;
    }
    return result;
  } finally {
    if (!pending) restore();
  }
}

/** Throws where a user gave something else than a device: its name, or the promise of one. */
export function checkDevice(device: unknown): asserts device is Device {
  if (device instanceof Device) return;
  const given = device instanceof Promise ? "a promise: write await device(…)" : String(device);
  throw new WeftTypeError(`expected a device, as \`await device("webgpu")\` gives it, got ${given}`);
}

/** What the rule needs to know of an array. */
export interface Placed {
  /** The device it was put on; null while it may be anywhere. */
  readonly committed: Device | null;
  /** The GPU that alone has its elements; null where the host has them. */
  readonly only: WebGpuDevice | null;
}

export interface Placement {
  readonly device: Device;
  /** What the results are committed to. */
  readonly committed: Device | null;
}

/**
 * Where to compute with these arrays. Throws where they are committed to different devices; `describe` names array i in
 * the message.
 */
export function placementOf(arrays: readonly Placed[], describe: (i: number) => string): Placement {
  let at = -1;
  let only: WebGpuDevice | null = null;
  for (let i = 0; i < arrays.length; i++) {
    const { committed } = arrays[i];
    only ??= arrays[i].only;
    if (committed === null) continue;
    if (at < 0) at = i;
    else if (arrays[at].committed !== committed) {
      throw new WeftValueError(
        `Received incompatible devices for jitted computation. Got ${describe(at)} on ${arrays[at].committed} and ` +
          `${describe(i)} on ${committed}. Move one with devicePut(x, device).`,
      );
    }
  }
  const committed = at < 0 ? null : arrays[at].committed;
  return { device: committed ?? only ?? choice.device, committed };
}

/** The error of asking for elements at once that only a GPU has. */
export function onlyOnGpu(what: string, type: string, on: Device): UnsupportedError {
  const fix = what === "item()" ? "(await x.data())[0]" : "await x.data()";
  return new UnsupportedError(
    `${what} needs the elements at once, and this array (${type}) is on ${on}, which takes time to answer: ` +
      `write ${fix}.`,
  );
}
