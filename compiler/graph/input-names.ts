/** Gives the inputs of a graph names of their own: `x`, `x_1`, …, as its text would, which keeps no others. */
export class InputNames {
  readonly #taken = new Set<string>();

  take(hint: string | null): string | null {
    if (hint === null) return null;
    let name = hint;
    for (let n = 1; this.#taken.has(name); n++) name = `${hint}_${n}`;
    this.#taken.add(name);
    return name;
  }
}
