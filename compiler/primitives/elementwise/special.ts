/** The error function and its kin. */
import type { Builder } from "../../graph/builder.ts";
import type { Operand } from "../../graph/graph.ts";
import { FLOATING } from "../typing.ts";
import { mathFunction, scale } from "./rules.ts";
import * as reference from "./special-functions.ts";

const specials = [0, -0, 1, -1, 1e-30, 10, -10, Infinity, -Infinity, NaN];

/** exp(-x²) · 2/√π, the derivative of erf. */
function gaussian(b: Builder, x: Operand): Operand {
  return scale(b, b.unary("exp", b.neg(b.mul(x, x))), 2 / Math.sqrt(Math.PI));
}

export const erf = mathFunction("erf", FLOATING, {
  evaluate: reference.erf,
  tangent: (b, g, _, x) => b.mul(g, gaussian(b, x)),
  test: { special: specials },
});

export const erfc = mathFunction("erfc", FLOATING, {
  evaluate: reference.erfc,
  tangent: (b, g, _, x) => b.neg(b.mul(g, gaussian(b, x))),
  test: { special: specials },
});

export const erf_inv = mathFunction("erf_inv", FLOATING, {
  evaluate: reference.erfInv,
  tangent: (b, g, ans) => b.mul(g, scale(b, b.unary("exp", b.mul(ans, ans)), Math.sqrt(Math.PI) / 2)),
  domain: "unit",
  test: { special: specials },
});
