/**
 * exp(x - max) of a row, as in softmax: its argument is never above 0, which a cheaper function with the same bits
 * knows to use. Found in the expressions of a pass that comes after the one that took the maximum.
 */
import { type Expr, type Local, operandsOf, withOperands } from "../kernel/expr.ts";
import { sameIndex } from "../kernel/index-math.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";

/** The greatest of a row, and the element that was folded into it, where the pass is now. */
export interface RowMaximum {
  readonly local: Local;
  readonly element: Expr;
}

/** `e` with the exponentials of differences to a maximum of what they are differences of. */
export function withMaxima(e: Expr, maxima: readonly RowMaximum[]): Expr {
  if (maxima.length === 0) return e;
  const known = new Map<Expr, Expr>();
  const rewrite = (x: Expr): Expr => {
    const found = known.get(x);
    if (found !== undefined) return found;
    const before = operandsOf(x);
    // Indices hold no exponentials.
    const after = x.op === "load" ? before : before.map(rewrite);
    const same = after.every((y, n) => y === before[n]) ? x : withOperands(x, after);
    const result = isNonpositiveExp(same, maxima) ? s.call("exp_nonpositive", ...operandsOf(same)) : same;
    known.set(x, result);
    return result;
  };
  return rewrite(e);
}

function isNonpositiveExp(e: Expr, maxima: readonly RowMaximum[]): boolean {
  if (e.op !== "call" || e.fn !== "exp" || (e.dtype !== "float32" && e.dtype !== "float64")) return false;
  const [x] = operandsOf(e);
  if (x.op !== "binary" || x.fn !== "sub") return false;
  const greatest = x.y.op === "binary" && x.y.fn === "max" && x.y.y.op === "const" ? x.y.x : x.y;
  return (
    greatest.op === "local" &&
    maxima.some(({ local, element }) => local === greatest.local && sameValue(x.x, element))
  );
}

function sameValue(a: Expr, b: Expr): boolean {
  if (a === b) return true;
  if (a.op !== b.op || a.dtype !== b.dtype) return false;
  if (a.op === "load") return b.op === "load" && a.buffer === b.buffer && sameIndex(a.index, b.index);
  if (a.op === "const") return b.op === "const" && Object.is(a.value, b.value);
  if (a.op === "local") return b.op === "local" && a.local === b.local;
  if (a.op === "axis") return b.op === "axis" && a.axis === b.axis;
  if ("fn" in a && "fn" in b ? a.fn !== b.fn : "fn" in a || "fn" in b) return false;
  if (a.op === "word" || a.op === "bitcast" || a.op === "convert") return false;
  const [x, y] = [operandsOf(a), operandsOf(b)];
  return x.length === y.length && x.every((operand, n) => sameValue(operand, y[n]));
}
