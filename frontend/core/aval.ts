/**
 * Abstract values: what is known of an array while tracing, and JAX's rules for the dtype of a result.
 *
 * The promotion lattice is that of JAX ("JEP 9407: Design of Type Promotion Semantics for JAX"), with the default
 * 32-bit types where JAX without x64 has them: uint32 with a signed integer gives int32, not int64.
 */
import { DTYPE_INFO, type DType, isFloating, isInteger } from "../../compiler/types/dtype.ts";
import { type Shape, sameType, type TensorType, tensorType } from "../../compiler/types/tensor-type.ts";
import { notAnArray } from "./describe.ts";

/** Dtype and shape, and whether the dtype is only a suggestion that gives way to another operand's. */
export interface ShapedArray {
  readonly type: TensorType;
  /** Came from JavaScript numbers only: takes the dtype of what it is combined with. */
  readonly weakType: boolean;
}

export const DEFAULT_FLOAT: DType = "float32";
export const DEFAULT_INT: DType = "int32";

/** Declared cache: abstract values are interned per type, so that hot paths compare them by identity. */
const interned = new WeakMap<TensorType, readonly [strong: ShapedArray, weak: ShapedArray]>();

/** The interned abstract value. */
export function avalOf(type: TensorType, weakType = false): ShapedArray {
  let pair = interned.get(type);
  if (pair === undefined) {
    pair = [Object.freeze({ type, weakType: false }), Object.freeze({ type, weakType: true })];
    interned.set(type, pair);
  }
  return weakType ? pair[1] : pair[0];
}

export function shapedArray(shape: Shape, dtype: DType = DEFAULT_FLOAT, weakType = false): ShapedArray {
  return avalOf(tensorType(dtype, shape), weakType);
}

export function sameAval(a: ShapedArray, b: ShapedArray): boolean {
  return a === b || (a.weakType === b.weakType && sameType(a.type, b.type));
}

/** `float32[3,4]`, as JAX prints an abstract value; weak types are marked. */
export function formatAval(aval: ShapedArray): string {
  return `${formatType(aval.type)}${aval.weakType ? "{weak_type=True}" : ""}`;
}

/** `float32[3,4]` */
export function formatType(type: TensorType): string {
  return `${type.dtype}[${type.shape.join(",")}]`;
}

/** `(3, 4)`, `(3,)`, `()`: a shape as Python prints a tuple. */
export function formatShape(shape: Shape): string {
  return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
}

/** The abstract value of a JavaScript number or boolean as an argument: a weakly typed scalar. */
export function scalarAval(value: number | boolean): ShapedArray {
  return typeof value === "boolean" ? BOOL_SCALAR : WEAK_FLOAT;
}
const BOOL_SCALAR = shapedArray([], "bool");
const WEAK_FLOAT = shapedArray([], DEFAULT_FLOAT, true);

/** An operand for promotion: an array, or a JavaScript number or boolean. */
export type PromotionOperand = { readonly aval: ShapedArray } | number | boolean;

export interface PromotedType {
  readonly dtype: DType;
  readonly weakType: boolean;
}

/** Least upper bound of two dtypes in JAX's lattice (`jnp.promote_types`). */
export function promoteTypes(a: DType, b: DType): DType {
  if (a === b) return a;
  if (a === "bool") return b;
  if (b === "bool") return a;
  const x = DTYPE_INFO[a];
  const y = DTYPE_INFO[b];
  if (x.kind === "float" || y.kind === "float") {
    if (x.kind !== "float") return b;
    if (y.kind !== "float") return a;
    return x.bits >= y.bits ? a : b;
  }
  if (x.kind === y.kind) return x.bits >= y.bits ? a : b;
  const [signed, unsigned] = x.kind === "int" ? [x, y] : [y, x];
  if (signed.bits > unsigned.bits) return signed === x ? a : b;
  // An unsigned type fits the next wider signed one; past 32 bits JAX without x64 wraps to int32.
  return unsigned.bits === 8 ? "int16" : "int32";
}

/** Promotion with weak types: a weak operand gives way within its kind, and its kind counts otherwise. */
function promotePair(a: PromotedType, b: PromotedType): PromotedType {
  if (a.weakType === b.weakType) {
    // Two weak types of different kinds give the wider kind, weak.
    return { dtype: promoteTypes(a.dtype, b.dtype), weakType: a.weakType };
  }
  const [weak, strong] = a.weakType ? [a, b] : [b, a];
  if (isFloating(weak.dtype)) {
    return isFloating(strong.dtype) ? strong : { dtype: weak.dtype, weakType: true };
  }
  // A weak integer: stronger than bool only.
  return strong.dtype === "bool" ? { dtype: weak.dtype, weakType: true } : strong;
}

/**
 * The dtype that operands have in common (`jnp.result_type`).
 *
 * A JavaScript number does not say whether it is an integer. Beside an integer array an integer-valued number counts
 * as a weak integer (`ints.add(1)` stays int32), 1.5 as a weak float; beside floats, and among themselves, numbers are
 * weak floats.
 */
export function resultType(...operands: readonly PromotionOperand[]): PromotedType {
  let result: PromotedType | null = null;
  for (const operand of operands) {
    let next: PromotedType;
    if (typeof operand === "number") continue;
    if (typeof operand === "boolean") next = { dtype: "bool", weakType: false };
    else if (operand?.aval === undefined) throw notAnArray(operand);
    else next = { dtype: operand.aval.type.dtype, weakType: operand.aval.weakType };
    result = result === null ? next : promotePair(result, next);
  }
  for (const operand of operands) {
    if (typeof operand !== "number") continue;
    if (result === null) result = { dtype: DEFAULT_FLOAT, weakType: true };
    else if (isFloating(result.dtype)) continue;
    else if (Number.isInteger(operand)) {
      if (!isInteger(result.dtype)) result = { dtype: DEFAULT_INT, weakType: true };
    } else result = { dtype: DEFAULT_FLOAT, weakType: true };
  }
  return result ?? { dtype: DEFAULT_FLOAT, weakType: true };
}
