/**
 * Places temporary buffers in one arena by liveness: a buffer's bytes are reused once its last reader has run.
 * First fit by start of life; coalesced buffers (results written over their operands) share one place. Where that leaves
 * gaps, the largest buffers are placed first instead, if it takes less (Pisarchyk and Lee, "Efficient memory management
 * for deep neural net inference", 2020: greedy by size).
 */
import type { BufferRef, Step } from "../program/program.ts";
import { align, type DraftBuffer } from "./buffers.ts";

interface Use {
  readonly position: number;
  /** Enclosing loops, outermost first, as [start, end] positions. */
  readonly loops: readonly LoopRange[];
}

interface LoopRange {
  readonly start: number;
  end: number;
}

/** A result that may take over the bytes of an operand, if that dies there. */
export interface TakeOver {
  readonly result: number;
  readonly operand: number;
}

export interface Interval {
  start: number;
  end: number;
}

export interface MemoryPlan {
  /** Size of the arena in bytes. */
  readonly bytes: number;
  /** Sum of the sizes of the largest set of buffers alive at once: no plan can be smaller. */
  readonly lowerBound: number;
  readonly intervals: ReadonlyMap<number, Interval>;
}

class UseCollector {
  readonly uses = new Map<number, Use[]>();
  readonly #loops: LoopRange[] = [];
  #position = 0;

  visit(steps: readonly Step[]): void {
    for (const step of steps) {
      this.#position++;
      switch (step.kind) {
        case "launch":
          for (const ref of step.args) this.#use(ref);
          break;
        case "copy":
          this.#use(step.from);
          this.#use(step.to);
          break;
        case "for":
          this.#loop(() => this.visit(step.body));
          break;
        case "while":
          this.#loop(() => {
            this.visit(step.cond);
            this.#position++;
            this.#use(step.predicate);
            this.visit(step.body);
          });
          break;
        case "branch":
          if (step.index !== "threads") this.#use(step.index);
          for (const steps of step.cases) this.visit(steps);
          break;
        default:
          step satisfies never;
      }
    }
  }

  #loop(body: () => void): void {
    const range: LoopRange = { start: this.#position, end: this.#position };
    this.#loops.push(range);
    body();
    this.#position++;
    range.end = this.#position;
    this.#loops.pop();
  }

  #use(ref: BufferRef): void {
    const use: Use = { position: this.#position, loops: [...this.#loops] };
    const list = this.uses.get(ref.buffer);
    if (list === undefined) this.uses.set(ref.buffer, [use]);
    else list.push(use);
  }
}

/** From first to last use; a use inside a loop that the buffer outlives counts for the whole loop. */
function intervalOf(uses: readonly Use[]): Interval {
  let shared = uses[0].loops.length;
  for (const use of uses) {
    let n = 0;
    while (n < shared && use.loops[n] === uses[0].loops[n]) n++;
    shared = n;
  }
  const interval: Interval = { start: Infinity, end: -Infinity };
  for (const use of uses) {
    const outer = use.loops[shared];
    interval.start = Math.min(interval.start, outer?.start ?? use.position);
    interval.end = Math.max(interval.end, outer?.end ?? use.position);
  }
  return interval;
}

/** From first to last use of every buffer in a schedule, in positions that count steps and the ends of loops. */
export function lifetimesOf(schedule: readonly Step[]): Map<number, Interval> {
  const collector = new UseCollector();
  collector.visit(schedule);
  return new Map([...collector.uses].map(([buffer, uses]) => [buffer, intervalOf(uses)]));
}

interface Slot {
  readonly bytes: number;
  readonly interval: Interval;
  readonly members: DraftBuffer[];
  offset: number;
}

/** Gives every temporary buffer its offset. */
export function planMemory(
  buffers: readonly DraftBuffer[],
  schedule: readonly Step[],
  takeOvers: readonly TakeOver[],
): MemoryPlan {
  const lifetimes = lifetimesOf(schedule);
  const intervals = new Map<number, Interval>();
  const slots = new Map<number, Slot>();
  for (const buffer of buffers) {
    const interval = lifetimes.get(buffer.id);
    if (buffer.kind !== "temp" || interval === undefined) continue;
    intervals.set(buffer.id, { ...interval });
    slots.set(buffer.id, { bytes: align(buffer.bytes), interval, members: [buffer], offset: 0 });
  }
  for (const { result, operand } of takeOvers) {
    const into = slots.get(operand);
    const from = slots.get(result);
    if (into === undefined || from === undefined || into === from || into.bytes !== from.bytes) continue;
    // The operand dies in the step that makes the result.
    if (into.interval.end !== from.interval.start) continue;
    into.interval.end = from.interval.end;
    for (const member of from.members) {
      into.members.push(member);
      slots.set(member.id, into);
    }
  }
  return { ...place([...new Set(slots.values())]), intervals };
}

/** Buffers up to which placing by size, which compares all with all, is tried. */
const MOST_COMPARED = 2048;

function place(slots: Slot[]): { bytes: number; lowerBound: number } {
  const plan = placeByStart(slots);
  if (plan.bytes > plan.lowerBound && slots.length <= MOST_COMPARED) {
    const before = slots.map((slot) => slot.offset);
    const bytes = placeBySize(slots);
    if (bytes < plan.bytes) plan.bytes = bytes;
    else for (const [n, slot] of slots.entries()) slot.offset = before[n];
  }
  for (const { offset, members } of slots) for (const member of members) member.offset = offset;
  return plan;
}

/** Each buffer, the largest first, at the lowest place that no buffer alive with it has. */
function placeBySize(slots: readonly Slot[]): number {
  const order = [...slots].sort((a, b) => b.bytes - a.bytes || a.interval.start - b.interval.start);
  /** Sorted by offset. */
  const placed: Slot[] = [];
  let bytes = 0;
  for (const slot of order) {
    const { start, end } = slot.interval;
    const alive = placed.filter(({ interval }) => interval.end >= start && interval.start <= end);
    slot.offset = lowestGap(alive, slot.bytes);
    insertByOffset(placed, slot);
    bytes = Math.max(bytes, slot.offset + slot.bytes);
  }
  return bytes;
}

/** The lowest offset at which so many bytes are free. `taken` is sorted by offset, and may overlap. */
function lowestGap(taken: readonly Slot[], bytes: number): number {
  let offset = 0;
  for (const other of taken) {
    if (other.offset - offset >= bytes) break;
    offset = Math.max(offset, other.offset + other.bytes);
  }
  return offset;
}

/** Keeps `sorted` sorted by offset. */
function insertByOffset(sorted: Slot[], slot: Slot): void {
  const at = sorted.findIndex((other) => other.offset > slot.offset);
  sorted.splice(at < 0 ? sorted.length : at, 0, slot);
}

function placeByStart(slots: readonly Slot[]): { bytes: number; lowerBound: number } {
  const order = [...slots].sort((a, b) => a.interval.start - b.interval.start || b.bytes - a.bytes);
  let live: Slot[] = [];
  let bytes = 0;
  let lowerBound = 0;
  for (const slot of order) {
    live = live.filter((other) => other.interval.end >= slot.interval.start);
    slot.offset = lowestGap(live, slot.bytes);
    insertByOffset(live, slot);
    bytes = Math.max(bytes, slot.offset + slot.bytes);
    lowerBound = Math.max(
      lowerBound,
      live.reduce((sum, other) => sum + other.bytes, 0),
    );
  }
  return { bytes, lowerBound };
}
