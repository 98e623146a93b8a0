/** Loads a program compiled for WebGPU, and checks what its calls are given. */
import type { WebGpuExecutable } from "../../compiler/program/webgpu.ts";
import { GpuError } from "../errors.ts";
import type { GpuDevice } from "./device.ts";
import { describeShader } from "./pipelines.ts";
import { byteLength, GpuProgram } from "./program.ts";
import type { GpuStorage } from "./storage.ts";

/**
 * Prepares a program. Its shaders are compiled by the GPU's driver meanwhile; calls wait for them in their turn.
 * Throws GpuError where a buffer does not fit a binding of this adapter.
 */
export function loadGpuProgram(executable: WebGpuExecutable, device: GpuDevice): LoadedGpuProgram {
  device.checkAlive();
  checkLimits(executable, device);
  return new LoadedGpuProgram(executable, device);
}

/** A program for a GPU, ready to run on storages. */
export class LoadedGpuProgram extends GpuProgram {
  readonly #bytes = this.executable.interface.inputs.map(byteLength);

  /** As GpuProgram's. Throws TypeError for inputs that are not the program's, or are donated and used again. */
  override run(inputs: readonly GpuStorage[], donated: readonly boolean[] | null = null): GpuStorage[] {
    this.checkUsable();
    this.#checkInputs(inputs, donated);
    return super.run(inputs, donated);
  }

  #checkInputs(inputs: readonly GpuStorage[], donated: readonly boolean[] | null): void {
    const { name, device } = this;
    const count = this.#bytes.length;
    if (inputs.length !== count) throw new TypeError(`${name}: takes ${count} buffers, got ${inputs.length}`);
    for (let i = 0; i < count; i++) {
      const storage = inputs[i];
      storage.checkAlive();
      const { dtype, shape, label } = this.executable.interface.inputs[i];
      if (storage.byteLength !== this.#bytes[i]) {
        throw new TypeError(
          `${name}: input ${i} (${label}) is ${dtype}[${shape.join(",")}], ${this.#bytes[i]} bytes, ` +
            `but was given ${storage.byteLength} bytes`,
        );
      }
      if (storage.device !== device)
        throw new TypeError(`${name}: input ${i} (${label}) is on another device`);
      if (donated?.[i] !== true) continue;
      for (let j = 0; j < count; j++) {
        if (i === j || inputs[j] !== storage) continue;
        throw new TypeError(
          donated[j]
            ? `Attempt to donate the same buffer twice in ${name} (arguments ${Math.min(i, j)} and ${Math.max(i, j)}).`
            : `Attempt to donate a buffer which is also used by the same call to ${name} (argument ${i} and argument ${j}).`,
        );
      }
    }
  }
}

/** Refuses what this adapter cannot bind, by the names of kernel and argument. */
function checkLimits(executable: WebGpuExecutable, { limits, gpu }: GpuDevice): void {
  const { name } = executable.interface;
  for (const shader of executable.shaders) {
    const where = describeShader(shader, name);
    for (const { label, bytes } of shader.bindings) {
      if (bytes <= limits.bindingBytes) continue;
      throw new GpuError(
        `${where}: argument ${label} is ${bytes} bytes, and this adapter binds at most ${limits.bindingBytes} bytes ` +
          'at once. Split the array, or run on device("wasm").',
      );
    }
    if (shader.bindings.length > limits.storageBuffers) {
      throw new GpuError(
        `${where}: takes ${shader.bindings.length} buffers, and this adapter binds at most ${limits.storageBuffers}. ` +
          "Compile it for this adapter's limits.",
      );
    }
    const largest = gpu.limits.maxComputeWorkgroupsPerDimension;
    if (Math.max(...shader.workgroups) > largest) {
      throw new GpuError(
        `${where}: needs ${shader.workgroups.join(" × ")} workgroups, at most ${largest} are granted`,
      );
    }
    if (shader.counters * 2 > gpu.limits.maxDynamicUniformBuffersPerPipelineLayout) {
      throw new GpuError(
        `${where}: reads the counters of ${shader.counters} loops, and this adapter grants ` +
          `${gpu.limits.maxDynamicUniformBuffersPerPipelineLayout / 2}. Nest fewer loops, or run on device("wasm").`,
      );
    }
    for (const feature of shader.features) {
      if (!limits.features.includes(feature)) {
        throw new GpuError(`${where}: needs the feature ${feature}, which this adapter does not have`);
      }
    }
  }
}
