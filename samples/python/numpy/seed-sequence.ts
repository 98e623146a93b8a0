/**
 * `numpy.random.SeedSequence`: turns a seed of any length into well mixed words of state. After M. E. O'Neill's
 * seed_seq_fe, with NumPy's constants (numpy/random/bit_generator.pyx).
 */

const INIT_A = 0x43b0d7e5;
const MULT_A = 0x931e8875;
const INIT_B = 0x8b51f9dd;
const MULT_B = 0x58f38ded;
const MIX_MULT_L = 0xca01f9dd;
const MIX_MULT_R = 0x4973f715;
const POOL_SIZE = 4;

/** A non-negative integer, or several, which are taken one after the other. */
export type Seed = number | bigint | readonly (number | bigint)[];

export class SeedSequence {
  readonly #pool: Uint32Array;

  constructor(entropy: Seed) {
    this.#pool = mixEntropy(seedWords(entropy));
  }

  /** `count` words of 32 bits of state. */
  generateState(count: number): Uint32Array {
    const state = new Uint32Array(count);
    let hash = INIT_B;
    for (let i = 0; i < count; i++) {
      let word = this.#pool[i % POOL_SIZE]! ^ hash;
      hash = Math.imul(hash, MULT_B);
      word = Math.imul(word, hash);
      state[i] = word ^ (word >>> 16);
    }
    return state;
  }

  /** `count` words of 64 bits, the lower half first. */
  generateState64(count: number): bigint[] {
    const words = this.generateState(2 * count);
    return Array.from(
      { length: count },
      (_, i) => BigInt(words[2 * i]!) | (BigInt(words[2 * i + 1]!) << 32n),
    );
  }
}

function mixEntropy(entropy: readonly number[]): Uint32Array {
  let hash = INIT_A;
  const hashMix = (value: number): number => {
    let word = value ^ hash;
    hash = Math.imul(hash, MULT_A);
    word = Math.imul(word, hash);
    return word ^ (word >>> 16);
  };
  const mix = (x: number, y: number): number => {
    const word = (Math.imul(MIX_MULT_L, x) - Math.imul(MIX_MULT_R, y)) | 0;
    return word ^ (word >>> 16);
  };
  const pool = new Uint32Array(POOL_SIZE);
  for (let i = 0; i < POOL_SIZE; i++) pool[i] = hashMix(entropy[i] ?? 0);
  for (let from = 0; from < POOL_SIZE; from++) {
    for (let to = 0; to < POOL_SIZE; to++) {
      if (from !== to) pool[to] = mix(pool[to]!, hashMix(pool[from]!));
    }
  }
  for (const word of entropy.slice(POOL_SIZE)) {
    for (let to = 0; to < POOL_SIZE; to++) pool[to] = mix(pool[to]!, hashMix(word));
  }
  return pool;
}

/** The words of 32 bits of a seed, the lowest first; zero is one word. */
function seedWords(seed: Seed): number[] {
  if (typeof seed === "object") return seed.flatMap(seedWords);
  if (typeof seed === "number" && !Number.isSafeInteger(seed)) {
    throw new RangeError(`a seed must be an integer, got ${seed}; give large ones as a bigint`);
  }
  let rest = BigInt(seed);
  if (rest < 0n) throw new RangeError(`expected non-negative integer, got the seed ${seed}`);
  const words: number[] = [];
  do {
    words.push(Number(rest & 0xffffffffn));
    rest >>= 32n;
  } while (rest > 0n);
  return words;
}
