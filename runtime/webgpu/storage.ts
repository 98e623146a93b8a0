/** The bytes behind arrays on a GPU. */
import { type ArrayStorage, type GoneReason, goneMessage } from "../array-storage.ts";
import { DisposedError } from "../errors.ts";
import type { BufferPool, PooledBuffer } from "./buffer-pool.ts";

/** What a finalizer holds. */
export interface GpuLease {
  storage: GpuStorage | null;
}

/** The device that a storage is on. */
export interface StorageDevice {
  readonly pool: BufferPool;
  read(storage: GpuStorage): Promise<Uint8Array<ArrayBuffer>>;
  idle(): Promise<void>;
  registerFinalizer(storage: GpuStorage, owner: object): void;
  unregisterFinalizer(owner: object): void;
}

/** The memory of an array on a GPU. */
export class GpuStorage implements ArrayStorage {
  references = 1;
  gone: GoneReason | null = null;
  goneBy = "";
  /** Why its contents could not be computed. Known once `checked` has resolved. */
  error: Error | null = null;
  /** Resolves when the GPU has accepted the commands that write it, or reported why not; null if nothing is awaited. */
  checked: Promise<void> | null = null;
  lease: GpuLease | null = null;

  constructor(
    readonly device: StorageDevice,
    readonly buffer: PooledBuffer,
    readonly byteLength: number,
  ) {}

  track(owner: object): void {
    this.device.registerFinalizer(this, owner);
  }

  untrack(owner: object): void {
    this.device.unregisterFinalizer(owner);
  }

  retain(): this {
    this.references++;
    return this;
  }

  release(reason: GoneReason = "disposed", by = ""): void {
    if (this.gone !== null || --this.references > 0) return;
    this.forget(reason, by);
    this.device.pool.release(this.buffer);
  }

  /** Gives the buffer up to a new storage, that of an output written in place. */
  handOver(by: string): PooledBuffer {
    this.forget("donated", by);
    return this.buffer;
  }

  checkAlive(): void {
    if (this.gone !== null) throw new DisposedError(goneMessage(this));
  }

  /**
   * A copy of the bytes, in the order of the calls made so far: later calls do not change it. Rejects with the error
   * that kept them from being computed.
   */
  read(): Promise<Uint8Array<ArrayBuffer>> {
    return this.device.read(this);
  }

  /** Resolves when the bytes are computed; rejects with the error that kept them from it. */
  async ready(): Promise<void> {
    this.checkAlive();
    await this.device.idle();
    await this.checked;
    const error = this.buffer.error ?? this.error;
    if (error !== null) throw error;
  }

  private forget(reason: GoneReason, by: string): void {
    this.gone = reason;
    this.goneBy = by;
    this.references = 0;
    if (this.lease !== null) this.lease.storage = null;
  }
}
