/** Kernels compiled for WebAssembly and for GPUs: their code as text, and each loaded by itself. */
import type { Kernel } from "../../compiler/kernel/kernel.ts";
import type { WasmExecutable } from "../../compiler/program/program.ts";
import { DEFAULT_LIMITS, type WebGpuExecutable } from "../../compiler/program/webgpu.ts";
import { compileWasm } from "../../compiler/targets/wasm/compile.ts";
import { loadWasm } from "../../runtime/loader.ts";
import { bytesOfTypedArray } from "../../runtime/typed-array.ts";
import type { GpuDevice } from "../../runtime/webgpu/device.ts";
import type { LoadedGpuProgram } from "../../runtime/webgpu/loader.ts";
import { UnsupportedError } from "../core/errors.ts";
import { gpu, loadGpu } from "../core/gpu.ts";
import { kernelProgram } from "../inspect/kernel-program.ts";
import { loadWat, watOfKernel } from "../inspect/wat.ts";
import type { KernelCode } from "./kernel-handle.ts";

/** Positions of the parameters that a kernel reads, and of those it writes. */
function positionsOf({ params }: Kernel): { read: number[]; written: number[] } {
  const positions = [...params.keys()];
  return {
    read: positions.filter((i) => params[i].access !== "write"),
    written: positions.filter((i) => params[i].access !== "read"),
  };
}

export function wasmKernelCode({ modules }: WasmExecutable): KernelCode {
  return {
    async text({ name }, language) {
      if (language === "wgsl") {
        throw new UnsupportedError(
          `kernel ${name} was compiled for WebAssembly: its shader is that of lower(…).compile({ target: "webgpu" })`,
        );
      }
      const toWat = await loadWat();
      return watOfKernel(toWat(modules.simd), name);
    },
    load(kernel) {
      const { read, written } = positionsOf(kernel);
      const loaded = loadWasm(compileWasm(kernelProgram(kernel)));
      const { memory } = loaded.device;
      return (given) => {
        const inputs = read.map((i) => memory.store(bytesOfTypedArray(given[i])));
        const outputs = loaded.run(inputs);
        for (const input of inputs) input.release();
        for (const [at, i] of written.entries()) {
          bytesOfTypedArray(given[i]).set(outputs[at].bytes());
          outputs[at].release();
        }
      };
    },
  };
}

/** `device`: where kernels run; null for the one that WebGPU gives when the first of them does. */
export function gpuKernelCode({ shaders }: WebGpuExecutable, device: GpuDevice | null): KernelCode {
  return {
    text({ name }, language) {
      if (language === "wat") {
        throw new UnsupportedError(
          `kernel ${name} was compiled for WebGPU: its code is wgsl(), and WebAssembly that of ` +
            'lower(…).compile({ target: "wasm" })',
        );
      }
      return shaders
        .filter((shader) => shader.name === name)
        .map(({ wgsl }) => wgsl)
        .join("\n");
    },
    load(kernel) {
      const { read, written } = positionsOf(kernel);
      const limits = device?.limits ?? DEFAULT_LIMITS;
      // Nothing lies in temporaries: all of it is given.
      const executable = gpu().compileWebGpu(kernelProgram(kernel), new Map(), limits);
      let loaded: LoadedGpuProgram | null = null;
      return async (given) => {
        const { gpuDevice, loadGpuProgram } = await loadGpu();
        const on = device ?? (await gpuDevice());
        if (loaded?.device !== on) loaded = loadGpuProgram(executable, on);
        const inputs = read.map((i) => on.store(bytesOfTypedArray(given[i])));
        const outputs = loaded.run(inputs);
        for (const input of inputs) input.release();
        const results = await Promise.all(outputs.map((output) => output.read()));
        for (const output of outputs) output.release();
        for (const [at, i] of written.entries()) bytesOfTypedArray(given[i]).set(results[at]);
      };
    },
  };
}
