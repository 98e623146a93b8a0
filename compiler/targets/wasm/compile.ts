/** Program → WebAssembly: one module per compiled function, in a portable and a relaxed-SIMD variant. */
import type { Program, ProgramInterface, WasmExecutable } from "../../program/program.ts";
import { ModuleEncoder } from "./encoder.ts";
import { emitKernel, type PreparedKernel, prepareKernel } from "./kernel-code.ts";
import { makeMathFunction } from "./math-functions.ts";
import { ModuleContext, type WasmVariant } from "./module-context.ts";
import { emitSchedule } from "./schedule.ts";

export interface WasmOptions {
  /** Import a shared memory, for threads. Default false. */
  readonly shared?: boolean;
}

/** Pages of 64 KiB in 4 GiB. A shared memory must declare a maximum. */
const MAX_PAGES = 65536;

function emitModule(
  program: Program,
  kernels: readonly PreparedKernel[],
  variant: WasmVariant,
  shared: boolean,
): Uint8Array {
  const encoder = new ModuleEncoder({
    module: "env",
    field: "memory",
    min: 0,
    max: shared ? MAX_PAGES : null,
    shared,
  });
  const module = new ModuleContext(encoder, variant, makeMathFunction);
  const functions = new Map(kernels.map((k) => [k.kernel.name, emitKernel(module, k)]));
  encoder.export("run", emitSchedule(encoder, program, functions));
  return encoder.finish();
}

/** Both variants, each made when it is asked for: a just-in-time call needs only the one its engine runs. */
class LazyModules {
  readonly #make: (variant: WasmVariant) => Uint8Array;
  #simd: Uint8Array | null = null;
  #relaxed: Uint8Array | null = null;

  constructor(make: (variant: WasmVariant) => Uint8Array) {
    this.#make = make;
  }

  get simd(): Uint8Array {
    this.#simd ??= this.#make("simd");
    return this.#simd;
  }

  get relaxed(): Uint8Array {
    this.#relaxed ??= this.#make("relaxed");
    return this.#relaxed;
  }
}

/**
 * Compiles a program for Wasm; equal programs give equal bytes. The loader takes the relaxed module where the engine
 * validates it.
 */
export function compileWasm(program: Program, options: WasmOptions = {}): WasmExecutable {
  const { name, inputs, outputs, aliases, tempBytes, constants } = program;
  const bare: ProgramInterface = { name, inputs, outputs, aliases, tempBytes, constants };
  const kernels = program.kernels.map(prepareKernel);
  const shared = options.shared ?? false;
  return {
    interface: bare,
    modules: new LazyModules((variant) => emitModule(program, kernels, variant, shared)),
  };
}
