/**
 * The arena: one WebAssembly memory shared by every compiled function, and its allocator.
 *
 * The allocator is a two-level segregated fit (TLSF: Masmano, Ripoll, Crespo, Real, "TLSF: a new dynamic memory
 * allocator for real-time systems", ECRTS 2004): O(1) allocation and freeing with immediate coalescing. Its book-keeping
 * lives in JavaScript objects, not in headers, so that every block starts at a cache line.
 */

import { BUFFER_ALIGNMENT } from "../compiler/program/program.ts";

/** Blocks start at and extend to multiples of this many bytes: a cache line, as the compiler assumes. */
export const ALIGNMENT = BUFFER_ALIGNMENT;

const PAGE = 65_536;
/** The bottom page is never handed out: address 0 stays invalid, and compiled code may not rely on it. */
const RESERVED = PAGE;
const MAX_PAGES = 65_536;
/** Grow by at least this much, or by an eighth of what there is: growing replaces every view. */
const MIN_GROWTH = 16 * 1024 * 1024;

const SECOND_LEVEL_BITS = 4;
const SECOND_LEVEL = 1 << SECOND_LEVEL_BITS;
const FIRST_LEVEL = 24;

/** A range of the arena, in use or free. `prev`/`next` link the list it is in: a free list, or the residents' list. */
export class Block {
  free = false;
  prev: Block | null = null;
  next: Block | null = null;
  constructor(
    public pointer: number,
    public bytes: number,
    /** Neighbours in address order. */
    public before: Block | null,
    public after: Block | null,
  ) {}
}

function createMemory(shared: boolean): { memory: WebAssembly.Memory; maximum: number } {
  const initial = 1 + MIN_GROWTH / PAGE;
  // Some engines refuse to reserve 4 GiB of addresses (32-bit ones, iOS): ask for less.
  for (let maximum = MAX_PAGES; ; maximum >>= 1) {
    try {
      return { memory: new WebAssembly.Memory({ initial, maximum, shared }), maximum };
    } catch (error) {
      if (maximum <= initial * 2) throw error;
    }
  }
}

/** One WebAssembly memory and its allocator, a two-level segregated fit: where the arrays of a device are. */
export class Arena {
  readonly memory: WebAssembly.Memory;
  /** Whether other threads can have it too. */
  readonly shared: boolean;
  /** Views of the whole memory; replaced when it grows, so read them anew after any allocation. */
  u8: Uint8Array;
  u32: Uint32Array;
  f32: Float32Array;
  f64: Float64Array;
  /** Bytes handed out. */
  allocated = 0;

  /** Bytes it can grow to. */
  readonly #maximum: number;
  #firstLevel = 0;
  readonly #secondLevel = new Int32Array(FIRST_LEVEL);
  readonly #free: (Block | null)[] = new Array<Block | null>(FIRST_LEVEL * SECOND_LEVEL).fill(null);
  /** The block that ends where the memory ends. */
  #last: Block;

  constructor({ shared = false }: { readonly shared?: boolean } = {}) {
    const { memory, maximum } = createMemory(shared);
    this.shared = shared;
    this.memory = memory;
    this.#maximum = maximum * PAGE;
    const { buffer } = memory;
    this.u8 = new Uint8Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.#last = new Block(RESERVED, buffer.byteLength - RESERVED, null, null);
    this.#insert(this.#last);
  }

  /** Pages it can grow to, which a module that imports a shared memory declares. */
  get maximumPages(): number {
    return this.#maximum / PAGE;
  }

  /** Bytes of the WebAssembly memory. */
  get capacity(): number {
    return this.u8.byteLength;
  }

