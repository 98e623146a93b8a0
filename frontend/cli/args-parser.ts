/**
 * The arguments of `weft dump --args`, as text:
 *
 *   arguments = [value ("," value)* [","]]
 *   value     = dtype "[" [extent ("," extent)*] "]" ["*"]      an array; `*` marks it weakly typed
 *             | "{" [key ":" value ("," key ":" value)* [","]] "}" | "[" [value ("," value)* [","]] "]" | "null"
 *             | number | string | "true" | "false"              static values
 *   extent    = number | name                                   a name stands for sizes that `weft compile --sizes` gives
 *   dtype     = "f32" | "float32" | "i32" | "bool" | …
 */
import { nearestName, ParseError } from "../../compiler/text/parse-error.ts";
import { DTYPE_INFO, DTYPES, type DType, dtypeFromShort, isDType } from "../../compiler/types/dtype.ts";
import { tensorType } from "../../compiler/types/tensor-type.ts";
import { avalOf } from "../core/aval.ts";
import { ShapeDtypeStruct, SymbolicSpec } from "../core/spec.ts";

/** The values of a text, arrays as ShapeDtypeStruct. Throws ParseError with the column. */
export function parseArguments(text: string, name = "--args"): unknown[] {
  return new ArgumentsParser(text, name).arguments();
}

type TokenKind = "word" | "number" | "string" | "sign" | "end";

interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly at: number;
}

