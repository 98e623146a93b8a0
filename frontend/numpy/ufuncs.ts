/**
 * Elementwise arithmetic of `jax.numpy`. Operands are promoted to a common dtype and broadcast. Functions that JAX
 * computes in floats ("inexact") turn int and bool operands into float32.
 */
import { DTYPE_INFO, isFloating, isInteger } from "../../compiler/types/dtype.ts";
import {
  type ArrayLike,
  convert,
  type NdArray,
  UnsupportedError,
  WeftTypeError,
  WeftValueError,
} from "../core/index.ts";
import { range } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { slice, squeeze } from "../lax/movement.ts";
import { constantLike } from "../lax/operands.ts";
import { besselI0e } from "../lax/special.ts";
import { customJvp } from "../transforms/custom-jvp.ts";
import { inexact, promoteArgs, promoteArgsInexact, promoteArgsNumeric, toArray } from "./promotion.ts";

/** x + y; on bool the logical or (`jnp.add`). */
export function add(x: ArrayLike, y: ArrayLike): NdArray {
  const [a, b] = promoteArgs("add", x, y);
  return a.dtype === "bool" ? lax.bitwiseOr(a, b) : lax.add(a, b);
}

/** x − y; bool is refused (`jnp.subtract`). */
export function subtract(x: ArrayLike, y: ArrayLike): NdArray {
  const [a, b] = promoteArgs("subtract", x, y);
  return lax.sub(a, b);
}

/** x · y; on bool the logical and (`jnp.multiply`). */
export function multiply(x: ArrayLike, y: ArrayLike): NdArray {
  const [a, b] = promoteArgs("multiply", x, y);
  return a.dtype === "bool" ? lax.bitwiseAnd(a, b) : lax.mul(a, b);
}

/** x / y in floats, of integers too (`jnp.true_divide`). */
export function trueDivide(x: ArrayLike, y: ArrayLike): NdArray {
  const [a, b] = promoteArgsInexact("true_divide", x, y);
  return lax.div(a, b);
}

/** x / y in floats (`jnp.divide`). */
export const divide = trueDivide;

/** Quotient and remainder of floats as Python has them (`_float_divmod` of jax.numpy). */
function floatDivmod(a: NdArray, b: NdArray): [NdArray, NdArray] {
  const truncated = lax.rem(a, b);
  // Of a division by 0 the remainder is NaN, and the quotient is not.
  const quotient = lax.div(lax.select(lax.eq(b, 0), a, lax.sub(a, truncated)), b);
  const adjust = lax.bitwiseAnd(lax.ne(truncated, 0), lax.ne(lax.sign(b), lax.sign(truncated)));
  return [
    lax.round(lax.select(adjust, lax.sub(quotient, 1), quotient)),
    lax.select(adjust, lax.add(truncated, b), truncated),
  ];
}

/** ⌊x / y⌋, rounded down as Python's `//`, in the common dtype (`jnp.floor_divide`). */
export function floorDivide(x: ArrayLike, y: ArrayLike): NdArray {
  const [a, b] = promoteArgsNumeric("floor_divide", x, y);
  if (isFloating(a.dtype)) return floatDivmod(a, b)[0];
  const quotient = lax.div(a, b);
  if (DTYPE_INFO[a.dtype].kind === "uint") return quotient;
  const adjust = lax.bitwiseAnd(lax.ne(lax.sign(a), lax.sign(b)), lax.ne(lax.rem(a, b), 0));
  return lax.select(adjust, lax.sub(quotient, 1), quotient);
}

/** Remainder with the sign of the divisor, as Python's `%` (`jnp.remainder`); of an integer by 0 it is 0. */
export function remainder(x: ArrayLike, y: ArrayLike): NdArray {
  const [a, given] = promoteArgsNumeric("remainder", x, y);
  const b = isInteger(given.dtype) ? lax.select(lax.eq(given, 0), constantLike(given, 1), given) : given;
  const truncated = lax.rem(a, b);
  const wrongSign = lax.ne(lax.lt(truncated, 0), lax.lt(b, 0));
  const adjust = lax.bitwiseAnd(wrongSign, lax.ne(truncated, 0));
  return lax.select(adjust, lax.add(truncated, b), truncated);
}

/** Remainder with the sign of the divisor (`jnp.mod`). */
export const mod = remainder;

