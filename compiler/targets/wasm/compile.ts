/** Program → WebAssembly: one module per compiled function, in a portable and a relaxed-SIMD variant. */
import type { Program, ProgramInterface, WasmExecutable } from "../../program/program.ts";
import { ModuleEncoder } from "./encoder.ts";
import { emitKernel, type PreparedKernel, prepareKernel } from "./kernel-code.ts";
import { makeMathFunction } from "./math-functions.ts";
import { ModuleContext, type WasmVariant } from "./module-context.ts";
import { emitSchedule, type Launch } from "./schedule.ts";
import { frameBytes, SharedKernels } from "./shared-kernels.ts";

function emitModule(program: Program, kernels: readonly PreparedKernel[], variant: WasmVariant): Uint8Array {
  const encoder = new ModuleEncoder({ module: "env", field: "memory", min: 0 });
  const shared = kernels.some(({ grid }) => grid !== null) ? new SharedKernels(encoder, program) : null;
  const module = new ModuleContext(encoder, variant, makeMathFunction);
  const functions = new Map<string, Launch>();
  for (const prepared of kernels) {
    const fn = emitKernel(module, prepared);
    const launch = prepared.grid === null ? null : shared?.add(fn, prepared.grid.extent);
    functions.set(prepared.kernel.name, launch ?? ((f) => f.call(fn)));
  }
  encoder.export("run", emitSchedule(encoder, program, functions));
  shared?.export();
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
export function compileWasm(program: Program): WasmExecutable {
  const { name, inputs, outputs, aliases, constants } = program;
  const kernels = program.kernels.map(prepareKernel);
  const tempBytes = program.tempBytes + frameBytes(kernels.filter(({ grid }) => grid !== null));
  const bare: ProgramInterface = { name, inputs, outputs, aliases, tempBytes, constants };
  return {
    interface: bare,
    modules: new LazyModules((variant) => emitModule(program, kernels, variant)),
  };
}
