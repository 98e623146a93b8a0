/**
 * Gamma, beta, zeta and Bessel functions in pages: importing this declares their primitives and adds their bodies to the math
 * library. It exports the functions of `lax`.
 */
import { addMathFunctions } from "../../compiler/math/index.ts";
import { specialFunctions } from "../../compiler/math/special.ts";
import { specialPrimitives } from "../../compiler/primitives/special/index.ts";
import { declarePrimitives } from "../../compiler/primitives/table.ts";

export { digamma, lgamma } from "../lax/elementwise.ts";
export * from "../lax/special.ts";

addMathFunctions(specialFunctions);
declarePrimitives(specialPrimitives);
