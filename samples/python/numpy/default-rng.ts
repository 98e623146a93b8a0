/**
 * `numpy.random.default_rng(seed)`: NumPy's own numbers, bit for bit. Floats are float64 arrays, integers int32.
 */
import { type NdArray, numpy as np } from "weft";
import { Pcg64 } from "./pcg64.ts";
import type { Seed } from "./seed-sequence.ts";
import { standardNormal } from "./ziggurat.ts";

/** A shape; the empty one gives a scalar. */
export type Size = number | readonly number[];

export interface ChoiceOptions {
  /** Whether an element may be drawn more than once. Default true. */
  readonly replace?: boolean;
  /** The probability of each element; by default all have the same. */
  readonly p?: ArrayLike<number>;
  /** Whether what is drawn without replacement comes in random order. Default true. */
  readonly shuffle?: boolean;
}

export interface IntegersOptions {
  /** Whether `high` itself may be drawn. Default false. */
  readonly endpoint?: boolean;
}

interface MutableList {
  readonly length: number;
  [index: number]: unknown;
}

/** A generator seeded as `numpy.random.default_rng(seed)`. */
export function defaultRng(seed: Seed): Generator {
  return new Generator(new Pcg64(seed));
}

/** `numpy.random.Generator`. Each call continues the one stream of bits. */
export class Generator {
  readonly #bits: Pcg64;

  constructor(bits: Pcg64) {
    this.#bits = bits;
  }

  /** Uniform on [0, 1): f64[size]. */
  random(size: Size = []): NdArray {
    return this.#floats(size, () => this.#bits.nextDouble());
  }

  /** Uniform on [low, high): f64[size]. */
  uniform(low = 0, high = 1, size: Size = []): NdArray {
    const range = high - low;
    if (!Number.isFinite(range)) throw new RangeError("high - low range exceeds valid bounds");
    return this.#floats(size, () => low + range * this.#bits.nextDouble());
  }

  /** Mean 0 and standard deviation 1: f64[size]. */
  standardNormal(size: Size = []): NdArray {
    return this.#floats(size, () => standardNormal(this.#bits));
  }

  /** Mean `loc` and standard deviation `scale`: f64[size]. */
  normal(loc = 0, scale = 1, size: Size = []): NdArray {
    if (!(scale >= 0)) throw new RangeError(`scale < 0: ${scale}`);
    return this.#floats(size, () => loc + scale * standardNormal(this.#bits));
  }

  /** Integers from low to high - 1: i32[size]. */
  integers(low: number, high: number, size: Size = [], { endpoint = false }: IntegersOptions = {}): NdArray {
    const last = endpoint ? high : high - 1;
    const fits = (x: number): boolean => Number.isInteger(x) && x >= -(2 ** 31) && x < 2 ** 31;
    if (!fits(low) || !fits(last)) throw new RangeError(`integers of int32 only: from ${low} to ${last}`);
    if (low > last) throw new RangeError(`low ${endpoint ? ">" : ">="} high: ${low}, ${high}`);
    return this.#integers(size, () => low + this.#bits.nextBounded(last - low));
  }

