/**
 * The Mersenne Twister (M. Matsumoto and T. Nishimura, 1998): the bits of `numpy.random.RandomState`, after NumPy's
 * mt19937.c.
 */
const N = 624;
const M = 397;
const MATRIX = 0x9908b0df;
const UPPER = 0x80000000;
const LOWER = 0x7fffffff;

export class Mt19937 {
  readonly #state = new Uint32Array(N);
  #position = N;

  /** Seeded by one 32-bit number, as `RandomState(seed)` does it. */
  constructor(seed: number) {
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
      throw new RangeError("Seed must be between 0 and 2**32 - 1");
    }
    let word = seed;
    for (let i = 0; i < N; i++) {
      this.#state[i] = word;
      word = (Math.imul(1812433253, word ^ (word >>> 30)) + i + 1) >>> 0;
    }
  }

  /** 32 random bits. */
  nextUint32(): number {
    if (this.#position === N) this.#generate();
    let y = this.#state[this.#position++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    y ^= y >>> 18;
    return y >>> 0;
  }

  /** Uniform on [0, 1), with 53 random bits. */
  nextDouble(): number {
    const high = this.nextUint32() >>> 5;
    const low = this.nextUint32() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  /** Uniform on 0 … max, for max < 2³², by rejection of numbers of as many bits as max has. */
  nextInterval(max: number): number {
    if (max === 0) return 0;
    const mask = 0xffffffff >>> Math.clz32(max);
    for (;;) {
      const value = (this.nextUint32() & mask) >>> 0;
      if (value <= max) return value;
    }
  }

  #generate(): void {
    const state = this.#state;
    for (let i = 0; i < N; i++) {
      const y = (state[i]! & UPPER) | (state[(i + 1) % N]! & LOWER);
      state[i] = state[(i + M) % N]! ^ (y >>> 1) ^ (y & 1 ? MATRIX : 0);
    }
    this.#position = 0;
  }
}
