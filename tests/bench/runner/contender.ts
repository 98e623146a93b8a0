/** What takes part in the comparison: how a system is started, prepares a workload, and runs it. */
import type { OperationName, Operations } from "../workloads/operations.ts";
import type { Tensor } from "../workloads/tensor.ts";
import type { Workload } from "../workloads/workload.ts";
import { now } from "./clock.ts";

/** What became of a function before its first call. */
export interface CompileFigures {
  /** Milliseconds of tracing and of compiling; of both where a system does not tell them apart. */
  readonly trace?: number;
  readonly compile: number;
  readonly moduleBytes?: number;
}

/** A workload ready to run in one system. */
export interface Task {
  /** Milliseconds of so many runs, one after the other, each of them complete at the end. */
  sample(repeats: number): number | Promise<number>;
  /** What a run computes, in the layout of the workload's declaration. */
  results(): readonly Tensor[] | Promise<readonly Tensor[]>;
  dispose(): void;
  readonly compile?: CompileFigures;
}

export interface Contender {
  readonly name: string;
  /** Whether a loop of the workload is compiled as a whole, or each iteration is a call of its own. */
  readonly loops: "compiled" | "stepwise";
  /** Loads it; says which version in which mode this is. */
  start(): Promise<string>;
  /** Throws NotPossible where the system cannot compute this. `units`: iterations of a loop in one run. */
  prepare(workload: Workload, inputs: readonly Tensor[], units: number): Promise<Task>;
  stop(): void;
}

/** That a system cannot compute something; the message is the reason. */
export class NotPossible extends Error {}

/** Implementations by operation; what is missing is not possible, with the reason of `missing`. */
export type Implementations<R> = {
  readonly [K in OperationName]?: (params: Operations[K], inputs: readonly Tensor[], units: number) => R;
};

/** The implementation of a workload, applied. */
export function implementation<R>(
  all: Implementations<R>,
  missing: string | Partial<Record<OperationName, string>>,
  workload: Workload,
  inputs: readonly Tensor[],
  units: number,
): R {
  const apply = <K extends OperationName>(op: K, params: Operations[K]): R => {
    const found = all[op];
    if (found === undefined) {
      throw new NotPossible((typeof missing === "string" ? missing : missing[op]) ?? "not implemented there");
    }
    return found(params, inputs, units);
  };
  return apply<OperationName>(workload.op, workload.params);
}

/** Milliseconds of synchronous runs. */
export function timeSync(run: () => unknown, repeats: number): number {
  const start = now();
  for (let i = 0; i < repeats; i++) run();
  return now() - start;
}

/** Milliseconds of runs that each end when their promise is fulfilled. */
export async function timeAsync(run: () => Promise<unknown>, repeats: number): Promise<number> {
  const start = now();
  for (let i = 0; i < repeats; i++) await run();
  return now() - start;
}
