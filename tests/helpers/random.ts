/** Random numbers that are the same in every run. */
export class Random {
  #state: number;

  /** A text is hashed (FNV-1a), so that tests can name their streams. */
  constructor(seed: number | string) {
    if (typeof seed === "number") {
      this.#state = (seed + 1) * 0x9e3779b9;
      return;
    }
    let h = 2166136261;
    for (let i = 0; i < seed.length; i++) h = Math.imul(h ^ seed.charCodeAt(i), 16777619);
    this.#state = h;
  }

  /** Uniform in [0, 1): mulberry32 (public domain). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** Normally distributed: Box and Muller. */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }

  /** An integer in [0, n). */
  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  /** True in the given share of cases. */
  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }

  /** 32 random bits. */
  bits(): number {
    return this.below(4294967296);
  }
}
