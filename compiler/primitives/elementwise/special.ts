/** The error function and its kin, the logarithm of the gamma function and its derivatives. */
import type { Builder } from "../../graph/builder.ts";
import type { Operand } from "../../graph/graph.ts";
import type { DType } from "../../types/dtype.ts";
import { FLOATING } from "../typing.ts";
import { constantLike, mathFunction, scale } from "./rules.ts";
import * as reference from "./special-functions.ts";
import * as series from "./special-series.ts";

/** Distance from 1 to the next number (`finfo(dtype).eps`). */
const EPSILON: Readonly<Partial<Record<DType, number>>> = {
  float16: 2 ** -10,
  float32: 2 ** -23,
  float64: 2 ** -52,
};

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
  test: { special: specials, order: 2 },
});

/** The derivative of digamma; jax.lax has it as polygamma(1, x). */
export const trigamma = mathFunction("trigamma", FLOATING, {
  evaluate: reference.trigamma,
  tangent: (b, g, _, x) => b.mul(g, b.binary("polygamma", constantLike(b, x, 2), x)),
  domain: "positive",
  test: { special: specials, order: 1 },
});

/** e^-|x| I₀(x). */
export const bessel_i0e = mathFunction("bessel_i0e", FLOATING, {
  evaluate: series.besselI0e,
  tangent: (b, g, ans, x) => b.mul(g, b.sub(b.unary("bessel_i1e", x), b.mul(b.unary("sign", x), ans))),
  test: { special: specials },
});

/** e^-|x| I₁(x). */
export const bessel_i1e = mathFunction("bessel_i1e", FLOATING, {
  evaluate: series.besselI1e,
  tangent(b, g, ans, x) {
    // I₁(x)/x is ½ at 0; an argument of eps keeps the quotient finite there.
    const eps = constantLike(b, x, EPSILON[x.type.dtype] ?? 0);
    const large = b.binary("gt", b.unary("abs", x), eps);
    const safe = b.select(large, x, eps);
    const inverse = b.one("integer_pow", [safe], { y: -1 });
    const slope = b.sub(b.unary("bessel_i0e", safe), b.mul(ans, b.add(b.unary("sign", safe), inverse)));
    return b.mul(g, b.select(large, slope, constantLike(b, x, 0.5)));
  },
  test: { special: specials },
});
