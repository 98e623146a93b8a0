/** Dtype names and what is known of them: limits, promotion, conversion (`jax.numpy` dtypes). */

import { DTYPE_INFO, type DType, isDType, isFloating, isInteger } from "../../compiler/types/dtype.ts";
import {
  type ArrayLike,
  resultType as commonType,
  convert,
  type NdArray,
  type PromotionOperand,
  promoteTypes as promoteDTypePair,
  shapedArray,
  WeftTypeError,
  WeftValueError,
} from "../core/index.ts";
import { checkDType } from "../lax/movement.ts";
import { dtypeOf } from "./dtype-options.ts";
import { toArray } from "./promotion.ts";

/** Boolean dtype (`jnp.bool_`). */
export const bool = "bool" satisfies DType;
/** 8-bit signed integers (`jnp.int8`). */
export const int8 = "int8" satisfies DType;
/** 8-bit unsigned integers (`jnp.uint8`). */
export const uint8 = "uint8" satisfies DType;
/** 16-bit signed integers (`jnp.int16`). */
export const int16 = "int16" satisfies DType;
/** 16-bit unsigned integers (`jnp.uint16`). */
export const uint16 = "uint16" satisfies DType;
/** 32-bit signed integers, the default of integers (`jnp.int32`). */
export const int32 = "int32" satisfies DType;
/** 32-bit unsigned integers (`jnp.uint32`). */
export const uint32 = "uint32" satisfies DType;
/** Half precision: stored so, computed in float32 (`jnp.float16`). */
export const float16 = "float16" satisfies DType;
/** Single precision, the default of floats (`jnp.float32`). */
export const float32 = "float32" satisfies DType;
/** Double precision (`jnp.float64`; needs no switch here). */
export const float64 = "float64" satisfies DType;

/** NumPy's names of the dtypes that Python's types and C's have (`jnp.bool_`, `jnp.single`, `jnp.double` …). */
export const bool_ = bool;
/** The default integer dtype (`jnp.int_`). */
export const int_ = int32;
/** The default unsigned dtype (`jnp.uint`). */
export const uint = uint32;
/** The default floating dtype (`jnp.float_`). */
export const float_ = float32;
/** Single precision (`jnp.single`). */
export const single = float32;
/** Double precision (`jnp.double`). */
export const double = float64;

/** Families of dtypes, for `issubdtype` (`jnp.generic`, `jnp.number`, …). */
export const generic = "generic" satisfies DTypeCategory;
/** All numbers, not bool (`jnp.number`). */
export const number = "number" satisfies DTypeCategory;
/** Integers (`jnp.integer`). */
export const integer = "integer" satisfies DTypeCategory;
/** Signed integers (`jnp.signedinteger`). */
export const signedinteger = "signedinteger" satisfies DTypeCategory;
/** Unsigned integers (`jnp.unsignedinteger`). */
export const unsignedinteger = "unsignedinteger" satisfies DTypeCategory;
/** Floats (`jnp.floating`). */
export const floating = "floating" satisfies DTypeCategory;
/** Floats: there are no complex dtypes (`jnp.inexact`). */
export const inexact = "inexact" satisfies DTypeCategory;

/** Archimedes' constant, π (`jnp.pi`). */
export const pi = Math.PI;
/** Euler's number (`jnp.e`). */
export const e = Math.E;
/** The Euler–Mascheroni constant (`jnp.euler_gamma`; OEIS A001620). */
export const eulerGamma = 0.5772156649015329;
/** Positive infinity (`jnp.inf`). */
export const inf = Number.POSITIVE_INFINITY;
/** Not a number (`jnp.nan`). */
export const nan = Number.NaN;
/** An index that makes a new axis of extent 1 (`jnp.newaxis`). */
export const newaxis = null;

