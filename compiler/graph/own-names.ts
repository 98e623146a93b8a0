/**
 * Hands out names that were not taken before: `x`, `x_1`, `x_2`, … Of things that have names of their own, what is parsed from
 * their text has the same.
 */
export class OwnNames {
  readonly #taken: Set<string>;
  /** The number tried last for a name that was taken: many things ask for the same one. */
  readonly #next = new Map<string, number>();

  constructor(reserved: Iterable<string> = []) {
    this.#taken = new Set(reserved);
  }

  take(hint: string): string;
  take(hint: string | null): string | null;
  take(hint: string | null): string | null {
    if (hint === null) return null;
    let name = hint;
    let n = this.#next.get(hint) ?? 0;
    while (this.#taken.has(name)) name = `${hint}_${++n}`;
    this.#next.set(hint, n);
    this.#taken.add(name);
    return name;
  }
}
