/** Exponentials, logarithms, roots, powers with a constant exponent, hyperbolic functions. */
import type { Builder } from "../../graph/builder.ts";
import type { Operand } from "../../graph/graph.ts";
import { wrapInteger } from "../../kernel/constants.ts";
import type { Expr } from "../../kernel/expr.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import { isInteger } from "../../types/dtype.ts";
import { WeftTypeError } from "../../types/errors.ts";
import { FLOATING, NUMERIC } from "../typing.ts";
import {
  constantLike,
  mathFunction,
  oneMinusSquare,
  scale,
  unaryElementwise,
  unaryWithParams,
} from "./rules.ts";

const one = (b: Builder, x: Operand): Operand => constantLike(b, x, 1);
const square = (b: Builder, x: Operand): Operand => b.mul(x, x);

const specials = [0, -0, 1, -1, 1e-30, 88, -104, Infinity, -Infinity, NaN];

export const exp = mathFunction("exp", FLOATING, {
  evaluate: Math.exp,
  tangent: (b, g, ans) => b.mul(g, ans),
  test: { special: specials },
});

export const exp2 = mathFunction("exp2", FLOATING, {
  evaluate: (x) => 2 ** x,
  tangent: (b, g, ans) => b.mul(g, scale(b, ans, Math.LN2)),
  test: { special: specials },
});

export const expm1 = mathFunction("expm1", FLOATING, {
  evaluate: Math.expm1,
  tangent: (b, g, ans) => b.mul(g, b.add(ans, one(b, ans))),
  test: { special: specials },
});

export const log = mathFunction("log", FLOATING, {
  evaluate: Math.log,
  tangent: (b, g, _, x) => b.div(g, x),
  domain: "positive",
  test: { special: specials },
});

export const log2 = mathFunction("log2", FLOATING, {
  evaluate: Math.log2,
  tangent: (b, g, _, x) => b.div(g, scale(b, x, Math.LN2)),
  domain: "positive",
  test: { special: specials },
});

export const log1p = mathFunction("log1p", FLOATING, {
  evaluate: Math.log1p,
  tangent: (b, g, _, x) => b.div(g, b.add(x, one(b, x))),
  domain: [-0.9, 10],
  test: { special: specials },
});

export const sqrt = unaryElementwise("sqrt", {
  accepts: FLOATING,
  evaluate: Math.sqrt,
  tangent: (b, g, ans) => b.mul(g, b.div(constantLike(b, ans, 0.5), ans)),
  lower: (s, x) => s.sqrt(x),
  domain: "positive",
  test: { special: specials },
});

export const rsqrt = mathFunction("rsqrt", FLOATING, {
  evaluate: (x) => 1 / Math.sqrt(x),
  tangent: (b, g, ans, x) => b.mul(g, scale(b, b.div(ans, x), -0.5)),
  domain: "positive",
  test: { special: specials },
});

export const cbrt = mathFunction("cbrt", FLOATING, {
  evaluate: Math.cbrt,
  tangent: (b, g, ans) => b.mul(g, b.div(constantLike(b, ans, 1 / 3), square(b, ans))),
  domain: "nonzero",
  test: { special: specials },
});

export const sinh = mathFunction("sinh", FLOATING, {
  evaluate: Math.sinh,
  tangent: (b, g, _, x) => b.mul(g, b.unary("cosh", x)),
  test: { special: specials },
});

export const cosh = mathFunction("cosh", FLOATING, {
  evaluate: Math.cosh,
  tangent: (b, g, _, x) => b.mul(g, b.unary("sinh", x)),
  test: { special: specials },
});

export const tanh = mathFunction("tanh", FLOATING, {
  evaluate: Math.tanh,
  tangent: (b, g, ans) => b.mul(g, oneMinusSquare(b, ans)),
  test: { special: specials },
});

export const asinh = mathFunction("asinh", FLOATING, {
  evaluate: Math.asinh,
  tangent: (b, g, _, x) => b.mul(g, b.unary("rsqrt", b.add(square(b, x), one(b, x)))),
  test: { special: specials },
});

export const acosh = mathFunction("acosh", FLOATING, {
  evaluate: Math.acosh,
  tangent: (b, g, _, x) => b.mul(g, b.unary("rsqrt", b.mul(b.sub(x, one(b, x)), b.add(x, one(b, x))))),
  domain: "above1",
  test: { special: specials },
});

export const atanh = mathFunction("atanh", FLOATING, {
  evaluate: Math.atanh,
  tangent: (b, g, _, x) => b.div(g, oneMinusSquare(b, x)),
  domain: "unit",
  test: { special: specials },
});

/** 1 / (1 + exp(-x)). */
export const logistic = mathFunction("logistic", FLOATING, {
  evaluate: (x) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x))),
  tangent: (b, g, ans) => b.mul(g, b.mul(ans, b.sub(one(b, ans), ans))),
  test: { special: specials },
});

function integerPower(x: number, y: number): number {
  let out = 1;
  for (let i = 0; i < y; i++) out = Math.imul(out, x);
  return out;
}

/** x^y by squaring, as JAX: a negative exponent takes the reciprocal at the end. */
function powerBySquaring(s: ScalarOps, x: Expr, y: number): Expr {
  let result: Expr | null = null;
  let factor = x;
  for (let n = Math.abs(y); n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) result = result === null ? factor : s.mul(result, factor);
    if (n > 1) factor = s.mul(factor, factor);
  }
  const positive = result ?? s.const(1, x.dtype);
  return y < 0 ? s.div(s.const(1, x.dtype), positive) : positive;
}

/** x^y for a constant integer y. Its derivative y·x^(y-1) is right at 0, which that of `pow` through a logarithm is not. */
export const integer_pow = unaryWithParams<{ readonly y: number }>("integer_pow", {
  accepts: NUMERIC,
  check(type, { y }) {
    if (!Number.isInteger(y)) {
      throw new WeftTypeError(`integer_pow requires an integer exponent, got ${y}. Use pow instead.`);
    }
    if (y < 0 && isInteger(type.dtype)) {
      throw new WeftTypeError(
        `Integers cannot be raised to negative powers, got integer_pow(${type.dtype}, ${y}). Convert to a float first.`,
      );
    }
  },
  evaluate: (x, dtype, { y }) => (isInteger(dtype) ? wrapInteger(integerPower(x, y), dtype) : x ** y),
  tangent(b, g, _, x, { y }) {
    if (y === 0) return null;
    if (y === 1) return g;
    return b.mul(g, scale(b, b.one("integer_pow", [x], { y: y - 1 }), y));
  },
  lower: (s, x, { y }) => powerBySquaring(s, x, y),
  flops: 2,
  test: {
    ulp: 4,
    cases: [0, 1, 2, 3, 5, -1, -2].map((y) => ({
      inputs: [{ shape: [5], dtype: "float32", domain: y < 0 ? "nonzero" : "normal" }],
      params: { y },
    })),
  },
});
