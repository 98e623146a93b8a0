/** Shapes of `jax.lax`: reshape, transpose, broadcast, slice, pad, reverse, concatenate, iota, constants. */
import { type DType, isDType } from "../../compiler/types/dtype.ts";
import type { Shape } from "../../compiler/types/tensor-type.ts";
import { sameShape, sizeOf } from "../../compiler/types/tensor-type.ts";
import {
  type ArrayLike,
  asArray,
  bindOne,
  DEFAULT_FLOAT,
  full as filled,
  formatShape,
  knownValue,
  type NdArray,
  WeftTypeError,
  WeftValueError,
} from "../core/index.ts";
import { broadcastInDim as broadcastKnown, reshape as reshapeTo } from "../core/ops.ts";
import { canonicalizeAxes, canonicalizeAxis, canonicalizeShape, range } from "./axes.ts";
import { checkSameDtype, numberAs, scalarLike } from "./operands.ts";

/** A dtype name. Throws WeftTypeError with the names there are. */
export function checkDType(dtype: DType): DType {
  if (typeof dtype === "string" && isDType(dtype)) return dtype;
  throw new WeftTypeError(
    `data type ${JSON.stringify(dtype)} not understood: use bool, int8, uint8, int16, uint16, int32, uint32, ` +
      "float16, float32 or float64",
  );
}

/** New leading axes of the given sizes, along which x is repeated (`jax.lax.broadcast`). */
export function broadcast(x: ArrayLike, sizes: readonly number[]): NdArray {
  const operand = asArray(x);
  const leading = canonicalizeShape(sizes);
  return broadcastKnown(
    operand,
    [...leading, ...operand.shape],
    range(operand.ndim).map((i) => i + leading.length),
  );
}

/**
 * x placed at the axes `broadcastDimensions` of `shape` and repeated along the others (`jax.lax.broadcast_in_dim`).
 * One entry per axis of x, increasing; an axis of extent 1 is repeated where the target's is larger.
 */
export function broadcastInDim(x: ArrayLike, shape: Shape, broadcastDimensions: readonly number[]): NdArray {
  const operand = asArray(x);
  const target = canonicalizeShape(shape);
  const dims = broadcastDimensions.map((d) => canonicalizeAxis(d, target.length));
  if (dims.length !== operand.ndim) {
    throw new WeftTypeError(
      "broadcast_in_dim broadcast_dimensions must have length equal to operand ndim; got broadcast_dimensions " +
        `${formatShape(broadcastDimensions)} for operand ndim ${operand.ndim}.`,
    );
  }
  if (dims.some((d, i) => i > 0 && d <= dims[i - 1])) {
    throw new WeftTypeError(
      `broadcast_in_dim broadcast_dimensions must be strictly increasing; got ${formatShape(dims)}`,
    );
  }
  for (const [i, d] of dims.entries()) {
    if (operand.shape[i] !== 1 && operand.shape[i] !== target[d]) {
      throw new WeftTypeError(
        "broadcast_in_dim operand dimension sizes must either be 1, or be equal to their corresponding dimensions in " +
          `the target broadcast shape; got operand of shape ${formatShape(operand.shape)}, target broadcast shape ` +
          `${formatShape(target)}, broadcast_dimensions ${formatShape(dims)}`,
      );
    }
  }
  const kept = range(operand.ndim).filter((i) => operand.shape[i] === target[dims[i]]);
  const squeezed =
    kept.length === operand.ndim
      ? operand
      : reshapeTo(
          operand,
          kept.map((i) => operand.shape[i]),
        );
  return broadcastKnown(
    squeezed,
    target,
    kept.map((i) => dims[i]),
  );
}

/**
 * The same elements in row-major order in another shape of the same size (`jax.lax.reshape`); `dimensions` transposes
 * first. -1 is not known here: see `np.reshape`.
 */
export function reshape(
  x: ArrayLike,
  newSizes: readonly number[],
  options: { dimensions?: readonly number[] | null } = {},
): NdArray {
  const operand = asArray(x);
  const sizes = canonicalizeShape(newSizes);
  if (sizeOf(sizes) !== operand.size) {
    throw new WeftTypeError(
      `reshape total size must be unchanged, got new_sizes ${formatShape(sizes)} (size ${sizeOf(sizes)}) for shape ` +
        `${formatShape(operand.shape)} (size ${operand.size}).`,
    );
  }
  const { dimensions = null } = options;
  return reshapeTo(dimensions === null ? operand : transpose(operand, dimensions), sizes);
}

/** Axis i of the result is axis `permutation[i]` of x (`jax.lax.transpose`). */
export function transpose(x: ArrayLike, permutation: readonly number[]): NdArray {
  const operand = asArray(x);
  const { ndim, shape } = operand;
  const axes = permutation.map((p) => (Number.isInteger(p) && p < 0 ? p + ndim : p));
  if (
    axes.length !== ndim ||
    !sameShape(
      [...axes].sort((a, b) => a - b),
      range(ndim),
    )
  ) {
    throw new WeftTypeError(
      "transpose permutation isn't a permutation of operand dimensions, got permutation " +
        `${formatShape(permutation)} for operand shape ${formatShape(shape)}.`,
    );
  }
  if (axes.every((p, i) => p === i)) return operand;
  if (knownValue(operand) !== null) {
    // A permuted constant is a constant.
    return broadcastKnown(
      reshapeTo(sliceToScalar(operand), []),
      axes.map((p) => shape[p]),
      [],
    );
  }
  return bindOne("transpose", [operand], { permutation: axes });
}

