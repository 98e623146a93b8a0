/** The lexer of all text forms, one token ahead, with the checks every parser needs. Errors carry their position. */
import { roundTo } from "../kernel/constants.ts";
import { DTYPE_INFO, DTYPES, type DType, dtypeFromShort, isFloating } from "../types/dtype.ts";
import { knownSource, type SourceRef } from "../types/source.ts";
import { type TensorType, tensorType } from "../types/tensor-type.ts";
import { isRepresentable } from "./numbers.ts";
import { ParseError, suggestion } from "./parse-error.ts";
import { parseSourceComment } from "./source-comments.ts";

/**
 * `value` is `%name`, `global` is `@name` or `@"any name"`, `binding` is `$0`, `loop` is `#0`; their text is the
 * part after the sign.
 */
export type TokenKind =
  | "ident"
  | "value"
  | "global"
  | "binding"
  | "loop"
  | "number"
  | "string"
  | "punctuation"
  | "end";

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

/** A place in a text, from 1. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

interface Comment {
  readonly text: string;
  readonly line: number;
}

const NUMBER = /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const IDENT = /[\p{L}_][\p{L}\p{N}_]*/uy;
const NAME_AFTER_SIGN = /[\p{L}\p{N}_]+/uy;
const GLOBAL_NAME = /[\p{L}_$][\p{L}\p{N}_$.]*/uy;
const DIGITS = /\d+/y;
/** Punctuation that is never part of a longer one. */
const SINGLE: ReadonlySet<string> = new Set("(){}[],:~");
const PUNCTUATION = /->|>>>|\.\.|<<|>>|[<>=!]=|[+*&|^]=|[=<>+\-*/%&|^!]/y;
const PLAIN_GLOBAL = /^[\p{L}_$][\p{L}\p{N}_$.]*$/u;

/** Nesting of brackets, graphs and blocks beyond this is refused: parsers recurse, and the stack is finite. */
const MAX_NESTING = 200;

/** `@name`, quoted where it is not a plain name. */
export function formatGlobal(name: string): string {
  return PLAIN_GLOBAL.test(name) ? `@${name}` : `@${JSON.stringify(name)}`;
}

export class Cursor {
  #at = 0;
  #line = 1;
  #lineStart = 0;
  #depth = 0;
  #previousLine = 1;
  #comments: Comment[] = [];
  token: Token;

  constructor(
    private readonly source: string,
    readonly fileName: string,
  ) {
    this.token = this.#lex();
  }

