/** The tensors of an artifact's file of weights. */
import type { Manifest } from "../../compiler/program/artifact.ts";
import { ArtifactError } from "./errors.ts";
import { readSafetensors, type SavedTensor } from "./safetensors.ts";

export type Sections = ReadonlyMap<string, Uint8Array>;

export class Weights {
  readonly #tensors: ReadonlyMap<string, SavedTensor>;

  constructor({ weights }: Manifest, sections: Sections) {
    const file = weights === null ? undefined : sections.get(weights);
    this.#tensors = file === undefined ? new Map() : readSafetensors(file, String(weights));
  }

  /** Those of a tensor. Throws ArtifactError where there is none of this name. */
  bytesOf(name: string): Uint8Array {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) throw new ArtifactError(`the file of weights has no tensor ${name}`);
    return tensor.bytes;
  }
}
