/** Gives each of several things a name of its own: `x`, `x_1`, …, as texts do, so that what is parsed from them is the same. */
export class OwnNames {
  readonly #taken = new Set<string>();

  take(hint: string): string;
  take(hint: string | null): string | null;
  take(hint: string | null): string | null {
    if (hint === null) return null;
    let name = hint;
    for (let n = 1; this.#taken.has(name); n++) name = `${hint}_${n}`;
    this.#taken.add(name);
    return name;
  }
}
