/** Floats taken apart: mantissa and exponent, the distance to the next number (`jax.numpy`). */
import { isFloating } from "../../compiler/types/dtype.ts";
import { type ArrayLike, convert, type NdArray, WeftTypeError } from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";
import { slice, squeeze } from "../lax/movement.ts";
import { constantLike } from "../lax/operands.ts";
import { stopGradient } from "../transforms/checkpoint.ts";
import { inexact, promoteArgs, toArray } from "./promotion.ts";

/** The word with the exponent of float32 or float64, as int32. */
function highWord(x: NdArray): NdArray {
  const words = lax.bitcastConvertType(x, "int32");
  if (x.dtype !== "float64") return words;
  // Little-endian: the second of two words has sign and exponent.
  const last = words.ndim - 1;
  return squeeze(slice(words, [...x.shape.map(() => 0), 1], words.shape), [last]);
}

/** x · 2ⁿ for integers n in the dtype of x, in two factors, so that no power is out of range where the result is not. */
function scaleByPower(x: NdArray, n: NdArray): NdArray {
  const half = lax.floor(lax.mul(n, 0.5));
  return lax.mul(lax.mul(x, lax.exp2(half)), lax.exp2(lax.sub(n, half)));
}

/**
 * Mantissa of magnitude ½ up to 1 and exponent, as int32, with x = mantissa · 2^exponent (`jnp.frexp`; inexact). Zeros,
 * infinities and NaN are their own mantissa, with exponent 0.
 */
export function frexp(x: ArrayLike): [mantissa: NdArray, exponent: NdArray] {
  const given = inexact("frexp", x);
  // Every float16 is a normal float32.
  const a = given.dtype === "float16" ? convert(given, "float32") : given;
  const [fraction, bias] = a.dtype === "float64" ? [20, 1022] : [23, 126];
  const least = 2 ** (1 - bias);
  const lift = a.dtype === "float64" ? 54 : 25;
  const fixed = stopGradient(a);
  const subnormal = lax.lt(lax.abs(fixed), least);
  const normal = lax.select(subnormal, lax.mul(fixed, 2 ** lift), fixed);
  const field = lax.shiftRightLogical(lax.bitwiseAnd(highWord(normal), 0x7fffffff), fraction);
  const raw = lax.sub(field, bias);
  const shifted = lax.select(subnormal, lax.sub(raw, lift), raw);
  const special = lax.bitwiseOr(lax.eq(fixed, 0), lax.bitwiseNot(lax.isFinite(fixed)));
  const exponent = lax.select(special, constantLike(shifted, 0), shifted);
  const mantissa = lax.select(special, a, scaleByPower(a, convert(lax.neg(exponent), a.dtype)));
  return [convert(mantissa, given.dtype, given.weakType), exponent];
}

/** x · 2ʸ for integers y, in floats (`jnp.ldexp`). Throws WeftTypeError where y is an array of floats. */
export function ldexp(x: ArrayLike, y: ArrayLike): NdArray {
  const exponent = toArray("ldexp", y);
  const integer = !isFloating(exponent.dtype) || (typeof y === "number" && Number.isInteger(y));
  if (!integer) {
    const types = `(${toArray("ldexp", x).dtype}, ${exponent.dtype})`;
    throw new WeftTypeError(`ldexp not supported for input types ${types}`);
  }
  const mantissa = inexact("ldexp", x);
  const wide = mantissa.dtype === "float16" ? convert(mantissa, "float32") : mantissa;
  const [a, n] = promoteArgs("ldexp", wide, convert(exponent, wide.dtype));
  return convert(scaleByPower(a, n), mantissa.dtype, mantissa.weakType);
}

/** The distance from x to the next number away from 0, with the sign of x (`jnp.spacing`; inexact). */
export function spacing(x: ArrayLike): NdArray {
  const a = stopGradient(inexact("spacing", x));
  const away = lax.select(
    lax.lt(a, 0),
    constantLike(a, Number.NEGATIVE_INFINITY),
    constantLike(a, Number.POSITIVE_INFINITY),
  );
  return lax.sub(lax.nextafter(a, away), a);
}
