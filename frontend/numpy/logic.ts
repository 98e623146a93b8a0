/** Comparisons, logic and bits of `jax.numpy`. */
import { isFloating } from "../../compiler/types/dtype.ts";
import { sameShape } from "../../compiler/types/tensor-type.ts";
import { type ArrayLike, convert, full, NdArray, WeftTypeError } from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";
import { broadcastShapes, broadcastTo, constantLike } from "../lax/operands.ts";
import { reduceAnd } from "../lax/reductions.ts";
import { inexact, promoteArgs, promoteArgsInexact, promoteDTypes, toArray } from "./promotion.ts";
import { abs } from "./ufuncs.ts";

type Compare = (x: ArrayLike, y: ArrayLike) => NdArray;

function comparison(name: string, apply: Compare): Compare {
  return (x, y) => {
    const [a, b] = promoteArgs(name, x, y);
    return apply(a, b);
  };
}

/** x = y: bool (`jnp.equal`). */
export const equal = comparison("equal", lax.eq);
/** x ≠ y: bool (`jnp.not_equal`). */
export const notEqual = comparison("not_equal", lax.ne);
/** x < y: bool (`jnp.less`). */
export const less = comparison("less", lax.lt);
/** x ≤ y: bool (`jnp.less_equal`). */
export const lessEqual = comparison("less_equal", lax.le);
/** x > y: bool (`jnp.greater`). */
export const greater = comparison("greater", lax.gt);
/** x ≥ y: bool (`jnp.greater_equal`). */
export const greaterEqual = comparison("greater_equal", lax.ge);

/** x ≠ 0: bool, what conditions make of their operands. */
export function truth(x: ArrayLike, name = "logical"): NdArray {
  const a = toArray(name, x);
  return a.dtype === "bool" ? a : lax.ne(a, 0);
}

function logical(name: string, apply: Compare): Compare {
  return (x, y) => {
    const [a, b] = promoteArgs(name, truth(x, name), truth(y, name));
    return apply(a, b);
  };
}
/** x ≠ 0 and y ≠ 0 (`jnp.logical_and`). */
export const logicalAnd = logical("logical_and", lax.bitwiseAnd);
/** x ≠ 0 or y ≠ 0 (`jnp.logical_or`). */
export const logicalOr = logical("logical_or", lax.bitwiseOr);
/** Exactly one of x and y ≠ 0 (`jnp.logical_xor`). */
export const logicalXor = logical("logical_xor", lax.bitwiseXor);
/** x = 0 (`jnp.logical_not`). */
export const logicalNot = (x: ArrayLike): NdArray => lax.bitwiseNot(truth(x, "logical_not"));

/** Bitwise and; bool and integers (`jnp.bitwise_and`). */
export const bitwiseAnd = comparison("bitwise_and", lax.bitwiseAnd);
/** Bitwise or; bool and integers (`jnp.bitwise_or`). */
export const bitwiseOr = comparison("bitwise_or", lax.bitwiseOr);
/** Bitwise exclusive or; bool and integers (`jnp.bitwise_xor`). */
export const bitwiseXor = comparison("bitwise_xor", lax.bitwiseXor);
/** Every bit inverted; bool and integers (`jnp.bitwise_not`). */
export const bitwiseNot = (x: ArrayLike): NdArray => lax.bitwiseNot(toArray("bitwise_not", x));
/** Every bit inverted (`jnp.invert`). */
export const invert = bitwiseNot;
/** Every bit inverted (`jnp.bitwise_invert`). */
export const bitwiseInvert = bitwiseNot;
/** Number of set bits of the magnitude, as uint8 (`jnp.bitwise_count`). */
export const bitwiseCount = (x: ArrayLike): NdArray => convert(lax.populationCount(abs(x)), "uint8");
/** x shifted left; integers (`jnp.left_shift`). */
export const leftShift = comparison("left_shift", lax.shiftLeft);
/** x shifted right: with the sign of signed integers, with zeros of unsigned ones (`jnp.right_shift`). */
export const rightShift = comparison("right_shift", (x, y) => {
  const unsigned = x instanceof NdArray && x.dtype.startsWith("uint");
  return unsigned ? lax.shiftRightLogical(x, y) : lax.shiftRightArithmetic(x, y);
});

/** x shifted left (`jnp.bitwise_left_shift`). */
export const bitwiseLeftShift = leftShift;
/** x shifted right (`jnp.bitwise_right_shift`). */
export const bitwiseRightShift = rightShift;

function floatTest(
  name: string,
  apply: (x: NdArray) => NdArray,
  ofIntegers: boolean,
): (x: ArrayLike) => NdArray {
  return (x) => {
    const a = toArray(name, x);
    return isFloating(a.dtype) ? apply(a) : full(Number(ofIntegers), "bool", a.shape);
  };
}
/** Whether x is NaN (`jnp.isnan`). */
export const isnan = floatTest("isnan", (x) => lax.ne(x, x), false);
/** Whether x is neither infinite nor NaN (`jnp.isfinite`). */
export const isfinite = floatTest("isfinite", lax.isFinite, true);
/** Whether x is +∞ or −∞ (`jnp.isinf`). */
export const isinf = floatTest("isinf", (x) => lax.eq(lax.abs(x), Number.POSITIVE_INFINITY), false);
/** Whether x is +∞ (`jnp.isposinf`). */
export const isposinf = floatTest("isposinf", (x) => lax.eq(x, Number.POSITIVE_INFINITY), false);
/** Whether x is −∞ (`jnp.isneginf`). */
export const isneginf = floatTest("isneginf", (x) => lax.eq(x, Number.NEGATIVE_INFINITY), false);