/** Remainder with the sign of the dividend, as C's `%` (`jnp.fmod`). */
export function fmod(x: ArrayLike, y: ArrayLike): NdArray {
  const [a, b] = promoteArgsNumeric("fmod", x, y);
  if (!isInteger(a.dtype)) return lax.rem(a, b);
  return lax.rem(a, lax.select(lax.eq(b, 0), constantLike(b, 1), b));
}

/** `[floorDivide(x, y), remainder(x, y)]` (`jnp.divmod`). */
export function divmod(x: ArrayLike, y: ArrayLike): [NdArray, NdArray] {
  const [a, b] = promoteArgsNumeric("divmod", x, y);
  return isFloating(a.dtype) ? floatDivmod(a, b) : [floorDivide(a, b), remainder(a, b)];
}

/** Fractional and whole part, each with the sign of x; the fraction of ±∞ is NaN, as in JAX (`jnp.modf`). */
export function modf(x: ArrayLike): [fraction: NdArray, whole: NdArray] {
  const a = inexact("modf", x);
  const whole = lax.trunc(a);
  return [lax.sub(a, whole), whole];
}

/** Integer powers of integers by repeated squaring; more than 6 bits of exponent overflow every base above 1. */
function integerPower(base: NdArray, exponent: NdArray): NdArray {
  let x = base;
  let y = exponent;
  const zeroBase = lax.bitwiseAnd(lax.eq(x, 0), lax.ne(y, 0));
  let result = lax.select(zeroBase, constantLike(x, 0), constantLike(x, 1));
  for (const _ of range(6)) {
    result = lax.select(lax.ne(lax.bitwiseAnd(y, 1), 0), lax.mul(result, x), result);
    x = lax.mul(x, x);
    y = lax.shiftRightLogical(y, 1);
  }
  return result;
}

/**
 * xʸ in the common dtype (`jnp.power`). A constant integer y is a product and exact in its derivatives at 0. An
 * integer to a negative constant power throws WeftTypeError, as in JAX.
 */
export function power(x: ArrayLike, y: ArrayLike): NdArray {
  if (typeof y === "number" && Number.isInteger(y) && Math.abs(y) <= 64 && typeof x !== "number") {
    const base = toArray("power", x);
    return lax.integerPow(base.dtype === "bool" ? convert(base, "int32") : base, y);
  }
  const [a, b] = promoteArgsNumeric("power", x, y);
  return isFloating(a.dtype) ? lax.pow(a, b) : integerPower(a, b);
}
/** xʸ (`jnp.pow`). */
export const pow = power;

/** xʸ in floats (`jnp.float_power`). */
export function floatPower(x: ArrayLike, y: ArrayLike): NdArray {
  const [a, b] = promoteArgsInexact("float_power", x, y);
  return lax.pow(a, b);
}

/** −x (`jnp.negative`). */
export const negative = (x: ArrayLike): NdArray => lax.neg(toArray("negative", x));
/** x (`jnp.positive`). */
export const positive = (x: ArrayLike): NdArray => toArray("positive", x);

/** |x| in the dtype of x (`jnp.abs`). */
export function abs(x: ArrayLike): NdArray {
  const a = toArray("absolute", x);
  const { kind } = DTYPE_INFO[a.dtype];
  return kind === "bool" || kind === "uint" ? a : lax.abs(a);
}
/** |x| (`jnp.absolute`). */
export const absolute = abs;
/** |x| in floats (`jnp.fabs`). */
export const fabs = (x: ArrayLike): NdArray => lax.abs(inexact("fabs", x));
/** −1, 0 or 1 (`jnp.sign`). */
export const sign = (x: ArrayLike): NdArray => lax.sign(toArray("sign", x));
/** x², of bool as int32 (`jnp.square`). */
export function square(x: ArrayLike): NdArray {
  const a = toArray("square", x);
  return lax.square(a.dtype === "bool" ? convert(a, "int32") : a);
}
/** 1 / x in floats (`jnp.reciprocal`). */
export const reciprocal = (x: ArrayLike): NdArray => lax.reciprocal(inexact("reciprocal", x));

