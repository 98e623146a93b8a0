/**
 * Writes the safetensors format (https://github.com/huggingface/safetensors): the length of a JSON header as uint64, the
 * header, the data without gaps. Wider elements come first and the header is filled up to eight bytes, so every tensor lies
 * at a multiple of its element size.
 */
import { DTYPE_INFO, type DType } from "../types/dtype.ts";
import type { Shape } from "../types/tensor-type.ts";

export interface NamedTensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  /** Row-major, little-endian. */
  readonly bytes: Uint8Array;
}

/** The file of these tensors; the same tensors give the same bytes in whatever order. Names must be distinct. */
export function writeSafetensors(tensors: readonly NamedTensor[]): Uint8Array {
  const ordered = [...tensors].sort(
    (a, b) => DTYPE_INFO[b.dtype].bytes - DTYPE_INFO[a.dtype].bytes || (a.name < b.name ? -1 : 1),
  );
  let end = 0;
  const entries = ordered.map(({ name, dtype, shape, bytes }) => {
    const start = end;
    end += bytes.length;
    return [name, { dtype: safetensorsDType(dtype), shape, data_offsets: [start, end] }] as const;
  });
  const json = JSON.stringify(Object.fromEntries(entries));
  const text = new TextEncoder().encode(json);
  const headerBytes = Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(8 + headerBytes + end).fill(0x20, 8, 8 + headerBytes);
  new DataView(file.buffer).setUint32(0, headerBytes, true);
  file.set(text, 8);
  let at = 8 + headerBytes;
  for (const { bytes } of ordered) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}

/** `F32`, `BOOL`. */
function safetensorsDType(dtype: DType): string {
  return DTYPE_INFO[dtype].short.toUpperCase();
}