  /** Consumes the current token and returns it. */
  advance(): Token {
    const token = this.token;
    this.#previousLine = token.line;
    if (this.#comments.length > 0) this.#comments = [];
    this.token = this.#lex();
    return token;
  }

  fail(reason: string, at: TextPosition = this.token): never {
    const lines = this.source.split("\n", at.line);
    const sourceLine = (lines[at.line - 1] ?? "").replace(/\r$/, "");
    throw new ParseError(reason, this.fileName, at.line, at.column, sourceLine);
  }

  /** `expected X, found Y` at the current token. */
  unexpected(expected: string): never {
    this.fail(`expected ${expected}, found ${describe(this.token)}`);
  }

  /** Runs `parse` one level deeper. */
  nested<T>(parse: () => T): T {
    if (this.#depth >= MAX_NESTING) this.fail(`nested more than ${MAX_NESTING} levels deep`);
    this.#depth++;
    const result = parse();
    this.#depth--;
    return result;
  }

  /** Whether the current token is this punctuation or word. */
  at(text: string): boolean {
    const { kind } = this.token;
    return this.token.text === text && (kind === "punctuation" || kind === "ident");
  }

  eat(text: string): boolean {
    if (!this.at(text)) return false;
    this.advance();
    return true;
  }

  expect(text: string, where = ""): Token {
    if (!this.at(text)) this.unexpected(`"${text}"${where}`);
    return this.advance();
  }

  expectKind(kind: TokenKind, expected: string): Token {
    if (this.token.kind !== kind) this.unexpected(expected);
    return this.advance();
  }

  expectEnd(): void {
    if (this.token.kind !== "end") this.unexpected("the end of the text");
  }

  /** `item, item, …` up to and including `close`; a trailing comma is allowed. */
  list<T>(close: string, item: () => T): T[] {
    return this.nested(() => {
      const items: T[] = [];
      while (!this.eat(close)) {
        items.push(item());
        if (!this.at(close)) this.expect(",", ` or "${close}"`);
      }
      return items;
    });
  }

  /** A non-negative integer. */
  natural(expected: string): number {
    const token = this.expectKind("number", expected);
    const value = Number(token.text);
    if (!/^\d+$/.test(token.text) || !Number.isSafeInteger(value)) {
      this.fail(`expected ${expected}, found ${token.text}`, token);
    }
    return value;
  }

  integer(expected: string): number {
    return this.eat("-") ? 0 - this.natural(expected) : this.natural(expected);
  }

  dtype(): DType {
    const token = this.expectKind("ident", "a dtype such as f32");
    const dtype = dtypeFromShort(token.text);
    if (dtype !== undefined) return dtype;
    const shorts = DTYPES.map((d) => DTYPE_INFO[d].short);
    const hint = suggestion(token.text, shorts) || `; known: ${shorts.join(", ")}`;
    return this.fail(`unknown dtype ${token.text}${hint}`, token);
  }

  /** `f32[2,3]` */
  tensorType(): TensorType {
    const start = this.token;
    const dtype = this.dtype();
    this.expect("[", ` after ${DTYPE_INFO[dtype].short}, as in ${DTYPE_INFO[dtype].short}[2,3]`);
    const shape = this.list("]", () => this.natural("an extent (a non-negative integer)"));
    const elements = shape.reduce((n, extent) => n * extent, 1);
    if (!Number.isSafeInteger(elements)) this.fail("the tensor has more than 2^53 elements", start);
    return tensorType(dtype, shape);
  }

  /** Whether a number, or a word or sign that begins one, stands here. */
  atNumber(): boolean {
    return this.token.kind === "number" || this.at("-") || this.at("inf") || this.at("nan");
  }

  /** A signed number as text and as the double it stands for. */
  number(): { text: string; value: number; start: Token } {
    const start = this.token;
    const negative = this.eat("-");
    const { text, magnitude } = this.#magnitude();
    return { text: negative ? `-${text}` : text, value: negative ? -magnitude : magnitude, start };
  }

  #magnitude(): { text: string; magnitude: number } {
    if (this.eat("inf")) return { text: "inf", magnitude: Infinity };
    if (this.eat("nan")) return { text: "nan", magnitude: NaN };
    const token = this.expectKind("number", "a number");
    const magnitude = Number(token.text);
    if (magnitude === Infinity) this.fail(`${token.text} is out of range; write inf for infinity`, token);
    return { text: token.text, magnitude };
  }

  /** An element of the dtype that the surroundings give: `true`, `-3`, `1.5`, rounded to the dtype. */
  element(dtype: DType): number {
    if (dtype === "bool") return this.#truth();
    const { text, value, start } = this.number();
    return this.elementValue(text, value, dtype, start);
  }

  /** The value of a number already read, as an element of `dtype`. */
  elementValue(text: string, value: number, dtype: DType, start: Token): number {
    if (isFloating(dtype)) {
      const rounded = roundTo(value, dtype);
      if (Number.isFinite(value) && !Number.isFinite(rounded)) {
        this.fail(`${text} is out of range of ${dtype}; write inf for infinity`, start);
      }
      return rounded;
    }
    if (!isRepresentable(value, dtype)) this.fail(`${text} is not a value of ${dtype}`, start);
    return value;
  }

  #truth(): number {
    if (this.eat("true")) return 1;
    if (this.eat("false")) return 0;
    return this.unexpected("true or false");
  }

  /** The source location written as a comment behind the previous token, on its line. */
  sourceBehind(): SourceRef | null {
    for (const comment of this.#comments) {
      if (comment.line !== this.#previousLine) continue;
      const location = parseSourceComment(comment.text);
      if (location !== null) return knownSource(location);
    }
    return null;
  }

  /** All source locations in comments between the previous token and this one. */
  sourcesBefore(): SourceRef[] {
    const sources: SourceRef[] = [];
    for (const comment of this.#comments) {
      const location = parseSourceComment(comment.text);
      if (location !== null) sources.push(knownSource(location));
    }
    return sources;
  }

  #position(): TextPosition {
    return { line: this.#line, column: this.#at - this.#lineStart + 1 };
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.source);
    if (match === null) return null;
    this.#at += match[0].length;
    return match[0];
  }

