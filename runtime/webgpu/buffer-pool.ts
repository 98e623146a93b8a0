/**
 * GPU buffers, kept for reuse by size class. A freed buffer may be handed out again at once: the queue runs commands in
 * the order of their submission, so what was submitted before still sees its own contents.
 */
import { OutOfMemoryError } from "../errors.ts";
import { wordBytes } from "./constants.ts";

/** Least size, and the step of small sizes. */
const LEAST = 256;
/** Eight classes for each power of two: at most an eighth of a buffer is unused. */
const STEPS = 8;

export class PooledBuffer {
  /** Calls that wait to be encoded and need it. */
  pins = 0;
  /** Given back while pinned. */
  released = false;
  /** Why it could not be allocated. */
  error: Error | null = null;

  constructor(
    readonly gpu: GPUBuffer,
    readonly capacity: number,
    /** Unique in its device: part of the keys of bind groups. */
    readonly id: number,
  ) {}
}

/** Options of `BufferPool` and `ThreadPool`. */
export interface PoolOptions {
  readonly usage: number;
  readonly label: string;
  /** Bytes of free buffers that are kept. */
  readonly keep: number;
}

export class BufferPool {
  /** Buffers handed out, and their bytes. */
  count = 0;
  bytes = 0;
  /** Bytes of buffers that are free. */
  freeBytes = 0;

  /** Free buffers by capacity; least recently used class first, and in a class the last one freed is used first. */
  readonly #free = new Map<number, PooledBuffer[]>();
  #nextId = 0;

  constructor(
    readonly device: GPUDevice,
    readonly options: PoolOptions,
  ) {}

  /** A buffer of at least `bytes` bytes with undefined contents. Throws OutOfMemoryError where no buffer can be so large. */
  acquire(bytes: number): PooledBuffer {
    const capacity = this.#capacity(bytes);
    const list = this.#free.get(capacity);
    const found = list?.pop();
    this.count++;
    this.bytes += capacity;
    if (found === undefined) return this.#create(capacity);
    this.freeBytes -= capacity;
    if (list?.length === 0) this.#free.delete(capacity);
    found.released = false;
    return found;
  }

  /** Gives a buffer back; one that a waiting call needs comes back with that call's `unpin`. */
  release(buffer: PooledBuffer): void {
    buffer.released = true;
    if (buffer.pins === 0) this.#recycle(buffer);
  }

  unpin(buffer: PooledBuffer): void {
    if (--buffer.pins === 0 && buffer.released) this.#recycle(buffer);
  }

  /** Destroys free buffers, the least recently used sizes first, until at most `keep` bytes of them are left. */
  trim(keep = 0): void {
    for (const [capacity, list] of this.#free) {
      while (this.freeBytes > keep && list.length > 0) {
        list.shift()?.gpu.destroy();
        this.freeBytes -= capacity;
      }
      if (list.length > 0) return;
      this.#free.delete(capacity);
    }
  }

  #recycle(buffer: PooledBuffer): void {
    const { capacity } = buffer;
    this.count--;
    this.bytes -= capacity;
    if (buffer.error !== null) return buffer.gpu.destroy();
    const list = this.#free.get(capacity) ?? [];
    list.push(buffer);
    this.#free.delete(capacity);
    this.#free.set(capacity, list);
    this.freeBytes += capacity;
    if (this.freeBytes > this.options.keep) this.trim(this.options.keep);
  }

  #capacity(bytes: number): number {
    const { maxBufferSize } = this.device.limits;
    if (bytes > maxBufferSize) {
      throw new OutOfMemoryError(bytes, `One buffer of this GPU holds at most ${maxBufferSize} bytes.`);
    }
    const step = Math.max(LEAST, 2 ** Math.floor(Math.log2(Math.max(bytes, 1))) / STEPS);
    const capacity = Math.max(LEAST, Math.ceil(bytes / step) * step);
    return capacity > maxBufferSize ? wordBytes(bytes) : capacity;
  }

  #create(size: number): PooledBuffer {
    const { device } = this;
    const { usage, label } = this.options;
    device.pushErrorScope("out-of-memory");
    const buffer = new PooledBuffer(device.createBuffer({ size, usage, label }), size, this.#nextId++);
    device.popErrorScope().then(
      (error) => {
        if (error === null) return;
        buffer.error = new OutOfMemoryError(
          size,
          `${this.count} buffers hold ${this.bytes} bytes of this GPU. Dispose of arrays (\`using\` or dispose()), ` +
            "donate arguments (donateArgnums), use smaller arrays, or await now and then in a long loop, so that " +
            `arrays nobody holds are collected. (${error.message})`,
        );
        this.trim();
      },
      // The device is lost, which everybody learns from `device.lost`.
      () => {},
    );
    return buffer;
  }
}
