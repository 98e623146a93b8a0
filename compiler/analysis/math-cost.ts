/** What a function of the math library computes for one element. */
import { type Expr, operandsOf } from "../kernel/expr.ts";
import { scalarOps } from "../kernel/scalar-ops.ts";
import { lookupMath } from "../math/index.ts";
import type { DType } from "../types/dtype.ts";

/** Declared cache: by function and dtype. */
const known = new Map<string, number>();

/** Operations of the body on numbers, floating and integer; a fused multiply-add is two. Rare slow paths are left out. */
export function mathOperations(fn: string, dtype: DType): number {
  const key = `${fn}.${dtype}`;
  let count = known.get(key);
  if (count === undefined) {
    // A function that calls itself by way of others would not end.
    known.set(key, 0);
    const math = lookupMath(fn, dtype);
    const args = Array.from({ length: math?.arity ?? 0 }, (_, i) =>
      scalarOps.local({ name: `x${i}`, dtype: math?.dtype ?? "float32" }),
    );
    count = math === undefined ? 0 : operationsOf(math.body(scalarOps, ...args));
    known.set(key, count);
  }
  return count;
}

function operationsOf(root: Expr): number {
  const seen = new Set<Expr>();
  const stack = [root];
  let count = 0;
  for (let e = stack.pop(); e !== undefined; e = stack.pop()) {
    if (seen.has(e)) continue;
    seen.add(e);
    count += own(e);
    // What a guard protects is the slow path.
    stack.push(...(e.op === "guard" ? [e.cond, e.y] : operandsOf(e)));
  }
  return count;
}

function own(e: Expr): number {
  switch (e.op) {
    case "unary":
    case "binary":
      return 1;
    case "fma":
    case "fused":
      return 2;
    case "call":
      return mathOperations(e.fn, e.dtype);
    default:
      return 0;
  }
}
