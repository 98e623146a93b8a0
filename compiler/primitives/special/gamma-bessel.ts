/** The logarithm of the gamma function and its derivatives, modified Bessel functions. */
import type { DType } from "../../types/dtype.ts";
import { constantLike, mathFunction } from "../elementwise/rules.ts";
import { FLOATING } from "../typing.ts";
import * as gamma from "./gamma-functions.ts";
import * as series from "./series.ts";

/** Distance from 1 to the next number (`finfo(dtype).eps`). */
const EPSILON: Readonly<Partial<Record<DType, number>>> = {
  float16: 2 ** -10,
  float32: 2 ** -23,
  float64: 2 ** -52,
};

const specials = [0, -0, 1, -1, 1e-30, 10, -10, Infinity, -Infinity, NaN];

export const lgamma = mathFunction("lgamma", FLOATING, {
  evaluate: gamma.lgamma,
  tangent: (b, g, _, x) => b.mul(g, b.unary("digamma", x)),
  domain: "positive",
  test: { special: specials },
});

export const digamma = mathFunction("digamma", FLOATING, {
  evaluate: gamma.digamma,
  tangent: (b, g, _, x) => b.mul(g, b.unary("trigamma", x)),
  domain: "positive",
  test: { special: specials, order: 2 },
});

/** The derivative of digamma; jax.lax has it as polygamma(1, x). */
export const trigamma = mathFunction("trigamma", FLOATING, {
  evaluate: gamma.trigamma,
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
