/** Arrays that stay in WebAssembly memory between calls. */
import type { TypedArray } from "../../compiler/types/typed-array.ts";
import { arrayClass } from "./elements.ts";
import type { Heap } from "./heap.ts";

/** Frees what was collected without dispose(). */
const collected = new FinalizationRegistry<Held>((held) => held.free("disposed"));

/** A block of a heap; apart from its tensor, so that the finalizer may hold it. */
class Held {
  gone: string | null = null;
  constructor(
    readonly heap: Heap,
    readonly start: number,
    readonly byteLength: number,
  ) {}

  free(why: string): void {
    if (this.gone !== null) return;
    this.gone = why;
    this.heap.release(this.start, this.byteLength);
  }
}

export class Tensor {
  readonly #held: Held;

  constructor(
    heap: Heap,
    start: number,
    byteLength: number,
    readonly dtype: string,
    readonly shape: readonly number[],
  ) {
    this.#held = new Held(heap, start, byteLength);
    collected.register(this, this.#held, this);
  }

  /** A copy of the elements, row-major. */
  get data(): TypedArray {
    const start = this.address();
    const { heap, byteLength } = this.#held;
    return new (arrayClass(this.dtype))(heap.bytes.slice(start, start + byteLength).buffer);
  }

  /** Frees the memory. */
  dispose(): void {
    this.#held.free("disposed");
    collected.unregister(this);
  }

  /** Where it is. Throws after dispose(), and where it was donated to a call. */
  address(): number {
    const { gone, start } = this.#held;
    if (gone !== null) throw new Error(`this tensor was ${gone}`);
    return start;
  }

  isIn(heap: Heap): boolean {
    return this.#held.heap === heap;
  }

  /** Gives the memory up: to a result, or with `free` for good. It cannot be used any more. */
  donate(to: string, free = false): void {
    const why = `donated to ${to}, which may have reused its memory for a result`;
    if (free) this.#held.free(why);
    this.#held.gone ??= why;
    collected.unregister(this);
  }
}
