/**
 * Parser of the kernel text form. Operations must fit their operands' dtypes well enough to have a dtype at all; the
 * rest is the verifier's.
 *
 *   kernel = "kernel" @name "(" [memory access, …] ")" [workgroup] block
 *   memory = %buffer ":" "buf" "<" dtype "," size ">"
 *   workgroup = "workgroup" size ["shared" "(" memory, … ")"] ["registers" "(" memory, … ")"]
 *   block  = "{" statement… "}"
 *   stmt   = ["with" $n "=" expr …] ( axisKind name "in" "0" ".." extent block
 *          | "while" expr block | "if" expr block ["else" block] | "let" %x ":" dtype "=" expr | %x "=" expr
 *          | "acc" %x ("+=" | "*=" | "max=" | …) expr | "store" %buffer "[" expr "]" "=" expr )
 */
import type { Axis, AxisKind, BufferAccess, BufferParam, Expr, Local } from "../kernel/expr.ts";
import type { CombineFn, Kernel, Stmt, Workgroup } from "../kernel/kernel.ts";
import { Cursor, type TextPosition, type Token } from "./cursor.ts";
import { parseExpr } from "./expr-parser.ts";
import { AXIS_KINDS, COMBINE_SIGNS } from "./kernel-names.ts";
import { KernelScope } from "./kernel-scope.ts";
import { suggestion } from "./parse-error.ts";

/** A kernel read from text, and where in it things stand. */
export interface ParsedKernel {
  readonly kernel: Kernel;
  /** Where each statement begins in the text. */
  readonly positions: ReadonlyMap<Stmt, TextPosition>;
}

/** The kernel of a text. Throws ParseError. */
export function parseKernel(text: string, fileName = "<text>"): Kernel {
  return parseKernelWithPositions(text, fileName).kernel;
}

/** A kernel from its text. Throws ParseError with line and column. */
export function parseKernelWithPositions(text: string, fileName = "<text>"): ParsedKernel {
  const cursor = new Cursor(text, fileName);
  const positions = new Map<Stmt, TextPosition>();
  const kernel = parseKernelAt(cursor, positions);
  cursor.expectEnd();
  return { kernel, positions };
}

/** Parses a kernel within a larger text and records its statements' positions. */
export function parseKernelAt(cursor: Cursor, positions: Map<Stmt, TextPosition>): Kernel {
  cursor.expect("kernel");
  const name = cursor.expectKind("global", "the kernel's name, as in @k0").text;
  const parser = new KernelParser(cursor, positions);
  cursor.expect("(");
  const params = cursor.list(")", () => parser.param());
  const workgroup = cursor.eat("workgroup") ? parser.workgroup() : null;
  cursor.expect("{");
  const sources = cursor.sourcesBefore();
  const body = parser.block();
  return workgroup === null ? { name, params, body, sources } : { name, params, body, workgroup, sources };
}

const ACCESSES: readonly BufferAccess[] = ["read", "write", "readwrite"];
const STATEMENTS = [...AXIS_KINDS, "while", "if", "let", "acc", "store", "with"];

class KernelParser {
  readonly #scope: KernelScope;

  constructor(
    private readonly cursor: Cursor,
    private readonly positions: Map<Stmt, TextPosition>,
  ) {
    this.#scope = new KernelScope(cursor);
  }

