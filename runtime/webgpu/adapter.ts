/** Finding a WebGPU adapter: the browser's, or in Node that of the package `webgpu` (Dawn). */

import { NoAdapterError } from "../errors.ts";

/** The adapter with the greatest performance. Throws NoAdapterError where there is none. */
export async function requestAdapter(): Promise<GPUAdapter> {
  const gpu = typeof navigator === "undefined" ? undefined : (navigator as Partial<Navigator>).gpu;
  if (gpu !== undefined) {
    const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
    if (adapter !== null) return adapter;
    throw new NoAdapterError(
      "navigator.gpu has no adapter: WebGPU is switched off here or the GPU is on the browser's block list. " +
        'Use device("wasm"), or see chrome://gpu.',
    );
  }
  if (typeof process === "undefined" || process.versions?.node === undefined) {
    throw new NoAdapterError(
      "this browser has no WebGPU (navigator.gpu), or the page is not a secure context (https or localhost). " +
        'Use device("wasm").',
    );
  }
  const { requestNodeAdapter } = await import("./node-adapter.ts");
  return requestNodeAdapter();
}