/** Limits of a floating dtype (`jnp.finfo`). */
export interface FloatInfo {
  readonly dtype: DType;
  readonly bits: number;
  /** The difference between 1 and the next number above. */
  readonly eps: number;
  /** The difference between 1 and the next number below. */
  readonly epsneg: number;
  readonly max: number;
  readonly min: number;
  /** Least positive normal number; `tiny` in NumPy. */
  readonly smallestNormal: number;
  readonly smallestSubnormal: number;
  readonly tiny: number;
  /** Stored bits of the mantissa. */
  readonly nmant: number;
}

/** Mantissa bits and least exponent of a normal number, IEEE 754. */
const FORMATS = { float16: [10, -14], float32: [23, -126], float64: [52, -1022] } as const;

/** Limits of a floating dtype, or of the dtype of an array (`jnp.finfo`). Throws WeftValueError for others. */
export function finfo(dtype: DType | NdArray): FloatInfo {
  const name = dtypeOf(dtype);
  if (name !== "float16" && name !== "float32" && name !== "float64") {
    throw new WeftValueError(`data type ${name} not inexact`);
  }
  const [nmant, exponent] = FORMATS[name];
  const { bits, min, max } = DTYPE_INFO[name];
  const smallestNormal = 2 ** exponent;
  return {
    dtype: name,
    bits,
    eps: 2 ** -nmant,
    epsneg: 2 ** (-nmant - 1),
    max,
    min,
    smallestNormal,
    smallestSubnormal: smallestNormal * 2 ** -nmant,
    tiny: smallestNormal,
    nmant,
  };
}

/** Limits of an integer dtype (`jnp.iinfo`). Throws WeftValueError for others. */
export function iinfo(dtype: DType | NdArray): { dtype: DType; bits: number; min: number; max: number } {
  const name = dtypeOf(dtype);
  if (!isInteger(name)) throw new WeftValueError(`Invalid integer data type '${name}'.`);
  const { bits, min, max } = DTYPE_INFO[name];
  return { dtype: name, bits, min, max };
}

/** The dtype that two dtypes have in common, by JAX's lattice (`jnp.promote_types`). */
export function promoteTypes(a: DType, b: DType): DType {
  return promoteDTypePair(checkDType(a), checkDType(b));
}

/** The dtype that arrays, numbers and dtypes have in common (`jnp.result_type`). */
export function resultType(...operands: readonly (ArrayLike | DType)[]): DType {
  if (operands.length === 0) throw new WeftValueError("at least one array or dtype is required");
  const known = operands.map(
    (x): PromotionOperand => (typeof x === "string" ? { aval: shapedArray([], checkDType(x)) } : x),
  );
  return commonType(...known).dtype;
}

/** The array with another dtype (`jnp.astype`): see `lax.convertElementType` for what conversion does. */
export function astype(x: ArrayLike, dtype: DType): NdArray {
  return convert(toArray("astype", x), checkDType(dtype));
}

/** A family of dtypes in NumPy's hierarchy. */
export type DTypeCategory =
  | "generic"
  | "number"
  | "integer"
  | "signedinteger"
  | "unsignedinteger"
  | "floating"
  | "inexact";

/** Whether a dtype is another, or belongs to a family (`jnp.issubdtype`). */
export function issubdtype(dtype: DType | NdArray, category: DType | DTypeCategory): boolean {
  const name = dtypeOf(dtype);
  const { kind } = DTYPE_INFO[name];
  switch (category) {
    case "generic":
      return true;
    case "number":
      return kind !== "bool";
    case "integer":
      return isInteger(name);
    case "signedinteger":
      return kind === "int";
    case "unsignedinteger":
      return kind === "uint";
    case "floating":
    case "inexact":
      return isFloating(name);
    default:
      if (!isDType(category)) throw new WeftTypeError(`unknown dtype or category: ${String(category)}`);
      return name === category;
  }
}

/** Bytes of one element (`dtype.itemsize`). */
export function itemsize(dtype: DType | NdArray): number {
  return DTYPE_INFO[dtypeOf(dtype)].bytes;
}

/** A dtype by name, checked (`jnp.dtype`). Throws WeftTypeError for what is none. */
export function dtype(name: DType | NdArray): DType {
  return dtypeOf(name);
}
