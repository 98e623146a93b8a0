/** Arrays from numbers, nested lists, typed arrays and arrays (`jnp.array`). */
import { DTYPE_INFO, type DType, isFloating, isInteger } from "../../compiler/types/dtype.ts";
import type { TypedArray } from "../../compiler/types/typed-array.ts";
import { dtypeOfTypedArray } from "../../runtime/typed-array.ts";
import {
  type ArrayLike,
  arrayFromData,
  convert,
  DEFAULT_FLOAT,
  describeValue,
  full as filled,
  formatShape,
  NdArray,
  resultType,
  WeftTypeError,
  WeftValueError,
} from "../core/index.ts";
import { checkDType, concatenate, expandDims } from "../lax/movement.ts";
import { dtypeOptions, type OptionsOrDType } from "./dtype-options.ts";

export type { DTypeOption, OptionsOrDType } from "./dtype-options.ts";

/** What typed arrays become. */
type NativeArray = TypedArray | Uint8ClampedArray;

/** What `array` takes: arrays, numbers, booleans, typed arrays, and lists of these nested to equal lengths. */
export type ArrayData = ArrayLike | NativeArray | readonly ArrayData[];

function nativeDType(x: NativeArray): DType {
  return x instanceof Uint8ClampedArray ? "uint8" : dtypeOfTypedArray(x);
}

function isNative(x: ArrayData): x is NativeArray {
  return ArrayBuffer.isView(x);
}

function isList(x: ArrayData): x is readonly ArrayData[] {
  return Array.isArray(x);
}

function inhomogeneous(depth: readonly number[]): WeftValueError {
  return new WeftValueError(
    "setting an array element with a sequence. The requested array has an inhomogeneous shape after " +
      `${depth.length} dimensions. The detected shape was ${formatShape(depth)} + inhomogeneous part.`,
  );
}

/** Shape of nested lists of numbers, and their elements in order; null where there are arrays among them. */
function flatten(data: readonly ArrayData[]): { shape: number[]; values: (number | boolean)[] } | null {
  const shape: number[] = [];
  for (let x: ArrayData = data; isList(x); x = x[0]) {
    shape.push(x.length);
    if (x.length === 0) break;
  }
  const values: (number | boolean)[] = [];
  const visit = (x: ArrayData, axis: number): boolean => {
    if (isList(x)) {
      if (axis >= shape.length || x.length !== shape[axis]) throw inhomogeneous(shape.slice(0, axis));
      return x.every((item) => visit(item, axis + 1));
    }
    if (x instanceof NdArray || isNative(x)) return false;
    if (axis !== shape.length) throw inhomogeneous(shape.slice(0, axis));
    if (typeof x !== "number" && typeof x !== "boolean") {
      throw new WeftTypeError(
        `Value ${describeValue(x)} is not a valid array element: arrays hold numbers and booleans`,
      );
    }
    values.push(x);
    return true;
  };
  return visit(data, 0) ? { shape, values } : null;
}

/** Values of a list as elements of a dtype. Throws WeftValueError for an integer outside of the dtype. */
function elementsOf(values: readonly (number | boolean)[], dtype: DType): number[] {
  if (!isInteger(dtype)) return values.map(Number);
  return values.map((x) => {
    const value = Number(x);
    // As NumPy: a float given an integer dtype loses its fraction; what does not fit is an error.
    return asInteger(value, dtype);
  });
}

function asInteger(value: number, dtype: DType): number {
  if (!Number.isFinite(value)) {
    throw new WeftValueError(`cannot convert float ${Number.isNaN(value) ? "NaN" : "infinity"} to integer`);
  }
  const whole = Math.trunc(value);
  filled(whole, dtype);
  return whole;
}

/** Elements of a typed array in another dtype, as `convert` makes them: floats saturate in integers, and integers wrap. */
function convertedElements(data: NativeArray, from: DType, to: DType): NativeArray {
  if (to === "bool") return data.map((x: number) => (x === 0 ? 0 : 1));
  if (!isInteger(to) || !isFloating(from)) return data;
  const { min, max } = DTYPE_INFO[to];
  return Float64Array.from(data, (x) => (Number.isNaN(x) ? 0 : Math.min(Math.max(Math.trunc(x), min), max)));
}

/**
 * An array from numbers, nested lists, typed arrays or arrays (`jnp.array`).
 *
 * JavaScript does not tell 1 from 1.0, so a list of numbers is float32 unless `dtype` says otherwise, where NumPy
 * would take int32 for `[1, 2, 3]`: write `np.array([1, 2, 3], { dtype: "int32" })`. A list of booleans is bool; a
 * typed array keeps its dtype (Uint8ClampedArray is uint8); a list of arrays is stacked in their common dtype.
 * Throws WeftValueError for ragged lists and for integers that the dtype cannot hold.
 */
export function array(data: ArrayData, options: OptionsOrDType = {}): NdArray {
  const given = dtypeOptions("array", options).dtype;
  const dtype = given === undefined ? undefined : checkDType(given);
  if (data instanceof NdArray) return dtype === undefined ? data : convert(data, dtype);
  if (typeof data === "number" || typeof data === "boolean") {
    if (dtype === undefined) return filled(Number(data), typeof data === "boolean" ? "bool" : DEFAULT_FLOAT);
    return filled(elementsOf([data], dtype)[0], dtype);
  }
  if (isNative(data)) {
    // Converted here: a GPU has no float64 to convert from.
    const own = nativeDType(data);
    const elements = dtype === undefined || dtype === own ? data : convertedElements(data, own, dtype);
    return arrayFromData(elements, dtype ?? own, [data.length]);
  }
  if (!isList(data)) {
    throw new WeftTypeError(
      `Value ${describeValue(data)} with is not a valid array type: give numbers or lists`,
    );
  }
  const flat = flatten(data);
  if (flat !== null) {
    const { shape, values } = flat;
    const booleans = values.length > 0 && values.every((x) => typeof x === "boolean");
    const chosen = dtype ?? (booleans ? "bool" : DEFAULT_FLOAT);
    return arrayFromData(elementsOf(values, chosen), chosen, shape);
  }
  const rows = data.map((item) => array(item));
  const common =
    dtype ?? resultType(...data.map((item, i) => (typeof item === "number" ? item : rows[i]))).dtype;
  if (rows.some((row) => formatShape(row.shape) !== formatShape(rows[0].shape)))
    throw inhomogeneous([rows.length]);
  return concatenate(
    rows.map((row) => expandDims(convert(row, common), [0])),
    0,
  );
}

/** As `array` (`jnp.asarray`): arrays are immutable, so nothing is copied. */
export const asarray = array;