/** The scalar of which a constant array is made. */
function sliceToScalar(x: NdArray): NdArray {
  return filled(knownValue(x) ?? 0, x.dtype, [], x.weakType);
}

/** New axes of extent 1 at the given places of the result (`jax.lax.expand_dims`). */
export function expandDims(x: ArrayLike, dimensions: readonly number[]): NdArray {
  const operand = asArray(x);
  const ndim = operand.ndim + dimensions.length;
  const axes = canonicalizeAxes(dimensions, ndim);
  const rest = [...operand.shape];
  return reshapeTo(
    operand,
    range(ndim).map((axis) => (axes.includes(axis) ? 1 : (rest.shift() ?? 1))),
  );
}

/** Without the given axes, which must have extent 1 (`jax.lax.squeeze`). */
export function squeeze(x: ArrayLike, dimensions: readonly number[]): NdArray {
  const operand = asArray(x);
  const axes = canonicalizeAxes(dimensions, operand.ndim);
  if (axes.some((axis) => operand.shape[axis] !== 1)) {
    throw new WeftValueError(
      "cannot select an axis to squeeze out which has size not equal to one, got shape=" +
        `${formatShape(operand.shape)} and dimensions=${formatShape(dimensions)}`,
    );
  }
  return reshapeTo(
    operand,
    operand.shape.filter((_, axis) => !axes.includes(axis)),
  );
}

/** Axes `start` up to `stop` joined into one (`jax.lax.collapse`). */
export function collapse(x: ArrayLike, startDimension: number, stopDimension?: number): NdArray {
  const operand = asArray(x);
  const start = canonicalizeAxis(startDimension, operand.ndim);
  const stop =
    stopDimension === undefined ? operand.ndim : canonicalizeAxis(stopDimension - 1, operand.ndim) + 1;
  const { shape } = operand;
  return reshapeTo(operand, [
    ...shape.slice(0, start),
    sizeOf(shape.slice(start, stop)),
    ...shape.slice(stop),
  ]);
}

/** Elements start, start + stride, … below limit along every axis (`jax.lax.slice`). */
export function slice(
  x: ArrayLike,
  startIndices: readonly number[],
  limitIndices: readonly number[],
  strides: readonly number[] | null = null,
): NdArray {
  const operand = asArray(x);
  const steps = strides ?? operand.shape.map(() => 1);
  const { shape } = operand;
  if (
    sameShape(limitIndices, shape) &&
    startIndices.every((s) => s === 0) &&
    startIndices.length === shape.length &&
    steps.every((s) => s === 1)
  ) {
    return operand;
  }
  return bindOne("slice", [operand], { startIndices, limitIndices, strides: steps });
}

/** `slice` along one axis; negative bounds count from the end (`jax.lax.slice_in_dim`). */
export function sliceInDim(
  x: ArrayLike,
  startIndex: number | null,
  limitIndex: number | null,
  options: { stride?: number; axis?: number } = {},
): NdArray {
  const operand = asArray(x);
  const axis = canonicalizeAxis(options.axis ?? 0, operand.ndim);
  const extent = operand.shape[axis];
  const start = startIndex === null ? 0 : startIndex < 0 ? startIndex + extent : startIndex;
  const limit = limitIndex === null ? extent : limitIndex < 0 ? limitIndex + extent : limitIndex;
  return slice(
    operand,
    operand.shape.map((_, i) => (i === axis ? start : 0)),
    operand.shape.map((n, i) => (i === axis ? limit : n)),
    operand.shape.map((_, i) => (i === axis ? (options.stride ?? 1) : 1)),
  );
}

/** Row `index` along an axis, which is kept with extent 1 unless `keepdims` is false (`jax.lax.index_in_dim`). */
export function indexInDim(
  x: ArrayLike,
  index: number,
  options: { axis?: number; keepdims?: boolean } = {},
): NdArray {
  const operand = asArray(x);
  const axis = canonicalizeAxis(options.axis ?? 0, operand.ndim);
  const extent = operand.shape[axis];
  if (!Number.isInteger(index) || index < -extent || index >= extent) {
    throw new WeftValueError(`index ${index} is out of bounds for axis ${axis} with size ${extent}`);
  }
  const at = index < 0 ? index + extent : index;
  const row = sliceInDim(operand, at, at + 1, { axis });
  return (options.keepdims ?? true) ? row : squeeze(row, [axis]);
}

/**
 * x with `paddingValue` around and between its elements: [low, high, interior] per axis, where negative low and high
 * cut off (`jax.lax.pad`).
 */
