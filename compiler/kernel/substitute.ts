/** Statements with axes and buffers replaced. */
import { type Axis, type BufferParam, COMPARE_FNS, type Expr, operandsOf, withOperands } from "./expr.ts";
import type { Stmt } from "./kernel.ts";
import { scalarOps as s } from "./scalar-ops.ts";

/** A buffer in place of another, and what is added to every index of it. */
export interface Moved {
  readonly buffer: BufferParam;
  readonly offset: Expr;
}

export class Substitution {
  readonly #known = new Map<Expr, Expr>();
  readonly #axes: ReadonlyMap<Axis, Expr>;
  readonly #buffers: ReadonlyMap<BufferParam, Moved>;

  constructor(axes: ReadonlyMap<Axis, Expr>, buffers: ReadonlyMap<BufferParam, Moved> = new Map()) {
    this.#axes = axes;
    this.#buffers = buffers;
  }

  block(stmts: readonly Stmt[]): Stmt[] {
    return stmts.map((stmt) => this.#stmt(stmt));
  }

  #stmt(stmt: Stmt): Stmt {
    switch (stmt.kind) {
      case "loop":
        return { ...stmt, body: this.block(stmt.body) };
      case "while":
        return { ...stmt, cond: this.expr(stmt.cond), body: this.block(stmt.body) };
      case "if":
        return {
          ...stmt,
          cond: this.expr(stmt.cond),
          then: this.block(stmt.then),
          else: this.block(stmt.else),
        };
      case "store": {
        const { buffer, index } = this.#access(stmt.buffer, this.expr(stmt.index));
        return { ...stmt, buffer, index, value: this.expr(stmt.value) };
      }
      default:
        return { ...stmt, value: this.expr(stmt.value) };
    }
  }

  #access(buffer: BufferParam, index: Expr): { buffer: BufferParam; index: Expr } {
    const moved = this.#buffers.get(buffer);
    return moved === undefined
      ? { buffer, index }
      : { buffer: moved.buffer, index: s.add(moved.offset, index) };
  }

  expr(e: Expr): Expr {
    const found = this.#known.get(e);
    if (found !== undefined) return found;
    const result = this.#rewrite(e);
    this.#known.set(e, result);
    return result;
  }

  #rewrite(e: Expr): Expr {
    if (e.op === "axis") return this.#axes.get(e.axis) ?? e;
    const before = operandsOf(e);
    const after = before.map((x) => this.expr(x));
    if (e.op === "load") {
      const { buffer, index } = this.#access(e.buffer, after[0]);
      return buffer === e.buffer && index === e.index ? e : { ...e, buffer, index };
    }
    if (after.every((x, i) => x === before[i])) return e;
    // Integer expressions are built anew, because they may fold.
    if (e.op === "binary" && (e.dtype === "int32" || COMPARE_FNS.has(e.fn))) {
      return s.binary(e.fn, after[0], after[1]);
    }
    if (e.op === "guard") return s.guard(after[0], after[1], after[2]);
    if (e.op === "select") return s.select(after[0], after[1], after[2]);
    return withOperands(e, after);
  }
}

/** The same statements with `grid` loops as loops of one thread. */
export function withSerialLoops(stmts: readonly Stmt[]): readonly Stmt[] {
  const axes = new Map<Axis, Expr>();
  const block = (body: readonly Stmt[]): readonly Stmt[] => {
    let changed = false;
    const result = body.map((stmt): Stmt => {
      if (stmt.kind !== "loop") return stmt;
      const inside = block(stmt.body);
      if (stmt.axis.kind !== "grid" && inside === stmt.body) return stmt;
      changed = true;
      if (stmt.axis.kind !== "grid") return { ...stmt, body: inside };
      const axis: Axis = { ...stmt.axis, kind: "serial" };
      axes.set(stmt.axis, s.axis(axis));
      return { ...stmt, axis, body: inside };
    });
    return changed ? result : body;
  };
  const result = block(stmts);
  return axes.size === 0 ? result : new Substitution(axes).block(result);
}
