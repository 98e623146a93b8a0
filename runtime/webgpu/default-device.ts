/** The WebGPU device of this thread, made when it is first asked for and again after it was lost. */
import { requestAdapter } from "./adapter.ts";
import { createDevice, type GpuDevice } from "./device.ts";

/** Declared cache of one. */
let current: Promise<GpuDevice> | null = null;

/** Throws NoAdapterError where there is no WebGPU. */
export async function gpuDevice(): Promise<GpuDevice> {
  const known = await current?.catch(() => null);
  if (known && known.lost === null) return known;
  const made = requestAdapter().then(createDevice);
  current = made;
  // A failure is told to who asked; the next one tries again.
  made.catch(() => {
    if (current === made) current = null;
  });
  return made;
}
