import type { DeviceName } from "./sample.ts";

/**
 * Makes a device the one that everything after this runs on. Throws where this build of Weft or this machine has
 * none: a sample never runs elsewhere than it says.
 */
export async function useDevice(device: DeviceName): Promise<void> {
  if (device === "wasm") return;
  throw new Error("this build of Weft has no WebGPU backend yet: run the sample with --device wasm");
}
