/** Parser of kernel expressions: precedence climbing (Richards) over the operators of `INFIX`. */
import { type BinaryFn, COMPARE_FNS, type Expr } from "../kernel/expr.ts";
import { computeDType, DTYPE_INFO, type DType, dtypeFromShort } from "../types/dtype.ts";
import type { Cursor, Token } from "./cursor.ts";
import { BINARY_CALLS, INFIX, UNARY_CALLS } from "./kernel-names.ts";
import type { KernelScope } from "./kernel-scope.ts";
import { suggestion } from "./parse-error.ts";

/** An expression up to the first token that cannot continue it. */
export function parseExpr(cursor: Cursor, scope: KernelScope): Expr {
  return new ExprParser(cursor, scope).infix(0);
}

const FUNCTIONS = [
  ...UNARY_CALLS.keys(),
  ...BINARY_CALLS.keys(),
  ..."fma select guard bitcast load highWord lowWord fromWords".split(" "),
];

class ExprParser {
  constructor(
    private readonly cursor: Cursor,
    private readonly scope: KernelScope,
  ) {}

  /** Operators that bind tighter than `floor`. */
  infix(floor: number): Expr {
    const { cursor } = this;
    return cursor.nested(() => {
      let left = this.#prefix();
      for (;;) {
        const sign = cursor.token;
        const operator = sign.kind === "punctuation" ? INFIX.get(sign.text) : undefined;
        if (operator === undefined || operator.precedence <= floor) return left;
        cursor.advance();
        left = this.#binary(operator.fn, left, this.infix(operator.precedence), sign);
      }
    });
  }

