/** From `NAME.wgsl.json` and the weights to what the WebGPU runtime loads. */
import type { ArtifactProgram, Manifest } from "../../compiler/program/artifact.ts";
import type { WebGpuExecutable, WebGpuFile } from "../../compiler/program/webgpu.ts";
import { constantSegment } from "./constant-segment.ts";
import { ArtifactError } from "./errors.ts";
import type { Sections, Weights } from "./weights.ts";

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
  const constants = constantSegment(file.interface, (tensor) => weights.bytesOf(tensor));
  return { ...file, interface: { ...file.interface, constants } };
}
