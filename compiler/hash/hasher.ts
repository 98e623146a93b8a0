/** A fast non-cryptographic hash of numbers and strings: two 32-bit lanes in the manner of cyrb53 and MurmurHash3. */

const view = new DataView(new ArrayBuffer(8));

export class Hasher {
  #a: number;
  #b: number;

  constructor(seed = 0) {
    this.#a = 0xdeadbeef ^ seed;
    this.#b = 0x41c6ce57 ^ seed;
  }

  /** Mixes in a 32-bit integer. */
  int(x: number): void {
    this.#a = Math.imul(this.#a ^ x, 2654435761);
    this.#a ^= this.#a >>> 15;
    this.#b = Math.imul(this.#b ^ x, 1597334677);
    this.#b ^= this.#b >>> 13;
  }

  /** Mixes in a double by its bits: -0 differs from 0; all NaNs are one. */
  double(x: number): void {
    if ((x | 0) === x && !Object.is(x, -0)) {
      this.int(x);
      return;
    }
    view.setFloat64(0, Number.isNaN(x) ? NaN : x);
    this.int(0x7f4a7c15);
    this.int(view.getInt32(0));
    this.int(view.getInt32(4));
  }

  string(s: string): void {
    this.int(s.length);
    for (let i = 0; i < s.length; i++) this.int(s.charCodeAt(i));
  }

  bytes(data: Uint8Array): void {
    this.int(data.length);
    const words = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const whole = data.length & ~3;
    for (let i = 0; i < whole; i += 4) this.int(words.getInt32(i, true));
    for (let i = whole; i < data.length; i++) this.int(data[i]);
  }

  /** An integer of 53 bits. */
  finish(): number {
    const a =
      Math.imul(this.#a ^ (this.#a >>> 16), 2246822507) ^ Math.imul(this.#b ^ (this.#b >>> 13), 3266489909);
    const b = Math.imul(this.#b ^ (this.#b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
    return 4294967296 * (2097151 & b) + (a >>> 0);
  }
}
