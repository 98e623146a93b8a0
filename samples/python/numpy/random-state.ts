/**
 * `numpy.random.RandomState(seed)`: NumPy's own numbers, bit for bit, as scikit-learn uses them. They lie on the host:
 * floats are Float64Array, integers Int32Array (NumPy's are int64; a bound over 2³¹ is refused).
 */
import { Mt19937 } from "./mt19937.ts";
import { roundedLog } from "./rounded.ts";

export interface ChoiceOptions {
  /** Whether an element may be drawn more than once. Default true. */
  readonly replace?: boolean;
  /** The probability of each element; by default all have the same. */
  readonly p?: ArrayLike<number>;
}

interface MutableList {
  readonly length: number;
  [index: number]: unknown;
}

/** Each call continues the one stream of bits. */
export class RandomState {
  readonly #bits: Mt19937;
  /** The second normal of the last pair. */
  #gauss: number | null = null;

  constructor(seed: number) {
    this.#bits = new Mt19937(seed);
  }

  /** Uniform on [0, 1): `random_sample`, `rand`. */
  randomSample(count: number): Float64Array {
    return Float64Array.from({ length: count }, () => this.#bits.nextDouble());
  }

  /** Uniform on [low, high). */
  uniform(low: number, high: number, count: number): Float64Array {
    const range = high - low;
    if (!Number.isFinite(range)) throw new RangeError("high - low range exceeds valid bounds");
    return this.randomSample(count).map((u) => low + range * u);
  }

  /** Mean 0 and standard deviation 1: `standard_normal`, `randn`. */
  standardNormal(count: number): Float64Array {
    return Float64Array.from({ length: count }, () => this.#nextNormal());
  }

  /** Mean `loc` and standard deviation `scale`. */
  normal(loc: number, scale: number, count: number): Float64Array {
    if (!(scale >= 0)) throw new RangeError("scale < 0");
    return this.standardNormal(count).map((z) => loc + scale * z);
  }

  /** One integer from low to high - 1. */
  randint(low: number, high: number): number {
    for (const bound of [low, high]) {
      if (!Number.isInteger(bound) || Math.abs(bound) > 2 ** 31) {
        throw new RangeError(`randint: int32 only, not ${bound}`);
      }
    }
    if (low >= high) throw new RangeError("low >= high");
    return low + this.#bits.nextInterval(high - 1 - low);
  }

  /** Integers from low to high - 1. */
  randints(low: number, high: number, count: number): Int32Array {
    return Int32Array.from({ length: count }, () => this.randint(low, high));
  }

  /** Puts the elements of a list in random order, in place (Fisher and Yates, from the last one). */
  shuffle(list: MutableList): void {
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.#bits.nextInterval(i);
      [list[i], list[j]] = [list[j], list[i]];
    }
  }

  /** 0 … n - 1 in random order. */
  permutation(n: number): Int32Array {
    const indices = Int32Array.from({ length: n }, (_, i) => i);
    this.shuffle(indices);
    return indices;
  }

  /** Draws `count` of the numbers 0 … n - 1. */
  choice(n: number, count: number, { replace = true, p }: ChoiceOptions = {}): Int32Array {
    if (n <= 0) throw new RangeError("a must be greater than 0 unless no samples are taken");
    if (p !== undefined) checkProbabilities(p, n);
    if (replace) {
      if (p === undefined) return this.randints(0, n, count);
      const cdf = normalizedCumulative(p);
      return Int32Array.from(this.randomSample(count), (u) => searchRight(cdf, u));
    }
    if (count > n) throw new RangeError("Cannot take a larger sample than population when replace is False");
    if (p === undefined) return this.permutation(n).slice(0, count);
    return this.#weightedWithoutReplacement(count, Float64Array.from(p));
  }

  /** As NumPy does it: draws with replacement what is missing, keeps each new number once, and strikes it out. */
  #weightedWithoutReplacement(count: number, p: Float64Array): Int32Array {
    if (p.filter((each) => each > 0).length < count) {
      throw new RangeError("Fewer non-zero entries in p than size");
    }
    const found: number[] = [];
    while (found.length < count) {
      const uniform = this.randomSample(count - found.length);
      for (const index of found) p[index] = 0;
      const cdf = normalizedCumulative(p);
      found.push(...new Set(Array.from(uniform, (u) => searchRight(cdf, u))));
    }
    return Int32Array.from(found);
  }

  /** G. Marsaglia's polar method, which makes two at a time. */
  #nextNormal(): number {
    if (this.#gauss !== null) {
      const kept = this.#gauss;
      this.#gauss = null;
      return kept;
    }
    let x1: number;
    let x2: number;
    let r2: number;
    do {
      x1 = 2 * this.#bits.nextDouble() - 1;
      x2 = 2 * this.#bits.nextDouble() - 1;
      r2 = x1 * x1 + x2 * x2;
    } while (r2 >= 1 || r2 === 0);
    const f = Math.sqrt((-2 * roundedLog(r2)) / r2);
    this.#gauss = f * x1;
    return f * x2;
  }
}

function checkProbabilities(p: ArrayLike<number>, n: number): void {
  if (p.length !== n) throw new RangeError("a and p must have same size");
  const values = Array.from(p);
  if (values.some((each) => !(each >= 0))) throw new RangeError("probabilities are not non-negative");
  const total = values.reduce((a, b) => a + b, 0);
  if (Math.abs(total - 1) > Math.sqrt(Number.EPSILON)) throw new RangeError("probabilities do not sum to 1");
}

function normalizedCumulative(p: ArrayLike<number>): Float64Array {
  const cdf = new Float64Array(p.length);
  let sum = 0;
  for (let i = 0; i < p.length; i++) {
    sum += p[i]!;
    cdf[i] = sum;
  }
  return cdf.map((each) => each / sum);
}

/** How many of the ascending values are at most x: `searchsorted(…, side="right")`. */
function searchRight(ascending: Float64Array, x: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! <= x) low = middle + 1;
    else high = middle;
  }
  return low;
}
