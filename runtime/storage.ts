/**
 * Storage: the bytes behind arrays, resident in the arena or evicted to an ordinary buffer.
 *
 * A synchronous loop never lets finalizers run, so the arena cannot depend on them. Past a soft limit the least
 * recently used storages are copied out. Nothing but its array then holds an evicted storage, and the JavaScript
 * collector reclaims it under pressure even in a synchronous loop; what is used again is brought back.
 */
import type { Arena, Block } from "./arena.ts";
import { type ArrayStorage, type GoneReason, goneMessage } from "./array-storage.ts";
import { DisposedError, NotReadyError, OutOfMemoryError } from "./errors.ts";

/** How much of the arrays is kept in WebAssembly memory. */
export interface MemoryLimits {
  /** Bytes of arrays kept in the arena before the least recently used are evicted. */
  softLimit: number;
  /** Number of small arrays (under 4 KiB) kept in the arena. */
  smallLimit: number;
}

/** Below this size an array is not registered for finalization, which costs more than its bytes are worth. */
const SMALL = 4096;
/**
 * Registrations that may await their finalizers. In a synchronous loop finalizers never run and each registration
 * costs about 150 bytes, so past this many the least-recently-used eviction alone bounds the memory.
 */
const MAX_PENDING_FINALIZERS = 65_536;

/** What a finalizer holds: must not hold the bytes of an evicted storage. */
interface Lease {
  storage: Storage | null;
}

/** The memory of an array on the processor, in the arena or evicted from it. */
export class Storage implements ArrayStorage {
  block: Block | null = null;
  /** Bytes while evicted. */
  evicted: Uint8Array | null = null;
  /** Resolves when bytes that come from another device are there; null once they are. */
  arriving: Promise<void> | null = null;
  references = 1;
  /** Links of the residents' list, oldest first. */
  older: Storage | null = null;
  newer: Storage | null = null;
  /** Clock of the last use, and the clock value when it took its place in the list. */
  used = 0;
  placed = 0;
  lease: Lease | null = null;
  gone: GoneReason | null = null;
  /** What disposed of it, for the error: the donating function. */
  goneBy = "";

  constructor(
    readonly memory: DeviceMemory,
    readonly byteLength: number,
  ) {}

  get resident(): boolean {
    return this.block !== null;
  }

  track(owner: object): void {
    if (this.byteLength >= SMALL) this.memory.registerFinalizer(this, owner);
  }

  untrack(owner: object): void {
    if (this.lease !== null) this.memory.unregisterFinalizer(owner);
  }

  retain(): this {
    this.references++;
    return this;
  }

  release(reason: GoneReason = "disposed", by = ""): void {
    if (this.gone !== null) return;
    if (--this.references > 0) return;
    this.gone = reason;
    this.goneBy = by;
    this.memory.forget(this);
  }

  /** The address of the bytes in the arena, brought back if they were evicted. Valid until the next allocation. */
  pointer(): number {
    const block = this.block ?? this.memory.makeResident(this);
    this.used = this.memory.clock;
    return block.pointer;
  }

  /** A view of the bytes: read or copy it at once, it does not outlive the next allocation. */
  bytes(): Uint8Array {
    if (this.evicted !== null) return this.evicted;
    const pointer = this.pointer();
    return this.memory.arena.u8.subarray(pointer, pointer + this.byteLength);
  }
}

/** The memory of the CPU device: the arena, and which storages are in it. */
export class DeviceMemory {
  readonly arena: Arena;
  /** Counts calls. A storage used at the current count is in use by the running call and is not evicted. */
  clock = 1;
  limits: MemoryLimits = { softLimit: 256 * 1024 * 1024, smallLimit: 16_384 };

  /** Resident storages, oldest first, small and large apart. */
  readonly #large = new ResidentList();
  readonly #small = new ResidentList();
  #pending = 0;
  readonly #finalizers: FinalizationRegistry<Lease>;

