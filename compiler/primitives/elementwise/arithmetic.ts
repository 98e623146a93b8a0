/** Arithmetic of two operands: add, sub, mul, div, rem, max, min, pow, atan2, nextafter. */
import type { Builder } from "../../graph/builder.ts";
import type { Operand } from "../../graph/graph.ts";
import {
  bitcastConstant,
  float16Bits,
  float16FromBits,
  roundTo,
  wrapInteger,
} from "../../kernel/constants.ts";
import type { Expr } from "../../kernel/expr.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import { type DType, isInteger } from "../../types/dtype.ts";
import { ANY_DTYPE, FLOATING, NUMERIC } from "../typing.ts";
import { halfBits, halfFromBits } from "./half.ts";
import { type BinaryTangent, bilinearTranspose, binaryElementwise, constantLike, ifLinear } from "./rules.ts";
import { power } from "./special-functions.ts";

const specials = [0, -0, 1, -1, 1e-30, Infinity, -Infinity, NaN];

export const add = binaryElementwise("add", {
  accepts: NUMERIC,
  evaluate: (x, y, dtype) => wrapInteger(x + y, dtype),
  tangents: [(_, g) => g, (_, g) => g],
  transpose: (_, [ct], [x, y]) =>
    ct === null ? [null, null] : [ifLinear(x, () => ct), ifLinear(y, () => ct)],
  lower: (s, x, y) => s.add(x, y),
  test: { special: specials },
});

export const sub = binaryElementwise("sub", {
  accepts: NUMERIC,
  evaluate: (x, y, dtype) => wrapInteger(x - y, dtype),
  tangents: [(_, g) => g, (b, g) => b.neg(g)],
  transpose: (b, [ct], [x, y]) =>
    ct === null ? [null, null] : [ifLinear(x, () => ct), ifLinear(y, () => b.neg(ct))],
  lower: (s, x, y) => s.sub(x, y),
  test: { special: specials },
});

export const mul = binaryElementwise("mul", {
  accepts: NUMERIC,
  evaluate: (x, y, dtype) => (isInteger(dtype) ? wrapInteger(Math.imul(x, y), dtype) : x * y),
  tangents: [(b, g, _, __, y) => b.mul(g, y), (b, g, _, x) => b.mul(x, g)],
  transpose: bilinearTranspose(
    "mul",
    (b, ct, y) => b.mul(ct, y),
    (b, ct, x) => b.mul(x, ct),
  ),
  lower: (s, x, y) => s.mul(x, y),
  test: { special: specials },
});

function divideReference(x: number, y: number, dtype: DType): number {
  if (!isInteger(dtype)) return x / y;
  return wrapInteger(y === 0 ? -1 : Math.trunc(x / y), dtype);
}

/** On integers: truncating, x/0 = -1 (all ones), INT_MIN/-1 = INT_MIN, as XLA. */
export const div = binaryElementwise("div", {
  accepts: NUMERIC,
  evaluate: divideReference,
  tangents: [(b, g, _, __, y) => b.div(g, y), (b, g, ans, _, y) => b.neg(b.mul(g, b.div(ans, y)))],
  transpose: bilinearTranspose("div", (b, ct, y) => b.div(ct, y), null),
  lower: (s, x, y) => s.div(x, y),
  domains: ["normal", "nonzero"],
  test: { special: specials },
});

/** d rem/dy = -trunc(x / y): the quotient that was taken out, (x - ans) / y, is a whole number but for its rounding. */
const remainderTangent: BinaryTangent = (b, g, ans, x, y) => {
  const quotient = b.one("round", [b.div(b.sub(x, ans), y)], { roundingMethod: "toNearestEven" });
  return b.neg(b.mul(g, quotient));
};

/** The sign is that of the dividend, as C's fmod; on integers x % 0 = x. */
export const rem = binaryElementwise("rem", {
  accepts: NUMERIC,
  evaluate: (x, y, dtype) => (isInteger(dtype) ? (y === 0 ? x : wrapInteger(x % y, dtype)) : x % y),
  tangents: [(_, g) => g, remainderTangent],
  lower: (s, x, y) => s.rem(x, y),
  domains: ["normal", "nonzero"],
  test: { special: specials },
});

/** 1 where x is chosen, 0 where y is, ½ at a tie, as JAX's `_balanced_eq`. */
function chosen(b: Builder, x: Operand, ans: Operand, y: Operand): Operand {
  const [zero, half, one] = [0, 0.5, 1].map((v) => constantLike(b, x, v));
  const share = b.select(b.binary("eq", y, ans), half, one);
  return b.select(b.binary("eq", x, ans), share, zero);
}

const extremumTangents: readonly [BinaryTangent, BinaryTangent] = [
  (b, g, ans, x, y) => b.mul(g, chosen(b, x, ans, y)),
  (b, g, ans, x, y) => b.mul(g, chosen(b, y, ans, x)),
];

/** NaN where either operand is; max(-0, +0) is +0. */
export const max = binaryElementwise("max", {
  accepts: ANY_DTYPE,
  evaluate: (x, y) => Math.max(x, y),
  tangents: extremumTangents,
  lower: (s, x, y) => (x.dtype === "bool" ? s.or(x, y) : s.max(x, y)),
  test: { special: specials },
});

