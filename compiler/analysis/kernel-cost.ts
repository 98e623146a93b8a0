/** Counts what one launch of a kernel computes and moves, from its loops and expressions. */
import { type BufferParam, type Expr, operandsOf } from "../kernel/expr.ts";
import type { Kernel, Stmt } from "../kernel/kernel.ts";
import { DTYPE_INFO, isFloating } from "../types/dtype.ts";
import { addCosts, type Cost, dearer, NO_COST } from "./cost.ts";
import { mathOperations } from "./math-cost.ts";

/** Tallies of statements run some number of times. Bytes are kept by buffer until the kernel is through. */
interface Tally {
  readonly cost: Cost;
  readonly loaded: ReadonlyMap<BufferParam, number>;
  readonly stored: ReadonlyMap<BufferParam, number>;
}

const NOTHING: Tally = { cost: NO_COST, loaded: new Map(), stored: new Map() };

/** The cost of one launch. Both sides of a select count, of an `if` or a guard the dearer one. */
export function kernelCost(kernel: Kernel): Cost {
  const { cost, loaded, stored } = block(kernel.body, 1);
  return { ...cost, bytesRead: compulsory(loaded), bytesWritten: compulsory(stored) };
}

/** Each buffer once, or what was touched of it if that is less. */
function compulsory(elements: ReadonlyMap<BufferParam, number>): number {
  let bytes = 0;
  for (const [buffer, n] of elements) bytes += Math.min(n, buffer.size) * DTYPE_INFO[buffer.dtype].bytes;
  return bytes;
}

function block(body: readonly Stmt[], times: number): Tally {
  return body.reduce((sum, stmt) => together(sum, statement(stmt, times)), NOTHING);
}

function statement(stmt: Stmt, times: number): Tally {
  switch (stmt.kind) {
    case "loop":
      return block(stmt.body, times * stmt.axis.extent);
    case "while": {
      const once = together(value(stmt.cond, times), block(stmt.body, times));
      return { ...once, cost: { ...once.cost, dataDependent: true } };
    }
    case "if":
      return larger(block(stmt.then, times), block(stmt.else, times));
    case "let":
    case "assign":
      return value(stmt.value, times);
    case "accumulate":
      return together(value(stmt.value, times), operation(isFloating(stmt.local.dtype), times));
    case "store": {
      const stored = new Map([[stmt.buffer, times]]);
      return together(value(stmt.value, times), { ...NOTHING, stored });
    }
    default:
      return stmt satisfies never;
  }
}

/** An expression's own operations, each shared node once; indices and conditions of guards are left out. */
function value(root: Expr, times: number): Tally {
  const seen = new Set<Expr>();
  const visit = (e: Expr): Tally => {
    if (seen.has(e)) return NOTHING;
    seen.add(e);
    if (e.op === "load") return { ...NOTHING, loaded: new Map([[e.buffer, times]]) };
    // Which side of a guard is evaluated is known only when it runs.
    if (e.op === "guard") return larger(visit(e.x), visit(e.y));
    const operands = operandsOf(e).reduce((sum, x) => together(sum, visit(x)), NOTHING);
    return together(operands, own(e, times));
  };
  return visit(root);
}

function own(e: Expr, times: number): Tally {
  switch (e.op) {
    case "unary":
      return operation(isFloating(e.dtype), times);
    case "binary":
      // A comparison's result is bool: its operands say what it works on.
      return operation(isFloating(e.x.dtype), times);
    case "fma":
    case "fused":
      return operation(true, 2 * times);
    case "call":
      return {
        ...NOTHING,
        cost: {
          ...NO_COST,
          transcendentals: { [e.fn]: times },
          mathOperations: times * mathOperations(e.fn, e.dtype),
        },
      };
    default:
      // Moves, selections and conversions.
      return NOTHING;
  }
}

function operation(floating: boolean, times: number): Tally {
  return { ...NOTHING, cost: { ...NO_COST, [floating ? "flops" : "integerOps"]: times } };
}

function together(a: Tally, b: Tally): Tally {
  if (a === NOTHING) return b;
  if (b === NOTHING) return a;
  return {
    cost: addCosts(a.cost, b.cost),
    loaded: sums(a.loaded, b.loaded),
    stored: sums(a.stored, b.stored),
  };
}

function larger(a: Tally, b: Tally): Tally {
  const most = (x: Tally["loaded"], y: Tally["loaded"]): Tally["loaded"] =>
    merged(x, y, (n, m) => Math.max(n, m));
  return {
    cost: dearer(a.cost, b.cost),
    loaded: most(a.loaded, b.loaded),
    stored: most(a.stored, b.stored),
  };
}

function sums(a: Tally["loaded"], b: Tally["loaded"]): Tally["loaded"] {
  return merged(a, b, (n, m) => n + m);
}

function merged(
  a: Tally["loaded"],
  b: Tally["loaded"],
  join: (n: number, m: number) => number,
): Tally["loaded"] {
  if (b.size === 0) return a;
  if (a.size === 0) return b;
  const result = new Map(a);
  for (const [buffer, n] of b) result.set(buffer, join(result.get(buffer) ?? 0, n));
  return result;
}
