/**
 * `weft/runtime`: runs functions compiled ahead of time. It knows the Program format and nothing of the compiler, so
 * it is all that a page shipping a compiled function has to load.
 */
import type { WasmExecutable } from "../compiler/program/program.ts";
import type { TypedArray } from "../compiler/types/typed-array.ts";
import { type LoadOptions, loadWasm } from "./loader.ts";
import type { Storage } from "./storage.ts";
import { bytesOfTypedArray, typedArrayOf } from "./typed-array.ts";

export type { ProgramInterface, WasmExecutable } from "../compiler/program/program.ts";
export type { TypedArray } from "../compiler/types/typed-array.ts";
export { Arena, OutOfMemoryError } from "./arena.ts";
export { CpuDevice, cpuDevice } from "./device.ts";
export { LoadedProgram, type LoadOptions, loadWasm } from "./loader.ts";
export { hasRelaxedSimd } from "./relaxed-simd.ts";
export { DeviceMemory, DisposedError, type MemoryLimits, Storage } from "./storage.ts";
export { typedArrayOf } from "./typed-array.ts";

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
