/** Checks of the parts of an artifact, before anything is made of them. */
import type { ArtifactSection } from "../../compiler/program/artifact.ts";
import { crc32 } from "../../compiler/program/checksum.ts";
import { ArtifactError } from "./errors.ts";

/** The bytes, if they are what the manifest says. Throws ArtifactError. */
export function checkedSection({ name, bytes, crc32: sum }: ArtifactSection, given: Uint8Array): Uint8Array {
  if (given.length !== bytes) {
    const what = given.length < bytes ? "truncated" : "altered";
    throw new ArtifactError(`${name} was ${what}: it has ${given.length} bytes, its manifest says ${bytes}`);
  }
  const found = crc32(given);
  if (found !== sum) {
    throw new ArtifactError(
      `${name} was altered: its CRC-32 is ${found.toString(16)}, its manifest says ${sum.toString(16)}`,
    );
  }
  return given;
}
