/** Arrays with values: a storage on the device, or one known element repeated. */
import { float16Bits, float16FromBits, roundTo } from "../../compiler/kernel/constants.ts";
import { DTYPE_INFO, type DType } from "../../compiler/types/dtype.ts";
import { InternalError, WeftTypeError, WeftValueError } from "../../compiler/types/errors.ts";
import {
  bytesOf,
  type Shape,
  sizeOf,
  type TensorType,
  tensorType,
} from "../../compiler/types/tensor-type.ts";
import type { TypedArray } from "../../compiler/types/typed-array.ts";
import { goneMessage } from "../../runtime/array-storage.ts";
import { cpuDevice } from "../../runtime/device.ts";
import { DisposedError } from "../../runtime/errors.ts";
import type { Storage } from "../../runtime/storage.ts";
import { bytesOfTypedArray, typedArrayOf } from "../../runtime/typed-array.ts";
import { type ArrayData, NdArray } from "./array.ts";
import { avalOf, formatShape, formatType, type ShapedArray } from "./aval.ts";
import { formatElements } from "./print.ts";

export class ConcreteArray extends NdArray {
  /** The bytes; null while the array is known by `fill` alone. */
  buffer: Storage | null;
  #disposed = false;

  constructor(
    override readonly aval: ShapedArray,
    buffer: Storage | null,
    /** The value of every element, where it is known: numbers and constants need no memory until a kernel reads them. */
    readonly fill: number | null = null,
  ) {
    super();
    this.buffer = buffer;
    if (buffer !== null) buffer.track(this);
    else if (fill === null) throw new InternalError("an array needs a storage or a value");
  }

