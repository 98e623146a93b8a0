/** Reads the safetensors format: what a compiled function has captured. */
import { byteLength, isElementType } from "./elements.ts";
import { ArtifactError } from "./errors.ts";

export interface SavedTensor {
  /** `f32` */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** A view of the file, at whatever alignment. */
  readonly bytes: Uint8Array;
}

/** The tensors of a file by name. Throws ArtifactError where it is not well formed. */
export function readSafetensors(file: Uint8Array, name: string): Map<string, SavedTensor> {
  const refuse = (why: string): ArtifactError => new ArtifactError(`${name} is no safetensors file: ${why}`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 8) throw refuse("it has no header");
  // A header of 4 GiB or more is none.
  const start = 8 + view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  if (start > file.length) throw refuse("its header is longer than the file");
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(file.subarray(8, start)));
  } catch {
    throw refuse("its header is not JSON");
  }
  const tensors = new Map<string, SavedTensor>();
  for (const [key, entry] of Object.entries(header ?? {})) {
    if (key === "__metadata__") continue;
    const { dtype: given, shape, data_offsets } = (entry ?? {}) as Record<string, unknown>;
    const dtype = String(given).toLowerCase();
    const [from, to] = Array.isArray(data_offsets) ? (data_offsets as unknown[]) : [];
    if (
      !isElementType(dtype) ||
      !(isExtents(shape) && isExtents([from, to])) ||
      Number(to) > file.length - start ||
      Number(to) - Number(from) !== byteLength(dtype, shape)
    ) {
      throw refuse(`its entry ${key} is not a tensor within the file`);
    }
    tensors.set(key, { dtype, shape, bytes: file.subarray(start + Number(from), start + Number(to)) });
  }
  return tensors;
}

function isExtents(x: unknown): x is number[] {
  return Array.isArray(x) && x.every((n) => Number.isSafeInteger(n) && n >= 0);
}
