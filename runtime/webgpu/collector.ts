/**
 * Asks the JavaScript collector to look for arrays that nobody holds. To it a GPU buffer is an object of a few bytes, so
 * by itself it would run long after the GPU is full.
 */
import type { BufferPool } from "./buffer-pool.ts";

/** Below this there is no pressure. */
const LEAST_BYTES = 256 * 2 ** 20;
const LEAST_COUNT = 2048;
/** Engines count the bytes of ArrayBuffers, and collect when many were allocated. Never written, it occupies nothing. */
const NUDGE_BYTES = 64 * 2 ** 20;

export class CollectorPressure {
  #bytes = LEAST_BYTES;
  #count = LEAST_COUNT;

  /** Called as buffers are handed out: nudges whenever twice as much is in use as after the last collection. */
  check({ bytes, count }: BufferPool): void {
    if (bytes < this.#bytes && count < this.#count) return;
    // If nothing was garbage, the next nudge comes that much later.
    this.#bytes = Math.max(LEAST_BYTES, bytes * 1.25);
    this.#count = Math.max(LEAST_COUNT, count * 1.25);
    new ArrayBuffer(NUDGE_BYTES);
  }

  /** Called after a collection freed buffers. */
  collected({ bytes, count }: BufferPool): void {
    this.#bytes = Math.max(LEAST_BYTES, bytes * 2);
    this.#count = Math.max(LEAST_COUNT, count * 2);
  }
}
