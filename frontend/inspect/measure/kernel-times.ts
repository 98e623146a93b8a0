/** Times of launches, by kernel: sums, and the fastest and the middle one. */

/** Launches kept for the median. */
const KEPT = 10_000;

export interface KernelTimes {
  readonly launches: number;
  /** Milliseconds of all launches together. */
  readonly total: number;
  readonly fastest: number;
  readonly median: number;
}

class Times {
  launches = 0;
  total = 0;
  fastest = Infinity;
  readonly #kept: number[] = [];

  add(duration: number): void {
    this.launches++;
    this.total += duration;
    this.fastest = Math.min(this.fastest, duration);
    if (this.#kept.length < KEPT) this.#kept.push(duration);
  }

  get summary(): KernelTimes {
    const sorted = this.#kept.toSorted((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
    return { launches: this.launches, total: this.total, fastest: this.fastest, median };
  }
}

export class KernelClock {
  readonly #times = new Map<string, Times>();
  /** What measuring itself takes, which is taken off every launch. */
  readonly #overhead = timerOverhead();

  /** Adds a launch; returns its duration without the time of measuring. */
  add(kernel: string, duration: number): number {
    const net = Math.max(0, duration - this.#overhead);
    let times = this.#times.get(kernel);
    if (times === undefined) {
      times = new Times();
      this.#times.set(kernel, times);
    }
    times.add(net);
    return net;
  }

  clear(): void {
    this.#times.clear();
  }

  of(kernel: string): KernelTimes | null {
    return this.#times.get(kernel)?.summary ?? null;
  }
}

/** The least time between two readings of the clock. */
function timerOverhead(): number {
  let least = Infinity;
  for (let i = 0; i < 1000; i++) {
    const start = performance.now();
    least = Math.min(least, performance.now() - start);
  }
  return least;
}