/** Integers and bool stay as they are. */
function rounding(name: string, x: ArrayLike, apply: (x: NdArray) => NdArray): NdArray {
  const a = toArray(name, x);
  return isFloating(a.dtype) ? apply(a) : a;
}
/** The greatest integer not above x; integers stay as they are (`jnp.floor`). */
export const floor = (x: ArrayLike): NdArray => rounding("floor", x, lax.floor);
/** The least integer not below x; integers stay as they are (`jnp.ceil`). */
export const ceil = (x: ArrayLike): NdArray => rounding("ceil", x, lax.ceil);
/** The integer part, towards zero (`jnp.trunc`). */
export const trunc = (x: ArrayLike): NdArray => rounding("trunc", x, lax.trunc);
/** The integer part, towards zero (`jnp.fix`). */
export const fix = trunc;
/** The nearest integer in floats, ties to even (`jnp.rint`). */
export const rint = (x: ArrayLike): NdArray =>
  lax.round(inexact("rint", x), { roundingMethod: "toNearestEven" });

/** Rounded to `decimals` places, ties to even (`jnp.round`). Integers stay; negative decimals of them are not supported. */
export function round(x: ArrayLike, decimals = 0): NdArray {
  const a = toArray("round", x);
  if (!Number.isInteger(decimals))
    throw new WeftTypeError(`round takes an integer number of decimals, got ${decimals}`);
  if (!isFloating(a.dtype)) {
    if (decimals < 0) {
      throw new UnsupportedError(
        "integer np.round not implemented for decimals < 0: convert to a floating dtype first",
      );
    }
    return a;
  }
  const even = { roundingMethod: "toNearestEven" } as const;
  if (decimals === 0) return lax.round(a, even);
  // Half precision has no room for the factor.
  const wide = a.dtype === "float16" ? convert(a, "float32") : a;
  const factor = 10 ** decimals;
  return convert(lax.div(lax.round(lax.mul(wide, factor), even), factor), a.dtype, a.weakType);
}
/** Rounded to `decimals` places (`jnp.around`). */
export const around = round;

/** eˣ (`jnp.exp`; inexact). */
export const exp = (x: ArrayLike): NdArray => lax.exp(inexact("exp", x));
/** 2ˣ (`jnp.exp2`; inexact). */
export const exp2 = (x: ArrayLike): NdArray => lax.exp2(inexact("exp2", x));
/** eˣ − 1 (`jnp.expm1`; inexact). */
export const expm1 = (x: ArrayLike): NdArray => lax.expm1(inexact("expm1", x));
/** Natural logarithm (`jnp.log`; inexact). */
export const log = (x: ArrayLike): NdArray => lax.log(inexact("log", x));
/** Logarithm to base 2 (`jnp.log2`; inexact). */
export const log2 = (x: ArrayLike): NdArray => lax.log2(inexact("log2", x));
/** Logarithm to base 10 (`jnp.log10`; inexact). */
export const log10 = (x: ArrayLike): NdArray => lax.mul(lax.log(inexact("log10", x)), Math.LOG10E);
/** log(1 + x) (`jnp.log1p`; inexact). */
export const log1p = (x: ArrayLike): NdArray => lax.log1p(inexact("log1p", x));
/** √x (`jnp.sqrt`; inexact). */
export const sqrt = (x: ArrayLike): NdArray => lax.sqrt(inexact("sqrt", x));
/** ∛x (`jnp.cbrt`; inexact). */
export const cbrt = (x: ArrayLike): NdArray => lax.cbrt(inexact("cbrt", x));
/** Sine of radians (`jnp.sin`; inexact). */
export const sin = (x: ArrayLike): NdArray => lax.sin(inexact("sin", x));
/** Cosine of radians (`jnp.cos`; inexact). */
export const cos = (x: ArrayLike): NdArray => lax.cos(inexact("cos", x));
/** Tangent of radians (`jnp.tan`; inexact). */
export const tan = (x: ArrayLike): NdArray => lax.tan(inexact("tan", x));
/** Inverse sine (`jnp.arcsin`; inexact). */
export const arcsin = (x: ArrayLike): NdArray => lax.asin(inexact("arcsin", x));
/** Inverse cosine (`jnp.arccos`; inexact). */
export const arccos = (x: ArrayLike): NdArray => lax.acos(inexact("arccos", x));
/** Inverse tangent (`jnp.arctan`; inexact). */
export const arctan = (x: ArrayLike): NdArray => lax.atan(inexact("arctan", x));
/** Hyperbolic sine (`jnp.sinh`; inexact). */
export const sinh = (x: ArrayLike): NdArray => lax.sinh(inexact("sinh", x));
/** Hyperbolic cosine (`jnp.cosh`; inexact). */
export const cosh = (x: ArrayLike): NdArray => lax.cosh(inexact("cosh", x));
/** Hyperbolic tangent (`jnp.tanh`; inexact). */
export const tanh = (x: ArrayLike): NdArray => lax.tanh(inexact("tanh", x));
/** Inverse hyperbolic sine (`jnp.arcsinh`; inexact). */
export const arcsinh = (x: ArrayLike): NdArray => lax.asinh(inexact("arcsinh", x));
/** Inverse hyperbolic cosine (`jnp.arccosh`; inexact). */
export const arccosh = (x: ArrayLike): NdArray => lax.acosh(inexact("arccosh", x));
/** Inverse hyperbolic tangent (`jnp.arctanh`; inexact). */
export const arctanh = (x: ArrayLike): NdArray => lax.atanh(inexact("arctanh", x));
/** The names of the array API standard (`jnp.asin` …). */
export {
  arccos as acos,
  arccosh as acosh,
  arcsin as asin,
  arcsinh as asinh,
  arctan as atan,
  arctan2 as atan2,
  arctanh as atanh,
};

