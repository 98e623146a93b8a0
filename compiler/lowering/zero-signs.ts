/**
 * What is added to a sum that began with +0 may have either sign where it is zero: +0 + -0 is +0, and a sum that is not
 * -0 never becomes it. max(x, 0), the relu of all networks, is one instruction where it may be -0 and two where not.
 */
import type { Expr } from "../kernel/expr.ts";
import { withOperands } from "../kernel/expr.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import { isFloating } from "../types/dtype.ts";

/** An expression with the same values as `e`, but for the signs of zeros. */
export function withoutZeroSigns(e: Expr): Expr {
  if (!isFloating(e.dtype)) return e;
  if (e.op === "unary") return e.fn === "neg" ? withOperands(e, [withoutZeroSigns(e.x)]) : e;
  if (e.op === "select") return withOperands(e, [e.cond, withoutZeroSigns(e.x), withoutZeroSigns(e.y)]);
  if (e.op !== "binary") return e;
  switch (e.fn) {
    case "add":
    case "sub":
    case "mul":
      return withOperands(e, [withoutZeroSigns(e.x), withoutZeroSigns(e.y)]);
    case "div":
      // Of a divisor the sign decides between the infinities.
      return withOperands(e, [withoutZeroSigns(e.x), e.y]);
    case "max":
      return e.y.op === "const" && Object.is(e.y.value, 0) ? s.max(e.x, s.const(-0, e.dtype)) : e;
    default:
      return e;
  }
}