  /** Puts the elements of a list in random order, in place. */
  shuffle(list: MutableList): void {
    // By rejection, whereas choice and permutation of rows shuffle their indices with nextBounded.
    shuffleFrom(list, 1, (max) => this.#bits.nextInterval(max));
  }

  /** The integers below n, or the rows of an array, in random order. */
  permutation(x: number | NdArray): NdArray {
    const count = typeof x === "number" ? x : x.shape[0];
    if (count === undefined)
      throw new TypeError("permutation of a scalar: give an integer or an array with an axis");
    const order = Int32Array.from({ length: count }, (_, i) => i);
    if (typeof x === "number" || x.ndim === 1) this.shuffle(order);
    else this.#shuffleIndices(order);
    return typeof x === "number" ? np.array(order) : np.take(x, np.array(order), { axis: 0 });
  }

  /** Elements of `a`, or integers below the number `a`. */
  choice(a: number | NdArray, size: Size = [], options: ChoiceOptions = {}): NdArray {
    const count = typeof a === "number" ? a : a.shape[0];
    if (count === undefined || count <= 0)
      throw new RangeError("a cannot be empty unless no samples are taken");
    const picked = np.array(this.#pick(count, lengthOf(size), options)).reshape(shapeOf(size));
    return typeof a === "number" ? picked : np.take(a, picked, { axis: 0 });
  }

  #pick(count: number, size: number, { replace = true, p, shuffle = true }: ChoiceOptions): Int32Array {
    if (p !== undefined) checkProbabilities(p, count);
    if (replace) {
      if (p === undefined) return Int32Array.from({ length: size }, () => this.#bits.nextBounded(count - 1));
      const cumulative = cumulativeOf(Array.from(p));
      return Int32Array.from({ length: size }, () => searchRight(cumulative, this.#bits.nextDouble()));
    }
    if (size > count)
      throw new RangeError("Cannot take a larger sample than population when replace is False");
    if (p !== undefined) return this.#pickWeighted(Array.from(p), size);
    // NumPy's own rule of when to shuffle the whole population's end.
    if (count > 10_000 && size > Math.floor(count / (shuffle ? 50 : 20))) {
      const all = Int32Array.from({ length: count }, (_, i) => i);
      this.#shuffleIndices(all, Math.max(count - size, 1));
      return all.slice(count - size);
    }
    const picked = this.#pickFloyd(count, size);
    if (shuffle) this.#shuffleIndices(picked);
    return picked;
  }

  /** R. W. Floyd's algorithm: a random subset without touching the rest. */
  #pickFloyd(count: number, size: number): Int32Array {
    const seen = new Set<number>();
    return Int32Array.from({ length: size }, (_, i) => {
      const last = count - size + i;
      const value = this.#bits.nextBounded(last);
      const fresh = seen.has(value) ? last : value;
      seen.add(fresh);
      return fresh;
    });
  }

  /** Draws with the weights, drops what came twice, and draws again with the weights that are left. */
  #pickWeighted(weights: number[], size: number): Int32Array {
    if (weights.filter((w) => w > 0).length < size)
      throw new RangeError("Fewer non-zero entries in p than size");
    const found: number[] = [];
    while (found.length < size) {
      const draws = Array.from({ length: size - found.length }, () => this.#bits.nextDouble());
      for (const index of found) weights[index] = 0;
      const cumulative = cumulativeOf(weights);
      found.push(...new Set(draws.map((x) => searchRight(cumulative, x))));
    }
    return Int32Array.from(found);
  }

  #shuffleIndices(list: MutableList, first = 1): void {
    shuffleFrom(list, first, (max) => this.#bits.nextBounded(max));
  }

  #floats(size: Size, draw: () => number): NdArray {
    return np.array(Float64Array.from({ length: lengthOf(size) }, draw)).reshape(shapeOf(size));
  }

  #integers(size: Size, draw: () => number): NdArray {
    return np.array(Int32Array.from({ length: lengthOf(size) }, draw)).reshape(shapeOf(size));
  }
}

/** Exchanges each element from the last to `first` with one before it or itself (Fisher and Yates). */
function shuffleFrom(list: MutableList, first: number, draw: (max: number) => number): void {
  for (let i = list.length - 1; i >= first; i--) {
    const j = draw(i);
    [list[i], list[j]] = [list[j], list[i]];
  }
}

function shapeOf(size: Size): readonly number[] {
  return typeof size === "number" ? [size] : size;
}

function lengthOf(size: Size): number {
  return shapeOf(size).reduce((product, extent) => product * extent, 1);
}

function checkProbabilities(p: ArrayLike<number>, count: number): void {
  const values = Array.from(p);
  if (values.length !== count) throw new RangeError("a and p must have same size");
  if (!values.every((w) => w >= 0)) throw new RangeError("Probabilities are not non-negative");
  const sum = values.reduce((a, b) => a + b, 0);
  if (!(Math.abs(sum - 1) <= 1e-8)) throw new RangeError(`Probabilities do not sum to 1: ${sum}`);
}

function cumulativeOf(weights: readonly number[]): number[] {
  let sum = 0;
  const sums = weights.map((w) => {
    sum += w;
    return sum;
  });
  return sums.map((s) => s / sum);
}

/** How many of the sorted values are at most x. */
function searchRight(sorted: readonly number[], x: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= x) low = middle + 1;
    else high = middle;
  }
  return low;
}
