/**
 * `numpy.random.PCG64`: a 128-bit linear congruential generator with the output function XSL-RR (M. E. O'Neill, "PCG",
 * 2014), seeded as NumPy does.
 */
import { type Seed, SeedSequence } from "./seed-sequence.ts";

const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;
const MASK64 = (1n << 64n) - 1n;
const MASK128 = (1n << 128n) - 1n;

export class Pcg64 {
  #state: bigint;
  readonly #increment: bigint;
  /** The upper half of a word of which the lower half was used. */
  #buffered: number | null = null;

  constructor(seed: Seed) {
    const [stateHigh, stateLow, sequenceHigh, sequenceLow] = new SeedSequence(seed).generateState64(4);
    this.#increment = ((((sequenceHigh! << 64n) | sequenceLow!) << 1n) | 1n) & MASK128;
    this.#state = 0n;
    this.#step();
    this.#state = (this.#state + ((stateHigh! << 64n) | stateLow!)) & MASK128;
    this.#step();
  }

  #step(): void {
    this.#state = (this.#state * MULTIPLIER + this.#increment) & MASK128;
  }

  nextUint64(): bigint {
    this.#step();
    const high = this.#state >> 64n;
    const value = high ^ (this.#state & MASK64);
    const rotation = high >> 58n;
    return ((value >> rotation) | (value << (64n - rotation))) & MASK64;
  }

  /** 32 bits: the lower, then the upper half of a word. */
  nextUint32(): number {
    if (this.#buffered !== null) {
      const upper = this.#buffered;
      this.#buffered = null;
      return upper;
    }
    const word = this.nextUint64();
    this.#buffered = Number(word >> 32n);
    return Number(word & 0xffffffffn);
  }

  /** Uniform on [0, 1) in steps of 2⁻⁵³. */
  nextDouble(): number {
    return Number(this.nextUint64() >> 11n) * 2 ** -53;
  }

  /** Uniform on 0, 1, …, `max`, without bias (D. Lemire, "Fast random integer generation in an interval", 2019). */
  nextBounded(max: number): number {
    if (max === 0) return 0;
    if (max === 0xffffffff) return this.nextUint32();
    if (max > 0xffffffff) throw new RangeError(`a range of more than 2³² integers: 0 to ${max}`);
    const count = max + 1;
    const threshold = (0xffffffff - max) % count;
    for (;;) {
      const product = BigInt(this.nextUint32()) * BigInt(count);
      if (Number(product & 0xffffffffn) >= threshold) return Number(product >> 32n);
    }
  }

  /** The same by masking and rejecting, as NumPy still shuffles. */
  nextInterval(max: number): number {
    if (max > 0xffffffff) throw new RangeError(`a range of more than 2³² integers: 0 to ${max}`);
    if (max === 0) return 0;
    const mask = 0xffffffff >>> Math.clz32(max);
    for (;;) {
      const value = (this.nextUint32() & mask) >>> 0;
      if (value <= max) return value;
    }
  }
}
