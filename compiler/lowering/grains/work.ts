/** A rough count of what a kernel does, to decide what is worth sharing among threads. */
import { type Expr, operandsOf } from "../../kernel/expr.ts";
import type { Stmt } from "../../kernel/kernel.ts";

const LANES = 4;
/** Turns that a loop of unknown length is taken to make. */
const WHILE_TURNS = 8;
/** Operations of a function of the math library. */
const CALL = 12;
const DIVISION = 4;

function ownWork(e: Expr): number {
  switch (e.op) {
    case "const":
    case "axis":
    case "local":
      return 0;
    case "call":
      return CALL;
    case "unary":
      return e.fn === "sqrt" ? DIVISION : 1;
    case "binary":
      return e.fn === "div" || e.fn === "rem" ? DIVISION : 1;
    default:
      return 1;
  }
}

function expressionWork(root: Expr, seen: Set<Expr>): number {
  if (seen.has(root)) return 0;
  seen.add(root);
  // Addresses are all but free: they are hoisted or become offsets.
  if (root.op === "load") return 1;
  let work = ownWork(root);
  for (const x of operandsOf(root)) work += expressionWork(x, seen);
  return work;
}

/** Operations of a scalar, those in lanes counted as a quarter: one is very roughly 0.4 ns. */
export function workOf(stmts: readonly Stmt[]): number {
  const seen = new Set<Expr>();
  let work = 0;
  for (const stmt of stmts) {
    switch (stmt.kind) {
      case "loop": {
        const turns = stmt.axis.kind === "vector" ? stmt.axis.extent / LANES : stmt.axis.extent;
        work += turns * workOf(stmt.body);
        break;
      }
      case "while":
        work += WHILE_TURNS * (workOf(stmt.body) + 1);
        break;
      case "if":
        work += 1 + Math.max(workOf(stmt.then), workOf(stmt.else));
        break;
      default:
        work += 1 + expressionWork(stmt.value, seen);
    }
  }
  return work;
}
