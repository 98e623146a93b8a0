/** Buffers of a Program being assembled: created in any order, placed when all uses are known. */
import {
  BUFFER_ALIGNMENT,
  type BufferKind,
  type BufferRef,
  type LoopId,
  type Program,
} from "../program/program.ts";
import { bytesOf, type TensorType } from "../types/tensor-type.ts";

export interface DraftBuffer {
  readonly id: number;
  readonly kind: BufferKind;
  readonly type: TensorType;
  readonly bytes: number;
  readonly label: string;
  /** Position among inputs or outputs, offset of a constant; temps get theirs from the planner. */
  offset: number;
}

/** A view of a whole buffer. */
export function wholeBuffer(buffer: DraftBuffer): BufferRef {
  return { buffer: buffer.id, offset: 0, strides: [] };
}

/** A view that moves with a loop's counter: slice `counter` (or its mirror image) of a stacked buffer. */
export function sliceOf(
  base: BufferRef,
  loop: LoopId,
  bytes: number,
  trips: number,
  reverse: boolean,
): BufferRef {
  if (!reverse) return { ...base, strides: [...base.strides, { loop, stride: bytes }] };
  const offset = base.offset + bytes * Math.max(trips - 1, 0);
  return { ...base, offset, strides: [...base.strides, { loop, stride: -bytes }] };
}

export function sameRef(a: BufferRef, b: BufferRef): boolean {
  return (
    a.buffer === b.buffer &&
    a.offset === b.offset &&
    a.strides.length === b.strides.length &&
    a.strides.every((s, i) => s.loop === b.strides[i].loop && s.stride === b.strides[i].stride)
  );
}

export class BufferTable {
  readonly buffers: DraftBuffer[] = [];
  readonly #constants: Uint8Array[] = [];
  #constantBytes = 0;

  add(kind: BufferKind, type: TensorType, label: string, offset = 0): DraftBuffer {
    const buffer: DraftBuffer = { id: this.buffers.length, kind, type, bytes: bytesOf(type), label, offset };
    this.buffers.push(buffer);
    return buffer;
  }

  constant(type: TensorType, bytes: Uint8Array, label: string): DraftBuffer {
    const offset = this.#constantBytes;
    this.#constants.push(bytes);
    this.#constantBytes += align(bytes.length);
    return this.add("constant", type, label, offset);
  }

  constantSegment(): Uint8Array {
    const segment = new Uint8Array(this.#constantBytes);
    let at = 0;
    for (const bytes of this.#constants) {
      segment.set(bytes, at);
      at += align(bytes.length);
    }
    return segment;
  }

  finish(): Program["buffers"] {
    return this.buffers.map(({ id, kind, type, bytes, offset, label }) => ({
      id,
      kind,
      dtype: type.dtype,
      shape: type.shape,
      bytes,
      offset,
      label,
    }));
  }
}

/** Rounds up to the alignment of buffers. */
export function align(bytes: number): number {
  return Math.ceil(bytes / BUFFER_ALIGNMENT) * BUFFER_ALIGNMENT;
}