/** Angle of the point (y, x) in radians (`jnp.arctan2`; inexact). */
export function arctan2(y: ArrayLike, x: ArrayLike): NdArray {
  const [a, b] = promoteArgsInexact("arctan2", y, x);
  return lax.atan2(a, b);
}

/** Radians from degrees (`jnp.deg2rad`). */
export const deg2rad = (x: ArrayLike): NdArray => lax.mul(inexact("deg2rad", x), Math.PI / 180);
/** Degrees from radians (`jnp.rad2deg`). */
export const rad2deg = (x: ArrayLike): NdArray => lax.mul(inexact("rad2deg", x), 180 / Math.PI);
/** Radians from degrees (`jnp.radians`). */
export const radians = deg2rad;
/** Degrees from radians (`jnp.degrees`). */
export const degrees = rad2deg;

/** The greater; NaN if either is (`jnp.maximum`). */
export function maximum(x: ArrayLike, y: ArrayLike): NdArray {
  const [a, b] = promoteArgs("maximum", x, y);
  return a.dtype === "bool" ? lax.bitwiseOr(a, b) : lax.max(a, b);
}

/** The lesser; NaN if either is (`jnp.minimum`). */
export function minimum(x: ArrayLike, y: ArrayLike): NdArray {
  const [a, b] = promoteArgs("minimum", x, y);
  return a.dtype === "bool" ? lax.bitwiseAnd(a, b) : lax.min(a, b);
}

/** The greater; the other where one is NaN (`jnp.fmax`). */
export function fmax(x: ArrayLike, y: ArrayLike): NdArray {
  const [a, b] = promoteArgs("fmax", x, y);
  if (!isFloating(a.dtype)) return maximum(a, b);
  return lax.select(lax.bitwiseOr(lax.gt(a, b), lax.ne(b, b)), a, b);
}

/** The lesser; the other where one is NaN (`jnp.fmin`). */
export function fmin(x: ArrayLike, y: ArrayLike): NdArray {
  const [a, b] = promoteArgs("fmin", x, y);
  if (!isFloating(a.dtype)) return minimum(a, b);
  return lax.select(lax.bitwiseOr(lax.lt(a, b), lax.ne(b, b)), a, b);
}

/** x kept within bounds; null for none (`jnp.clip`). Where low > high, high. */
export function clip(x: ArrayLike, low: ArrayLike | null = null, high: ArrayLike | null = null): NdArray {
  let a = toArray("clip", x);
  if (low !== null) a = maximum(low, a);
  if (high !== null) a = minimum(high, a);
  return a;
}

/** √(x² + y²) without overflow on the way (`jnp.hypot`). */
export function hypot(x: ArrayLike, y: ArrayLike): NdArray {
  const [p, q] = promoteArgsInexact("hypot", x, y).map(lax.abs);
  const large = lax.max(p, q);
  const small = lax.min(p, q);
  const safe = lax.select(lax.eq(large, 0), constantLike(large, 1), large);
  const ratio = lax.div(small, safe);
  const length = lax.select(lax.eq(large, 0), large, lax.mul(large, lax.sqrt(lax.add(lax.square(ratio), 1))));
  const infinite = lax.bitwiseOr(lax.eq(p, Number.POSITIVE_INFINITY), lax.eq(q, Number.POSITIVE_INFINITY));
  return lax.select(infinite, constantLike(length, Number.POSITIVE_INFINITY), length);
}