  #binary(fn: BinaryFn, x: Expr, y: Expr, at: Token): Expr {
    if (x.dtype !== y.dtype) {
      this.cursor.fail(
        `${fn} of ${x.dtype} and ${y.dtype}; convert one, as in ${DTYPE_INFO[x.dtype].short}(…)`,
        at,
      );
    }
    return { op: "binary", fn, dtype: COMPARE_FNS.has(fn) ? "bool" : x.dtype, x, y };
  }

  #prefix(): Expr {
    const { cursor } = this;
    const start = cursor.token;
    if (cursor.eat("-")) {
      if (cursor.token.kind === "number" || cursor.at("inf") || cursor.at("nan"))
        return this.#constant(start, true);
      return cursor.nested(() => this.#unary("neg"));
    }
    if (cursor.eat("!") || cursor.eat("~")) return cursor.nested(() => this.#unary("not"));
    return this.#primary();
  }

  #unary(fn: "neg" | "not"): Expr {
    const x = this.#prefix();
    return { op: "unary", fn, dtype: x.dtype, x };
  }

  /** A number whose sign is read already. */
  #constant(start: Token, negative: boolean): Expr {
    const { cursor } = this;
    const { text, value } = cursor.number();
    const dtype = cursor.eat(":") ? cursor.dtype() : /^\d+$/.test(text) ? "int32" : "float32";
    const signedText = negative ? `-${text}` : text;
    return {
      op: "const",
      dtype,
      value: cursor.elementValue(signedText, negative ? -value : value, dtype, start),
    };
  }

  #primary(): Expr {
    const { cursor } = this;
    const { token } = cursor;
    switch (token.kind) {
      case "number":
        return this.#constant(token, false);
      case "binding":
        return this.scope.binding(cursor.advance());
      case "value": {
        const local = this.scope.local(cursor.advance());
        return { op: "local", dtype: local.dtype, local };
      }
      case "global":
        return this.#call();
      case "ident":
        return this.#word();
      default:
    }
    if (!cursor.eat("(")) return cursor.unexpected("an expression");
    const e = this.infix(0);
    cursor.expect(")");
    return e;
  }

  #call(): Expr {
    const { cursor } = this;
    const token = cursor.advance();
    const dtype = cursor.eat(":") ? cursor.dtype() : null;
    cursor.expect("(");
    const args = cursor.list(")", () => this.infix(0));
    const result = dtype ?? args[0]?.dtype;
    if (result === undefined) {
      return cursor.fail(`a call without arguments needs its dtype, as in @${token.text}:f32()`, token);
    }
    return { op: "call", fn: token.text, dtype: result, args };
  }

  #word(): Expr {
    const { cursor } = this;
    if (cursor.at("inf") || cursor.at("nan")) return this.#constant(cursor.token, false);
    const token = cursor.advance();
    const { text } = token;
    if (text === "true" || text === "false")
      return { op: "const", dtype: "bool", value: text === "true" ? 1 : 0 };
    if (text === "load") return this.#load();
    const unary = UNARY_CALLS.get(text);
    if (unary !== undefined) {
      const [x] = this.#arguments(token, 1);
      return { op: "unary", fn: unary, dtype: x.dtype, x };
    }
    const binary = BINARY_CALLS.get(text);
    if (binary !== undefined) {
      const [x, y] = this.#arguments(token, 2);
      return this.#binary(binary, x, y, token);
    }
    if (text === "fma") {
      const [x, y, z] = this.#arguments(token, 3);
      if (x.dtype !== y.dtype || x.dtype !== z.dtype)
        cursor.fail(`fma of ${x.dtype}, ${y.dtype} and ${z.dtype}`, token);
      return { op: "fma", dtype: x.dtype, x, y, z };
    }
    if (text === "fused") {
      const [x, y, z] = this.#arguments(token, 3);
      for (const { dtype } of [x, y, z])
        if (dtype !== "float32") cursor.fail(`fused is for float32, got ${dtype}`, token);
      return { op: "fused", dtype: "float32", x, y, z };
    }
    if (text === "select" || text === "guard") {
      const [cond, x, y] = this.#arguments(token, 3);
      if (cond.dtype !== "bool")
        cursor.fail(`the condition of ${text} must be a bool, got ${cond.dtype}`, token);
      if (x.dtype !== y.dtype) cursor.fail(`${text} of ${x.dtype} and ${y.dtype}`, token);
      return { op: text, dtype: x.dtype, cond, x, y };
    }
    if (text === "bitcast") {
      cursor.expect("<");
      const dtype = cursor.dtype();
      cursor.expect(">");
      return { op: "bitcast", dtype, x: this.#arguments(token, 1)[0] };
    }
    if (text === "highWord" || text === "lowWord") {
      const [x] = this.#arguments(token, 1);
      return { op: "word", dtype: "int32", half: text === "highWord" ? "high" : "low", x };
    }
    if (text === "fromWords") {
      const [high, low] = this.#arguments(token, 2);
      return { op: "fromWords", dtype: "float64", high, low };
    }
    const cast = cursor.at("(") ? dtypeFromShort(text) : undefined;
    if (cast !== undefined) return this.#cast(cast, token);
    if (cursor.at("(")) {
      const known = suggestion(text, FUNCTIONS) || `; functions of the math library are written @${text}(…)`;
      cursor.fail(`unknown function ${text}${known}`, token);
    }
    return { op: "axis", dtype: "int32", axis: this.scope.axis(token) };
  }

  #cast(dtype: DType, token: Token): Expr {
    return { op: "convert", dtype, x: this.#arguments(token, 1)[0] };
  }

  #load(): Expr {
    const { cursor } = this;
    const buffer = this.scope.buffer(cursor.expectKind("value", "a buffer"));
    cursor.expect("[");
    const index = this.infix(0);
    cursor.expect("]");
    return { op: "load", dtype: computeDType(buffer.dtype), buffer, index };
  }

  #arguments(token: Token, count: number): Expr[] {
    const { cursor } = this;
    cursor.expect("(", ` after ${token.text}`);
    const args = cursor.list(")", () => this.infix(0));
    if (args.length !== count) {
      cursor.fail(
        `${token.text} takes ${count} argument${count === 1 ? "" : "s"}, got ${args.length}`,
        token,
      );
    }
    return args;
  }
}
