/** Names in texts: made of letters, digits and `_`, and unique within their scope. */

const INVALID = /[^\p{L}\p{N}_]+/gu;

/** The name with everything that is no letter, digit or `_` taken out: `args[0].w` → `args_0_w`. Idempotent. */
export function sanitizeName(name: string): string {
  let clean = name.replace(INVALID, "_");
  if (/^[^\p{L}\p{N}_]/u.test(name)) clean = clean.slice(1);
  if (/[^\p{L}\p{N}_]$/u.test(name)) clean = clean.slice(0, -1);
  return clean === "" ? "v" : clean;
}

/** Hands out names that were not taken before: `x`, `x_1`, `x_2`, … */
export class UniqueNames {
  readonly #taken: Set<string>;
  readonly #next = new Map<string, number>();

  constructor(reserved: Iterable<string> = []) {
    this.#taken = new Set(reserved);
  }

  take(wanted: string): string {
    const base = sanitizeName(wanted);
    let name = base;
    let n = this.#next.get(base) ?? 0;
    while (this.#taken.has(name)) name = `${base}_${++n}`;
    this.#next.set(base, n);
    this.#taken.add(name);
    return name;
  }
}

/** `1 result`, `2 results`. */
export function countOf(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
