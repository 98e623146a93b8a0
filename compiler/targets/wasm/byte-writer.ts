const utf8 = new TextEncoder();

/** A growable array of bytes with the encodings of the WebAssembly binary format. */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  /** The bytes written so far; valid until the next write. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Callers look first whether there is room: almost always there is, and a call costs more than a byte. */
  #grow(count: number): void {
    const needed = this.#length + count;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#length++] = value;
  }

  append(bytes: Uint8Array): void {
    if (this.#length + bytes.length > this.#bytes.length) this.#grow(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Unsigned LEB128 of an integer in [0, 2^32). */
  unsigned(value: number): void {
    if (this.#length + 5 > this.#bytes.length) this.#grow(5);
    value >>>= 0;
    while (value >= 0x80) {
      this.#bytes[this.#length++] = (value & 0x7f) | 0x80;
      value >>>= 7;
    }
    this.#bytes[this.#length++] = value;
  }

  /** Signed LEB128 of an int32. */
  signed(value: number): void {
    if (this.#length + 5 > this.#bytes.length) this.#grow(5);
    value |= 0;
    while (value < -64 || value > 63) {
      this.#bytes[this.#length++] = (value & 0x7f) | 0x80;
      value >>= 7;
    }
    this.#bytes[this.#length++] = value & 0x7f;
  }

  /** Signed LEB128 of an int64. */
  signed64(value: bigint): void {
    if (this.#length + 10 > this.#bytes.length) this.#grow(10);
    value = BigInt.asIntN(64, value);
    while (value < -64n || value > 63n) {
      this.#bytes[this.#length++] = Number(value & 0x7fn) | 0x80;
      value >>= 7n;
    }
    this.#bytes[this.#length++] = Number(value & 0x7fn);
  }

  float32(value: number): void {
    if (this.#length + 4 > this.#bytes.length) this.#grow(4);
    // A NaN's bits are the engine's choice in JavaScript; the bytes of a module must not be.
    if (Number.isNaN(value)) this.#view.setUint32(this.#length, 0x7fc00000, true);
    else this.#view.setFloat32(this.#length, value, true);
    this.#length += 4;
  }

  float64(value: number): void {
    if (this.#length + 8 > this.#bytes.length) this.#grow(8);
    if (Number.isNaN(value)) this.#view.setBigUint64(this.#length, 0x7ff8000000000000n, true);
    else this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  int32(value: number): void {
    if (this.#length + 4 > this.#bytes.length) this.#grow(4);
    this.#view.setInt32(this.#length, value, true);
    this.#length += 4;
  }

  /** A name: its UTF-8 length and bytes. */
  name(text: string): void {
    const bytes = utf8.encode(text);
    this.unsigned(bytes.length);
    this.append(bytes);
  }

  /** A vector of bytes preceded by its length. */
  sized(bytes: Uint8Array): void {
    this.unsigned(bytes.length);
    this.append(bytes);
  }
}
