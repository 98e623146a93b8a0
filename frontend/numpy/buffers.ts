/** Arrays from bytes, text and iterators (`jax.numpy`). */
import { DTYPE_INFO, type DType } from "../../compiler/types/dtype.ts";
import { tensorType } from "../../compiler/types/tensor-type.ts";
import { arrayFromBytes, DEFAULT_FLOAT, type NdArray, WeftTypeError, WeftValueError } from "../core/index.ts";
import { checkDType } from "../lax/movement.ts";
import { array } from "./array.ts";

/** Options of `frombuffer`, `fromiter` and `fromstring`. */
export interface BufferOptions {
  /** Default float32. */
  readonly dtype?: DType;
  /** How many elements to take; default all there are. */
  readonly count?: number;
}

/** A vector of the elements in a buffer, little-endian, copied (`jnp.frombuffer`). */
export function frombuffer(
  buffer: ArrayBuffer | ArrayBufferView,
  options: BufferOptions & { offset?: number } = {},
): NdArray {
  const dtype = checkDType(options.dtype ?? DEFAULT_FLOAT);
  const bytes = ArrayBuffer.isView(buffer)
    ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    : new Uint8Array(buffer);
  const { offset = 0, count = -1 } = options;
  if (!Number.isInteger(offset) || offset < 0 || offset > bytes.length) {
    throw new WeftValueError(
      `offset must be non-negative and no greater than buffer length (${bytes.length}), got ${offset}`,
    );
  }
  const width = DTYPE_INFO[dtype].bytes;
  const rest = bytes.length - offset;
  if (count < 0 && rest % width !== 0) {
    throw new WeftValueError("buffer size must be a multiple of element size");
  }
  const size = count < 0 ? rest / width : count;
  if (size * width > rest) throw new WeftValueError("buffer is smaller than requested size");
  return arrayFromBytes(bytes.subarray(offset, offset + size * width), tensorType(dtype, [size]));
}

/** A vector of the numbers that an iterator gives (`numpy.fromiter`). */
export function fromiter(iterable: Iterable<number | boolean>, options: BufferOptions = {}): NdArray {
  const values = [...iterable];
  const { count = -1 } = options;
  if (count > values.length)
    throw new WeftValueError(
      `iterator too short: Expected ${count} but iterator had only ${values.length} items.`,
    );
  return array(count < 0 ? values : values.slice(0, count), {
    dtype: checkDType(options.dtype ?? DEFAULT_FLOAT),
  });
}

/** A vector of the numbers in a text, between separators (`jnp.fromstring`). */
export function fromstring(text: string, options: BufferOptions & { sep: string }): NdArray {
  if (typeof text !== "string") throw new WeftTypeError("fromstring takes a string");
  const { sep, count = -1 } = options;
  if (sep === "") {
    throw new WeftValueError(
      "fromstring: the separator must not be empty; use np.frombuffer for binary data",
    );
  }
  const parts = (sep.trim() === "" ? text.trim().split(/\s+/) : text.split(sep.trim())).map((p) => p.trim());
  const given = parts.filter((part, i) => part !== "" || i < parts.length - 1);
  const values = given.map((part) => {
    const value = Number(part);
    if (part === "" || Number.isNaN(value)) {
      throw new WeftValueError(
        `string or file could not be read to its end due to unmatched data: "${part}"`,
      );
    }
    return value;
  });
  return array(count < 0 ? values : values.slice(0, count), {
    dtype: checkDType(options.dtype ?? DEFAULT_FLOAT),
  });
}
