/**
 * Checks shared by `infer` rules, in JAX's wording. Shapes are written as Python tuples, as JAX's messages write them.
 *
 * What does not fit is a WeftTypeError where JAX raises TypeError and a WeftValueError where it raises ValueError.
 */
import { DTYPE_INFO, type DType, isFloating, isInteger } from "../types/dtype.ts";
import { WeftTypeError, WeftValueError } from "../types/errors.ts";
import { type Shape, sameShape, type TensorType } from "../types/tensor-type.ts";

/** A family of dtypes under the name that NumPy's hierarchy gives it. */
export interface DTypeFamily {
  /** The words after "subtypes of" in an error. */
  readonly text: string;
  has(dtype: DType): boolean;
}

export const FLOATING: DTypeFamily = { text: "floating", has: isFloating };
export const FLOAT32_OR_64: DTypeFamily = {
  text: "float32 or float64",
  has: (d) => d === "float32" || d === "float64",
};
export const INTEGER: DTypeFamily = { text: "integer", has: isInteger };
export const BOOL: DTypeFamily = { text: "bool", has: (d) => d === "bool" };
export const BOOL_OR_INTEGER: DTypeFamily = {
  text: "bool or integer",
  has: (d) => d === "bool" || isInteger(d),
};
/** Integers and floats: what has arithmetic. */
export const NUMERIC: DTypeFamily = { text: "number", has: (d) => d !== "bool" };
export const SIGNED: DTypeFamily = {
  text: "signed integer or floating",
  has: (d) => DTYPE_INFO[d].kind === "int" || isFloating(d),
};
export const ANY_DTYPE: DTypeFamily = { text: "any dtype", has: () => true };

/** `(2, 3)`, `(3,)`, `()`. */
export function formatShape(shape: readonly number[]): string {
  return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
}

/** `float32[2,3]`: a type as JAX's error messages name it. */
export function formatType(type: TensorType): string {
  return `${type.dtype}[${type.shape.join(",")}]`;
}

/** The number of operands: exactly `count`, or at least `count` where `orMore`. */
export function checkArity(
  name: string,
  inputs: readonly TensorType[],
  count: number,
  orMore: "orMore" | null = null,
): void {
  if (orMore === null ? inputs.length === count : inputs.length >= count) return;
  const wanted = `${orMore === null ? "" : "at least "}${count} operand${count === 1 ? "" : "s"}`;
  throw new WeftTypeError(`${name} takes ${wanted}, got ${inputs.length}`);
}

/** The operand's dtype belongs to a family. `position` is named for operations of several operands. */
export function checkDtype(
  name: string,
  type: TensorType,
  family: DTypeFamily,
  position: number | null = null,
): void {
  if (family.has(type.dtype)) return;
  const at = position === null ? "" : ` at position ${position}`;
  throw new WeftTypeError(
    `${name} does not accept dtype ${type.dtype}${at}. Accepted dtypes${at} are subtypes of ${family.text}.`,
  );
}

/** All operands have one dtype. */
export function checkSameDtypes(name: string, inputs: readonly TensorType[]): void {
  if (inputs.every((t) => t.dtype === inputs[0].dtype)) return;
  throw new WeftTypeError(
    `lax.${name} requires arguments to have the same dtypes, got ${inputs.map((t) => t.dtype).join(", ")}. ` +
      "(Tip: the function of the same name in np promotes its arguments to a common dtype.)",
  );
}

/** All operands have one shape. */
export function checkSameShapes(name: string, inputs: readonly TensorType[]): void {
  if (inputs.every((t) => sameShape(t.shape, inputs[0].shape))) return;
  throw new WeftTypeError(
    `${name} requires arguments to have equal shapes, got ${inputs.map((t) => formatShape(t.shape)).join(", ")}. ` +
      "Broadcast them to one shape first.",
  );
}

/** A scalar operand. */
export function checkScalar(name: string, what: string, type: TensorType): void {
  if (type.shape.length === 0) return;
  throw new WeftTypeError(`${name} ${what} must be a scalar, got shape ${formatShape(type.shape)}.`);
}

/** One axis within 0 … rank-1. Negative axes are made positive before a primitive sees them. */
export function checkAxis(name: string, axis: number, type: TensorType, what = "axis"): void {
  if (Number.isInteger(axis) && axis >= 0 && axis < type.shape.length) return;
  throw new WeftValueError(
    `${name}: ${what} ${axis} is out of bounds for array of dimension ${type.shape.length} ` +
      `with shape ${formatShape(type.shape)}`,
  );
}

/** A shape of non-negative integers. */
export function checkShape(name: string, shape: Shape): void {
  if (shape.every((n) => Number.isInteger(n) && n >= 0)) return;
  throw new WeftTypeError(
    `${name}: shapes must be 1D sequences of non-negative integers, got ${formatShape(shape)}.`,
  );
}
