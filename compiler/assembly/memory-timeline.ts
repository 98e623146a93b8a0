/** Which temporary buffers are alive at each step of a program, and how many bytes they are. */
import type { Program, ProgramBuffer, Step } from "../program/program.ts";
import { lifetimesOf } from "./memory-plan.ts";

export interface Moment {
  /** As the memory plan counts: each step, and the ends of loops. */
  readonly position: number;
  /** `launch k0_dot_general`, `copy`, `for 10 times`, `end`. */
  readonly step: string;
  /** Loops and branches around it. */
  readonly depth: number;
  /** Temporary bytes in use; buffers that share a place count once. */
  readonly bytes: number;
  /** Ids of the temporary buffers alive, by offset. */
  readonly live: readonly number[];
}

/** The moments of one run through the schedule, each loop's body once. */
export function memoryTimeline(program: Program): Moment[] {
  // Anew, as copies that the plan made needless are gone from the schedule.
  const lifetimes = lifetimesOf(program.schedule);
  const moments: Moment[] = [];
  const temporaries = program.buffers
    .filter((buffer) => buffer.kind === "temp" && lifetimes.has(buffer.id))
    .sort((a, b) => a.offset - b.offset || a.id - b.id);
  let position = 0;
  const note = (step: string, depth: number): void => {
    const alive = temporaries.filter(({ id }) => {
      const life = lifetimes.get(id);
      return life !== undefined && life.start <= position && position <= life.end;
    });
    moments.push({ position, step, depth, bytes: bytesOfRanges(alive), live: alive.map(({ id }) => id) });
  };
  const visit = (steps: readonly Step[], depth: number): void => {
    for (const step of steps) {
      position++;
      note(titleOf(step), depth);
      switch (step.kind) {
        case "for":
          visit(step.body, depth + 1);
          position++;
          note("end", depth);
          break;
        case "while":
          visit(step.cond, depth + 1);
          position++;
          note("test", depth + 1);
          visit(step.body, depth + 1);
          position++;
          note("end", depth);
          break;
        case "branch":
          for (const steps of step.cases) visit(steps, depth + 1);
          break;
      }
    }
  };
  visit(program.schedule, 0);
  return moments;
}

function titleOf(step: Step): string {
  switch (step.kind) {
    case "launch":
      return `launch ${step.kernel}`;
    case "for":
      return `for ${step.trips} times`;
    default:
      return step.kind;
  }
}

/** Bytes covered by buffers sorted by offset. */
function bytesOfRanges(buffers: readonly ProgramBuffer[]): number {
  let bytes = 0;
  let end = 0;
  for (const { offset, bytes: size } of buffers) {
    bytes += Math.max(0, offset + size - Math.max(offset, end));
    end = Math.max(end, offset + size);
  }
  return bytes;
}
