/** The memory of a program's constants, filled from the file of weights. */
import type { ArtifactConstant } from "../../compiler/program/artifact.ts";
import { ArtifactError } from "./errors.ts";

interface Layout {
  readonly constantBytes: number;
  readonly constants: readonly ArtifactConstant[];
}

/**
 * The segment. Throws ArtifactError where it does not end, rounded up to 64 bytes, with the last of its tensors: before
 * memory is taken, as whoever wrote the number may have written any.
 */
export function constantSegment(
  { constantBytes, constants }: Layout,
  bytesOf: (tensor: string) => Uint8Array,
): Uint8Array {
  let end = 0;
  for (const { tensor, offset } of constants) end = Math.max(end, offset + bytesOf(tensor).length);
  if (Math.ceil(end / 64) * 64 !== constantBytes) {
    throw new ArtifactError(`constants end at ${end}, not ${constantBytes}`);
  }
  const segment = new Uint8Array(constantBytes);
  for (const { tensor, offset } of constants) segment.set(bytesOf(tensor), offset);
  return segment;
}
