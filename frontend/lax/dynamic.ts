/** Slices whose place is a value of the program (`jax.lax.dynamic_slice` and its kin). */
import {
  type ArrayLike,
  asArray,
  bindOne,
  formatShape,
  full,
  NdArray,
  WeftTypeError,
  WeftValueError,
} from "../core/index.ts";
import { canonicalizeAxis } from "./axes.ts";
import { add, lt, select } from "./elementwise.ts";
import { squeeze } from "./movement.ts";
import { checkSameDtype, indexArray, knownIndex } from "./operands.ts";

/** One start per axis, a list or one array [ndim]; negative ones count from the end, as in JAX. */
export type StartIndices = readonly ArrayLike[] | NdArray;

function startOperands(operand: NdArray, startIndices: StartIndices): NdArray[] {
  const starts = startIndices instanceof NdArray ? [...startIndices] : startIndices;
  if (starts.length !== operand.ndim) {
    throw new WeftValueError(
      `Length of slice indices must match number of operand dimensions (${starts.length} vs ${formatShape(operand.shape)})`,
    );
  }
  return starts.map((start, axis) => {
    const known = knownIndex(start);
    const extent = operand.shape[axis];
    if (known !== null && Number.isInteger(known)) return full(known < 0 ? known + extent : known, "int32");
    const index = indexArray(start);
    if (index.ndim !== 0) {
      throw new WeftTypeError(
        `Dynamic slice indices must be scalars, got shape ${formatShape(index.shape)} for axis ${axis}.`,
      );
    }
    if (start instanceof NdArray && (start.dtype === "uint32" || start.dtype === "bool")) return index;
    return select(lt(index, 0), add(index, extent), index);
  });
}

/**
 * A slice of fixed sizes whose start is a value: one int32 scalar per axis. Starts are clamped so that the slice lies
 * within the operand (`jax.lax.dynamic_slice`).
 */
export function dynamicSlice(
  x: ArrayLike,
  startIndices: StartIndices,
  sliceSizes: readonly number[],
): NdArray {
  const operand = asArray(x);
  const starts = startOperands(operand, startIndices);
  return bindOne("dynamic_slice", [operand, ...starts], { sliceSizes }, operand.weakType);
}

/** x with `update` written at a start that is a value, clamped so that it fits (`jax.lax.dynamic_update_slice`). */
export function dynamicUpdateSlice(x: ArrayLike, update: ArrayLike, startIndices: StartIndices): NdArray {
  const operand = asArray(x);
  const value = asArray(update);
  checkSameDtype("dynamic_update_slice", [operand, value]);
  const starts = startOperands(operand, startIndices);
  return bindOne("dynamic_update_slice", [operand, value, ...starts], {}, operand.weakType);
}

function startsAt(operand: NdArray, axis: number, start: ArrayLike): ArrayLike[] {
  return operand.shape.map((_, i) => (i === axis ? start : 0));
}

/** `dynamicSlice` along one axis, whole along the others (`jax.lax.dynamic_slice_in_dim`). */
export function dynamicSliceInDim(
  x: ArrayLike,
  startIndex: ArrayLike,
  sliceSize: number,
  options: { axis?: number } = {},
): NdArray {
  const operand = asArray(x);
  const axis = canonicalizeAxis(options.axis ?? 0, operand.ndim);
  const sizes = operand.shape.map((n, i) => (i === axis ? sliceSize : n));
  return dynamicSlice(operand, startsAt(operand, axis, startIndex), sizes);
}

/** Row `index` along an axis, kept with extent 1 unless `keepdims` is false (`jax.lax.dynamic_index_in_dim`). */
export function dynamicIndexInDim(
  x: ArrayLike,
  index: ArrayLike,
  options: { axis?: number; keepdims?: boolean } = {},
): NdArray {
  const operand = asArray(x);
  const axis = canonicalizeAxis(options.axis ?? 0, operand.ndim);
  const row = dynamicSliceInDim(operand, index, 1, { axis });
  return (options.keepdims ?? true) ? row : squeeze(row, [axis]);
}

/** `dynamicUpdateSlice` along one axis (`jax.lax.dynamic_update_slice_in_dim`). */
export function dynamicUpdateSliceInDim(
  x: ArrayLike,
  update: ArrayLike,
  startIndex: ArrayLike,
  options: { axis?: number } = {},
): NdArray {
  const operand = asArray(x);
  const axis = canonicalizeAxis(options.axis ?? 0, operand.ndim);
  return dynamicUpdateSlice(operand, update, startsAt(operand, axis, startIndex));
}

/** Writes one row at an index that is a value; the row may lack the axis (`jax.lax.dynamic_update_index_in_dim`). */
export function dynamicUpdateIndexInDim(
  x: ArrayLike,
  update: ArrayLike,
  index: ArrayLike,
  options: { axis?: number } = {},
): NdArray {
  const operand = asArray(x);
  const axis = canonicalizeAxis(options.axis ?? 0, operand.ndim);
  const row = asArray(update);
  const expanded =
    row.ndim === operand.ndim
      ? row
      : bindOne("reshape", [row], { newSizes: row.shape.toSpliced(axis, 0, 1) });
  return dynamicUpdateSliceInDim(operand, expanded, index, { axis });
}