  constructor(arena: Arena) {
    this.arena = arena;
    this.#finalizers = new FinalizationRegistry((lease) => {
      this.#pending--;
      lease.storage?.release();
    });
  }

  /** Bytes of array data in the arena, and how many storages hold them. */
  get residentBytes(): number {
    return this.#large.bytes + this.#small.bytes;
  }
  get residentCount(): number {
    return this.#large.count + this.#small.count;
  }

  /** A new resident storage with undefined contents. */
  allocate(byteLength: number): Storage {
    const storage = new Storage(this, byteLength);
    this.#place(storage);
    return storage;
  }

  /** A new storage holding a copy of `bytes`. */
  store(bytes: Uint8Array): Storage {
    const storage = this.allocate(bytes.byteLength);
    if (storage.block !== null) this.arena.u8.set(bytes, storage.block.pointer);
    return storage;
  }

  /**
   * A new storage whose bytes come later, evicted until they are used. Whoever uses them before awaits `arriving`, which
   * rejects with the error of `bytes`.
   */
  receive(byteLength: number, bytes: Promise<Uint8Array>): Storage {
    const storage = new Storage(this, byteLength);
    storage.arriving = bytes.then((arrived) => {
      storage.arriving = null;
      if (storage.gone === null) storage.evicted = arrived;
    });
    // Who never asks for the bytes does not want to hear of it.
    storage.arriving.catch(() => {});
    return storage;
  }

  /** A block for the device itself (scratch, constants), which eviction does not see. */
  allocateBlock(bytes: number): Block {
    let block = this.arena.allocate(bytes);
    while (block === null) {
      if (!this.#evictOne(this.#large) && !this.#evictOne(this.#small)) {
        throw new OutOfMemoryError(
          bytes,
          `The arena holds ${this.arena.capacity} bytes and WebAssembly memory ends at 4 GiB. ` +
            "Dispose of arrays (`using` or dispose()), donate arguments (donateArgnums) or use smaller arrays.",
        );
      }
      block = this.arena.allocate(bytes);
    }
    return block;
  }

  makeResident(storage: Storage): Block {
    if (storage.gone !== null) throw new DisposedError(goneMessage(storage));
    if (storage.arriving !== null) {
      throw new NotReadyError(
        "The array is on its way from a GPU: `await blockUntilReady(x)` before it is used, or `await x.data()`.",
      );
    }
    const { evicted } = storage;
    const block = this.#place(storage);
    if (evicted !== null) {
      this.arena.u8.set(evicted, block.pointer);
      storage.evicted = null;
    }
    if (storage.lease !== null) storage.lease.storage = storage;
    return block;
  }

  /** A storage that takes over the block of a donated one, which is gone from then on. */
  adopt(donated: Storage, by: string): Storage {
    const storage = new Storage(this, donated.byteLength);
    donated.pointer();
    const list = this.#listOf(donated);
    list.remove(donated);
    storage.block = donated.block;
    donated.block = null;
    storage.used = this.clock;
    storage.placed = this.clock;
    list.append(storage);
    if (donated.lease !== null) donated.lease.storage = null;
    donated.gone = "donated";
    donated.goneBy = by;
    donated.references = 0;
    return storage;
  }

  /** Frees what the storage holds. */
  forget(storage: Storage): void {
    if (storage.lease !== null) storage.lease.storage = null;
    storage.evicted = null;
    const { block } = storage;
    if (block === null) return;
    this.#listOf(storage).remove(storage);
    storage.block = null;
    this.arena.release(block);
  }

  registerFinalizer(storage: Storage, owner: object): void {
    if (this.#pending >= MAX_PENDING_FINALIZERS) return;
    this.#pending++;
    storage.lease ??= { storage: storage.block === null ? null : storage };
    this.#finalizers.register(owner, storage.lease, owner);
  }

  unregisterFinalizer(owner: object): void {
    if (this.#finalizers.unregister(owner)) this.#pending--;
  }

  #listOf(storage: Storage): ResidentList {
    return storage.byteLength < SMALL ? this.#small : this.#large;
  }

  #place(storage: Storage): Block {
    const list = this.#listOf(storage);
    if (list === this.#small) {
      if (list.count >= this.limits.smallLimit) this.#evictOne(list);
    } else {
      const { softLimit } = this.limits;
      while (list.bytes + storage.byteLength > softLimit && this.#evictOne(list)) {}
    }
    const block = this.arena.allocate(storage.byteLength) ?? this.allocateBlock(storage.byteLength);
    storage.block = block;
    storage.used = this.clock;
    storage.placed = this.clock;
    list.append(storage);
    return block;
  }

  /**
   * Evicts the least recently used storage of a list that the running call does not use; false if there is none.
   * A use only stamps the storage; it moves in the list when it is met here with a stamp newer than its place.
   */
  #evictOne(list: ResidentList): boolean {
    const { clock } = this;
    for (let n = list.count; n > 0; n--) {
      const storage = list.oldest;
      if (storage === null) return false;
      if (storage.used > storage.placed || storage.used === clock) {
        storage.placed = storage.used;
        list.remove(storage);
        list.append(storage);
        continue;
      }
      const { block } = storage;
      list.remove(storage);
      if (block === null) continue;
      storage.evicted = this.arena.u8.slice(block.pointer, block.pointer + storage.byteLength);
      storage.block = null;
      if (storage.lease !== null) storage.lease.storage = null;
      this.arena.release(block);
      return true;
    }
    return false;
  }
}

/** A doubly linked list of storages. */
class ResidentList {
  oldest: Storage | null = null;
  newest: Storage | null = null;
  bytes = 0;
  count = 0;

  append(storage: Storage): void {
    storage.older = this.newest;
    storage.newer = null;
    if (this.newest !== null) this.newest.newer = storage;
    else this.oldest = storage;
    this.newest = storage;
    this.bytes += storage.byteLength;
    this.count++;
  }

  remove(storage: Storage): void {
    const { older, newer } = storage;
    if (older !== null) older.newer = newer;
    else this.oldest = newer;
    if (newer !== null) newer.older = older;
    else this.newest = older;
    storage.older = null;
    storage.newer = null;
    this.bytes -= storage.byteLength;
    this.count--;
  }
}
