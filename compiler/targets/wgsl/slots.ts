/**
 * Temporary buffers → GPU buffers of a call. WebGPU tracks usage by whole buffers, so two temporaries share a buffer only
 * one after the other: then no dispatch can have it in two bindings. What loops within a shader use is the exception:
 * such a shader has more temporaries than it may bind buffers, so they lie side by side in one or two.
 */
import type { ProgramBuffer } from "../../program/program.ts";
import { DTYPE_INFO } from "../../types/dtype.ts";

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

export interface SlotPlace {
  readonly slot: number;
  /** In bytes. */
  readonly offset: number;
}

export interface SlotPlan {
  /** Bytes of each slot. */
  readonly slots: readonly number[];
  /** Where each temporary is, by buffer id. */
  readonly placeOf: ReadonlyMap<number, SlotPlace>;
}

interface Temporary {
  readonly buffer: ProgramBuffer;
  readonly life: Life;
}

/** Temporaries within a joint slot begin at multiples of this many bytes. */
const ALIGNMENT = 16;

/**
 * Best fit in the order of first use; a result that takes over its operand's place stays in its slot. `joined`: ids of
 * the buffers that lie side by side, those of 1 and 2 bytes an element apart from the others.
 */
export function planSlots(
  buffers: readonly ProgramBuffer[],
  lives: ReadonlyMap<number, Life>,
  joined: ReadonlySet<number> = new Set(),
): SlotPlan {
  const temps = buffers
    .flatMap((buffer): Temporary[] => {
      const life = lives.get(buffer.id);
      return buffer.kind === "temp" && life !== undefined ? [{ buffer, life }] : [];
    })
    .sort((a, b) => a.life.start - b.life.start || b.buffer.bytes - a.buffer.bytes);
  const placeOf = new Map<number, SlotPlace>();
  const chains = chainsOf(temps);
  const isJoined = (chain: Chain): boolean => chain.some(({ buffer }) => joined.has(buffer.id));
  const apart = new Set(chains.filter((chain) => !isJoined(chain)).flat());
  const slots = ownSlots(
    temps.filter((temp) => apart.has(temp)),
    placeOf,
  );
  for (const narrow of [false, true]) {
    const members = chains.filter(
      (chain) => isJoined(chain) && chain.some(({ buffer }) => isNarrow(buffer)) === narrow,
    );
    if (members.length > 0) slots.push(jointSlot(members, slots.length, placeOf));
  }
  return { slots, placeOf };
}

/** Temporaries that follow each other in one place: a copy from one to the next is none, and left out of schedules. */
type Chain = readonly Temporary[];

/** In the order of first use. The plan of the arena has put a result over an operand that dies as it is made. */
function chainsOf(temps: readonly Temporary[]): Chain[] {
  const chains: Temporary[][] = [];
  /** Chains by the place in the arena and by where their last life ends. */
  const open = new Map<string, Temporary[]>();
  for (const temp of temps) {
    const { buffer, life } = temp;
    const before = `${buffer.offset} ${life.start}`;
    const chain = open.get(before) ?? [];
    if (chain.length === 0) chains.push(chain);
    chain.push(temp);
    open.delete(before);
    open.set(`${buffer.offset} ${life.end}`, chain);
  }
  return chains;
}

/** Elements of less than a word: a word of them may be written by several invocations. */
export function isNarrow({ dtype }: Pick<ProgramBuffer, "dtype">): boolean {
  return DTYPE_INFO[dtype].bytes < 4;
}

function ownSlots(temps: readonly Temporary[], placeOf: Map<number, SlotPlace>): number[] {
  const slots: Slot[] = [];
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
    placeOf.set(buffer.id, { slot: chosen, offset: 0 });
  }
  return slots.map((s) => s.bytes);
}

/** First fit; gives the slot's bytes. */
function jointSlot(chains: readonly Chain[], slot: number, placeOf: Map<number, SlotPlace>): number {
  let bytes = 0;
  let placed: { start: number; end: number; lastUse: number }[] = [];
  for (const chain of chains) {
    const [first] = chain;
    placed = placed.filter(({ lastUse }) => lastUse >= first.life.start);
    const most = Math.max(...chain.map(({ buffer }) => paddedBytes(buffer.bytes)));
    const size = Math.ceil(most / ALIGNMENT) * ALIGNMENT;
    let start = 0;
    let at = placed.length;
    for (const [n, other] of placed.entries()) {
      if (start + size <= other.start) {
        at = n;
        break;
      }
      start = Math.max(start, other.end);
    }
    const lastUse = Math.max(...chain.map(({ life }) => life.end));
    // By place.
    placed.splice(at, 0, { start, end: start + size, lastUse });
    for (const { buffer } of chain) placeOf.set(buffer.id, { slot, offset: start });
    bytes = Math.max(bytes, start + size);
  }
  return bytes;
}

/** Buffers are multiples of a word, and never empty. */
export function paddedBytes(bytes: number): number {
  return Math.max(Math.ceil(bytes / 4) * 4, 4);
}
