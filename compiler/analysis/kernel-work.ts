/** How many nodes of expressions a kernel evaluates: a measure of its time where it does not run in parallel. */
import { type Expr, operandsOf } from "../kernel/expr.ts";
import type { Kernel, Stmt } from "../kernel/kernel.ts";
import { Numbering } from "../kernel/numbering.ts";

/** Turns that a loop is taken to have whose end only the data know. */
const UNKNOWN_TURNS = 16;
/** Nodes that a function of the math library stands for. */
const MATH_NODES = 24;

/** Nodes of one launch: indices, loads and selections count like arithmetic. */
export function kernelWork({ body }: Kernel): number {
  return workOf(body);
}

function workOf(body: readonly Stmt[]): number {
  return body.reduce((sum, stmt) => sum + statementWork(stmt), 0);
}

function statementWork(stmt: Stmt): number {
  switch (stmt.kind) {
    case "loop":
      return stmt.axis.extent * (1 + workOf(stmt.body));
    case "while":
      return UNKNOWN_TURNS * (nodes(stmt.cond) + workOf(stmt.body));
    case "if":
      return nodes(stmt.cond) + Math.max(workOf(stmt.then), workOf(stmt.else));
    case "let":
    case "assign":
    case "accumulate":
      return 1 + nodes(stmt.value);
    case "store":
      return 1 + nodes(stmt.index, stmt.value);
    default:
      return stmt satisfies never;
  }
}

/** Of expressions, equal ones once, whether or not they are one object. */
function nodes(...roots: readonly Expr[]): number {
  const numbering = new Numbering();
  const seen = new Set<number>();
  let count = 0;
  const visit = (e: Expr): void => {
    const number = numbering.of(e);
    if (seen.has(number)) return;
    seen.add(number);
    if (e.op !== "const" && e.op !== "axis" && e.op !== "local") count += e.op === "call" ? MATH_NODES : 1;
    operandsOf(e).forEach(visit);
  };
  roots.forEach(visit);
  return count;
}
