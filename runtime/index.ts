/**
 * `weft/runtime`: runs functions compiled ahead of time. It knows the Program format and nothing of the compiler, so
 * it is all that a page shipping a compiled function has to load.
 */
import type { WasmExecutable } from "../compiler/program/program.ts";
import type { WebGpuExecutable } from "../compiler/program/webgpu.ts";
import type { TypedArray } from "../compiler/types/typed-array.ts";
import { type LoadOptions, loadWasm } from "./loader.ts";
import type { Storage } from "./storage.ts";
import { bytesOfTypedArray, typedArrayOf } from "./typed-array.ts";
import { gpuDevice } from "./webgpu/default-device.ts";
import type { GpuDevice } from "./webgpu/device.ts";
import { loadGpuProgram } from "./webgpu/loader.ts";
import type { GpuStorage } from "./webgpu/storage.ts";

export type { ProgramInterface, WasmExecutable } from "../compiler/program/program.ts";
export type { WebGpuExecutable } from "../compiler/program/webgpu.ts";
export type { TypedArray } from "../compiler/types/typed-array.ts";
export { Arena } from "./arena.ts";
export { CpuDevice, cpuDevice, type DeviceOptions } from "./device.ts";
export { DeviceLostError, DisposedError, GpuError, NoAdapterError, OutOfMemoryError } from "./errors.ts";
export { LoadedProgram, type LoadOptions, loadWasm } from "./loader.ts";
export { hasRelaxedSimd } from "./relaxed-simd.ts";
export { DeviceMemory, type MemoryLimits, Storage } from "./storage.ts";
export {
  defaultThreads,
  type ThreadOptions,
  threadPool,
  useThreads,
  WorkerDiedError,
} from "./threads/index.ts";
export { typedArrayOf } from "./typed-array.ts";
export { gpuDevice } from "./webgpu/default-device.ts";
export type { GpuDevice, GpuStatistics } from "./webgpu/device.ts";
export { LoadedGpuProgram, loadGpuProgram } from "./webgpu/loader.ts";
export { GpuProgram } from "./webgpu/program.ts";
export type { GpuStorage } from "./webgpu/storage.ts";

/** A compiled function over typed arrays. */
export interface CompiledFunction {
  readonly name: string;
  readonly inputs: WasmExecutable["interface"]["inputs"];
  readonly outputs: WasmExecutable["interface"]["outputs"];
  /** Row-major data of every input → copies of every output. float16 as bit patterns, bool as 0 and 1. */
  run(...inputs: readonly TypedArray[]): TypedArray[];
  dispose(): void;
}

/** Loads a compiled function to be called with typed arrays. */
export function loadFunction(executable: WasmExecutable, options: LoadOptions = {}): CompiledFunction {
  const program = loadWasm(executable, options);
  const { name, inputs, outputs } = executable.interface;
  const memory = (options.device ?? program.device).memory;
  return {
    name,
    inputs,
    outputs,
    run(...data) {
      const given: Storage[] = [];
      try {
        for (const array of data) given.push(memory.store(bytesOfTypedArray(array)));
        return program.run(given).map((storage, i) => {
          const copy = storage.bytes().slice();
          storage.release();
          return typedArrayOf(outputs[i].dtype, copy.buffer);
        });
      } finally {
        for (const storage of given) storage.release();
      }
    },
    dispose: () => program.dispose(),
  };
}

/** A compiled function over typed arrays, run on a GPU. */
export interface CompiledGpuFunction {
  readonly name: string;
  readonly inputs: WebGpuExecutable["interface"]["inputs"];
  readonly outputs: WebGpuExecutable["interface"]["outputs"];
  /** Row-major data of every input → copies of every output. float16 as bit patterns, bool as 0 and 1. */
  run(...inputs: readonly TypedArray[]): Promise<TypedArray[]>;
  dispose(): void;
}

/**
 * Loads a function compiled for WebGPU to be called with typed arrays. Throws NoAdapterError where there is no WebGPU,
 * and GpuError where it does not fit the adapter.
 */
export async function loadWebGpu(
  executable: WebGpuExecutable,
  options: { readonly device?: GpuDevice } = {},
): Promise<CompiledGpuFunction> {
  const device = options.device ?? (await gpuDevice());
  const program = loadGpuProgram(executable, device);
  const { name, inputs, outputs } = executable.interface;
  return {
    name,
    inputs,
    outputs,
    async run(...data) {
      const given: GpuStorage[] = [];
      let results: GpuStorage[] = [];
      try {
        for (const array of data) given.push(device.store(bytesOfTypedArray(array)));
        results = program.run(given);
        const bytes = await Promise.all(results.map((storage) => storage.read()));
        return bytes.map(({ buffer }, i) => typedArrayOf(outputs[i].dtype, buffer));
      } finally {
        for (const storage of [...given, ...results]) storage.release();
      }
    },
    dispose: () => program.dispose(),
  };
}
