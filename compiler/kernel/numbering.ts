/** Structurally equal expressions by number: sharing in memory says nothing, as text does not keep it. */
import { type Expr, operandsOf } from "./expr.ts";

export class Numbering {
  readonly #numbers = new Map<string, number>();
  readonly #byNode = new Map<Expr, number>();
  readonly #objects = new Map<object, number>();

  #object(x: object): number {
    let id = this.#objects.get(x);
    if (id === undefined) {
      id = this.#objects.size;
      this.#objects.set(x, id);
    }
    return id;
  }

  #own(e: Expr): string {
    switch (e.op) {
      case "const":
        return Object.is(e.value, -0) ? "-0" : String(e.value);
      case "axis":
        return `axis ${this.#object(e.axis)}`;
      case "local":
        return `local ${this.#object(e.local)}`;
      case "load":
        return `load ${this.#object(e.buffer)}`;
      case "unary":
      case "binary":
      case "call":
        return e.fn;
      default:
        return "";
    }
  }

  /** The number of an expression, the same for all that are equal to it: from 0 in the order of first sight. */
  of(e: Expr): number {
    const known = this.#byNode.get(e);
    if (known !== undefined) return known;
    const operands = operandsOf(e).map((x) => this.of(x));
    const key = `${e.op} ${e.dtype} ${this.#own(e)} ${operands.join()}`;
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(key, number);
    }
    this.#byNode.set(e, number);
    return number;
  }
}
