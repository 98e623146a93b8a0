/**
 * The control block that threads share: int32 words, those that change often on cache lines of their own.
 *
 * The main thread closes `next`, writes a job, then opens `next` and, last, changes `generation`. Whoever takes part claims
 * grains by counting `next` up; its upper bits tell which job it counts, so that a thread that comes late claims nothing of
 * a later job. A grain that has run is counted in `done`.
 */

/** Bits of `next` that count grains; the others are the job's number. */
const GRAIN_BITS = 12;
export const MAX_GRAINS = (1 << GRAIN_BITS) - 1;

export const LAYOUT = {
  grainBits: GRAIN_BITS,
  /** Number of the job that was published last. */
  generation: 0,
  /** Workers waiting for `generation` to change, workers that have started, whether they are to end. */
  sleeping: 16,
  ready: 17,
  stop: 18,
  next: 32,
  done: 48,
  /** Whether the main thread waits for `done` to change. */
  waiting: 64,
  /** A worker that met an error: its number from 1. The message's length and UTF-8 bytes follow. */
  failed: 65,
  messageLength: 66,
  /** The job: the program's number, its module's address and length, the pointer table, the kernel, its grains. */
  program: 80,
  moduleAddress: 81,
  moduleLength: 82,
  table: 83,
  kernel: 84,
  grains: 85,
  message: 96,
  words: 224,
  /** Turns of looking for a job before a worker goes to sleep: some 20 µs. */
  spins: 2000,
  /** Instances that a worker keeps. */
  instances: 64,
} as const;

export type Layout = typeof LAYOUT;
