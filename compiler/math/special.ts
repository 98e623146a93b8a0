/** The special functions beyond the error function, which pages load from a file of their own. */
import { besselI0e, besselI1e } from "./bessel.ts";
import { digamma, digammaPositive, lgamma, lgammaPositive, trigamma, trigammaPositive } from "./gamma.ts";
import type { MathFunction } from "./math-function.ts";

export const specialFunctions: readonly MathFunction[] = [
  ...[lgammaPositive, lgamma, digammaPositive, digamma, trigammaPositive, trigamma],
  ...[besselI0e, besselI1e],
].flat();
