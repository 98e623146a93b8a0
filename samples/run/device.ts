import { blockUntilReady, device, devicePut, type NdArray, setDefaultDevice } from "weft";
import type { DeviceName } from "./sample.ts";

/**
 * Makes a device the one that everything after this runs on. Throws Weft's error where this machine has none: a sample
 * never runs elsewhere than it says.
 */
export async function useDevice(name: DeviceName): Promise<void> {
  setDefaultDevice(await device(name));
}

/**
 * The same arrays where `item()`, `dataSync()` and printing can read them at once: from a GPU their elements have to be
 * fetched first.
 */
export async function onHost<T extends readonly NdArray[]>(...arrays: T): Promise<T> {
  const host = await device("wasm");
  const fetched = arrays.map((array) => devicePut(array, host));
  await blockUntilReady(fetched);
  return fetched as readonly NdArray[] as T;
}
