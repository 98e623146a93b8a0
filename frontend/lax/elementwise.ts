/**
 * Elementwise operations of `jax.lax`. They neither promote dtypes nor broadcast arrays of different ranks: operands
 * have one dtype and one shape (a scalar or a JavaScript number fits every shape, and a number every dtype that can
 * hold it). A dtype or shape that does not fit is a WeftTypeError in JAX's words.
 */
import type { BinaryName, UnaryName } from "../../compiler/graph/names.ts";
import { type DType, isFloating } from "../../compiler/types/dtype.ts";
import { sameShape } from "../../compiler/types/tensor-type.ts";
import {
  type ArrayLike,
  asArray,
  bindOne,
  convert,
  formatShape,
  type NdArray,
  WeftTypeError,
} from "../core/index.ts";
import { alignOperands, broadcastTo, constantLike } from "./operands.ts";

function unary(name: UnaryName, x: ArrayLike): NdArray {
  return bindOne(name, [asArray(x)], {});
}

function binary(name: BinaryName, x: ArrayLike, y: ArrayLike): NdArray {
  return bindOne(name, alignOperands(name, [x, y]), {});
}

/** `-x`; unsigned integers wrap (`jax.lax.neg`). */
export const neg = (x: ArrayLike): NdArray => unary("neg", x);
/** -1, 0 or 1 in the dtype of x; ±0 and NaN stay what they are (`jax.lax.sign`). */
export const sign = (x: ArrayLike): NdArray => unary("sign", x);
/** Greatest integer not above x; floats (`jax.lax.floor`). */
export const floor = (x: ArrayLike): NdArray => unary("floor", x);
/** Least integer not below x; floats (`jax.lax.ceil`). */
export const ceil = (x: ArrayLike): NdArray => unary("ceil", x);
/** The integer part, towards zero; floats (`jnp.trunc` on floats). */
export const trunc = (x: ArrayLike): NdArray => unary("trunc", x);
/** Absolute value; signed dtypes (`jax.lax.abs`). */
export const abs = (x: ArrayLike): NdArray => unary("abs", x);
/** eˣ; floats (`jax.lax.exp`). */
export const exp = (x: ArrayLike): NdArray => unary("exp", x);
/** 2ˣ; floats (`jax.lax.exp2`). */
export const exp2 = (x: ArrayLike): NdArray => unary("exp2", x);
/** eˣ − 1, exact near 0; floats (`jax.lax.expm1`). */
export const expm1 = (x: ArrayLike): NdArray => unary("expm1", x);
/** Natural logarithm; floats (`jax.lax.log`). */
export const log = (x: ArrayLike): NdArray => unary("log", x);
/** Logarithm to base 2; floats (`jnp.log2`). */
export const log2 = (x: ArrayLike): NdArray => unary("log2", x);
/** log(1 + x), exact near 0; floats (`jax.lax.log1p`). */
export const log1p = (x: ArrayLike): NdArray => unary("log1p", x);
/** √x; floats (`jax.lax.sqrt`). */
export const sqrt = (x: ArrayLike): NdArray => unary("sqrt", x);
/** 1/√x; floats (`jax.lax.rsqrt`). */
export const rsqrt = (x: ArrayLike): NdArray => unary("rsqrt", x);
/** ∛x; floats (`jax.lax.cbrt`). */
export const cbrt = (x: ArrayLike): NdArray => unary("cbrt", x);
/** Sine of radians; floats (`jax.lax.sin`). */
export const sin = (x: ArrayLike): NdArray => unary("sin", x);
/** Cosine of radians; floats (`jax.lax.cos`). */
export const cos = (x: ArrayLike): NdArray => unary("cos", x);
/** Tangent of radians; floats (`jax.lax.tan`). */
export const tan = (x: ArrayLike): NdArray => unary("tan", x);
/** Inverse sine in radians; floats (`jax.lax.asin`). */
export const asin = (x: ArrayLike): NdArray => unary("asin", x);
/** Inverse cosine in radians; floats (`jax.lax.acos`). */
export const acos = (x: ArrayLike): NdArray => unary("acos", x);
/** Inverse tangent in radians; floats (`jax.lax.atan`). */
export const atan = (x: ArrayLike): NdArray => unary("atan", x);
/** Hyperbolic sine; floats (`jax.lax.sinh`). */
export const sinh = (x: ArrayLike): NdArray => unary("sinh", x);
/** Hyperbolic cosine; floats (`jax.lax.cosh`). */
export const cosh = (x: ArrayLike): NdArray => unary("cosh", x);
/** Hyperbolic tangent; floats (`jax.lax.tanh`). */
export const tanh = (x: ArrayLike): NdArray => unary("tanh", x);
/** Inverse hyperbolic sine; floats (`jax.lax.asinh`). */
export const asinh = (x: ArrayLike): NdArray => unary("asinh", x);
/** Inverse hyperbolic cosine; floats (`jax.lax.acosh`). */
export const acosh = (x: ArrayLike): NdArray => unary("acosh", x);
/** Inverse hyperbolic tangent; floats (`jax.lax.atanh`). */
export const atanh = (x: ArrayLike): NdArray => unary("atanh", x);
/** 1 / (1 + e⁻ˣ); floats (`jax.lax.logistic`). */
export const logistic = (x: ArrayLike): NdArray => unary("logistic", x);
/** Error function; floats (`jax.lax.erf`). */
export const erf = (x: ArrayLike): NdArray => unary("erf", x);
/** 1 − erf(x), exact where it is small; floats (`jax.lax.erfc`). */
export const erfc = (x: ArrayLike): NdArray => unary("erfc", x);
/** Inverse of erf on (−1, 1); floats (`jax.lax.erf_inv`). */
export const erfInv = (x: ArrayLike): NdArray => unary("erf_inv", x);
/** log |Γ(x)|; floats (`jax.lax.lgamma`). */
export const lgamma = (x: ArrayLike): NdArray => unary("lgamma", x);
/** ψ(x), the derivative of lgamma; floats (`jax.lax.digamma`). */
export const digamma = (x: ArrayLike): NdArray => unary("digamma", x);
/** ψ′(x), the derivative of digamma; floats (`jax.scipy.special.polygamma(1, x)`). */
export const trigamma = (x: ArrayLike): NdArray => unary("trigamma", x);
/** Whether x is neither infinite nor NaN: bool; floats (`jax.lax.is_finite`). */
const finite = (x: ArrayLike): NdArray => unary("is_finite", x);

