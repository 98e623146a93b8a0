/** reduce_precision: a float rounded to fewer bits of mantissa and exponent, as if stored in such a format. */
import type { Expr } from "../../kernel/expr.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import type { DType } from "../../types/dtype.ts";
import { WeftValueError } from "../../types/errors.ts";
import { FLOATING } from "../typing.ts";
import { unaryWithParams } from "./rules.ts";

type Precision = { readonly exponentBits: number; readonly mantissaBits: number };

/** Bits of exponent and mantissa of the formats there are. */
const FORMATS: Readonly<Partial<Record<DType, Precision>>> = {
  float16: { exponentBits: 5, mantissaBits: 10 },
  float32: { exponentBits: 8, mantissaBits: 23 },
  float64: { exponentBits: 11, mantissaBits: 52 },
};
const FLOAT32: Precision = { exponentBits: 8, mantissaBits: 23 };

function formatOf(dtype: DType): Precision {
  return FORMATS[dtype] ?? FLOAT32;
}

const bias = (exponentBits: number): number => 2 ** (exponentBits - 1) - 1;

function nearestEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** Exponent of a finite number other than 0: 2^e ≤ |x| < 2^(e+1). */
function exponentOf(magnitude: number): number {
  const guess = Math.floor(Math.log2(magnitude));
  if (2 ** guess > magnitude) return guess - 1;
  return guess < 1023 && 2 ** (guess + 1) <= magnitude ? guess + 1 : guess;
}

function reference(x: number, dtype: DType, { exponentBits, mantissaBits }: Precision): number {
  if (!Number.isFinite(x) || x === 0) return x;
  const own = formatOf(dtype);
  const magnitude = Math.abs(x);
  const kept = Math.min(mantissaBits, own.mantissaBits);
  const exponent = Math.max(exponentOf(magnitude), 1 - bias(own.exponentBits));
  const step = 2 ** (exponent - kept);
  // 2 ** −1074 is the least step; a smaller one underflows to 0 only where nothing is rounded.
  let rounded = step === 0 ? magnitude : nearestEven(magnitude / step) * step;
  if (exponentBits < own.exponentBits && rounded !== 0) {
    const reached = exponentOf(rounded);
    if (reached > bias(exponentBits)) rounded = Infinity;
    else if (reached <= -bias(exponentBits)) rounded = 0;
  }
  return x < 0 ? -rounded : rounded;
}

/** The bits of a float32 rounded to nearest even: half a unit of the last place kept is added, less one where it is even. */
function roundWord(s: ScalarOps, bits: Expr, dropped: number): Expr {
  if (dropped <= 0) return bits;
  const odd = s.and(s.shrLogical(bits, s.int(dropped)), s.int(1));
  const added = s.add(s.add(bits, s.int(2 ** (dropped - 1) - 1)), odd);
  return s.and(added, s.int(~(2 ** dropped - 1)));
}

/** The word with the exponent, where it is out of the reduced range: that of ±∞, of ±0, or as it is. */
function clampExponent(
  s: ScalarOps,
  word: Expr,
  own: Precision,
  exponentBits: number,
  fractionBits: number,
): { word: Expr; outside: Expr } {
  const unit = 2 ** fractionBits;
  const infinity = s.int((2 ** own.exponentBits - 1) * unit);
  const field = s.and(word, infinity);
  const sign = s.and(word, s.int(-(2 ** 31)));
  const center = bias(own.exponentBits);
  const above = s.gt(field, s.int((center + bias(exponentBits)) * unit));
  const below = s.le(field, s.int((center - bias(exponentBits)) * unit));
  return {
    word: s.select(above, s.or(sign, infinity), s.select(below, sign, word)),
    outside: s.or(above, below),
  };
}

function lowerFloat32(s: ScalarOps, x: Expr, { exponentBits, mantissaBits }: Precision): Expr {
  let bits = roundWord(s, s.bitcast(x, "int32"), FLOAT32.mantissaBits - mantissaBits);
  if (exponentBits < FLOAT32.exponentBits) {
    bits = clampExponent(s, bits, FLOAT32, exponentBits, FLOAT32.mantissaBits).word;
  }
  return s.bitcast(bits, "float32");
}

/** A float16 in the float32 that it is computed in: its subnormals have a step of their own. */
function lowerFloat16(s: ScalarOps, x: Expr, precision: Precision): Expr {
  const own = formatOf("float16");
  const mantissaBits = Math.min(precision.mantissaBits, own.mantissaBits);
  const exponentBits =
    precision.exponentBits < own.exponentBits ? precision.exponentBits : FLOAT32.exponentBits;
  const least = 2 ** (1 - bias(own.exponentBits));
  const step = least * 2 ** -mantissaBits;
  const multiple = s.mul(s.nearest(s.mul(x, s.const(1 / step, "float32"))), s.const(step, "float32"));
  const subnormal = s.lt(s.abs(x), s.const(least, "float32"));
  const rounded = s.select(subnormal, multiple, lowerFloat32(s, x, { exponentBits: 8, mantissaBits }));
  return lowerFloat32(s, rounded, { exponentBits, mantissaBits: FLOAT32.mantissaBits });
}