export const min = binaryElementwise("min", {
  accepts: ANY_DTYPE,
  evaluate: (x, y) => Math.min(x, y),
  tangents: extremumTangents,
  lower: (s, x, y) => (x.dtype === "bool" ? s.and(x, y) : s.min(x, y)),
  test: { special: specials },
});

/** d/dx x^y = y·x^(y-1), and 0 for y = 0, also where x is 0. */
const powerBaseTangent: BinaryTangent = (b, g, _, x, y) => {
  const one = constantLike(b, y, 1);
  const isZero = b.binary("eq", y, constantLike(b, y, 0));
  const exponent = b.select(isZero, one, b.sub(y, one));
  return b.mul(g, b.mul(y, b.binary("pow", x, exponent)));
};

/** d/dy x^y = log(x)·x^y; at x = 0 the logarithm is taken as 0, as JAX does. */
const powerExponentTangent: BinaryTangent = (b, g, ans, x) => {
  const isZero = b.binary("eq", x, constantLike(b, x, 0));
  const base = b.select(isZero, constantLike(b, x, 1), x);
  return b.mul(g, b.mul(b.unary("log", base), ans));
};

export const pow = binaryElementwise("pow", {
  accepts: FLOATING,
  evaluate: power,
  tangents: [powerBaseTangent, powerExponentTangent],
  lower: (s, x, y) => s.call("pow", x, y),
  cost: "expensive",
  domains: ["positive", "normal"],
  test: { special: specials },
});

/** With respect to the ordinate x and the abscissa y, as atan2(x, y) is the angle of the point (y, x). */
const atan2Tangents: readonly [BinaryTangent, BinaryTangent] = [
  (b, g, _, x, y) => b.mul(g, b.div(y, b.add(b.mul(x, x), b.mul(y, y)))),
  (b, g, _, x, y) => b.mul(g, b.neg(b.div(x, b.add(b.mul(x, x), b.mul(y, y))))),
];

export const atan2 = binaryElementwise("atan2", {
  accepts: FLOATING,
  evaluate: Math.atan2,
  tangents: atan2Tangents,
  lower: (s, x, y) => s.call("atan2", x, y),
  cost: "expensive",
  domains: ["nonzero", "nonzero"],
  test: { special: specials },
});

/** The neighbour in the dtype, found by counting in the order of the bits. */
function nextAfterReference(x: number, y: number, dtype: DType): number {
  const from = roundTo(x, dtype);
  const to = roundTo(y, dtype);
  if (Number.isNaN(from) || Number.isNaN(to)) return NaN;
  if (from === to) return to;
  const up = to > from;
  if (dtype === "float64") return nextDouble(from, up);
  const tiny = dtype === "float16" ? 2 ** -24 : 2 ** -149;
  if (from === 0) return up ? tiny : -tiny;
  const step = up === from > 0 ? 1 : -1;
  if (dtype === "float16") return float16FromBits(float16Bits(from) + step);
  return bitcastConstant(bitcastConstant(from, "float32", "uint32") + step, "uint32", "float32");
}

function nextDouble(x: number, up: boolean): number {
  if (x === 0) return up ? Number.MIN_VALUE : -Number.MIN_VALUE;
  const bits = new BigUint64Array(new Float64Array([x]).buffer);
  bits[0] += up === x > 0 ? 1n : -1n;
  return new Float64Array(bits.buffer)[0];
}

/** The next float from x towards y: one step in the order of the bits, away from or towards zero. */
function nextAfter(s: ScalarOps, x: Expr, y: Expr, dtype: DType): Expr {
  const zero = s.const(0, x.dtype);
  // Away from zero where y lies on the side of x's own sign, towards it elsewhere.
  const toward = s.xor(s.gt(y, x), s.gt(x, zero));
  const step = s.select(toward, s.int(-1), s.int(1));
  let moved: Expr;
  let tiny: Expr;
  if (dtype === "float64") {
    const low = s.add(s.lowWord(x), step);
    const carry = s.select(s.eq(low, s.int(0)), s.int(1), s.int(0));
    const borrow = s.select(s.eq(low, s.int(-1)), s.int(-1), s.int(0));
    moved = s.fromWords(s.add(s.highWord(x), s.select(toward, borrow, carry)), low);
    tiny = s.const(Number.MIN_VALUE, "float64");
  } else if (dtype === "float16") {
    moved = halfFromBits(s, s.add(halfBits(s, x), step));
    tiny = s.const(2 ** -24, "float32");
  } else {
    moved = s.bitcast(s.add(s.bitcast(x, "int32"), step), "float32");
    tiny = s.const(2 ** -149, "float32");
  }
  const fromZero = s.select(s.gt(y, zero), tiny, s.neg(tiny));
  const next = s.select(s.eq(x, zero), fromZero, moved);
  const ordered = s.select(s.eq(x, y), y, next);
  const unordered = s.or(s.ne(x, x), s.ne(y, y));
  return s.select(unordered, s.add(x, y), ordered);
}

export const nextafter = binaryElementwise("nextafter", {
  accepts: FLOATING,
  evaluate: nextAfterReference,
  tangents: null,
  lower: nextAfter,
  test: { special: specials },
});
