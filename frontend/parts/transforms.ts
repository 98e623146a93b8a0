/** Jacobians, Hessians, transposes of linear functions and reverse rules of one's own in pages. It exports the transformations. */
import { customVjpPrimitives } from "../../compiler/primitives/control/custom-vjp.ts";
import { declarePrimitives } from "../../compiler/primitives/table.ts";

export * from "../transforms/custom-vjp.ts";
export * from "../transforms/jacobian.ts";
export * from "../transforms/linear-transpose.ts";

declarePrimitives(customVjpPrimitives);
