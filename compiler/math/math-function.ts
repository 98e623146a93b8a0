/** What a function of the math library is. */
import type { Expr } from "../kernel/expr.ts";
import type { ScalarOps } from "../kernel/scalar-ops.ts";
import type { Format, MathDType } from "./format.ts";

export interface MathFunction {
  readonly name: string;
  /** Dtype of the arguments and of the result. */
  readonly dtype: MathDType;
  readonly arity: number;
  /**
   * The result as a branch-free expression of the arguments: one body serves scalar code, lanes and shaders. A node
   * that is used several times is one object, which a target evaluates once. Rare slow paths are behind `guard`.
   */
  readonly body: (s: ScalarOps, ...x: Expr[]) => Expr;
  /**
   * Greatest error in units in the last place of the result, measured by a test. For lgamma and digamma of negative
   * arguments and for digamma near its zero at 1.46 the unit is that of the greatest term of the sum.
   */
  readonly ulp: number;
}

export function defineMath(fn: MathFunction): MathFunction {
  return Object.freeze(fn);
}

/** A function for both formats from one recipe; `ulp` is the bound in float32 and in float64. */
export function defineBoth(
  formats: readonly Format[],
  name: string,
  arity: number,
  ulp: readonly [number, number],
  body: (F: Format, ...x: Expr[]) => Expr,
): MathFunction[] {
  return formats.map((F, i) =>
    defineMath({ name, dtype: F.dtype, arity, ulp: ulp[i], body: (_, ...x) => body(F, ...x) }),
  );
}