export function pad(
  x: ArrayLike,
  paddingValue: ArrayLike,
  paddingConfig: readonly (readonly [number, number, number])[],
): NdArray {
  const operand = asArray(x);
  return bindOne(
    "pad",
    [operand, scalarLike("pad", paddingValue, operand.dtype)],
    { paddingConfig },
    operand.weakType,
  );
}

/** Reversed along the given axes (`jax.lax.rev`). */
export function rev(x: ArrayLike, dimensions: readonly number[]): NdArray {
  const operand = asArray(x);
  const axes = canonicalizeAxes(dimensions, operand.ndim);
  return axes.length === 0 ? operand : bindOne("rev", [operand], { dimensions: axes });
}

/** Arrays of one dtype joined along an axis (`jax.lax.concatenate`). */
export function concatenate(operands: readonly ArrayLike[], dimension: number): NdArray {
  if (operands.length === 0) throw new WeftValueError("concatenate requires a non-empty sequences of arrays");
  const arrays = operands.map(asArray);
  if (arrays.some((x) => x.ndim !== arrays[0].ndim)) {
    throw new WeftTypeError(
      `Cannot concatenate arrays with different numbers of dimensions: got ${arrays.map((x) => formatShape(x.shape)).join(", ")}.`,
    );
  }
  const axis = canonicalizeAxis(dimension, arrays[0].ndim);
  const fits = arrays.every((x) => x.shape.every((n, i) => i === axis || n === arrays[0].shape[i]));
  if (!fits) {
    throw new WeftTypeError(
      "Cannot concatenate arrays with shapes that differ in dimensions other than the one being concatenated: " +
        `concatenating along dimension ${axis} for shapes ${arrays.map((x) => formatShape(x.shape)).join(", ")}.`,
    );
  }
  checkSameDtype("concatenate", arrays);
  return arrays.length === 1 ? arrays[0] : bindOne("concatenate", arrays, { dimension: axis });
}

/** x split along an axis into parts of the given sizes, which add up to its extent (`jax.lax.split`). */
export function split(x: ArrayLike, sizes: readonly number[], options: { axis?: number } = {}): NdArray[] {
  const operand = asArray(x);
  const axis = canonicalizeAxis(options.axis ?? 0, operand.ndim);
  const total = sizes.reduce((a, b) => a + b, 0);
  if (total !== operand.shape[axis]) {
    throw new WeftValueError(
      `Sizes ${formatShape(sizes)} of split do not add up to ${operand.shape[axis]}, the extent of axis ${axis}`,
    );
  }
  let start = 0;
  return sizes.map((size) => {
    start += size;
    return sliceInDim(operand, start - size, start, { axis });
  });
}

/** 0, 1, …, size − 1 (`jax.lax.iota`). */
export function iota(dtype: DType, size: number): NdArray {
  return broadcastedIota(dtype, [size], 0);
}

/** The index along one axis, at every place of a shape (`jax.lax.broadcasted_iota`). */
export function broadcastedIota(dtype: DType, shape: Shape, dimension: number): NdArray {
  const sizes = canonicalizeShape(shape);
  const axis = canonicalizeAxis(dimension, sizes.length);
  return bindOne("iota", [], { dtype: checkDType(dtype), shape: sizes, dimension: axis }, false);
}

/** An array of one repeated value; a number without a dtype gives float32 (`jax.lax.full`). */
export function full(shape: number | Shape, fillValue: ArrayLike, dtype?: DType): NdArray {
  const target = canonicalizeShape(shape);
  if (typeof fillValue === "number" || typeof fillValue === "boolean") {
    const chosen = dtype ?? (typeof fillValue === "boolean" ? "bool" : DEFAULT_FLOAT);
    if (chosen === "bool" || typeof fillValue === "boolean") return filled(Number(fillValue), chosen, target);
    const value = numberAs(fillValue, chosen);
    if (value.dtype !== chosen) return filled(Math.trunc(fillValue), chosen, target);
    return filled(fillValue, chosen, target);
  }
  const value = asArray(fillValue);
  const converted = dtype === undefined ? value : bindConvert(value, checkDType(dtype));
  if (converted.ndim !== 0) {
    throw new WeftTypeError(
      `full must be called with scalar fill_value, got fill_value.shape ${formatShape(value.shape)}.`,
    );
  }
  return broadcastKnown(converted, target, []);
}

function bindConvert(x: NdArray, dtype: DType): NdArray {
  return x.dtype === dtype ? x : bindOne("convert_element_type", [x], { newDtype: dtype }, false);
}

/** A constant of the shape and dtype of x, unless they are given (`jax.lax.full_like`). */
export function fullLike(
  x: ArrayLike,
  fillValue: ArrayLike,
  options: { dtype?: DType; shape?: Shape } = {},
): NdArray {
  const like = asArray(x);
  return full(options.shape ?? like.shape, fillValue, options.dtype ?? like.dtype);
}

/** Zeros of the shape and dtype of x (`jax.lax.zeros_like_array`). */
export function zerosLike(x: ArrayLike): NdArray {
  return fullLike(x, 0);
}
