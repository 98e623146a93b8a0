/** The two floating formats behind one interface, so that a function is written once for both. */
import type { Expr } from "../kernel/expr.ts";
import { scalarOps } from "../kernel/scalar-ops.ts";

export type MathDType = "float32" | "float64";

/**
 * Bits are reached through the "word": all of a float32, the upper 32 bits of a float64. It holds the sign, the
 * exponent and `fractionBits` bits of the significand.
 */
export interface Format {
  readonly dtype: MathDType;
  /** Digits of the significand, the hidden one included. */
  readonly digits: number;
  readonly bias: number;
  /** Fraction bits in the word. */
  readonly fractionBits: number;
  readonly minNormal: number;
  /** Below this magnitude f(x) = x + O(x²) is x. */
  readonly tiny: number;
  c(value: number): Expr;
  word(x: Expr): Expr;
  /** The float with this word, and zeros below. */
  fromWord(word: Expr): Expr;
  /** x with its word replaced, the bits below kept. */
  withWord(x: Expr, word: Expr): Expr;
  /** x with the lower half of its digits cleared: two such heads have an exact product. */
  head(x: Expr): Expr;
  /** The integer of a sum x + `roundingMagic`, |x| < 2^22 in float32 and 2^31 in float64. */
  magicInteger(sum: Expr): Expr;
  /** The same in its lowest bits, 9 at least; what stands above them is shifted out or not looked at. */
  magicBits(sum: Expr): Expr;
  /** 1.5·2^(digits-1): adding it rounds to an integer, which then stands in the lowest bits. */
  readonly roundingMagic: number;
}

const s = scalarOps;

export const FLOAT32: Format = {
  dtype: "float32",
  digits: 24,
  bias: 127,
  fractionBits: 23,
  minNormal: 2 ** -126,
  tiny: 2 ** -26,
  roundingMagic: 12582912,
  c: (value) => s.const(value, "float32"),
  word: (x) => s.bitcast(x, "int32"),
  fromWord: (word) => s.bitcast(word, "float32"),
  withWord: (_, word) => s.bitcast(word, "float32"),
  head: (x) => s.bitcast(s.and(s.bitcast(x, "int32"), s.int(-4096)), "float32"),
  magicInteger: (sum) => s.sub(s.bitcast(sum, "int32"), s.int(0x4b400000)),
  magicBits: (sum) => s.bitcast(sum, "int32"),
};

export const FLOAT64: Format = {
  dtype: "float64",
  digits: 53,
  bias: 1023,
  fractionBits: 20,
  minNormal: 2 ** -1022,
  tiny: 2 ** -55,
  roundingMagic: 6755399441055744,
  c: (value) => s.const(value, "float64"),
  word: (x) => s.highWord(x),
  fromWord: (word) => s.fromWords(word, s.int(0)),
  withWord: (x, word) => s.fromWords(word, s.lowWord(x)),
  // 26 digits: the 21 of the high word would leave tails of 32, whose products with heads are not exact.
  head: (x) => s.fromWords(s.highWord(x), s.and(s.lowWord(x), s.int(-134217728))),
  magicInteger: (sum) => s.lowWord(sum),
  magicBits: (sum) => s.lowWord(sum),
};

export const FORMATS: readonly Format[] = [FLOAT32, FLOAT64];

/** c[0] + c[1]·x + c[2]·x² + …, by Horner's rule. */
export function polynomial(F: Format, x: Expr, coefficients: readonly number[]): Expr {
  let sum = F.c(coefficients[coefficients.length - 1]);
  for (let i = coefficients.length - 2; i >= 0; i--) sum = s.fma(sum, x, F.c(coefficients[i]));
  return sum;
}

/** 2^n for an int32 n within the exponents of normal numbers. */
export function power2(F: Format, n: Expr): Expr {
  return F.fromWord(s.shl(s.add(n, s.int(F.bias)), s.int(F.fractionBits)));
}

/**
 * A value near `x`·`factor`, rounded to an integer n, and 2^(n + shift) as a float: the exponent's bias is part of the
 * rounding constant, so that the sum's low bits are the power's exponent. For n + shift within the normal numbers.
 */
export function roundToPower(
  F: Format,
  x: Expr,
  factor: number,
  shift = 0,
): { readonly n: Expr; readonly power: Expr } {
  const magic = F.c(F.roundingMagic + F.bias + shift);
  const sum = factor === 1 ? s.add(x, magic) : s.fma(x, F.c(factor), magic);
  return { n: s.sub(sum, magic), power: F.fromWord(s.shl(F.magicBits(sum), s.int(F.fractionBits))) };
}

/** x·2^n in two steps, so that subnormal and overflowing results come out right, rounded once. */
export function scaleByPower2(F: Format, x: Expr, n: Expr): Expr {
  const half = s.shr(n, s.int(1));
  return s.mul(s.mul(x, power2(F, half)), power2(F, s.sub(n, half)));
}

/** The sign bit of a value, in the place of the word's. */
export function signBit(F: Format, x: Expr): Expr {
  return s.and(F.word(x), s.int(-2147483648));
}

/** Changes the sign of `x` where the word `sign` (a sign bit and zeros) says so. */
export function flipSign(F: Format, x: Expr, sign: Expr): Expr {
  return F.withWord(x, s.xor(F.word(x), sign));
}

/** min(x, bound), which keeps a NaN in x; with a constant it is one instruction of the targets. */
export function atMost(F: Format, x: Expr, bound: number): Expr {
  return s.min(x, F.c(bound));
}

/** max(x, bound), which keeps a NaN in x. */
export function atLeast(F: Format, x: Expr, bound: number): Expr {
  return s.max(x, F.c(bound));
}
