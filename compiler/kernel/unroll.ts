/**
 * Expands `unroll` loops into straight-line code: the body once per iteration, with the axis as a constant.
 *
 * A local declared within unroll loops has one copy per combination of their iterations. Its copy is chosen by the
 * values of the axes it was declared under, wherever it is used: a later unroll loop over the same Axis object sees
 * the copies of its own iteration. So a register tile reads
 *
 *   unroll ii { let acc = 0 }  reduce k { unroll ii { acc += a[ii, k] * b[k, j] } }  unroll ii { store acc }
 *
 * and a use outside of those axes is an error, because it would not say which copy it means.
 */

import { InternalError } from "../types/errors.ts";
import { type Axis, COMPARE_FNS, type Expr, type Local, operandsOf, withOperands } from "./expr.ts";
import type { Stmt } from "./kernel.ts";
import { scalarOps } from "./scalar-ops.ts";

interface Copies {
  /** The unroll axes the local was declared under, outermost first. */
  readonly axes: readonly Axis[];
  readonly byIteration: Map<string, Local>;
}

export function expandUnroll(body: readonly Stmt[]): readonly Stmt[] {
  return hasUnroll(body) ? new Expansion().block(body, new Map()) : body;
}

function hasUnroll(body: readonly Stmt[]): boolean {
  return body.some((stmt) => {
    switch (stmt.kind) {
      case "loop":
        return stmt.axis.kind === "unroll" || hasUnroll(stmt.body);
      case "while":
        return hasUnroll(stmt.body);
      case "if":
        return hasUnroll(stmt.then) || hasUnroll(stmt.else);
      default:
        return false;
    }
  });
}

/** Iterations of the enclosing unroll axes. */
type Iteration = ReadonlyMap<Axis, number>;

class Expansion {
  readonly #copies = new Map<Local, Copies>();
  /** Rewritten expressions per iteration environment, so that shared nodes stay shared. */
  readonly #rewritten = new Map<Iteration, Map<Expr, Expr>>();

  block(body: readonly Stmt[], at: Iteration): Stmt[] {
    return body.flatMap((stmt) => this.#stmt(stmt, at));
  }

  #stmt(stmt: Stmt, at: Iteration): Stmt[] {
    switch (stmt.kind) {
      case "loop": {
        if (stmt.axis.kind !== "unroll") return [{ ...stmt, body: this.block(stmt.body, at) }];
        const copies: Stmt[] = [];
        for (let i = 0; i < stmt.axis.extent; i++) {
          copies.push(...this.block(stmt.body, new Map(at).set(stmt.axis, i)));
        }
        return copies;
      }
      case "while":
        return [{ ...stmt, cond: this.#expr(stmt.cond, at), body: this.block(stmt.body, at) }];
      case "if":
        return [
          {
            ...stmt,
            cond: this.#expr(stmt.cond, at),
            then: this.block(stmt.then, at),
            else: this.block(stmt.else, at),
          },
        ];
      case "let": {
        const value = this.#expr(stmt.value, at);
        return [{ ...stmt, local: this.#declare(stmt.local, at), value }];
      }
      case "assign":
      case "accumulate":
        return [{ ...stmt, local: this.#use(stmt.local, at), value: this.#expr(stmt.value, at) }];
      case "store":
        return [{ ...stmt, index: this.#expr(stmt.index, at), value: this.#expr(stmt.value, at) }];
      default:
        return stmt satisfies never;
    }
  }

  #declare(local: Local, at: Iteration): Local {
    if (at.size === 0) return local;
    let copies = this.#copies.get(local);
    if (copies === undefined) {
      copies = { axes: [...at.keys()], byIteration: new Map() };
      this.#copies.set(local, copies);
    }
    const key = copies.axes.map((axis) => at.get(axis)).join("_");
    const found = copies.byIteration.get(key);
    if (found) return found;
    const copy: Local = { name: `${local.name}_${key}`, dtype: local.dtype };
    copies.byIteration.set(key, copy);
    return copy;
  }

  #use(local: Local, at: Iteration): Local {
    const copies = this.#copies.get(local);
    if (copies === undefined) return local;
    const key = copies.axes.map((axis) => at.get(axis)).join("_");
    const copy = copies.byIteration.get(key);
    if (copy === undefined) {
      throw new InternalError(`local ${local.name} of unroll axes is used outside of them`);
    }
    return copy;
  }

  #expr(e: Expr, at: Iteration): Expr {
    if (at.size === 0 && this.#copies.size === 0) return e;
    let known = this.#rewritten.get(at);
    if (known === undefined) {
      known = new Map();
      this.#rewritten.set(at, known);
    }
    const found = known.get(e);
    if (found) return found;
    const result = this.#rewrite(e, at);
    known.set(e, result);
    return result;
  }

  #rewrite(e: Expr, at: Iteration): Expr {
    if (e.op === "axis") {
      const value = at.get(e.axis);
      return value === undefined ? e : scalarOps.int(value);
    }
    if (e.op === "local") {
      const local = this.#use(e.local, at);
      return local === e.local ? e : scalarOps.local(local);
    }
    const before = operandsOf(e);
    const after = before.map((x) => this.#expr(x, at));
    if (after.every((x, i) => x === before[i])) return e;
    // Integer expressions are built anew, because a constant axis lets them fold.
    if (e.op === "binary" && (e.dtype === "int32" || COMPARE_FNS.has(e.fn))) {
      return scalarOps.binary(e.fn, after[0], after[1]);
    }
    if (e.op === "guard") return scalarOps.guard(after[0], after[1], after[2]);
    if (e.op === "select") return scalarOps.select(after[0], after[1], after[2]);
    return withOperands(e, after);
  }
}
