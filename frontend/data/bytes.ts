/** Bytes read with bounds, and errors that say where. */
import { WeftTypeError, WeftValueError } from "../core/index.ts";

/** What readers take: a file's bytes. Node's `readFile` gives a Buffer, `fetch` an ArrayBuffer. */
export type BytesLike = ArrayBuffer | ArrayBufferView;

/** The bytes themselves, not copied. Throws WeftTypeError for what holds none. */
export function bytesFrom(name: string, source: BytesLike): Uint8Array {
  if (source instanceof Uint8Array) return source;
  if (ArrayBuffer.isView(source)) {
    return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  }
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  throw new WeftTypeError(
    `${name} takes the bytes of a file, an ArrayBuffer or Uint8Array, got ${typeof source}: read the file first`,
  );
}

/** An error in a file: the format, where, and what is wrong. */
export function formatError(format: string, offset: number, problem: string): WeftValueError {
  return new WeftValueError(`${format}: at byte ${offset}: ${problem}`);
}

/** Reads numbers one after the other; beyond the end it throws an error of the format. */
export class ByteReader {
  readonly #view: DataView;
  readonly #format: string;
  offset: number;

  constructor(
    format: string,
    readonly bytes: Uint8Array,
    offset = 0,
  ) {
    this.#format = format;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.offset = offset;
  }

  get remaining(): number {
    return this.bytes.length - this.offset;
  }

  /** The next bytes, not copied. */
  take(count: number, what: string): Uint8Array {
    if (!(count <= this.remaining)) {
      throw this.error(`the file ends too early: ${what} takes ${count} bytes, ${this.remaining} are left`);
    }
    const from = this.offset;
    this.offset += count;
    return this.bytes.subarray(from, this.offset);
  }

  u8(what: string): number {
    return this.take(1, what)[0];
  }

  u16(what: string, littleEndian = true): number {
    this.take(2, what);
    return this.#view.getUint16(this.offset - 2, littleEndian);
  }

  u32(what: string, littleEndian = true): number {
    this.take(4, what);
    return this.#view.getUint32(this.offset - 4, littleEndian);
  }

  /** A 64-bit count. Throws where it is beyond 2⁵³, which no file is. */
  u64(what: string): number {
    const low = this.u32(what);
    const high = this.u32(what);
    if (high >= 2 ** 21) throw this.error(`${what} is ${high * 2 ** 32 + low}, which cannot be`, -8);
    return high * 2 ** 32 + low;
  }

  error(problem: string, from = 0): WeftValueError {
    return formatError(this.#format, this.offset + from, problem);
  }
}

/** Text of Latin-1 bytes. */
export function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** A name or text from a file, short enough for a message. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
