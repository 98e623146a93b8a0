/** Start indices as int32 expressions, whatever integer dtype they have. */
import type { Expr } from "../../kernel/expr.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";

/**
 * A start as int32. uint32 values above the greatest int32 are past every tensor's end and stay so.
 */
export function startIndex(s: ScalarOps, start: Expr): Expr {
  if (start.dtype === "uint32") return s.convert(s.min(start, s.const(2147483647, "uint32")), "int32");
  return s.convert(start, "int32");
}

/** A start moved into 0 … max, so that its window fits. */
export function clampedStart(s: ScalarOps, start: Expr, max: number): Expr {
  return max === 0 ? s.int(0) : s.clampIndex(startIndex(s, start), 0, max);
}
