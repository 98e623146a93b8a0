/** What a workload is. */
import type { NdArray } from "weft";
import type { OperationName, Operations } from "./operations.ts";
import type { Tensor } from "./tensor.ts";

/** How far Weft must be ahead, as issue 4 of the project says. */
export interface Target {
  /** Least share of the measured ceiling. */
  readonly ceiling?: number;
  /** Least ratio of the best peer's time to Weft's. */
  readonly best?: number;
  /** Least ratio of one peer's time to Weft's. */
  readonly peers?: Readonly<Record<string, number>>;
  /** Most microseconds of one unit of work. */
  readonly microseconds?: number;
}

/** A loop of which one sample does many iterations; a time is then that of one. */
export interface Units {
  readonly name: string;
  /** Iterations of the run whose result is compared. */
  readonly check: number;
  /** Iterations of a timed run where the loop is compiled, and where each iteration is a call of its own. */
  readonly compiled: number;
  readonly stepwise: number;
}

// biome-ignore lint/suspicious/noExplicitAny: workloads differ in their argument lists
export type WeftFunction = (...args: any[]) => unknown;

export interface WorkloadOf<K extends OperationName> {
  /** Topic first, as in "matmul 256". */
  readonly name: string;
  readonly op: K;
  readonly params: Operations[K];
  readonly inputs: () => readonly Tensor[];
  /** The computation in Weft. `units`: iterations, 1 where the workload has none. */
  readonly weft: (units: number) => WeftFunction;
  /** Arguments of `weft`'s function, if they are not just the inputs. */
  readonly weftArguments?: (inputs: readonly NdArray[]) => readonly unknown[];
  /** Greatest difference of the results that counts as rounding, relative to the largest magnitude. */
  readonly tolerance: number;
  readonly units?: Units;
  /** Floating operations, and bytes that must be read and written at least, of one unit. */
  readonly flops?: number;
  readonly bytes?: number;
  /** What limits it: a share of this ceiling is reported. */
  readonly bound?: "compute" | "memory";
  readonly target?: Target;
}

/** Any workload; `op` tells the type of `params`. */
export type Workload = { readonly [K in OperationName]: WorkloadOf<K> }[OperationName];

export interface Topic {
  readonly name: string;
  readonly title: string;
  readonly workloads: readonly Workload[];
}
