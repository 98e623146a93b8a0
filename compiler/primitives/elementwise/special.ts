/** The error function and its kin, the logarithm of the gamma function and its derivatives. */
import type { Builder } from "../../graph/builder.ts";
import type { Operand } from "../../graph/graph.ts";
import { notDifferentiable } from "../../graph/primitive.ts";
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

export const lgamma = mathFunction("lgamma", FLOATING, {
  evaluate: reference.lgamma,
  tangent: (b, g, _, x) => b.mul(g, b.unary("digamma", x)),
  domain: "positive",
  test: { special: specials },
});

export const digamma = mathFunction("digamma", FLOATING, {
  evaluate: reference.digamma,
  tangent: (b, g, _, x) => b.mul(g, b.unary("trigamma", x)),
  domain: "positive",
  test: { special: specials, order: 1 },
});

/** The derivative of digamma; jax.lax has it as polygamma(1, x). */
export const trigamma = mathFunction("trigamma", FLOATING, {
  evaluate: reference.trigamma,
  tangent: notDifferentiable("the third derivative of lgamma (polygamma of order 2) is not implemented"),
  domain: "positive",
  test: { special: specials },
});
