/** Moving trees of arrays between devices. */
import { cpuDevice } from "../../runtime/device.ts";
import type { ArrayData, ArrayLike, NdArray } from "../core/array.ts";
import { ConcreteArray } from "../core/concrete-array.ts";
import { checkDevice, type Device, WebGpuDevice } from "../core/device.ts";
import { gpuEngine } from "../core/engine.ts";
import { asArray } from "../core/trace.ts";
import { flatten, unflatten } from "../tree/tree.ts";

/** A tree with other leaves: numbers become arrays, or arrays their elements. */
export type WithLeaves<T, L> = T extends NdArray | number | boolean
  ? L
  : T extends readonly unknown[] | Readonly<Record<string, unknown>>
    ? { [K in keyof T]: WithLeaves<T[K], L> }
    : T;

/**
 * The arrays of a tree on a device, committed to it (`jax.device_put`): computations with them run there. Without a
 * device, arrays of the numbers in it, committed to none. Tracers stay as they are.
 *
 * Gives its result at once. From a GPU to Wasm the elements arrive later: `await blockUntilReady(x)` before they are used.
 */
export function devicePut<T>(tree: T, device?: Device): WithLeaves<T, NdArray> {
  if (device !== undefined) checkDevice(device);
  const { leaves, treedef } = flatten(tree);
  const moved = leaves.map((leaf) => put(asArray(leaf as ArrayLike), device ?? null));
  return unflatten(treedef, moved) as WithLeaves<T, NdArray>;
}

function put(x: NdArray, device: Device | null): NdArray {
  if (!(x instanceof ConcreteArray) || device === null) return x;
  x.checkAlive();
  if (device instanceof WebGpuDevice) {
    const storage = gpuEngine(device).place(x);
    // A number that is known stays known: it becomes part of the kernels that use it.
    if (x.fill !== null) return x.alias(x.aval, device);
    return ConcreteArray.onGpu(x.aval, storage.retain(), device, device);
  }
  if (x.only === null || x.gpu === null) {
    return new ConcreteArray(x.aval, x.buffer?.retain() ?? null, x.fill, device);
  }
  const { byteLength } = x.gpu;
  return new ConcreteArray(x.aval, cpuDevice().memory.receive(byteLength, x.gpu.read()), null, device);
}

/**
 * The elements of a tree's arrays (`jax.device_get`): a typed array for each, numbers for scalars as they are in
 * `x.data()`. Reads that come from a GPU overlap.
 */
export async function deviceGet<T>(tree: T): Promise<WithLeaves<T, ArrayData>> {
  const { leaves, treedef } = flatten(tree);
  const data = await Promise.all(leaves.map((leaf) => asArray(leaf as ArrayLike).data()));
  return unflatten(treedef, data) as WithLeaves<T, ArrayData>;
}

/**
 * Waits until everything in a tree is computed, and gives the tree (`jax.block_until_ready`). Rejects with the error of
 * a computation that failed.
 */
export async function blockUntilReady<T>(tree: T): Promise<T> {
  const pending = flatten(tree).leaves.filter((leaf) => leaf instanceof ConcreteArray);
  await Promise.all(pending.map((array) => array.ready()));
  return tree;
}
