/** Circular functions and their inverses. */
import { FLOATING } from "../typing.ts";
import { constantLike, mathFunction, oneMinusSquare } from "./rules.ts";

const specials = [0, -0, 1, -1, 1e-30, 1e5, 1e30, Infinity, NaN];

export const sin = mathFunction("sin", FLOATING, {
  evaluate: Math.sin,
  tangent: (b, g, _, x) => b.mul(g, b.unary("cos", x)),
  test: { special: specials },
});

export const cos = mathFunction("cos", FLOATING, {
  evaluate: Math.cos,
  tangent: (b, g, _, x) => b.neg(b.mul(g, b.unary("sin", x))),
  test: { special: specials },
});

export const tan = mathFunction("tan", FLOATING, {
  evaluate: Math.tan,
  tangent: (b, g, ans) => b.mul(g, b.add(constantLike(b, ans, 1), b.mul(ans, ans))),
  domain: "unit",
  test: { special: specials },
});

export const asin = mathFunction("asin", FLOATING, {
  evaluate: Math.asin,
  tangent: (b, g, _, x) => b.mul(g, b.unary("rsqrt", oneMinusSquare(b, x))),
  domain: "unit",
  test: { special: specials },
});

export const acos = mathFunction("acos", FLOATING, {
  evaluate: Math.acos,
  tangent: (b, g, _, x) => b.neg(b.mul(g, b.unary("rsqrt", oneMinusSquare(b, x)))),
  domain: "unit",
  test: { special: specials },
});

export const atan = mathFunction("atan", FLOATING, {
  evaluate: Math.atan,
  tangent: (b, g, _, x) => b.div(g, b.add(constantLike(b, x, 1), b.mul(x, x))),
  test: { special: specials },
});
