/** Arrays with values: bytes in the arena, bytes on a GPU, or one known element repeated. */
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
import type { GpuStorage } from "../../runtime/webgpu/storage.ts";
import { type ArrayData, NdArray } from "./array.ts";
import { avalOf, formatShape, formatType, type ShapedArray } from "./aval.ts";
import { type Device, defaultDevice, onlyOnGpu, type WebGpuDevice } from "./device.ts";
import { formatElements } from "./print.ts";

export class ConcreteArray extends NdArray {
  /** The bytes in the arena; null while the array is known by `fill` alone, or only a GPU has it. */
  buffer: Storage | null;
  /** The bytes on a GPU: those of a result computed there, or a copy of `buffer`. */
  gpu: GpuStorage | null = null;
  /** The GPU that `gpu` is on. */
  gpuDevice: WebGpuDevice | null = null;
  #disposed = false;

  constructor(
    override readonly aval: ShapedArray,
    buffer: Storage | null,
    /** The value of every element, where it is known: numbers and constants need no memory until a kernel reads them. */
    readonly fill: number | null = null,
    /** The device it was put on, and computations with it run on; null if it goes where it is needed. */
    readonly committed: Device | null = null,
  ) {
    super();
    this.buffer = buffer;
    if (buffer !== null) buffer.track(this);
  }

  /** An array whose elements a GPU has. */
  static onGpu(
    aval: ShapedArray,
    storage: GpuStorage,
    device: WebGpuDevice,
    committed: Device | null,
  ): ConcreteArray {
    const array = new ConcreteArray(aval, null, null, committed);
    array.gpu = storage;
    array.gpuDevice = device;
    storage.track(array);
    return array;
  }

  /** The GPU that alone has the elements; null where they are in the arena or known. */
  get only(): WebGpuDevice | null {
    return this.buffer === null && this.fill === null ? this.gpuDevice : null;
  }

  override get device(): Device {
    return this.committed ?? this.only ?? defaultDevice();
  }

  /** The bytes in the arena, written now if the array was only a known value. Throws where only a GPU has them. */
  storage(): Storage {
    let { buffer } = this;
    if (buffer === null) {
      this.checkAlive();
      if (this.fill === null) throw this.#elsewhere("computing on wasm");
      buffer = filledStorage(this.aval.type, this.fill);
      this.buffer = buffer;
      buffer.track(this);
    } else if (buffer.gone !== null) throw new DisposedError(goneMessage(buffer));
    return buffer;
  }

  /** Throws if the array was disposed of or donated. */
  checkAlive(): void {
    if (this.#disposed) throw new DisposedError(DISPOSED);
    const { buffer, gpu } = this;
    if (buffer !== null && buffer.gone !== null) throw new DisposedError(goneMessage(buffer));
    if (gpu !== null && gpu.gone !== null) throw new DisposedError(goneMessage(gpu));
  }

  override dataSync(): ArrayData {
    return this.#elements("dataSync()");
  }

  override async data(): Promise<ArrayData> {
    const { gpu } = this;
    // No waiting before the read: it sees the array as it is at this call.
    if (this.buffer?.arriving) await this.buffer.arriving;
    if (this.buffer !== null || this.fill !== null || gpu === null) return this.dataSync();
    this.checkAlive();
    return arrayData(this.dtype, (await gpu.read()).buffer);
  }

  /** Resolves when the elements are computed and where they shall be; rejects with what went wrong on the way. */
  async ready(): Promise<void> {
    this.checkAlive();
    await this.buffer?.arriving;
    await this.gpu?.ready();
  }

  #elements(what: string): ArrayData {
    if (this.only !== null) throw this.#elsewhere(what);
    // The storage's alignment in an evicted buffer is unknown: copy first.
    return arrayData(this.dtype, this.storage().bytes().slice().buffer);
  }

