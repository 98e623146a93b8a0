/** Characters and their numbers. */

/** The characters of a text in the order of their codes, as numbers 0 … size − 1. */
export class Vocabulary {
  readonly characters: string;
  readonly #numbers: ReadonlyMap<string, number>;

  constructor(text: string) {
    this.characters = [...new Set(text)].sort().join("");
    this.#numbers = new Map([...this.characters].map((character, i) => [character, i]));
  }

  get size(): number {
    return this.characters.length;
  }

  /** Throws an Error for a character that the text does not have. */
  encode(text: string): Int32Array {
    return Int32Array.from(text, (character) => {
      const number = this.#numbers.get(character);
      if (number === undefined) {
        throw new Error(`the text has no ${JSON.stringify(character)}; it has ${this.characters}`);
      }
      return number;
    });
  }

  decode(numbers: Iterable<number>): string {
    return Array.from(numbers, (number) => this.characters[number]!).join("");
  }
}
