/** The GPU of compiled functions: the browser's, or in Node that of the package `webgpu`, which is loaded when it is needed. */
import { NoAdapterError } from "../errors.ts";
import { createDevice, type GpuDevice } from "../webgpu/device.ts";

interface Dawn {
  create(options: readonly string[]): GPU;
}

/** Declared cache of one: all functions loaded by this module share a device, so that results of one are arguments of another. */
let current: Promise<GpuDevice> | null = null;

/** That device, made anew after it was lost. Rejects with NoAdapterError where there is none. */
export async function sharedDevice(adapter?: GPUAdapter): Promise<GpuDevice> {
  const known = await current?.catch(() => null);
  if (known && known.lost === null) return known;
  current = (adapter === undefined ? requestAdapter() : Promise.resolve(adapter)).then(createDevice);
  return current;
}

async function requestAdapter(): Promise<GPUAdapter> {
  const gpu =
    (globalThis as { readonly navigator?: Partial<Navigator> }).navigator?.gpu ?? (await dawn())?.create([]);
  if (gpu === undefined) {
    throw new NoAdapterError(
      "there is no WebGPU here (navigator.gpu): pages need https or localhost, Node the package webgpu",
    );
  }
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (adapter === null) throw new NoAdapterError("WebGPU has no adapter here: no GPU, or it is switched off");
  // Dawn has to live as long as its adapter.
  keep.add(gpu);
  return adapter;
}

/** Declared cache: see above. */
const keep = new Set<GPU>();

/** The package `webgpu`, where the host is Node; bundlers for browsers would go looking for its name. */
async function dawn(): Promise<Dawn | undefined> {
  const { process: host } = globalThis as { readonly process?: { readonly versions?: { node?: string } } };
  if (host?.versions?.node === undefined) return undefined;
  const name = ["web", "gpu"].join("");
  return (await import(/* webpackIgnore: true */ /* @vite-ignore */ name).catch(() => undefined)) as
    | Dawn
    | undefined;
}
