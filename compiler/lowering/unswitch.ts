/**
 * Loop unswitching: what a guard asks is asked once in front of a loop in lanes, where it is the same for all of its iterations,
 * as the number of a row that is gathered is for the elements of the row.
 */
import type { Axis, Expr } from "../kernel/expr.ts";
import { operandsOf, withOperands } from "../kernel/expr.ts";
import type { LoopStmt, Stmt } from "../kernel/kernel.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import { Substitution } from "../kernel/substitute.ts";
import { dependsOn } from "./strides.ts";

/** Iterations from which on a loop is worth a second form. */
const LEAST_EXTENT = 16;

/** The same statements, with conditions in front of `vector` loops that only store. */
export function unswitch(stmts: readonly Stmt[]): readonly Stmt[] {
  return stmts.map((stmt): Stmt => {
    switch (stmt.kind) {
      case "loop": {
        const cond = stmt.axis.kind === "vector" ? commonCondition(stmt) : null;
        return cond === null ? { ...stmt, body: unswitch(stmt.body) } : conditional(stmt, cond);
      }
      case "while":
        return { ...stmt, body: unswitch(stmt.body) };
      case "if":
        return { ...stmt, then: unswitch(stmt.then), else: unswitch(stmt.else) };
      default:
        return stmt;
    }
  });
}

/** A condition of the loop's guards that is the same for all iterations. */
function commonCondition({ axis, body }: LoopStmt): Expr | null {
  if (axis.extent < LEAST_EXTENT) return null;
  const seen = new Set<Expr>();
  const find = (e: Expr): Expr | null => {
    if (seen.has(e)) return null;
    seen.add(e);
    if (e.op === "guard" && !dependsOn(e.cond, axis) && !readsLocals(e.cond)) return e.cond;
    for (const x of operandsOf(e)) {
      const found = find(x);
      if (found !== null) return found;
    }
    return null;
  };
  let found: Expr | null = null;
  for (const stmt of body) {
    if (stmt.kind !== "store") return null;
    found ??= find(stmt.value);
  }
  return found;
}

/** Locals may be declared in the loop. */
function readsLocals(e: Expr, seen: Set<Expr> = new Set()): boolean {
  if (seen.has(e)) return false;
  seen.add(e);
  return e.op === "local" || operandsOf(e).some((x) => readsLocals(x, seen));
}

function conditional(loop: LoopStmt, cond: Expr): Stmt {
  const other: Axis = { ...loop.axis };
  const elsewhere = new Substitution(new Map([[loop.axis, s.axis(other)]]));
  return {
    kind: "if",
    cond,
    then: unswitch([{ ...loop, body: decided(loop.body, cond, true) }]),
    else: unswitch([{ ...loop, axis: other, body: elsewhere.block(decided(loop.body, cond, false)) }]),
  };
}

/** The statements where the guards' condition is known. */
function decided(body: readonly Stmt[], cond: Expr, holds: boolean): Stmt[] {
  const known = new Map<Expr, Expr>();
  const expr = (e: Expr): Expr => {
    let result = known.get(e);
    if (result === undefined) {
      result =
        e.op === "guard" && e.cond === cond
          ? expr(holds ? e.x : e.y)
          : withOperands(e, operandsOf(e).map(expr));
      known.set(e, result);
    }
    return result;
  };
  return body.map((stmt) => (stmt.kind === "store" ? { ...stmt, value: expr(stmt.value) } : stmt));
}