export { finite as isFinite };
/** Every bit inverted; bool and integers (`jax.lax.bitwise_not`). */
export const bitwiseNot = (x: ArrayLike): NdArray => unary("not", x);
/** Number of bits that are set, in the dtype of x; integers (`jax.lax.population_count`). */
export const populationCount = (x: ArrayLike): NdArray => unary("population_count", x);
/** Number of leading zero bits within the dtype's width; integers (`jax.lax.clz`). */
export const clz = (x: ArrayLike): NdArray => unary("clz", x);
/** x · x (`jax.lax.square`). */
export const square = (x: ArrayLike): NdArray => integerPow(x, 2);
/** 1 / x; floats (`jax.lax.reciprocal`). */
export const reciprocal = (x: ArrayLike): NdArray => integerPow(x, -1);

/** x + y; for bool the primitive has no meaning, use bitwiseOr (`jax.lax.add`). */
export const add = (x: ArrayLike, y: ArrayLike): NdArray => binary("add", x, y);
/** x − y (`jax.lax.sub`). */
export const sub = (x: ArrayLike, y: ArrayLike): NdArray => binary("sub", x, y);
/** x · y (`jax.lax.mul`). */
export const mul = (x: ArrayLike, y: ArrayLike): NdArray => binary("mul", x, y);
/** x / y; on integers truncated towards zero, and −1 (all bits) where y is 0, as XLA (`jax.lax.div`). */
export const div = (x: ArrayLike, y: ArrayLike): NdArray => binary("div", x, y);
/** Remainder with the sign of x; on integers x where y is 0, as XLA (`jax.lax.rem`). */
export const rem = (x: ArrayLike, y: ArrayLike): NdArray => binary("rem", x, y);
/** The greater; NaN if either is NaN (`jax.lax.max`). */
export const max = (x: ArrayLike, y: ArrayLike): NdArray => binary("max", x, y);
/** The lesser; NaN if either is NaN (`jax.lax.min`). */
export const min = (x: ArrayLike, y: ArrayLike): NdArray => binary("min", x, y);
/** xʸ; floats (`jax.lax.pow`). An integer JavaScript number as exponent of a float gives `integerPow`. */
export function pow(x: ArrayLike, y: ArrayLike): NdArray {
  if (typeof y === "number" && Number.isInteger(y) && Math.abs(y) <= 64) return integerPow(x, y);
  return binary("pow", x, y);
}
/** Angle of the point (y, x), in radians; floats (`jax.lax.atan2`). */
export const atan2 = (y: ArrayLike, x: ArrayLike): NdArray => binary("atan2", y, x);
/** The next representable number after x1 in the direction of x2; floats (`jax.lax.nextafter`). */
export const nextafter = (x1: ArrayLike, x2: ArrayLike): NdArray => binary("nextafter", x1, x2);
/** Bitwise and; bool and integers (`jax.lax.bitwise_and`). */
export const bitwiseAnd = (x: ArrayLike, y: ArrayLike): NdArray => binary("and", x, y);
/** Bitwise or; bool and integers (`jax.lax.bitwise_or`). */
export const bitwiseOr = (x: ArrayLike, y: ArrayLike): NdArray => binary("or", x, y);
/** Bitwise exclusive or; bool and integers (`jax.lax.bitwise_xor`). */
export const bitwiseXor = (x: ArrayLike, y: ArrayLike): NdArray => binary("xor", x, y);
/** x shifted left by y bits; 0 where y is not less than the width; integers (`jax.lax.shift_left`). */
export const shiftLeft = (x: ArrayLike, y: ArrayLike): NdArray => binary("shift_left", x, y);
/** x shifted right, filled with the sign bit; integers (`jax.lax.shift_right_arithmetic`). */
export const shiftRightArithmetic = (x: ArrayLike, y: ArrayLike): NdArray =>
  binary("shift_right_arithmetic", x, y);
