/** Elements of files as arrays: byte order, and the types that Weft has not. */
import { float16Bits } from "../../compiler/kernel/constants.ts";
import { DTYPE_INFO, type DType } from "../../compiler/types/dtype.ts";
import { tensorType } from "../../compiler/types/tensor-type.ts";
import { bytesOfTypedArray, typedArrayOf } from "../../runtime/typed-array.ts";
import { arrayFromBytes, arrayFromData, type NdArray, type WeftValueError } from "../core/index.ts";

/** What becomes of 64-bit integers, which Weft has not. */
export type Int64Policy = "int32" | "float64";

/** Options of `readNpy`, `parseNpy`, `readSafetensors` and `readNpz`. */
export interface Int64Option {
  /**
   * 64-bit integers become int32 (unsigned: uint32), and it is an error where one does not fit; or float64, rounded beyond
   * 2⁵³. Default "int32".
   */
  readonly int64?: Int64Policy;
}

/** The greatest extent of an axis, and number of elements, that arrays have. */
export const MAX_SIZE = 2 ** 31 - 1;

/** The elements of a shape. Throws where they are beyond what an array can have. */
export function checkedSize(shape: readonly number[], fail: (problem: string) => WeftValueError): number {
  let size = 1;
  for (const n of shape) {
    if (!Number.isSafeInteger(n) || n < 0 || n > MAX_SIZE) {
      throw fail(`an axis of ${n} elements is beyond what an array can have (${MAX_SIZE})`);
    }
    size *= n;
  }
  // With an axis of 0 any others are possible: of products without it.
  const most = shape.reduce((product, n) => product * Math.max(n, 1), 1);
  if (most > MAX_SIZE) throw fail(`shape [${shape.join(", ")}] has more elements than an array can have`);
  return size;
}

/** An array from elements in row-major order. */
export function arrayOf(
  bytes: Uint8Array,
  dtype: DType,
  shape: readonly number[],
  littleEndian: boolean,
  fail: (problem: string) => WeftValueError,
): NdArray {
  const { bytes: width } = DTYPE_INFO[dtype];
  if (dtype === "bool") {
    const wrong = bytes.findIndex((byte) => byte > 1);
    if (wrong >= 0) throw fail(`element ${wrong} is ${bytes[wrong]}, which is no boolean`);
  }
  const ordered = littleEndian || width === 1 ? bytes : swapped(bytes, width);
  return arrayFromBytes(ordered, tensorType(dtype, [...shape]));
}

function swapped(bytes: Uint8Array, width: number): Uint8Array {
  const result = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i += width) {
    for (let k = 0; k < width; k++) result[i + k] = bytes[i + width - 1 - k];
  }
  return result;
}

/** An array from 64-bit integers. */
export function arrayOf64(
  bytes: Uint8Array,
  signed: boolean,
  shape: readonly number[],
  littleEndian: boolean,
  policy: Int64Policy,
  fail: (problem: string) => WeftValueError,
): NdArray {
  const count = bytes.length / 8;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = (i: number): bigint =>
    signed ? view.getBigInt64(i * 8, littleEndian) : view.getBigUint64(i * 8, littleEndian);
  if (policy === "float64") {
    const data = Float64Array.from({ length: count }, (_, i) => Number(whole(i)));
    return arrayFromData(data, "float64", [...shape]);
  }
  const data = signed ? new Int32Array(count) : new Uint32Array(count);
  const [lowAt, highAt] = littleEndian ? [0, 4] : [4, 0];
  for (let i = 0; i < count; i++) {
    const low = view.getInt32(i * 8 + lowAt, littleEndian);
    const high = view.getInt32(i * 8 + highAt, littleEndian);
    if (high !== (signed ? low >> 31 : 0)) {
      const name = signed ? "int32" : "uint32";
      throw fail(
        `element ${i} is ${whole(i)}, which is no ${name}: Weft has no 64-bit integers; { int64: "float64" } reads ` +
          "them as float64",
      );
    }
    data[i] = low;
  }
  return arrayFromData(data, signed ? "int32" : "uint32", [...shape]);
}

/** bfloat16 as float32, exactly: the upper half of its bits. */
export function arrayOfBfloat16(bytes: Uint8Array, shape: readonly number[]): NdArray {
  const wide = new Uint8Array(bytes.length * 2);
  for (let i = 0; i < bytes.length; i += 2) {
    wide[2 * i + 2] = bytes[i];
    wide[2 * i + 3] = bytes[i + 1];
  }
  return arrayFromBytes(wide, tensorType("float32", [...shape]));
}

/** The little-endian bytes of an array's elements in row-major order, read from its device. */
export async function bytesOfArray(array: NdArray): Promise<Uint8Array> {
  const data = await array.data();
  if (array.dtype !== "float16") return bytesOfTypedArray(data);
  const bits = typedArrayOf("float16", new ArrayBuffer(data.length * 2));
  for (let i = 0; i < data.length; i++) bits[i] = float16Bits(data[i]);
  return bytesOfTypedArray(bits);
}
