/** The WebGPU device of a test file. */
import { after } from "node:test";
import { requestAdapter } from "../../runtime/webgpu/adapter.ts";
import { createDevice, type GpuDevice } from "../../runtime/webgpu/device.ts";
import type { GpuStorage } from "../../runtime/webgpu/storage.ts";

let made: Promise<GpuDevice> | null = null;

/** One device per test file. There is no skipping: without an adapter the test fails. */
export function gpuDevice(): Promise<GpuDevice> {
  made ??= requestAdapter().then(createDevice);
  return made;
}

after(async () => (await made)?.destroy());

/** A device that a test may break. */
export async function freshDevice(): Promise<GpuDevice> {
  return createDevice(await requestAdapter());
}

export function floats(device: GpuDevice, values: readonly number[]): GpuStorage {
  return device.store(new Uint8Array(Float32Array.from(values).buffer));
}

export async function numbers(storage: GpuStorage): Promise<number[]> {
  return [...new Float32Array((await storage.read()).buffer)];
}
