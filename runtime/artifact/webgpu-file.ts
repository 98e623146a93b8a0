/** From `NAME.wgsl.json` and the weights to what the WebGPU runtime loads. */
import type { ArtifactProgram, Manifest } from "../../compiler/program/artifact.ts";
import type { WebGpuExecutable, WebGpuFile } from "../../compiler/program/webgpu.ts";
import { constantSegment } from "./constant-segment.ts";
import { ArtifactError } from "./errors.ts";
import { readSafetensors, type SavedTensor } from "./safetensors.ts";

type Sections = ReadonlyMap<string, Uint8Array>;

/** The contents of a program's file. Throws ArtifactError where it was not compiled for WebGPU. */
export function readWebGpuFile(
  { name }: Manifest,
  { webgpu }: ArtifactProgram,
  sections: Sections,
): WebGpuFile {
  const bytes = webgpu === null ? undefined : sections.get(webgpu.section);
  if (bytes === undefined) throw new ArtifactError(`${name} was not compiled for WebGPU`);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as WebGpuFile;
  } catch {
    throw new ArtifactError(`${webgpu?.section} is not JSON`);
  }
}

/** The file with its constant segment filled in. */
export function webGpuExecutable(file: WebGpuFile, weights: Weights): WebGpuExecutable {
  const constants = constantSegment(file.interface, (tensor) => weights.get(tensor).bytes);
  return { ...file, interface: { ...file.interface, constants } };
}

/** The tensors of an artifact's file of weights. */
export class Weights {
  readonly #tensors: ReadonlyMap<string, SavedTensor>;

  constructor({ weights }: Manifest, sections: Sections) {
    const file = weights === null ? undefined : sections.get(weights);
    this.#tensors = file === undefined ? new Map() : readSafetensors(file, String(weights));
  }

  /** Throws ArtifactError where there is none of this name. */
  get(name: string): SavedTensor {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) throw new ArtifactError(`the file of weights has no tensor ${name}`);
    return tensor;
  }
}