  #elsewhere(what: string): Error {
    this.checkAlive();
    if (this.gpuDevice === null) return new InternalError("an array needs a storage or a value");
    return onlyOnGpu(what, formatType(this.aval.type), this.gpuDevice);
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
    return this.#elements("item()")[0];
  }

  override dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const storage of [this.buffer, this.gpu]) {
      storage?.untrack(this);
      storage?.release();
    }
  }

  /** The same bytes under another abstract value of the same size and dtype. */
  alias(aval: ShapedArray, committed = this.committed): ConcreteArray {
    this.checkAlive();
    const { buffer, gpu } = this;
    const array = new ConcreteArray(aval, buffer?.retain() ?? null, this.fill, committed);
    if (gpu !== null) array.keepOnGpu(gpu.retain(), this.gpuDevice);
    return array;
  }

  /** Adds the bytes on a GPU to those in the arena. */
  keepOnGpu(storage: GpuStorage, device: WebGpuDevice | null): void {
    this.gpu = storage;
    this.gpuDevice = device;
    storage.track(this);
  }

  /** Element i of the first axis, copied from the bytes in the arena. */
  hostRow(i: number): ConcreteArray {
    const row = avalOf(tensorType(this.dtype, this.shape.slice(1)), this.weakType);
    const bytes = bytesOf(row.type);
    const copy = this.storage()
      .bytes()
      .slice(i * bytes, (i + 1) * bytes);
    return new ConcreteArray(row, cpuDevice().memory.store(copy));
  }

  override toString(): string {
    if (this.only !== null) return `Array(${formatType(this.aval.type)}, device=${this.device})`;
    return formatElements(this.dataSync(), this.shape, this.dtype);
  }

  /** As NumPy's repr: `Array([1., 2.], dtype=float32)`; of an array that only a GPU has, type and device. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    if (this.#disposed || this.buffer?.gone || this.gpu?.gone)
      return `Array(${formatType(this.aval.type)}, deleted)`;
    if (this.only !== null) return this.toString();
    const weak = this.weakType ? ", weak_type=True" : "";
    const shape = this.size === 0 ? `, shape=${formatShape(this.shape)}` : "";
    const elements = formatElements(this.dataSync(), this.shape, this.dtype, ", ", 6);
    return `Array(${elements}${shape}, dtype=${this.dtype}${weak})`;
  }
}

/** Elements as users see them. */
function arrayData(dtype: DType, buffer: ArrayBuffer): ArrayData {
  const data = typedArrayOf(dtype, buffer);
  return dtype === "float16" ? Float32Array.from(data, float16FromBits) : data;
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

/** The bytes of one element. */
export function elementBytes(dtype: DType, value: number): Uint8Array {
  const one = typedArrayOf(dtype, new ArrayBuffer(DTYPE_INFO[dtype].bytes));
  one[0] = dtype === "float16" ? float16Bits(value) : value;
  return bytesOfTypedArray(one);
}

/** A new storage with one value in every element. */
export function filledStorage(type: TensorType, value: number): Storage {
  const { memory } = cpuDevice();
  const storage = memory.allocate(bytesOf(type));
  if (type.size === 1) writeScalar(storage, type.dtype, value);
  else fill(storage.bytes(), type.dtype, value);
  return storage;
}

/** The bytes of an array with one value in every element. */
export function filledBytes(type: TensorType, value: number): Uint8Array {
  const bytes = new Uint8Array(bytesOf(type));
  fill(bytes, type.dtype, value);
  return bytes;
}

function fill(target: Uint8Array, dtype: DType, value: number): void {
  if (target.byteLength === 0) return;
  const pattern = elementBytes(dtype, value);
  // Doubling copies: any element width, at the speed of memcpy.
  target.set(pattern);
  for (let filled = pattern.length; filled < target.length; filled *= 2) {
    target.copyWithin(filled, 0, Math.min(filled, target.length - filled));
  }
}

/** Writes a JavaScript number over the bytes of a scalar storage that nobody else reads. */
export function writeScalar(storage: Storage, dtype: DType, value: number): void {
  const pointer = storage.pointer();
  const { arena } = storage.memory;
  if (dtype === "float32") arena.f32[pointer >>> 2] = value;
  else if (dtype === "bool") arena.u8[pointer] = value ? 1 : 0;
  else arena.u8.set(elementBytes(dtype, value), pointer);
}