/** x shifted right, filled with zeros; integers (`jax.lax.shift_right_logical`). */
export const shiftRightLogical = (x: ArrayLike, y: ArrayLike): NdArray => binary("shift_right_logical", x, y);
/** x = y: bool (`jax.lax.eq`). */
export const eq = (x: ArrayLike, y: ArrayLike): NdArray => binary("eq", x, y);
/** x ≠ y: bool (`jax.lax.ne`). */
export const ne = (x: ArrayLike, y: ArrayLike): NdArray => binary("ne", x, y);
/** x < y: bool (`jax.lax.lt`). */
export const lt = (x: ArrayLike, y: ArrayLike): NdArray => binary("lt", x, y);
/** x ≤ y: bool (`jax.lax.le`). */
export const le = (x: ArrayLike, y: ArrayLike): NdArray => binary("le", x, y);
/** x > y: bool (`jax.lax.gt`). */
export const gt = (x: ArrayLike, y: ArrayLike): NdArray => binary("gt", x, y);
/** x ≥ y: bool (`jax.lax.ge`). */
export const ge = (x: ArrayLike, y: ArrayLike): NdArray => binary("ge", x, y);

/** How ties are rounded (`jax.lax.RoundingMethod`). */
export type RoundingMethod = "awayFromZero" | "toNearestEven";

/** The nearest integer; floats; ties go away from zero unless told otherwise (`jax.lax.round`). */
export function round(x: ArrayLike, options: { roundingMethod?: RoundingMethod } = {}): NdArray {
  return bindOne("round", [asArray(x)], { roundingMethod: options.roundingMethod ?? "awayFromZero" });
}

