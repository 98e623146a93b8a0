/** Timing several tasks turn by turn, so that whatever else the machine does hits all of them. */
import type { Task } from "./contender.ts";

export interface Plan {
  /** Milliseconds of a stretch of running before the clock counts: V8 compiles what is hot anew, and caches fill. */
  readonly warmMs: number;
  /** Least milliseconds of one sample. */
  readonly sampleMs: number;
  readonly samples: number;
  /** A task that is so slow that its samples would take longer takes fewer, but not under `leastSamples`. */
  readonly budgetMs: number;
  readonly leastSamples: number;
}

export const FULL: Plan = { warmMs: 200, sampleMs: 6, samples: 15, budgetMs: 2000, leastSamples: 3 };
export const QUICK: Plan = { warmMs: 40, sampleMs: 5, samples: 5, budgetMs: 300, leastSamples: 2 };

/** Milliseconds of a sample from which on each is told of. */
const SLOW_MS = 500;

export interface Timing {
  /** Milliseconds of one run: the median of the samples, and their quartiles. */
  readonly median: number;
  readonly lower: number;
  readonly upper: number;
  readonly samples: number;
  /** Runs in one sample. */
  readonly repeats: number;
}

interface Runner {
  readonly task: Task;
  readonly repeats: number;
  readonly times: number[];
  spent: number;
}

/** Times of each task, in their order. `atTask` hears which task comes next. */
export async function measure(
  tasks: readonly Task[],
  plan: Plan,
  atTask: (index: number) => void,
): Promise<Timing[]> {
  const runners: Runner[] = [];
  for (const [index, task] of tasks.entries()) {
    atTask(index);
    runners.push({ task, repeats: await warmUp(task, plan), times: [], spent: 0 });
  }
  for (let round = 0; round < plan.samples; round++) {
    for (const [index, runner] of runners.entries()) {
      if (runner.times.length >= plan.leastSamples && runner.spent > plan.budgetMs) continue;
      // Telling costs time beside a sample of a few milliseconds, and is needed only where one may take minutes.
      if (round === 0 || runner.spent / round > SLOW_MS) atTask(index);
      const elapsed = await runner.task.sample(runner.repeats);
      runner.spent += elapsed;
      runner.times.push(elapsed / runner.repeats);
    }
  }
  return runners.map(({ times, repeats }) => ({
    median: quantile(times, 0.5),
    lower: quantile(times, 0.25),
    upper: quantile(times, 0.75),
    samples: times.length,
    repeats,
  }));
}

/** A stretch that is faster by less ends the warming up. */
const STEADY = 0.95;

/** Stretches of warming up at the most. */
const MOST_STRETCHES = 6;

/**
 * Runs it until it is warm; how many runs fill a sample. Between stretches the thread rests: V8 compiles hot code anew on
 * another, which has the same core. It is warm after a stretch that is no faster than the one before.
 */
async function warmUp(task: Task, plan: Plan): Promise<number> {
  let repeats = 1;
  let fastest = Number.POSITIVE_INFINITY;
  for (let stretch = 0; ; stretch++) {
    const before = fastest;
    let spent = 0;
    do {
      const elapsed = await task.sample(repeats);
      spent += elapsed;
      const perRun = elapsed / repeats;
      fastest = Math.min(fastest, perRun);
      const wanted = Math.max(1, Math.ceil(plan.sampleMs / Math.max(perRun, 1e-6)));
      repeats = Math.min(wanted, repeats * 8);
    } while (spent < plan.warmMs);
    const slow = spent > MOST_STRETCHES * plan.warmMs;
    if (fastest > STEADY * before || slow || stretch + 1 === MOST_STRETCHES) return repeats;
    await new Promise((resolve) => setTimeout(resolve, plan.warmMs / 2));
  }
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  return sorted[low] + (sorted[Math.ceil(at)] - sorted[low]) * (at - low);
}
