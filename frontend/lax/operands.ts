/** Operands of lax operations: JavaScript numbers take the dtype of the arrays beside them; scalars are broadcast. */
import { type DType, isFloating } from "../../compiler/types/dtype.ts";
import { type Shape, sameShape } from "../../compiler/types/tensor-type.ts";
import {
  type ArrayLike,
  asArray,
  broadcastInDim,
  constantArray,
  formatShape,
  full,
  knownValue,
  NdArray,
  reshape,
  WeftTypeError,
  WeftValueError,
} from "../core/index.ts";
import { convert } from "../core/ops.ts";

/**
 * Shape that shapes of one or several ranks broadcast to, by NumPy's rule. Throws WeftValueError where they do not.
 */
export function broadcastShapes(...shapes: readonly Shape[]): Shape {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  const out = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    const offset = rank - shape.length;
    for (const [i, n] of shape.entries()) {
      if (n === 1 || n === out[i + offset]) continue;
      if (out[i + offset] !== 1) {
        const text = shapes.map(formatShape).join(", ");
        throw new WeftValueError(
          `Incompatible shapes for broadcasting: shapes=[${text}]. Axes are matched from the last one and must be equal ` +
            "or 1: reshape, or add axes with np.expandDims.",
        );
      }
      out[i + offset] = n;
    }
  }
  return out;
}

/** Broadcasts by NumPy's rule: aligned at the last axis, extents of 1 repeated. The shapes must be known to fit. */
export function broadcastTo(x: NdArray, shape: Shape): NdArray {
  if (sameShape(x.shape, shape)) return x;
  const offset = shape.length - x.ndim;
  const kept: number[] = [];
  for (const [i, n] of x.shape.entries()) if (n === shape[i + offset]) kept.push(i);
  const squeezed =
    kept.length === x.ndim
      ? x
      : reshape(
          x,
          kept.map((i) => x.shape[i]),
        );
  return broadcastInDim(
    squeezed,
    shape,
    kept.map((i) => i + offset),
  );
}

/** A number as an array of the given dtype and shape, where the dtype can hold it; else as float32. */
export function numberAs(value: number | boolean, dtype: DType, shape: Shape = []): NdArray {
  if (typeof value === "boolean") return full(Number(value), dtype === "bool" ? "bool" : dtype, shape);
  if (isFloating(dtype)) return full(value, dtype, shape);
  if (dtype === "bool" || !Number.isInteger(value)) return full(value, "float32", shape, true);
  return full(value, dtype, shape);
}

/**
 * Operands of an elementwise lax operation: numbers take the arrays' dtype, scalars and extents of 1 are broadcast.
 * Arrays of different ranks are refused, as by jax.lax; dtypes are checked by the primitive.
 */
export function alignOperands(name: string, xs: readonly ArrayLike[]): NdArray[] {
  const arrays = xs.filter((x): x is NdArray => x instanceof NdArray);
  if (arrays.length === xs.length && arrays.every((x) => sameShape(x.shape, arrays[0].shape))) return arrays;
  const ranks = new Set(arrays.map((x) => x.ndim).filter((n) => n > 0));
  if (ranks.size > 1) {
    const got = [...ranks].sort((a, b) => a - b).join(", ");
    const shapes = arrays.map((x) => formatShape(x.shape)).join(", ");
    throw new WeftTypeError(
      `${name}: arrays must have the same number of dimensions, got {${got}} (shapes ${shapes}). ` +
        "(Tip: the function of the same name in np broadcasts its arguments.)",
    );
  }
  let shape: Shape;
  try {
    shape = broadcastShapes(...arrays.map((x) => x.shape));
  } catch (error) {
    if (!(error instanceof WeftValueError)) throw error;
    const shapes = arrays.map((x) => formatShape(x.shape)).join(", ");
    throw new WeftTypeError(`${name} got incompatible shapes for broadcasting: ${shapes}.`);
  }
  const dtype = arrays[0]?.dtype;
  return xs.map((x) => {
    if (x instanceof NdArray) return broadcastTo(x, shape);
    return dtype === undefined ? asArray(x) : numberAs(checkedNumber(x), dtype, shape);
  });
}

function checkedNumber(x: number | boolean): number | boolean {
  // asArray refuses everything that is no number with an explanation.
  if (typeof x !== "number" && typeof x !== "boolean") asArray(x);
  return x;
}

/** A scalar operand (an initial value, a padding value) in the dtype of an array. Throws WeftTypeError if no scalar. */
export function scalarLike(name: string, value: ArrayLike, dtype: DType): NdArray {
  if (!(value instanceof NdArray)) {
    const scalar = numberAs(checkedNumber(value), dtype);
    if (scalar.dtype === dtype) return scalar;
    throw new WeftTypeError(
      `${name} requires arguments to have equal types, got ${dtype} and the number ${value}: convert one with astype.`,
    );
  }
  if (value.ndim !== 0) {
    throw new WeftTypeError(`${name} takes a scalar here, got shape ${formatShape(value.shape)}`);
  }
  if (value.dtype !== dtype) {
    if (value.weakType) return convert(value, dtype);
    throw new WeftTypeError(`${name} requires arguments to have equal types, got ${dtype}, ${value.dtype}.`);
  }
  return value;
}

/** An index operand: int32, scalar or of any shape; numbers must be integers. */
export function indexArray(x: ArrayLike): NdArray {
  if (x instanceof NdArray) {
    if (isFloating(x.dtype) && !(x.weakType && knownValue(x) !== null)) {
      throw new WeftTypeError(`Indexer must have integer or boolean type, got indexer with type ${x.dtype}`);
    }
    return convert(x, "int32");
  }
  if (!Number.isInteger(Number(x))) {
    throw new WeftTypeError(`Indexer must have integer or boolean type, got indexer ${String(x)}`);
  }
  return full(Number(x), "int32");
}

/** The known value of a scalar index, or null. */
export function knownIndex(x: ArrayLike): number | null {
  return x instanceof NdArray ? knownValue(x) : Number(x);
}

/** A constant of the dtype and shape of an array. */
export function constantLike(x: NdArray, value: number, dtype: DType = x.dtype): NdArray {
  return x.dtype === dtype ? constantArray(value, x.aval.type) : full(value, dtype, x.shape);
}

/** Throws WeftTypeError unless all arrays have one dtype. */
export function checkSameDtype(name: string, xs: readonly NdArray[]): void {
  if (xs.every((x) => x.dtype === xs[0].dtype)) return;
  throw new WeftTypeError(
    `lax.${name} requires arguments to have the same dtypes, got ${xs.map((x) => x.dtype).join(", ")}. ` +
      `(Tip: np.${name} promotes its arguments.)`,
  );
}

/** Throws WeftValueError unless all arrays have one shape. */
export function checkSameShape(name: string, xs: readonly NdArray[]): void {
  if (xs.every((x) => sameShape(x.shape, xs[0].shape))) return;
  throw new WeftValueError(
    `${name} requires arguments to have equal shapes, got ${xs.map((x) => formatShape(x.shape)).join(", ")}`,
  );
}

/** Two operands of one dtype: a weakly typed one, or a number, takes the other's. Throws WeftTypeError otherwise. */
export function alignDtypes(name: string, x: NdArray, y: NdArray): [NdArray, NdArray] {
  if (x.dtype === y.dtype) return [x, y];
  if (x.weakType && !y.weakType) return [convert(x, y.dtype), y];
  if (y.weakType && !x.weakType) return [x, convert(y, x.dtype)];
  checkSameDtype(name, [x, y]);
  return [x, y];
}