  param(): BufferParam {
    const { cursor } = this;
    return this.#memory("a buffer, as in %x: buf<f32,3> read", () => {
      const access = ACCESSES.find((word) => cursor.at(word));
      if (access === undefined) return cursor.unexpected("read, write or readwrite");
      cursor.advance();
      return access;
    });
  }

  workgroup(): Workgroup {
    const { cursor } = this;
    const size = cursor.natural("the number of invocations");
    const memories = (word: string): BufferParam[] => {
      if (!cursor.eat(word)) return [];
      cursor.expect("(");
      return cursor.list(")", () => this.#memory("memory, as in %x: buf<f32,3>", () => "readwrite"));
    };
    return { size, shared: memories("shared"), registers: memories("registers") };
  }

  #memory(what: string, accessOf: () => BufferAccess): BufferParam {
    const { cursor } = this;
    const token = cursor.expectKind("value", what);
    cursor.expect(":");
    cursor.expect("buf");
    cursor.expect("<");
    const dtype = cursor.dtype();
    cursor.expect(",");
    const size = cursor.natural("the buffer's size in elements");
    cursor.expect(">");
    const param: BufferParam = { name: token.text, dtype, size, access: accessOf() };
    this.#scope.declareBuffer(token, param);
    return param;
  }

  /** Statements up to and including `}`. */
  block(): Stmt[] {
    const { cursor } = this;
    return cursor.nested(() => {
      const outer = this.#scope.open();
      const stmts: Stmt[] = [];
      while (!cursor.eat("}")) stmts.push(this.#stmt());
      this.#scope.close(outer);
      return stmts;
    });
  }

  #stmt(): Stmt {
    const { cursor } = this;
    const { line, column } = cursor.token;
    const bound = cursor.at("with");
    while (cursor.eat("with")) this.#binding();
    const stmt = this.#plainStmt();
    if (bound && stmt.kind === "loop") cursor.fail("a loop takes no bindings", { line, column });
    this.positions.set(stmt, { line, column });
    return stmt;
  }

  #binding(): void {
    const { cursor } = this;
    const token = cursor.expectKind("binding", "a binding, as in $0");
    cursor.expect("=");
    this.#scope.bind(token, this.#expr());
  }

  #plainStmt(): Stmt {
    const { cursor } = this;
    const kind = AXIS_KINDS.find((word) => cursor.at(word));
    if (kind !== undefined) return this.#loop(kind);
    if (cursor.eat("while")) {
      const cond = this.#statementExpr();
      cursor.expect("{");
      return { kind: "while", cond, body: this.block() };
    }
    if (cursor.eat("if")) {
      const cond = this.#statementExpr();
      cursor.expect("{");
      const then = this.block();
      if (!cursor.eat("else")) return { kind: "if", cond, then, else: [] };
      cursor.expect("{");
      return { kind: "if", cond, then, else: this.block() };
    }
    if (cursor.eat("let")) return this.#let();
    if (cursor.eat("acc")) return this.#accumulate();
    if (cursor.eat("store")) {
      const buffer = this.#scope.buffer(cursor.expectKind("value", "a buffer"));
      cursor.expect("[");
      const index = this.#expr();
      cursor.expect("]");
      cursor.expect("=");
      return { kind: "store", buffer, index, value: this.#statementExpr() };
    }
    if (cursor.token.kind === "value") {
      const local = this.#scope.local(cursor.advance());
      cursor.expect("=");
      return { kind: "assign", local, value: this.#statementExpr() };
    }
    const near = cursor.token.kind === "ident" ? suggestion(cursor.token.text, STATEMENTS) : "";
    return cursor.unexpected(`a statement or "}"${near === "" ? "" : ` (${near.slice(2)})`}`);
  }

  #loop(kind: AxisKind): Stmt {
    const { cursor } = this;
    cursor.advance();
    const token = cursor.expectKind("ident", "the axis's name");
    cursor.expect("in");
    const zero = cursor.token;
    if (cursor.natural("0") !== 0) cursor.fail("axes run from 0", zero);
    cursor.expect("..");
    const extent = cursor.natural("the axis's extent");
    cursor.expect("{");
    const axis: Axis = this.#scope.enterAxis(token, { name: token.text, extent, kind });
    const body = this.block();
    this.#scope.leaveAxis(token);
    return { kind: "loop", axis, body };
  }

  #let(): Stmt {
    const { cursor } = this;
    const token = cursor.expectKind("value", "a local, as in %s");
    cursor.expect(":");
    const wanted: Local = { name: token.text, dtype: cursor.dtype() };
    cursor.expect("=");
    const value = this.#statementExpr();
    const local = this.#scope.declareLocal(token, wanted);
    return { kind: "let", local, value };
  }

  #accumulate(): Stmt {
    const { cursor } = this;
    const local = this.#scope.local(cursor.expectKind("value", "a local"));
    const fn = this.#combineFn(cursor.token);
    return { kind: "accumulate", local, fn, value: this.#statementExpr() };
  }

  #combineFn(start: Token): CombineFn {
    const { cursor } = this;
    if (cursor.eat("max") || cursor.eat("min")) {
      cursor.expect("=");
      return start.text === "max" ? "max" : "min";
    }
    for (const fn of ["add", "mul", "and", "or", "xor"] as const)
      if (cursor.eat(COMBINE_SIGNS[fn])) return fn;
    return cursor.unexpected("+=, *=, max=, min=, &=, |= or ^=");
  }

  #expr(): Expr {
    return parseExpr(this.cursor, this.#scope);
  }

  /** The last expression of a statement('s head): bindings end with it. */
  #statementExpr(): Expr {
    const e = this.#expr();
    this.#scope.clearBindings();
    return e;
  }
}
