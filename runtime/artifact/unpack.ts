/** Reads the container of `serialize()`. compiler/artifact/container.ts has the layout. */
import {
  ARTIFACT_HEADER_BYTES,
  ARTIFACT_MAGIC,
  ARTIFACT_VERSION,
  type Artifact,
} from "../../compiler/program/artifact.ts";
import { crc32 } from "../../compiler/program/checksum.ts";
import { ArtifactError } from "./errors.ts";
import { checkManifest } from "./manifest.ts";
import { checkedSection } from "./sections.ts";

/** The artifact, checked whole. Throws ArtifactError with the reason where it is refused. */
export function unpackArtifact(bytes: Uint8Array): Artifact {
  if (ARTIFACT_MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new ArtifactError(
      bytes.length < ARTIFACT_MAGIC.length
        ? `not a compiled function: ${bytes.length} bytes`
        : "not a compiled function of Weft: it begins otherwise",
    );
  }
  if (bytes.length < ARTIFACT_HEADER_BYTES) {
    throw new ArtifactError("the compiled function was truncated within its header");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (i: number): number => view.getUint32(ARTIFACT_MAGIC.length + 4 * i, true);
  const [version, manifestBytes, sum, total] = [word(0), word(1), word(2), word(3)];
  checkVersion(version);
  if (bytes.length < total) {
    throw new ArtifactError(
      `the compiled function was truncated: it has ${bytes.length} bytes, its header says ${total}`,
    );
  }
  const start = ARTIFACT_HEADER_BYTES + manifestBytes;
  if (bytes.length > total || start > total) {
    throw new ArtifactError("the compiled function was altered: its lengths do not add up");
  }
  const text = bytes.subarray(ARTIFACT_HEADER_BYTES, start);
  if (crc32(text) !== sum) {
    throw new ArtifactError("the compiled function was altered: its manifest does not have its checksum");
  }
  const manifest = checkManifest(parseJson(text));
  const sections = new Map<string, Uint8Array>();
  let at = start;
  for (const section of manifest.sections) {
    sections.set(section.name, checkedSection(section, bytes.subarray(at, at + section.bytes)));
    at += section.bytes;
  }
  if (at !== total) {
    throw new ArtifactError(`the compiled function was altered: ${total - at} bytes belong to no section`);
  }
  return { manifest, sections };
}

/** Throws ArtifactError where the format is another than this runtime's. */
function checkVersion(version: number): void {
  if (version === ARTIFACT_VERSION) return;
  throw new ArtifactError(
    `the compiled function has format version ${version}, this runtime reads version ${ARTIFACT_VERSION}: ` +
      (version > ARTIFACT_VERSION ? "use a newer Weft, or " : "") +
      "compile it again",
  );
}

function parseJson(text: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(text));
  } catch {
    throw new ArtifactError("the compiled function's manifest is not JSON");
  }
}