/**
 * `condition ? x : y`, elementwise, promoted and broadcast (`jnp.where` of three arguments; of one: `np.nonzero`).
 * Both branches are computed; a NaN in the one not taken still enters its own gradient.
 */
export function where(condition: ArrayLike, x: ArrayLike, y: ArrayLike): NdArray {
  const pred = truth(condition, "where");
  const [a, b] = promoteDTypes("where", x, y);
  const shape = broadcastShapes(pred.shape, a.shape, b.shape);
  return lax.select(broadcastTo(pred, shape), broadcastTo(a, shape), broadcastTo(b, shape));
}

/** The first of several choices whose condition holds (`jnp.select`). */
export function select(
  conditions: readonly ArrayLike[],
  choices: readonly ArrayLike[],
  defaultValue: ArrayLike = 0,
): NdArray {
  if (conditions.length !== choices.length || conditions.length === 0) {
    throw new WeftTypeError(
      `condlist must have length equal to choicelist, and one at least (${conditions.length} vs ${choices.length})`,
    );
  }
  const [fallback, ...values] = promoteDTypes("select", defaultValue, ...choices);
  return conditions.reduceRight<NdArray>((rest, condition, i) => where(condition, values[i], rest), fallback);
}

/** Options of `isclose` and `allclose`. */
export interface CloseOptions {
  /** Relative tolerance; default 1e-5. */
  readonly rtol?: number;
  /** Absolute tolerance; default 1e-8. */
  readonly atol?: number;
  /** Whether NaN is close to NaN; default false. */
  readonly equalNan?: boolean;
}

/** |x − y| ≤ atol + rtol·|y|, elementwise (`jnp.isclose`). */
export function isclose(x: ArrayLike, y: ArrayLike, options: CloseOptions = {}): NdArray {
  const { rtol = 1e-5, atol = 1e-8, equalNan = false } = options;
  const [a, b] = promoteArgsInexact("isclose", x, y);
  const tolerance = lax.add(lax.mul(lax.abs(b), rtol), atol);
  const close = lax.bitwiseAnd(lax.le(lax.abs(lax.sub(a, b)), tolerance), isfinite(b));
  const result = lax.bitwiseOr(close, lax.eq(a, b));
  return equalNan ? lax.bitwiseOr(result, lax.bitwiseAnd(isnan(a), isnan(b))) : result;
}

/** Whether all elements are close: a scalar of bool (`jnp.allclose`). */
export function allclose(x: ArrayLike, y: ArrayLike, options: CloseOptions = {}): NdArray {
  return reduceAnd(isclose(x, y, options));
}

/** Whether shapes and all elements are equal: a scalar of bool (`jnp.array_equal`). */
export function arrayEqual(x: ArrayLike, y: ArrayLike, options: { equalNan?: boolean } = {}): NdArray {
  const a = toArray("array_equal", x);
  const b = toArray("array_equal", y);
  if (!sameShape(a.shape, b.shape)) return full(0, "bool");
  const same = equal(a, b);
  return reduceAnd((options.equalNan ?? false) ? lax.bitwiseOr(same, logicalAnd(isnan(a), isnan(b))) : same);
}

/** Whether shapes broadcast and all elements are equal: a scalar of bool (`jnp.array_equiv`). */
export function arrayEquiv(x: ArrayLike, y: ArrayLike): NdArray {
  const [a, b] = [toArray("array_equiv", x), toArray("array_equiv", y)];
  const offset = a.ndim - b.ndim;
  const fits = b.shape.every((n, i) => {
    const m = a.shape[i + offset] ?? 1;
    return n === m || n === 1 || m === 1;
  });
  return fits ? reduceAnd(equal(a, b)) : full(0, "bool");
}

/** Options of `nanToNum`. */
export interface NanToNumOptions {
  /** In place of NaN; default 0. */
  readonly nan?: number;
  /** In place of +∞; default the greatest finite number. */
  readonly posinf?: number;
  /** In place of −∞; default the least finite number. */
  readonly neginf?: number;
}

/** x with finite numbers in place of NaN and infinities (`jnp.nan_to_num`). */
export function nanToNum(x: ArrayLike, options: NanToNumOptions = {}): NdArray {
  const given = toArray("nan_to_num", x);
  if (!isFloating(given.dtype)) return given;
  const a = inexact("nan_to_num", given);
  const limit =
    a.dtype === "float64" ? Number.MAX_VALUE : a.dtype === "float16" ? 65504 : 3.4028234663852886e38;
  const withoutNan = lax.select(isnan(a), constantLike(a, options.nan ?? 0), a);
  const withoutTop = lax.select(isposinf(a), constantLike(a, options.posinf ?? limit), withoutNan);
  return lax.select(isneginf(a), constantLike(a, options.neginf ?? -limit), withoutTop);
}