const addExponentials = customJvp(function logaddexp(a: NdArray, b: NdArray): NdArray {
  const delta = lax.sub(a, b);
  // Equal infinities have no difference; their sum is right, and their difference must not reach the other branch.
  const undefinedDelta = lax.ne(delta, delta);
  const safe = lax.select(undefinedDelta, constantLike(delta, 0), delta);
  const sum = lax.add(lax.max(a, b), lax.log1p(lax.exp(lax.neg(lax.abs(safe)))));
  return lax.select(undefinedDelta, lax.add(a, b), sum);
});
// e^(x − result), as JAX has it (`_logaddexp_jvp`): finite where both are +∞, NaN where one is NaN.
addExponentials.defJvp(([a, b], [s, t]) => {
  const result = addExponentials(a, b);
  const finite = (x: NdArray): NdArray =>
    lax.select(lax.eq(x, Number.POSITIVE_INFINITY), constantLike(x, 0), x);
  const share = (x: NdArray): NdArray => lax.exp(lax.sub(finite(x), finite(result)));
  return [result, lax.add(lax.mul(s, share(a)), lax.mul(t, share(b)))];
});

/** log(eˣ + eʸ) without overflow (`jnp.logaddexp`). */
export function logaddexp(x: ArrayLike, y: ArrayLike): NdArray {
  const [a, b] = promoteArgsInexact("logaddexp", x, y);
  return addExponentials(a, b);
}

/** log₂(2ˣ + 2ʸ) without overflow (`jnp.logaddexp2`). */
export function logaddexp2(x: ArrayLike, y: ArrayLike): NdArray {
  const [a, b] = promoteArgsInexact("logaddexp2", x, y);
  return lax.mul(logaddexp(lax.mul(a, Math.LN2), lax.mul(b, Math.LN2)), Math.LOG2E);
}

/** 0 below 0, `x2` at 0, 1 above (`jnp.heaviside`). */
export function heaviside(x1: ArrayLike, x2: ArrayLike): NdArray {
  const [a, b] = promoteArgsInexact("heaviside", x1, x2);
  const sides = lax.select(lax.gt(a, 0), constantLike(a, 1), constantLike(a, 0));
  const known = lax.select(lax.eq(a, 0), b, sides);
  return lax.select(lax.ne(a, a), a, known);
}

/** sin(πx) / (πx), 1 at 0 (`jnp.sinc`). */
export function sinc(x: ArrayLike): NdArray {
  const a = inexact("sinc", x);
  const zero = lax.eq(a, 0);
  const angle = lax.mul(lax.select(zero, constantLike(a, 1), a), Math.PI);
  return lax.select(zero, constantLike(a, 1), lax.div(lax.sin(angle), angle));
}

/** Magnitude of x with the sign of y, that of −0 too (`jnp.copysign`). */
export function copysign(x: ArrayLike, y: ArrayLike): NdArray {
  const [a, b] = promoteArgsInexact("copysign", x, y);
  const magnitude = lax.abs(a);
  return lax.select(signbit(b), lax.neg(magnitude), magnitude);
}

/** Whether the sign bit is set, of −0 and −NaN too (`jnp.signbit`). */
export function signbit(x: ArrayLike): NdArray {
  const a = inexact("signbit", x);
  if (a.dtype === "float64") {
    // The high word, the second of two in memory, has the sign.
    const words = lax.bitcastConvertType(a, "int32");
    return lax.lt(highWord(words), 0);
  }
  return lax.lt(lax.bitcastConvertType(a, a.dtype === "float16" ? "int16" : "int32"), 0);
}

function highWord(words: NdArray): NdArray {
  const last = words.ndim - 1;
  const axes = words.shape.slice(0, -1);
  const high = slice(words, [...axes.map(() => 0), 1], words.shape);
  return squeeze(high, [last]);
}

/** The next representable number after x in the direction of y (`jnp.nextafter`; inexact). */
export function nextafter(x: ArrayLike, y: ArrayLike): NdArray {
  const [a, b] = promoteArgsInexact("nextafter", x, y);
  return lax.nextafter(a, b);
}

/** I₀(x), the modified Bessel function of order 0 (`jnp.i0`). Throws WeftValueError for integers. */
export function i0(x: ArrayLike): NdArray {
  const a = toArray("i0", x);
  if (!isFloating(a.dtype)) throw new WeftValueError(`Unsupported input type to np.i0: ${a.dtype}`);
  return lax.mul(lax.exp(lax.abs(a)), besselI0e(a));
}
