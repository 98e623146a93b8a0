/**
 * Memory of the functions that a page loads: one WebAssembly memory, so that results of one can be arguments of another
 * where they are. A short free list, first fit; the arena of the whole runtime is for programs that keep many arrays.
 */

/** Blocks start at cache lines, as compiled code assumes. Address 0 is never handed out. */
const LINE = 64;
const PAGE = 65_536;

/** Start and end of free memory. */
type Range = [start: number, end: number];

export class Heap {
  readonly memory = new WebAssembly.Memory({ initial: 1 });
  #bytes = new Uint8Array(this.memory.buffer);
  /** By address; no two touch. */
  readonly #free: Range[] = [[LINE, PAGE]];
  #scratch = { start: 0, bytes: 0 };

  /** A view of all memory; read it anew after an allocation. */
  get bytes(): Uint8Array {
    if (this.#bytes.buffer !== this.memory.buffer) this.#bytes = new Uint8Array(this.memory.buffer);
    return this.#bytes;
  }

  /** The address of new memory with undefined contents. */
  allocate(bytes: number): number {
    const size = sizeOf(bytes);
    for (const [i, range] of this.#free.entries()) {
      if (range[1] - range[0] < size) continue;
      const [start] = range;
      range[0] += size;
      if (range[0] === range[1]) this.#free.splice(i, 1);
      return start;
    }
    const end = this.memory.buffer.byteLength;
    const last = this.#free.at(-1);
    const missing = size - (last?.[1] === end ? end - last[0] : 0);
    // By a quarter at least, as growing may move everything.
    const pages = Math.ceil(missing / PAGE);
    const spare = Math.ceil(end / PAGE / 4);
    try {
      this.memory.grow(Math.max(pages, spare));
    } catch {
      try {
        this.memory.grow(pages);
      } catch {
        throw new RangeError(`out of memory: ${bytes} bytes beside ${end} that WebAssembly has`);
      }
    }
    this.release(end, this.memory.buffer.byteLength - end);
    return this.allocate(bytes);
  }

  /** The address of a copy. */
  put(bytes: Uint8Array): number {
    const start = this.allocate(bytes.length);
    this.bytes.set(bytes, start);
    return start;
  }

  /** Gives memory back that `allocate(bytes)` handed out. */
  release(start: number, bytes: number): void {
    const free = this.#free;
    const end = start + sizeOf(bytes);
    let at = free.findIndex((range) => range[0] > start);
    if (at < 0) at = free.length;
    free.splice(at, 0, [start, end]);
    for (const i of [at, at - 1]) {
      if (free[i] !== undefined && free[i][1] === free[i + 1]?.[0]) {
        free[i][1] = free[i + 1][1];
        free.splice(i + 1, 1);
      }
    }
  }

  /** Temporaries of the running call: one region for all functions. Its address, at least `bytes` long. */
  scratch(bytes: number): number {
    if (bytes > this.#scratch.bytes) {
      if (this.#scratch.bytes > 0) this.release(this.#scratch.start, this.#scratch.bytes);
      this.#scratch = { start: 0, bytes: 0 };
      this.#scratch = { start: this.allocate(bytes), bytes };
    }
    return this.#scratch.start;
  }
}

function sizeOf(bytes: number): number {
  return Math.max(LINE, Math.ceil(bytes / LINE) * LINE);
}
