/** A program for WebGPU as `NAME.wgsl.json`. */
import type { ArtifactConstant } from "../program/artifact.ts";
import type { WebGpuExecutable, WebGpuFile } from "../program/webgpu.ts";

/** The file's bytes. `constants` says which tensors of the file of weights make up the constant segment. */
export function webGpuFile(
  { interface: signature, shaders, slots, schedule }: WebGpuExecutable,
  constants: readonly ArtifactConstant[],
): Uint8Array {
  const { constants: segment, ...rest } = signature;
  const file: WebGpuFile = {
    interface: { ...rest, constantBytes: segment.length, constants },
    // Where on this machine the sources are is nobody's business.
    shaders: shaders.map((shader) => ({ ...shader, sources: shader.sources.map(baseName) })),
    slots,
    schedule,
  };
  return new TextEncoder().encode(JSON.stringify(file));
}

/** `/home/me/src/train.ts:7:3` → `train.ts:7:3`. */
function baseName(source: string): string {
  return source.replace(/^.*[\\/]/, "");
}
