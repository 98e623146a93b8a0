/** Element types by the spelling of a leaf's type, and the typed arrays that hold them. */
import type { TypedArray } from "../../compiler/types/typed-array.ts";

/** A kind of typed array. */
export interface ArrayClass {
  new (buffer: ArrayBuffer): TypedArray;
  from(values: readonly number[]): TypedArray;
  readonly BYTES_PER_ELEMENT: number;
}

/** bool is bytes of 0 and 1, float16 its bits. */
const CLASSES: Readonly<Record<string, ArrayClass>> = {
  f32: Float32Array,
  i32: Int32Array,
  f64: Float64Array,
  u32: Uint32Array,
  i16: Int16Array,
  u16: Uint16Array,
  i8: Int8Array,
  u8: Uint8Array,
  bool: Uint8Array,
  f16: Uint16Array,
};

/** The kind of typed array that holds elements of a dtype: `f32` → Float32Array. */
export function arrayClass(dtype: string): ArrayClass {
  return CLASSES[dtype];
}

/** Whether there is such a dtype. */
export function isElementType(dtype: string): boolean {
  return Object.hasOwn(CLASSES, dtype);
}

/** The dtype of a typed array's elements; Uint8Array is u8, Uint16Array u16. */
export function dtypeOf(data: TypedArray): string {
  return Object.keys(CLASSES).find((dtype) => data instanceof CLASSES[dtype]) ?? data.constructor.name;
}

/** The bytes of an array of this dtype and shape. */
export function byteLength(dtype: string, shape: readonly number[]): number {
  return shape.reduce((n, x) => n * x, arrayClass(dtype).BYTES_PER_ELEMENT);
}

/** The bytes of a typed array, without a copy. */
export function bytesOf(data: TypedArray): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
