/**
 * The vectorisable math library: every transcendental function as an expression, in float32 and in float64.
 *
 * The bodies rely on every operation being rounded as written: a target must not reassociate. `fma` may round once or
 * twice. float32 bodies use no float64, and no body uses tables or loops.
 */
import type { DType } from "../types/dtype.ts";
import { erf, erfc, erfInv } from "./error-function.ts";
import { cosh, exp, exp2, expm1, expNonpositive, logistic, sinh, tanh } from "./exponential.ts";
import { acos, asin, atan, atan2 } from "./inverse-trigonometric.ts";
import { acosh, asinh, atanh, log, log1p, log2 } from "./logarithm.ts";
import type { MathFunction } from "./math-function.ts";
import { pow, powPositive } from "./power.ts";
import { cbrt, rsqrt } from "./roots.ts";
import { specialFunctions } from "./special.ts";
import { cos, sin, tan } from "./trigonometric.ts";

export type { MathDType } from "./format.ts";
export type { MathFunction } from "./math-function.ts";

/** All functions, those included that others call for their slow paths. */
export const mathFunctions: readonly MathFunction[] = [
  ...[exp, expNonpositive, exp2, expm1, logistic, sinh, cosh, tanh],
  ...[log, log2, log1p, asinh, acosh, atanh],
  ...[rsqrt, cbrt, powPositive, pow],
  ...[sin, cos, tan, asin, acos, atan, atan2],
  ...[erf, erfc, erfInv],
  ...specialFunctions,
].flat();

/** What is in the library from the start, and what `addMathFunctions` added. */
const BY_NAME = new Map<string, MathFunction>();

/** Adds functions that are not in the library from the start: pages load some from files of their own. */
export function addMathFunctions(functions: readonly MathFunction[]): void {
  for (const f of functions) BY_NAME.set(`${f.name}.${f.dtype}`, f);
}

addMathFunctions(mathFunctions);

/** The function of that name on arguments of that dtype, or undefined. float16 is computed in float32. */
export function lookupMath(name: string, dtype: DType): MathFunction | undefined {
  return BY_NAME.get(`${name}.${dtype === "float16" ? "float32" : dtype}`);
}
