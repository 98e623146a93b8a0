/** Reference tensors from and to ordinary numbers, typed arrays, bytes and constants. */
import { DenseTensor } from "../graph/graph.ts";
import type { RefTensor } from "../graph/reference.ts";
import { float16Bits, float16FromBits, readElement, roundTo, writeElement } from "../kernel/constants.ts";
import { DTYPE_INFO, type DType } from "../types/dtype.ts";
import { WeftTypeError } from "../types/errors.ts";
import { bytesOf, type Shape, type TensorType, tensorType } from "../types/tensor-type.ts";
import type { TypedArray } from "../types/typed-array.ts";

/** A tensor of numbers, each rounded (or wrapped) to the dtype. Row-major. */
export function refTensor(dtype: DType, shape: Shape, values: ArrayLike<number>): RefTensor {
  const type = tensorType(dtype, shape);
  checkLength(type, values.length);
  return { type, data: Float64Array.from(values, (x) => roundTo(x, dtype)) };
}

export function refScalar(dtype: DType, value: number): RefTensor {
  return refTensor(dtype, [], [value]);
}

/** A tensor from the typed array that `toTypedArray` gives. */
export function fromTypedArray(type: TensorType, array: TypedArray): RefTensor {
  checkLength(type, array.length);
  if (type.dtype !== "float16") return { type, data: Float64Array.from(array) };
  return { type, data: Float64Array.from(array, float16FromBits) };
}

/** The elements as a compiled function would hold them, rounded to the dtype. */
export function toTypedArray({ type, data }: RefTensor): TypedArray {
  switch (type.dtype) {
    case "bool":
    case "uint8":
      return Uint8Array.from(data);
    case "int8":
      return Int8Array.from(data);
    case "uint16":
      return Uint16Array.from(data);
    case "int16":
      return Int16Array.from(data);
    case "uint32":
      return Uint32Array.from(data);
    case "int32":
      return Int32Array.from(data);
    case "float16":
      return Uint16Array.from(data, float16Bits);
    case "float32":
      return Float32Array.from(data);
    case "float64":
      return Float64Array.from(data);
    default:
      return type.dtype satisfies never;
  }
}

/** A tensor from little-endian bytes. */
export function fromBytes(type: TensorType, bytes: Uint8Array): RefTensor {
  if (bytes.length !== bytesOf(type)) {
    throw new WeftTypeError(`${type.text} has ${bytesOf(type)} bytes, got ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = DTYPE_INFO[type.dtype].bytes;
  const data = new Float64Array(type.size);
  for (let i = 0; i < data.length; i++) data[i] = readElement(view, i * width, type.dtype);
  return { type, data };
}

/** Little-endian bytes, rounded to the dtype. */
export function toBytes({ type, data }: RefTensor): Uint8Array {
  const bytes = new Uint8Array(bytesOf(type));
  const view = new DataView(bytes.buffer);
  const width = DTYPE_INFO[type.dtype].bytes;
  for (let i = 0; i < data.length; i++) writeElement(view, i * width, type.dtype, data[i]);
  return bytes;
}

export function fromDense(tensor: DenseTensor): RefTensor {
  return fromBytes(tensor.type, tensor.bytes);
}

export function toDense(tensor: RefTensor): DenseTensor {
  return new DenseTensor(tensor.type, toBytes(tensor));
}

function checkLength(type: TensorType, length: number): void {
  if (length !== type.size) {
    throw new WeftTypeError(`${type.text} has ${type.size} elements, got ${length}`);
  }
}