  /** A block of at least `bytes` bytes, or null where the memory cannot grow enough. Its contents are undefined. */
  allocate(bytes: number): Block | null {
    const size = bytes <= ALIGNMENT ? ALIGNMENT : Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    let block = this.#take(size / ALIGNMENT);
    if (block === null) {
      if (!this.#grow(size)) return null;
      block = this.#take(size / ALIGNMENT);
      if (block === null) return null;
    }
    const rest = block.bytes - size;
    if (rest > 0) {
      const tail = new Block(block.pointer + size, rest, block, block.after);
      if (block.after !== null) block.after.before = tail;
      else this.#last = tail;
      block.after = tail;
      block.bytes = size;
      this.#insert(tail);
    }
    this.allocated += size;
    return block;
  }

  /** Gives a block back. Its neighbours are merged with it if they are free. */
  release(block: Block): void {
    if (block.free) throw new Error(`arena: block at ${block.pointer} was released twice`);
    this.allocated -= block.bytes;
    const { before, after } = block;
    if (after?.free) {
      this.#remove(after);
      block.bytes += after.bytes;
      block.after = after.after;
      if (after.after !== null) after.after.before = block;
      else this.#last = block;
    }
    if (before?.free) {
      this.#remove(before);
      before.bytes += block.bytes;
      before.after = block.after;
      if (block.after !== null) block.after.before = before;
      else this.#last = before;
      // Whoever still holds the released block sees that it is gone.
      block.free = true;
      this.#insert(before);
      return;
    }
    this.#insert(block);
  }

  /** The least free-list index all of whose blocks have `units` lines or more, searched upwards; unlinks one. */
  #take(units: number): Block | null {
    let size = units;
    if (size >= SECOND_LEVEL) {
      // Round up to the next list boundary: then any block of the list fits.
      size += (1 << (31 - Math.clz32(size) - SECOND_LEVEL_BITS)) - 1;
    }
    const index = listIndex(size);
    let first = index >> SECOND_LEVEL_BITS;
    let second = this.#secondLevel[first] & (-1 << (index & (SECOND_LEVEL - 1)));
    if (second === 0) {
      const above = this.#firstLevel & (-2 << first);
      if (above === 0) return this.#takeFromOwnList(units);
      first = 31 - Math.clz32(above & -above);
      second = this.#secondLevel[first];
    }
    const at = (first << SECOND_LEVEL_BITS) | (31 - Math.clz32(second & -second));
    const block = this.#free[at];
    if (block === null) throw new Error("arena: free list and bitmap disagree");
    this.#remove(block);
    return block;
  }

  /** Before growing: a block in the list of `units` itself may yet be large enough. */
  #takeFromOwnList(units: number): Block | null {
    const wanted = units * ALIGNMENT;
    for (let block = this.#free[listIndex(units)]; block !== null; block = block.next) {
      if (block.bytes >= wanted) {
        this.#remove(block);
        return block;
      }
    }
    return null;
  }

  #insert(block: Block): void {
    const at = listIndex(block.bytes / ALIGNMENT);
    const head = this.#free[at];
    block.free = true;
    block.prev = null;
    block.next = head;
    if (head !== null) head.prev = block;
    this.#free[at] = block;
    this.#firstLevel |= 1 << (at >> SECOND_LEVEL_BITS);
    this.#secondLevel[at >> SECOND_LEVEL_BITS] |= 1 << (at & (SECOND_LEVEL - 1));
  }

  #remove(block: Block): void {
    const { prev, next } = block;
    if (next !== null) next.prev = prev;
    if (prev !== null) prev.next = next;
    else {
      const at = listIndex(block.bytes / ALIGNMENT);
      this.#free[at] = next;
      if (next === null) {
        const first = at >> SECOND_LEVEL_BITS;
        this.#secondLevel[first] &= ~(1 << (at & (SECOND_LEVEL - 1)));
        if (this.#secondLevel[first] === 0) this.#firstLevel &= ~(1 << first);
      }
    }
    block.free = false;
    block.prev = null;
    block.next = null;
  }

  #grow(size: number): boolean {
    const capacity = this.capacity;
    const missing = this.#last.free ? size - this.#last.bytes : size;
    const wanted = Math.max(missing, MIN_GROWTH, capacity >>> 3);
    for (const bytes of [wanted, missing]) {
      const pages = Math.min(Math.ceil(bytes / PAGE), (this.#maximum - capacity) / PAGE);
      if (pages * PAGE < missing) continue;
      try {
        this.memory.grow(pages);
      } catch {
        continue;
      }
      this.#extend(pages * PAGE);
      return true;
    }
    return false;
  }

  #extend(bytes: number): void {
    const { buffer } = this.memory;
    this.u8 = new Uint8Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
    const last = this.#last;
    if (last.free) {
      this.#remove(last);
      last.bytes += bytes;
      this.#insert(last);
    } else {
      const added = new Block(last.pointer + last.bytes, bytes, last, null);
      last.after = added;
      this.#last = added;
      this.#insert(added);
    }
  }
}

/** The free list of blocks of `units` cache lines: sixteen lists for each power of two, exact below sixteen. */
function listIndex(units: number): number {
  if (units < SECOND_LEVEL) return units;
  const top = 31 - Math.clz32(units);
  const shift = top - SECOND_LEVEL_BITS;
  return ((shift + 1) << SECOND_LEVEL_BITS) | ((units >>> shift) & (SECOND_LEVEL - 1));
}