  /** Skips white space and comments: `//` may hold a source location, `;` (as in filetests) holds none. */
  #skip(): void {
    for (;;) {
      const c = this.source[this.#at];
      if (c === " " || c === "\t" || c === "\r") this.#at++;
      else if (c === "\n") {
        this.#at++;
        this.#line++;
        this.#lineStart = this.#at;
      } else if (c === ";" || (c === "/" && this.source[this.#at + 1] === "/")) {
        const end = this.source.indexOf("\n", this.#at);
        const stop = end === -1 ? this.source.length : end;
        if (c === "/") this.#comments.push({ text: this.source.slice(this.#at + 2, stop), line: this.#line });
        this.#at = stop;
      } else return;
    }
  }

  #lex(): Token {
    this.#skip();
    const line = this.#line;
    const column = this.#at - this.#lineStart + 1;
    const c = this.source[this.#at];
    if (c === undefined) return { kind: "end", text: "", line, column };
    if (c === '"') return { kind: "string", text: this.#string(), line, column };
    const sign = this.#signed(c);
    if (sign !== null) return { ...sign, line, column };
    const kind: TokenKind = c >= "0" && c <= "9" ? "number" : SINGLE.has(c) ? "punctuation" : "ident";
    const text = kind === "number" ? this.#match(NUMBER) : kind === "punctuation" ? c : this.#match(IDENT);
    if (kind === "punctuation") this.#at++;
    if (text !== null) return { kind, text, line, column };
    const punctuation = this.#match(PUNCTUATION);
    if (punctuation !== null) return { kind: "punctuation", text: punctuation, line, column };
    return this.fail(`unexpected character ${JSON.stringify(c)}`, { line, column });
  }

  /** Names with a sign before them. `%` alone is the remainder operator of kernels. */
  #signed(sign: string): { kind: TokenKind; text: string } | null {
    if (sign !== "%" && sign !== "@" && sign !== "$" && sign !== "#") return null;
    const position = this.#position();
    this.#at++;
    if (sign === "%") {
      const text = this.#match(NAME_AFTER_SIGN);
      if (text !== null) return { kind: "value", text };
      this.#at--;
      return null;
    }
    if (sign === "@") {
      if (this.source[this.#at] === '"') return { kind: "global", text: this.#string() };
      const text = this.#match(GLOBAL_NAME);
      if (text !== null) return { kind: "global", text };
      return this.fail("expected a name after @", position);
    }
    const text = this.#match(DIGITS);
    if (text !== null) return { kind: sign === "$" ? "binding" : "loop", text };
    return this.fail(`expected a number after ${sign}`, position);
  }

  /** A JSON string on one line. */
  #string(): string {
    const position = this.#position();
    const start = this.#at++;
    let escaped = false;
    for (; ; this.#at++) {
      const c = this.source[this.#at];
      if (c === undefined || c === "\n") this.fail("the string is not closed on its line", position);
      if (c === '"') break;
      if (c === "\\") {
        escaped = true;
        this.#at++;
      }
    }
    this.#at++;
    if (!escaped) return this.source.slice(start + 1, this.#at - 1);
    try {
      return String(JSON.parse(this.source.slice(start, this.#at)));
    } catch {
      return this.fail("the string has an invalid escape; escapes are those of JSON", position);
    }
  }
}

function describe(token: Token): string {
  const text = token.text.length > 40 ? `${token.text.slice(0, 37)}...` : token.text;
  switch (token.kind) {
    case "end":
      return "the end of the text";
    case "string":
      return JSON.stringify(text);
    case "value":
      return `%${text}`;
    case "global":
      return `@${text}`;
    case "binding":
      return `$${text}`;
    case "loop":
      return `#${text}`;
    default:
      return `"${text}"`;
  }
}
