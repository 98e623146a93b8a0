/**
 * Temporary buffers → GPU buffers of a call. WebGPU tracks usage by whole buffers, so two temporaries share a buffer only
 * one after the other: then no dispatch can have it in two bindings.
 */
import type { ProgramBuffer } from "../../program/program.ts";

/** From where in the schedule to where a buffer is in use. */
export interface Life {
  readonly start: number;
  readonly end: number;
}

interface Slot {
  bytes: number;
  /** Where the life of the last temporary in it ends, and that temporary's place in the arena. */
  end: number;
  offset: number;
}

export interface SlotPlan {
  /** Bytes of each slot. */
  readonly slots: readonly number[];
  /** The slot of each temporary, by buffer id. */
  readonly slotOf: ReadonlyMap<number, number>;
}

/** Best fit in the order of first use; a result that takes over its operand's place stays in its slot. */
export function planSlots(buffers: readonly ProgramBuffer[], lives: ReadonlyMap<number, Life>): SlotPlan {
  const slots: Slot[] = [];
  const slotOf = new Map<number, number>();
  const temps = buffers
    .flatMap((buffer) => {
      const life = lives.get(buffer.id);
      return buffer.kind === "temp" && life !== undefined ? [{ buffer, life }] : [];
    })
    .sort((a, b) => a.life.start - b.life.start || b.buffer.bytes - a.buffer.bytes);
  for (const { buffer, life } of temps) {
    const bytes = paddedBytes(buffer.bytes);
    // The plan of the arena has put it over an operand that dies as it is made.
    let chosen = slots.findIndex(
      (s) => s.end === life.start && s.offset === buffer.offset && s.bytes >= bytes,
    );
    if (chosen < 0) {
      let waste = Infinity;
      for (const [n, slot] of slots.entries()) {
        if (slot.end >= life.start) continue;
        const own = slot.bytes >= bytes ? slot.bytes - bytes : 4 * (bytes - slot.bytes);
        if (own < waste) [chosen, waste] = [n, own];
      }
    }
    if (chosen < 0) {
      chosen = slots.length;
      slots.push({ bytes, end: life.end, offset: buffer.offset });
    }
    const slot = slots[chosen];
    slot.bytes = Math.max(slot.bytes, bytes);
    slot.end = life.end;
    slot.offset = buffer.offset;
    slotOf.set(buffer.id, chosen);
  }
  return { slots: slots.map((s) => s.bytes), slotOf };
}

/** Buffers are multiples of a word, and never empty. */
export function paddedBytes(bytes: number): number {
  return Math.max(Math.ceil(bytes / 4) * 4, 4);
}
