/** Rewrites the expressions of a kernel: axes by other expressions, buffers by other buffers. */
import { type Axis, type BufferParam, COMPARE_FNS, type Expr, operandsOf, withOperands } from "./expr.ts";
import type { Stmt } from "./kernel.ts";
import { scalarOps } from "./scalar-ops.ts";

export interface Substitution {
  readonly axes?: ReadonlyMap<Axis, Expr>;
  /** Loads and stores of a buffer go to another, at an index made from their own. */
  readonly buffers?: ReadonlyMap<BufferParam, { readonly buffer: BufferParam; index(index: Expr): Expr }>;
}

/** A function that rewrites expressions; one object stays one object. */
export function substituter({ axes, buffers }: Substitution): (e: Expr) => Expr {
  const known = new Map<Expr, Expr>();
  const rewrite = (e: Expr): Expr => {
    const found = known.get(e);
    if (found !== undefined) return found;
    const result = make(e);
    known.set(e, result);
    return result;
  };
  const make = (e: Expr): Expr => {
    if (e.op === "axis") return axes?.get(e.axis) ?? e;
    const before = operandsOf(e);
    const after = before.map(rewrite);
    if (e.op === "load") {
      const to = buffers?.get(e.buffer);
      if (to !== undefined) return scalarOps.load(to.buffer, to.index(after[0]));
    }
    if (after.every((x, i) => x === before[i])) return e;
    // Integer expressions are built anew, because they may fold.
    if (e.op === "binary" && (e.x.dtype === "int32" || COMPARE_FNS.has(e.fn)))
      return scalarOps.binary(e.fn, after[0], after[1]);
    if (e.op === "guard") return scalarOps.guard(after[0], after[1], after[2]);
    if (e.op === "select") return scalarOps.select(after[0], after[1], after[2]);
    return withOperands(e, after);
  };
  return rewrite;
}

/** The statements with their expressions rewritten; loops keep their axes. */
export function substitute(body: readonly Stmt[], substitution: Substitution): Stmt[] {
  const rewrite = substituter(substitution);
  const block = (stmts: readonly Stmt[]): Stmt[] => stmts.map(one);
  const one = (stmt: Stmt): Stmt => {
    switch (stmt.kind) {
      case "loop":
        return { ...stmt, body: block(stmt.body) };
      case "while":
        return { ...stmt, cond: rewrite(stmt.cond), body: block(stmt.body) };
      case "if":
        return { ...stmt, cond: rewrite(stmt.cond), then: block(stmt.then), else: block(stmt.else) };
      case "store": {
        const index = rewrite(stmt.index);
        const to = substitution.buffers?.get(stmt.buffer);
        const value = rewrite(stmt.value);
        return to === undefined
          ? { ...stmt, index, value }
          : { ...stmt, buffer: to.buffer, index: to.index(index), value };
      }
      case "let":
      case "assign":
      case "accumulate":
        return { ...stmt, value: rewrite(stmt.value) };
      default:
        return stmt satisfies never;
    }
  };
  return block(body);
}
