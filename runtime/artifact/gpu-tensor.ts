/** Arrays that stay on a GPU between calls. */
import type { TypedArray } from "../../compiler/types/typed-array.ts";
import type { GpuDevice } from "../webgpu/device.ts";
import type { GpuStorage } from "../webgpu/storage.ts";
import { arrayClass } from "./elements.ts";

export class GpuTensor {
  readonly #storage: GpuStorage;

  constructor(
    storage: GpuStorage,
    readonly dtype: string,
    readonly shape: readonly number[],
  ) {
    this.#storage = storage;
    storage.track(this);
  }

  /** A copy of the elements, row-major; rejects with what kept them from being computed. */
  get data(): Promise<TypedArray> {
    return this.bytes().then((bytes) => new (arrayClass(this.dtype))(bytes.buffer));
  }

  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#storage.read();
  }

  /** Frees the memory. */
  dispose(): void {
    this.#storage.untrack(this);
    this.#storage.release();
  }

  /** Its bytes on the GPU. Throws after dispose(), and where it was donated to a call. */
  storage(): GpuStorage {
    this.#storage.checkAlive();
    return this.#storage;
  }

  isOn(device: GpuDevice): boolean {
    return this.#storage.device === device;
  }
}
