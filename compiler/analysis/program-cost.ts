/** Adds up the costs of a program's kernels over its schedule. */
import type { Program, Step } from "../program/program.ts";
import { addCosts, type Cost, dearer, NO_COST, scaleCost } from "./cost.ts";
import { kernelCost } from "./kernel-cost.ts";

/** A kernel in a program, and how often it is launched. */
export interface KernelUse {
  readonly name: string;
  /** How often one call launches it; a lower bound inside a loop that its data end. */
  readonly launches: number;
  /** Of one launch. */
  readonly cost: Cost;
}

export interface ProgramCost {
  /** Of one call: kernels and copies. */
  readonly total: Cost;
  readonly kernels: readonly KernelUse[];
  /** Bytes that copies between buffers move, read and written. */
  readonly copiedBytes: number;
}

interface Run {
  readonly cost: Cost;
  readonly launches: ReadonlyMap<string, number>;
  readonly copiedBytes: number;
}

const IDLE: Run = { cost: NO_COST, launches: new Map(), copiedBytes: 0 };

/** Costs of one call. A loop counts its trips, one that its data end counts once, a branch its dearest case. */
export function programCost(program: Program): ProgramCost {
  const costs = new Map(program.kernels.map((kernel) => [kernel.name, kernelCost(kernel)]));
  const run = runOf(program.schedule, costs);
  return {
    total: run.cost,
    kernels: program.kernels.map(({ name }) => ({
      name,
      launches: run.launches.get(name) ?? 0,
      cost: costs.get(name) ?? NO_COST,
    })),
    copiedBytes: run.copiedBytes,
  };
}

function runOf(steps: readonly Step[], costs: ReadonlyMap<string, Cost>): Run {
  return steps.map((step) => stepRun(step, costs)).reduce(inSequence, IDLE);
}

function stepRun(step: Step, costs: ReadonlyMap<string, Cost>): Run {
  switch (step.kind) {
    case "launch":
      return { ...IDLE, cost: costs.get(step.kernel) ?? NO_COST, launches: new Map([[step.kernel, 1]]) };
    case "copy": {
      const cost = { ...NO_COST, bytesRead: step.bytes, bytesWritten: step.bytes };
      return { ...IDLE, cost, copiedBytes: 2 * step.bytes };
    }
    case "for":
      return repeated(runOf(step.body, costs), step.trips);
    case "while": {
      const once = inSequence(runOf(step.cond, costs), runOf(step.body, costs));
      return { ...once, cost: { ...once.cost, dataDependent: true } };
    }
    case "branch": {
      if (step.index === "threads") return runOf(step.cases[0] ?? [], costs);
      const cases = step.cases.map((steps) => runOf(steps, costs));
      return cases.reduce((a, b) => (dearer(a.cost, b.cost) === a.cost ? a : b), cases[0] ?? IDLE);
    }
    default:
      return step satisfies never;
  }
}

function inSequence(a: Run, b: Run): Run {
  const launches = new Map(a.launches);
  for (const [kernel, n] of b.launches) launches.set(kernel, (launches.get(kernel) ?? 0) + n);
  return { cost: addCosts(a.cost, b.cost), launches, copiedBytes: a.copiedBytes + b.copiedBytes };
}

function repeated(run: Run, times: number): Run {
  return {
    cost: scaleCost(run.cost, times),
    launches: new Map([...run.launches].map(([kernel, n]) => [kernel, n * times])),
    copiedBytes: run.copiedBytes * times,
  };
}
