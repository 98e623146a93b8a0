/** Program → WebAssembly: one module per compiled function, in a portable and a relaxed-SIMD variant. */
import type { Program, ProgramInterface, WasmExecutable } from "../../program/program.ts";
import { ModuleEncoder } from "./encoder.ts";
import { emitKernel } from "./kernel-code.ts";
import { makeMathFunction } from "./math-functions.ts";
import { ModuleContext, type WasmVariant } from "./module-context.ts";
import { emitSchedule } from "./schedule.ts";

export interface WasmOptions {
  /** Import a shared memory, for threads. Default false. */
  readonly shared?: boolean;
}

/** Pages of 64 KiB in 4 GiB. A shared memory must declare a maximum. */
const MAX_PAGES = 65536;

/** The bytes of one module; equal programs give equal bytes. */
export function compileModule(program: Program, variant: WasmVariant, options: WasmOptions = {}): Uint8Array {
  const shared = options.shared ?? false;
  const encoder = new ModuleEncoder({
    module: "env",
    field: "memory",
    min: 0,
    max: shared ? MAX_PAGES : null,
    shared,
  });
  const module = new ModuleContext(encoder, variant, makeMathFunction);
  const kernels = new Map(program.kernels.map((kernel) => [kernel.name, emitKernel(module, kernel)]));
  encoder.export("run", emitSchedule(encoder, program, kernels));
  return encoder.finish();
}

/** Compiles a program for Wasm. The loader takes the relaxed module where the engine validates it. */
export function compileWasm(program: Program, options: WasmOptions = {}): WasmExecutable {
  const { name, inputs, outputs, aliases, tempBytes, constants } = program;
  const bare: ProgramInterface = { name, inputs, outputs, aliases, tempBytes, constants };
  return {
    interface: bare,
    modules: {
      simd: compileModule(program, "simd", options),
      relaxed: compileModule(program, "relaxed", options),
    },
  };
}
