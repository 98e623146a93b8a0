/** The type of a value in the graph: element type and static shape. Types are interned: equal types are identical. */
import { DTYPE_INFO, type DType } from "./dtype.ts";

export type Shape = readonly number[];

/** Dtype and shape. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
  /** Number of elements. */
  readonly size: number;
  /** The text form, `f32[2,3]`; unique per type. */
  readonly text: string;
}

/** Declared cache: one object per distinct type, so that types compare by identity. */
const interned = new Map<string, TensorType>();
const INTERN_LIMIT = 65_536;

/** The interned type of `dtype` and `shape`. Throws RangeError where an extent is not a non-negative integer. */
export function tensorType(dtype: DType, shape: Shape): TensorType {
  const text = `${DTYPE_INFO[dtype].short}[${shape.join(",")}]`;
  const found = interned.get(text);
  if (found !== undefined) return found;
  let size = 1;
  for (const extent of shape) {
    if (!Number.isInteger(extent) || extent < 0) {
      throw new RangeError(`shapes must be non-negative integers, got [${shape.join(", ")}]`);
    }
    size *= extent;
  }
  const type: TensorType = Object.freeze({ dtype, shape: Object.freeze([...shape]), size, text });
  if (interned.size < INTERN_LIMIT) interned.set(text, type);
  return type;
}

/** Equal types are identical up to the intern cache's bound; past it the text decides. */
export function sameType(a: TensorType, b: TensorType): boolean {
  return a === b || a.text === b.text;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

export function sizeOf(shape: Shape): number {
  let n = 1;
  for (const extent of shape) n *= extent;
  return n;
}

/** Row-major strides in elements. */
export function rowMajorStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis];
  }
  return strides;
}

/** Bytes of a dense tensor of this type. */
export function bytesOf(type: TensorType): number {
  return type.size * DTYPE_INFO[type.dtype].bytes;
}