/** The two words of a float64 rounded to nearest even. */
function roundWords(s: ScalarOps, high: Expr, low: Expr, dropped: number): { high: Expr; low: Expr } {
  if (dropped <= 0) return { high, low };
  const unsigned = (x: Expr): Expr => s.xor(x, s.int(-(2 ** 31)));
  const bit = (word: Expr, place: number): Expr => s.and(s.shrLogical(word, s.int(place)), s.int(1));
  if (dropped < 32) {
    const half = s.int(dropped === 1 ? 0 : 2 ** (dropped - 1) - 1);
    const sum = s.add(s.add(low, half), bit(low, dropped));
    const carry = s.select(s.lt(unsigned(sum), unsigned(low)), s.int(1), s.int(0));
    return { high: s.add(high, carry), low: s.and(sum, s.int(~(2 ** dropped - 1))) };
  }
  const place = dropped - 32;
  const odd = bit(high, place);
  if (place === 0) {
    const sum = s.add(s.add(low, s.int(0x7fffffff)), odd);
    const carry = s.select(s.lt(unsigned(sum), unsigned(low)), s.int(1), s.int(0));
    return { high: s.add(high, carry), low: s.int(0) };
  }
  // All ones in the lower word carry over where it is not 0, or the last bit kept is odd.
  const carry = s.select(s.or(s.ne(low, s.int(0)), s.ne(odd, s.int(0))), s.int(1), s.int(0));
  const sum = s.add(s.add(high, s.int(2 ** (place - 1) - 1)), carry);
  return { high: s.and(sum, s.int(~(2 ** place - 1))), low: s.int(0) };
}

function lowerFloat64(s: ScalarOps, x: Expr, { exponentBits, mantissaBits }: Precision): Expr {
  const own = formatOf("float64");
  const { high, low } = roundWords(s, s.highWord(x), s.lowWord(x), own.mantissaBits - mantissaBits);
  if (exponentBits >= own.exponentBits) return s.fromWords(high, low);
  const clamped = clampExponent(s, high, own, exponentBits, own.mantissaBits - 32);
  return s.fromWords(clamped.word, s.select(clamped.outside, s.int(0), low));
}

/**
 * x rounded to nearest even in a format of `exponentBits` and `mantissaBits`: too great is ±∞, too small is ±0; a format
 * with more bits than the dtype changes nothing. Its tangents are rounded likewise, as JAX has it.
 */
export const reduce_precision = unaryWithParams<Precision>("reduce_precision", {
  accepts: FLOATING,
  check(_, { exponentBits, mantissaBits }) {
    if (exponentBits < 1)
      throw new WeftValueError(`reduce_precision: exponent_bits must be positive; got ${exponentBits}`);
    if (mantissaBits < 0)
      throw new WeftValueError(`reduce_precision: mantissa_bits must be non-negative; got ${mantissaBits}`);
  },
  evaluate: reference,
  tangent: (b, g, _ans, _x, params) => b.one("reduce_precision", [g], params),
  transpose: (b, ct, params) => b.one("reduce_precision", [ct], params),
  lower(s, x, params, dtype) {
    const rounded =
      dtype === "float64"
        ? lowerFloat64(s, x, params)
        : dtype === "float16"
          ? lowerFloat16(s, x, params)
          : lowerFloat32(s, x, params);
    return s.select(s.ne(x, x), x, rounded);
  },
  test: {
    // A staircase has no derivative for differences to find; the tangents are compared with JAX's.
    order: 0,
    special: [0, -0, 1.5, 3.4e38, 1e-45, 65519, 6.1e-5, 5.9e-8, 1.0009765625, 0.1, Infinity, -Infinity, NaN],
    cases: [
      { inputs: [{ shape: [7], dtype: "float64" }], params: { exponentBits: 11, mantissaBits: 50 } },
      { inputs: [{ shape: [5], dtype: "float32" }], params: { exponentBits: 5, mantissaBits: 10 } },
      { inputs: [{ shape: [5], dtype: "float64" }], params: { exponentBits: 8, mantissaBits: 20 } },
      { inputs: [{ shape: [2, 3], dtype: "float64" }], params: { exponentBits: 8, mantissaBits: 7 } },
      { inputs: [{ shape: [6], dtype: "float16" }], params: { exponentBits: 4, mantissaBits: 3 } },
    ],
  },
});