const TOKEN =
  /\s*(?:([A-Za-z_$][\w$]*)|(-?(?:Infinity\b|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|([[\]{}:,*]))/y;

/** Deeper nesting is refused, rather than left to overflow the stack. */
const DEPTH_LIMIT = 200;

class ArgumentsParser {
  #token: Token;
  #next = 0;
  #depth = 0;

  constructor(
    private readonly text: string,
    private readonly name: string,
  ) {
    this.#token = this.#read();
  }

  arguments(): unknown[] {
    const values: unknown[] = [];
    while (!this.#atEnd()) {
      values.push(this.#value());
      if (!this.#atEnd()) this.#expect(",", "a comma between arguments");
    }
    return values;
  }

  #value(): unknown {
    const token = this.#token;
    if (++this.#depth > DEPTH_LIMIT) throw this.#error("arguments nested too deeply", token);
    try {
      this.#advance();
      switch (token.kind) {
        case "word":
          return this.#word(token);
        case "number":
          return this.#number(token);
        case "string":
          return this.#string(token);
        case "sign":
          if (token.text === "{") return this.#object();
          if (token.text === "[") return this.#list();
          break;
        case "end":
          break;
        default:
          token.kind satisfies never;
      }
    } finally {
      this.#depth--;
    }
    throw this.#error(`expected an argument such as f32[3], found ${shownToken(token)}`, token);
  }

  #word(token: Token): unknown {
    switch (token.text) {
      case "null":
        return null;
      case "true":
        return true;
      case "false":
        return false;
      case "NaN":
        return Number.NaN;
      case "Infinity":
        return Number.POSITIVE_INFINITY;
      default: {
        const dtype = dtypeOf(token.text);
        if (dtype === undefined) throw this.#error(unknownWord(token.text), token);
        return this.#array(dtype);
      }
    }
  }

  #array(dtype: DType): ShapeDtypeStruct | SymbolicSpec {
    const { short } = DTYPE_INFO[dtype];
    this.#expect("[", `the shape, as in ${short}[2,3], or ${short}[] for a scalar`);
    const shape: (number | string)[] = [];
    while (!this.#eat("]")) {
      if (shape.length > 0) this.#expect(",", "a comma or ] in the shape");
      const token = this.#token;
      const extent = Number(token.text);
      if (token.kind === "word") shape.push(token.text);
      else if (token.kind === "number" && /^\d+$/.test(token.text) && Number.isSafeInteger(extent)) {
        shape.push(extent);
      } else {
        throw this.#error(`expected an extent, a whole number, found ${shownToken(token)}`, token);
      }
      this.#advance();
    }
    const weak = this.#eat("*");
    const numbers = shape.filter((extent) => typeof extent === "number");
    if (numbers.length < shape.length) return new SymbolicSpec(shape, dtype);
    return new ShapeDtypeStruct(avalOf(tensorType(dtype, numbers), weak));
  }

  #object(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    while (!this.#eat("}")) {
      const token = this.#token;
      if (token.kind !== "word" && token.kind !== "string") {
        throw this.#error(`expected a name or }, found ${shownToken(token)}`, token);
      }
      this.#advance();
      const key = token.kind === "string" ? this.#string(token) : token.text;
      if (Object.hasOwn(object, key)) throw this.#error(`the name ${key} stands here twice`, token);
      this.#expect(":", `a colon behind the name ${key}`);
      // Not by assignment, which would take `__proto__` for the prototype.
      const value = this.#value();
      Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
      if (!this.#at("}")) this.#expect(",", "a comma or }");
    }
    return object;
  }

  #list(): unknown[] {
    const items: unknown[] = [];
    while (!this.#eat("]")) {
      items.push(this.#value());
      if (!this.#at("]")) this.#expect(",", "a comma or ]");
    }
    return items;
  }

  #number(token: Token): number {
    return Number(token.text);
  }

  #string(token: Token): string {
    const inner = token.text.slice(1, -1);
    const single = token.text.startsWith("'");
    try {
      const quoted = single ? inner.replaceAll("\\'", "'").replaceAll('"', '\\"') : inner;
      return String(JSON.parse(`"${quoted}"`));
    } catch {
      throw this.#error("this string has an escape that JSON does not know", token);
    }
  }

  #atEnd(): boolean {
    return this.#token.kind === "end";
  }

  #at(sign: string): boolean {
    return this.#token.kind === "sign" && this.#token.text === sign;
  }

  #eat(sign: string): boolean {
    const found = this.#at(sign);
    if (found) this.#advance();
    return found;
  }

  #expect(sign: string, what: string): void {
    if (this.#eat(sign)) return;
    throw this.#error(`expected ${what}, found ${shownToken(this.#token)}`, this.#token);
  }

  #advance(): void {
    this.#token = this.#read();
  }

  #read(): Token {
    TOKEN.lastIndex = this.#next;
    const match = TOKEN.exec(this.text);
    if (match === null) {
      const at = this.#next + (/^\s*/.exec(this.text.slice(this.#next))?.[0].length ?? 0);
      const token: Token = { kind: "end", text: this.text[at] ?? "", at };
      if (token.text === "") return token;
      const quote = token.text === '"' || token.text === "'";
      throw this.#error(quote ? "this string is not closed" : `unexpected ${token.text}`, token);
    }
    this.#next = TOKEN.lastIndex;
    const [, word, number, string, sign] = match;
    const text = word ?? number ?? string ?? sign;
    const kind = word !== undefined ? "word" : number !== undefined ? "number" : string ? "string" : "sign";
    return { kind, text, at: this.#next - text.length };
  }

  #error(reason: string, { at }: Token): ParseError {
    // Line breaks within a quoted shell word are white space here.
    return new ParseError(reason, this.name, 1, at + 1, this.text.replace(/[\r\n]/g, " "));
  }
}

function dtypeOf(word: string): DType | undefined {
  return dtypeFromShort(word) ?? (isDType(word) ? word : undefined);
}

function unknownWord(word: string): string {
  const known = DTYPES.flatMap((dtype) => [DTYPE_INFO[dtype].short, dtype]);
  const near = nearestName(word, known);
  const list = DTYPES.map((dtype) => DTYPE_INFO[dtype].short).join(", ");
  return `unknown dtype ${word}${near === null ? "." : `; did you mean ${near}?`} The dtypes are ${list}`;
}

function shownToken(token: Token): string {
  return token.kind === "end" ? "the end" : token.text;
}