/** xʸ for a constant integer y, by multiplication; a negative y needs floats (`jax.lax.integer_pow`). */
export function integerPow(x: ArrayLike, y: number): NdArray {
  if (!Number.isInteger(y)) throw new WeftTypeError(`integerPow takes an integer exponent, got ${y}`);
  const operand = asArray(x);
  if (y < 0 && !isFloating(operand.dtype)) {
    throw new WeftTypeError(
      "Integers cannot be raised to negative powers: convert to a floating dtype first.",
    );
  }
  if (y === 0) return constantLike(operand, 1);
  return y === 1 ? operand : bindOne("integer_pow", [operand], { y });
}

/**
 * `pred ? onTrue : onFalse`, elementwise (`jax.lax.select`). pred: bool, of the cases' shape or a scalar; the cases
 * have one dtype and shape.
 */
export function select(pred: ArrayLike, onTrue: ArrayLike, onFalse: ArrayLike): NdArray {
  const [yes, no] = alignOperands("select", [onTrue, onFalse]);
  const condition = asArray(pred);
  const spread = condition.ndim === 0 ? broadcastTo(condition, yes.shape) : condition;
  return bindOne("select", [spread, yes, no], {}, yes.weakType && no.weakType);
}

/**
 * `cases[which]`, elementwise (`jax.lax.select_n`). which: bool for two cases or int32, of the cases' shape or a
 * scalar. Out of range, the nearest case is taken.
 */
export function selectN(which: ArrayLike, ...cases: readonly ArrayLike[]): NdArray {
  if (cases.length === 0) throw new WeftTypeError("select must have at least one case");
  const aligned = cases.length === 1 ? [asArray(cases[0])] : alignOperands("selectN", cases);
  const index = asArray(which);
  if (index.dtype === "bool") {
    if (cases.length !== 2) {
      throw new WeftTypeError(
        `select with boolean predicate must have exactly two cases, got ${cases.length}`,
      );
    }
    return select(index, aligned[1], aligned[0]);
  }
  if (index.dtype !== "int32") {
    throw new WeftTypeError(`select 'which' must be boolean or int32 type, got ${index.dtype}.`);
  }
  let result = aligned[0];
  for (let k = 1; k < aligned.length; k++) result = select(ge(index, k), aligned[k], result);
  return result;
}

/**
 * min(max(x, low), high), elementwise (`jax.lax.clamp`). The bounds have the dtype of x, and its shape or none.
 */
export function clamp(low: ArrayLike, x: ArrayLike, high: ArrayLike): NdArray {
  const operand = asArray(x);
  const bound = (which: string, b: ArrayLike): NdArray => {
    const [aligned] = alignOperands("clamp", [b, operand]);
    if (!sameShape(aligned.shape, operand.shape)) {
      throw new WeftTypeError(
        `clamp requires ${which}.shape == operand.shape or ${which}.shape == (), got ${which}.shape=` +
          `${formatShape(aligned.shape)}, operand.shape=${formatShape(operand.shape)}.`,
      );
    }
    return aligned;
  };
  return bindOne("clamp", [bound("min", low), operand, bound("max", high)], {}, operand.weakType);
}

/**
 * x by value in another dtype: floats become integers by truncation with saturation, integers wrap, bool is x ≠ 0
 * (`jax.lax.convert_element_type`).
 */
export function convertElementType(x: ArrayLike, newDtype: DType): NdArray {
  return convert(asArray(x), newDtype);
}

/**
 * The same bits as another dtype (`jax.lax.bitcast_convert_type`). Where the widths differ, a last axis is split off
 * (float32[3] to uint8 gives uint8[3,4]) or joined.
 */
export function bitcastConvertType(x: ArrayLike, newDtype: DType): NdArray {
  const operand = asArray(x);
  if (operand.dtype === newDtype) return operand;
  return bindOne("bitcast_convert_type", [operand], { newDtype }, false);
}
