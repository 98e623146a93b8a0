/** What runs graphs on the arrays of one device, and remembers what was compiled for it. */
import type { DType } from "../../compiler/types/dtype.ts";
import { UnsupportedError } from "../../compiler/types/errors.ts";
import type { TensorType } from "../../compiler/types/tensor-type.ts";
import { tensorType } from "../../compiler/types/tensor-type.ts";
import type { ArrayStorage } from "../../runtime/array-storage.ts";
import type { Storage } from "../../runtime/storage.ts";
import type { GpuStorage } from "../../runtime/webgpu/storage.ts";
import type { ShapedArray } from "./aval.ts";
import { type Backend, backendOf, currentBackend, type Executable } from "./backend.ts";
import { CompiledCache } from "./compiled-cache.ts";
import { ConcreteArray, elementBytes, filledBytes, filledStorage } from "./concrete-array.ts";
import type { Device, WebGpuDevice } from "./device.ts";

/** A single operation, compiled. */
export interface OperationEntry<S extends ArrayStorage> {
  readonly executable: Executable<S>;
  readonly outputs: readonly TensorType[];
}

const OPERATION_LIMIT = 4096;
const GRAPH_LIMIT = 1024;

export abstract class Engine<S extends ArrayStorage> {
  /** Graphs that transformations run outside of `jit`, and control flow run eagerly. */
  readonly graphs = new CompiledCache<S>(GRAPH_LIMIT);
  /** Executables of single operations, by an injective text of operation, parameters and operand types. */
  readonly #operations = new Map<string, OperationEntry<S>>();
  #operationsBackend: Backend<S> | null = null;

  /** What compiles now. */
  abstract backend(): Backend<S>;
  /** The bytes of an array on this device. */
  abstract place(x: ConcreteArray): S;
  /** A storage of one element, to be released by the caller. */
  abstract scalar(dtype: DType, value: number): S;
  /** An array of a result. */
  abstract wrap(aval: ShapedArray, storage: S, committed: Device | null): ConcreteArray;

  operation(key: string): OperationEntry<S> | undefined {
    const backend = this.backend();
    if (this.#operationsBackend !== backend) {
      this.#operations.clear();
      this.#operationsBackend = backend;
    }
    return this.#operations.get(key);
  }

  keepOperation(key: string, entry: OperationEntry<S>): void {
    if (this.#operations.size >= OPERATION_LIMIT) {
      const oldest = this.#operations.keys().next();
      if (!oldest.done) this.#operations.delete(oldest.value);
    }
    this.#operations.set(key, entry);
  }
}

class WasmEngine extends Engine<Storage> {
  backend(): Backend {
    return currentBackend();
  }
  place(x: ConcreteArray): Storage {
    return x.storage();
  }
  scalar(dtype: DType, value: number): Storage {
    return filledStorage(tensorType(dtype, []), value);
  }
  wrap(aval: ShapedArray, storage: Storage, committed: Device | null): ConcreteArray {
    return new ConcreteArray(aval, storage, null, committed);
  }
}

/** Numbers kept on a GPU: constants of eager code, such as a learning rate. */
const SCALAR_LIMIT = 256;

export class GpuEngine extends Engine<GpuStorage> {
  /** Declared cache, least recently used first. */
  readonly #scalars = new Map<string, GpuStorage>();

  constructor(readonly device: WebGpuDevice) {
    super();
  }

  backend(): Backend<GpuStorage> {
    return backendOf(this.device.gpu);
  }

  /** Copies to the GPU what is not there yet; the array keeps the copy. */
  place(x: ConcreteArray): GpuStorage {
    x.checkAlive();
    const { gpu } = this.device;
    if (x.gpu !== null && x.gpu.device === gpu) return x.gpu;
    checkDType(x.dtype);
    let storage: GpuStorage;
    if (x.fill === null) storage = gpu.store(x.storage().bytes());
    else if (x.size === 1) storage = this.scalar(x.dtype, x.fill);
    else storage = gpu.store(filledBytes(x.aval.type, x.fill));
    x.keepOnGpu(storage, this.device);
    return storage;
  }

  /** The bytes of an array that gives them away: its own, not those of a number that is kept here. */
  donate(x: ConcreteArray): GpuStorage {
    const storage = this.place(x);
    if (x.fill === null || storage.references === 1) return storage;
    storage.untrack(x);
    storage.release();
    const own = this.device.gpu.store(filledBytes(x.aval.type, x.fill));
    x.keepOnGpu(own, this.device);
    return own;
  }

  scalar(dtype: DType, value: number): GpuStorage {
    const key = `${dtype}:${Object.is(value, -0) ? "-0" : value}`;
    let storage = this.#scalars.get(key);
    this.#scalars.delete(key);
    if (storage === undefined) {
      storage = this.device.gpu.store(elementBytes(dtype, value));
      if (this.#scalars.size >= SCALAR_LIMIT) {
        const oldest = this.#scalars.entries().next();
        if (!oldest.done) {
          this.#scalars.delete(oldest.value[0]);
          oldest.value[1].release();
        }
      }
    }
    this.#scalars.set(key, storage);
    return storage.retain();
  }

  wrap(aval: ShapedArray, storage: GpuStorage, committed: Device | null): ConcreteArray {
    return ConcreteArray.onGpu(aval, storage, this.device, committed);
  }

  /**
   * A number among the arguments of a compiled function, in memory that the function keeps (`known`) and that is
   * written when the number changes.
   */
  argument(known: NumberArgument | undefined, type: TensorType, value: number): NumberArgument {
    // Donated with the rest of its argument: another one then.
    const reusable = known !== undefined && known.storage.gone === null;
    if (reusable && Object.is(known.value, value)) return known;
    const { gpu } = this.device;
    checkDType(type.dtype);
    const bytes = elementBytes(type.dtype, value);
    if (!reusable) return { storage: gpu.store(bytes), value };
    gpu.overwrite(known.storage, bytes);
    return { storage: known.storage, value };
  }
}

export interface NumberArgument {
  readonly storage: GpuStorage;
  readonly value: number;
}

function checkDType(dtype: DType): void {
  if (dtype !== "float64") return;
  throw new UnsupportedError(
    'WebGPU has no float64: compute in float32 there, or in float64 on device("wasm").',
  );
}

export const wasmEngine = new WasmEngine();

/** Declared cache: the engine of each GPU. */
const gpuEngines = new WeakMap<WebGpuDevice, GpuEngine>();

export function gpuEngine(device: WebGpuDevice): GpuEngine {
  let engine = gpuEngines.get(device);
  if (engine === undefined) {
    engine = new GpuEngine(device);
    gpuEngines.set(device, engine);
  }
  return engine;
}
