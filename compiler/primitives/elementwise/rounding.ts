/** neg, sign, abs, floor, ceil, trunc, round, is_finite. */
import { wrapInteger } from "../../kernel/constants.ts";
import type { Expr } from "../../kernel/expr.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import { DTYPE_INFO, isFloating } from "../../types/dtype.ts";
import { FLOATING, NUMERIC, SIGNED } from "../typing.ts";
import { unaryElementwise, unaryWithParams } from "./rules.ts";

export const neg = unaryElementwise("neg", {
  accepts: NUMERIC,
  evaluate: (x, dtype) => wrapInteger(-x, dtype),
  tangent: (b, g) => b.neg(g),
  transpose: (b, ct) => b.neg(ct),
  lower: (s, x) => s.neg(x),
  test: { special: [0, -0, Infinity, NaN] },
});

/** -1, 0 or 1; on floats ±0 and NaN stay what they are. */
export const sign = unaryElementwise("sign", {
  accepts: NUMERIC,
  evaluate: Math.sign,
  tangent: null,
  lower(s, x) {
    const zero = s.const(0, x.dtype);
    const one = s.const(1, x.dtype);
    if (DTYPE_INFO[x.dtype].kind === "uint") return s.select(s.ne(x, zero), one, zero);
    const negative = s.select(s.lt(x, zero), s.const(-1, x.dtype), x);
    return s.select(s.gt(x, zero), one, negative);
  },
  test: { special: [0, -0, Infinity, -Infinity, NaN] },
});

export const abs = unaryElementwise("abs", {
  accepts: SIGNED,
  evaluate: (x, dtype) => wrapInteger(Math.abs(x), dtype),
  // At 0 the slope of the positive side, as JAX has it.
  tangent: (b, g, _, x) => b.select(b.binary("ge", x, b.like(x, 0)), g, b.unary("neg", g)),
  lower: (s, x) => s.abs(x),
  domain: "nonzero",
  test: { special: [0, -0, -Infinity, NaN] },
});

const roundingSpecials = [
  0,
  -0,
  0.5,
  -0.5,
  1.5,
  2.5,
  -2.5,
  0.49999997,
  8388609,
  4503599627370497,
  Infinity,
  NaN,
];

export const floor = unaryElementwise("floor", {
  accepts: FLOATING,
  evaluate: Math.floor,
  tangent: null,
  lower: (s, x) => s.floor(x),
  test: { special: roundingSpecials },
});

export const ceil = unaryElementwise("ceil", {
  accepts: FLOATING,
  evaluate: Math.ceil,
  tangent: null,
  lower: (s, x) => s.ceil(x),
  test: { special: roundingSpecials },
});

export const trunc = unaryElementwise("trunc", {
  accepts: FLOATING,
  evaluate: Math.trunc,
  tangent: null,
  lower: (s, x) => s.trunc(x),
  test: { special: roundingSpecials },
});

/** Half away from zero: trunc(x), and one more where the part cut off, which is exact, is a half or more. */
function roundAwayFromZero(s: ScalarOps, x: Expr): Expr {
  const whole = s.trunc(x);
  const rest = s.sub(x, whole);
  const up = s.select(s.lt(x, s.const(0, x.dtype)), s.const(-1, x.dtype), s.const(1, x.dtype));
  return s.select(s.ge(s.abs(rest), s.const(0.5, x.dtype)), s.add(whole, up), whole);
}

function roundReference(x: number, method: "awayFromZero" | "toNearestEven"): number {
  if (!Number.isFinite(x) || Number.isInteger(x)) return x;
  const magnitude = Math.abs(x);
  const whole = Math.floor(magnitude);
  const rest = magnitude - whole;
  const up = rest > 0.5 || (rest === 0.5 && (method === "awayFromZero" || whole % 2 === 1));
  const rounded = up ? whole + 1 : whole;
  return x < 0 ? -rounded : rounded;
}

export const round = unaryWithParams<{ readonly roundingMethod: "awayFromZero" | "toNearestEven" }>("round", {
  accepts: FLOATING,
  evaluate: (x, _, { roundingMethod }) => roundReference(x, roundingMethod),
  tangent: null,
  lower: (s, x, { roundingMethod }) =>
    roundingMethod === "toNearestEven" ? s.nearest(x) : roundAwayFromZero(s, x),
  test: {
    special: roundingSpecials,
    cases: [
      { inputs: [{ shape: [7], dtype: "float32" }], params: { roundingMethod: "awayFromZero" } },
      { inputs: [{ shape: [2, 3], dtype: "float64" }], params: { roundingMethod: "toNearestEven" } },
    ],
  },
});

export const is_finite = unaryElementwise("is_finite", {
  accepts: FLOATING,
  result: "bool",
  evaluate: (x) => (Number.isFinite(x) ? 1 : 0),
  tangent: null,
  lower(s, x) {
    // By the bits: compilers of shaders may assume that no value is a NaN or an infinity.
    if (!isFloating(x.dtype) || x.dtype === "float64") return s.lt(s.abs(x), s.const(Infinity, x.dtype));
    const bits = s.and(s.bitcast(x, "int32"), s.int(0x7fffffff));
    return s.lt(bits, s.int(0x7f800000));
  },
  test: { special: [0, Infinity, -Infinity, NaN] },
});
