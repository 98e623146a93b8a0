/**
 * float16 is a storage format: scalar code holds its values as float32. These are the few operations that need the
 * sixteen bits themselves, or the rounding that a store would do.
 */
import type { Expr } from "../../kernel/expr.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";

/**
 * A float32 or float64 rounded to the nearest half, ties to even, in its own dtype: adding 1.5·2^k with the right k
 * makes the addition itself round at the half's last place, which for subnormal halves is 2^-24.
 */
export function roundToHalf(s: ScalarOps, x: Expr): Expr {
  const wide = x.dtype === "float64";
  const c = (value: number): Expr => s.const(value, x.dtype);
  // Bits of the magic number: the exponent of x (at least -14) raised by the bits to cut off, and the top fraction bit.
  const [bias, fraction, digits] = wide ? [1023, 20, 52] : [127, 23, 23];
  const bits = wide ? s.highWord(x) : s.bitcast(x, "int32");
  const exponentMask = (2 ** (wide ? 11 : 8) - 1) * 2 ** fraction;
  const exponent = s.max(s.and(bits, s.int(exponentMask)), s.int((bias - 14) * 2 ** fraction));
  const magicBits = s.add(exponent, s.int((digits - 10) * 2 ** fraction + 2 ** (fraction - 1)));
  const magic = wide ? s.fromWords(magicBits, s.int(0)) : s.bitcast(magicBits, "float32");
  const magnitude = s.abs(x);
  const rounded = s.sub(s.add(magnitude, magic), magic);
  // 65520 is half way between the greatest half and the power of two after it. x·∞ keeps a NaN.
  const finite = s.lt(magnitude, c(65520));
  const result = s.select(finite, rounded, s.mul(magnitude, c(Infinity)));
  return s.select(s.lt(bits, s.int(0)), s.neg(result), result);
}

/** The bits of a half (held as float32) as int32, 0 … 65535. */
export function halfBits(s: ScalarOps, x: Expr): Expr {
  const bits = s.bitcast(x, "int32");
  const sign = s.and(s.shrLogical(bits, s.int(16)), s.int(0x8000));
  const magnitude = s.and(bits, s.int(0x7fffffff));
  // Normal: the exponent's bias changes from 127 to 15, and 13 fraction bits (all zero) go.
  const normal = s.shrLogical(s.sub(magnitude, s.int(112 << 23)), s.int(13));
  const subnormal = s.convert(s.mul(s.abs(x), s.const(2 ** 24, "float32")), "int32");
  const special = s.select(s.gt(magnitude, s.int(0x7f800000)), s.int(0x7e00), s.int(0x7c00));
  const finite = s.select(s.lt(magnitude, s.int(113 << 23)), subnormal, normal);
  return s.or(sign, s.select(s.ge(magnitude, s.int(0x7f800000)), special, finite));
}

/** The half (as float32) with these bits, an int32 of which the lowest 16 count. */
export function halfFromBits(s: ScalarOps, bits: Expr): Expr {
  const sign = s.shl(s.and(bits, s.int(0x8000)), s.int(16));
  const magnitude = s.and(bits, s.int(0x7fff));
  const normal = s.add(s.shl(magnitude, s.int(13)), s.int(112 << 23));
  const subnormal = s.bitcast(s.mul(s.convert(magnitude, "float32"), s.const(2 ** -24, "float32")), "int32");
  const special = s.or(s.shl(magnitude, s.int(13)), s.int(0x7f800000));
  const finite = s.select(s.lt(magnitude, s.int(0x400)), subnormal, normal);
  return s.bitcast(s.or(sign, s.select(s.ge(magnitude, s.int(0x7c00)), special, finite)), "float32");
}
