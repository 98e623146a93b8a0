/**
 * Writes the container of `serialize()`:
 *
 *   bytes 0–7    "WEFT\r\n\x1a\n": a transfer as text, or in seven bits, shows here (as in PNG)
 *   8–11         format version, uint32, little-endian like all that follows
 *   12–15        length of the manifest
 *   16–19        CRC-32 of the manifest
 *   20–23        length of the whole
 *   24–          the manifest, JSON in UTF-8, then the sections in its order, without gaps
 */
import {
  ARTIFACT_HEADER_BYTES,
  ARTIFACT_MAGIC,
  ARTIFACT_VERSION,
  type Artifact,
} from "../program/artifact.ts";
import { crc32 } from "../program/checksum.ts";

/** The artifact as one sequence of bytes. */
export function packArtifact({ manifest, sections }: Artifact): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(manifest));
  const parts = manifest.sections.map(({ name }) => sections.get(name) ?? new Uint8Array(0));
  const total = parts.reduce((sum, part) => sum + part.length, ARTIFACT_HEADER_BYTES + json.length);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  bytes.set(ARTIFACT_MAGIC);
  for (const [i, word] of [ARTIFACT_VERSION, json.length, crc32(json), total].entries()) {
    view.setUint32(ARTIFACT_MAGIC.length + 4 * i, word, true);
  }
  bytes.set(json, ARTIFACT_HEADER_BYTES);
  let at = ARTIFACT_HEADER_BYTES + json.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