  /** The bytes on the device, written now if the array was only a known value. */
  storage(): Storage {
    let { buffer } = this;
    if (buffer === null) {
      if (this.#disposed) throw new DisposedError(DISPOSED);
      buffer = filledStorage(this.aval.type, this.fill ?? 0);
      this.buffer = buffer;
      buffer.track(this);
    } else if (buffer.gone !== null) throw new DisposedError(goneMessage(buffer));
    return buffer;
  }

  /** Throws if the array was disposed of or donated. */
  checkAlive(): void {
    if (this.#disposed) throw new DisposedError(DISPOSED);
    const { buffer } = this;
    if (buffer !== null && buffer.gone !== null) throw new DisposedError(goneMessage(buffer));
  }

  override dataSync(): ArrayData {
    const { dtype } = this;
    // The storage's alignment in an evicted buffer is unknown: copy first.
    const copy = this.storage().bytes().slice();
    const data = typedArrayOf(dtype, copy.buffer);
    return dtype === "float16" ? Float32Array.from(data, float16FromBits) : data;
  }

  override item(): number {
    if (this.size !== 1) {
      throw new WeftTypeError(
        `item() works on arrays of one element only, this array has shape ${formatShape(this.shape)}: ` +
          "use toArray() or dataSync()",
      );
    }
    if (this.fill !== null) {
      this.checkAlive();
      return this.fill;
    }
    return this.dataSync()[0];
  }

  override dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.buffer?.release();
  }

  /** The same bytes under another abstract value of the same size and dtype. */
  alias(aval: ShapedArray): ConcreteArray {
    this.checkAlive();
    return new ConcreteArray(aval, this.buffer?.retain() ?? null, this.fill);
  }

  override *[Symbol.iterator](): Generator<NdArray, void, undefined> {
    const { length, dtype, shape } = this;
    const rest = avalOf(tensorType(dtype, shape.slice(1)), this.weakType);
    const bytes = bytesOf(rest.type);
    for (let i = 0; i < length; i++) {
      const row = this.storage()
        .bytes()
        .slice(i * bytes, (i + 1) * bytes);
      yield new ConcreteArray(rest, cpuDevice().memory.store(row));
    }
  }

  override toString(): string {
    return formatElements(this.dataSync(), this.shape, this.dtype);
  }

  /** As NumPy's repr: `Array([1., 2.], dtype=float32)`. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    if (this.#disposed || this.buffer?.gone) return `Array(${formatType(this.aval.type)}, deleted)`;
    const weak = this.weakType ? ", weak_type=True" : "";
    const shape = this.size === 0 ? `, shape=${formatShape(this.shape)}` : "";
    const elements = formatElements(this.dataSync(), this.shape, this.dtype, ", ", 6);
    return `Array(${elements}${shape}, dtype=${this.dtype}${weak})`;
  }
}

const DISPOSED =
  "Array has been disposed: dispose() was called on it, or the scope of its `using` declaration ended.";

/** An array of one repeated value. Integers outside the dtype's range are refused. */
export function constantArray(value: number, type: TensorType, weakType = false): ConcreteArray {
  return new ConcreteArray(avalOf(type, weakType), null, checkedElement(value, type.dtype));
}

/** An array of row-major elements, copied. Throws WeftValueError where their number does not fit the shape. */
export function arrayFromData(
  data: ArrayLike<number> | TypedArray,
  dtype: DType,
  shape: Shape,
  weakType = false,
): ConcreteArray {
  const type = tensorType(dtype, shape);
  if (data.length !== sizeOf(shape)) {
    throw new WeftValueError(`cannot reshape array of size ${data.length} into shape ${formatShape(shape)}`);
  }
  const native = typedArrayOf(dtype, new ArrayBuffer(bytesOf(type)));
  if (dtype === "float16") for (let i = 0; i < data.length; i++) native[i] = float16Bits(data[i]);
  else if (dtype === "bool") for (let i = 0; i < data.length; i++) native[i] = data[i] ? 1 : 0;
  else native.set(data);
  return new ConcreteArray(avalOf(type, weakType), cpuDevice().memory.store(bytesOfTypedArray(native)));
}

/** An array of raw little-endian bytes, copied. */
export function arrayFromBytes(bytes: Uint8Array, type: TensorType, weakType = false): ConcreteArray {
  if (bytes.byteLength !== bytesOf(type)) {
    throw new WeftValueError(
      `${formatType(type)} takes ${bytesOf(type)} bytes, got ${bytes.byteLength} bytes`,
    );
  }
  return new ConcreteArray(avalOf(type, weakType), cpuDevice().memory.store(bytes));
}

function checkedElement(value: number, dtype: DType): number {
  const { kind, min, max } = DTYPE_INFO[dtype];
  if (kind === "float") return roundTo(value, dtype);
  if (kind === "bool") return value !== 0 ? 1 : 0;
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new WeftValueError(`JavaScript number ${value} out of bounds for ${dtype}`);
  }
  return value + 0;
}

/** A new storage with one value in every element. */
export function filledStorage(type: TensorType, value: number): Storage {
  const { memory } = cpuDevice();
  const storage = memory.allocate(bytesOf(type));
  if (type.size === 1) {
    writeScalar(storage, type.dtype, value);
    return storage;
  }
  const one = typedArrayOf(type.dtype, new ArrayBuffer(DTYPE_INFO[type.dtype].bytes));
  one[0] = type.dtype === "float16" ? float16Bits(value) : value;
  const pattern = bytesOfTypedArray(one);
  const target = storage.bytes();
  if (target.byteLength === 0) return storage;
  // Doubling copies: any element width, at the speed of memcpy.
  target.set(pattern);
  for (let filled = pattern.length; filled < target.length; filled *= 2) {
    target.copyWithin(filled, 0, Math.min(filled, target.length - filled));
  }
  return storage;
}

/** Writes a JavaScript number over the bytes of a scalar storage that nobody else reads. */
export function writeScalar(storage: Storage, dtype: DType, value: number): void {
  const pointer = storage.pointer();
  const { arena } = storage.memory;
  if (dtype === "float32") arena.f32[pointer >>> 2] = value;
  else if (dtype === "bool") arena.u8[pointer] = value ? 1 : 0;
  else {
    const one = typedArrayOf(dtype, new ArrayBuffer(DTYPE_INFO[dtype].bytes));
    one[0] = dtype === "float16" ? float16Bits(value) : value;
    arena.u8.set(bytesOfTypedArray(one), pointer);
  }
}
