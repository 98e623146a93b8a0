/** What a run found, as it goes between processes and into files. */
import type { Target } from "../workloads/workload.ts";
import type { CompileFigures } from "./contender.ts";
import type { Timing } from "./measure.ts";

export type Outcome =
  /** `timing` is of one unit of the workload. `difference` is to the reference's result. */
  | {
      readonly kind: "timed";
      readonly timing: Timing;
      readonly difference: number;
      readonly compile?: CompileFigures;
    }
  | { readonly kind: "not possible"; readonly reason: string }
  | { readonly kind: "wrong"; readonly difference: number }
  | { readonly kind: "failed"; readonly reason: string };

/** Floating operations or bytes in a second, of the core and not of the workload. */
export interface CeilingRate {
  readonly name: "fused multiply-add" | "multiply and add" | "copy";
  readonly perSecond: number;
}

export interface WorkloadResult {
  readonly name: string;
  readonly topic: string;
  readonly unit: string | null;
  readonly flops: number | null;
  readonly bytes: number | null;
  readonly target: Target | null;
  readonly ceiling: CeilingRate | null;
  readonly contenders: Readonly<Record<string, Outcome>>;
}

/** Of one system and one function that was compiled in fresh processes. */
export interface ColdResult {
  readonly name: string;
  readonly contender: string;
  /** Medians, or why there are none. */
  readonly figures: (CompileFigures & { readonly equations?: number }) | null;
  readonly reason?: string;
}

/** The core's rates at the start of a process. */
export interface CoreRates {
  readonly fused: number | null;
  readonly mulAdd: number;
  readonly copy: number;
  readonly triad: number;
}

export interface NodeResults {
  readonly node: string;
  readonly core: CoreRates;
  readonly contenders: Readonly<Record<string, string>>;
  readonly workloads: readonly WorkloadResult[];
  readonly cold: readonly ColdResult[];
}

export interface RunResults {
  readonly date: string;
  readonly processor: string;
  readonly cores: number;
  readonly memory: number;
  readonly system: string;
  /** Load of the machine over the last minute, when the run began: what else ran beside it. */
  readonly load: number;
  readonly pinned: boolean;
  readonly quick: boolean;
  readonly cpuTime: boolean;
  readonly nodes: readonly NodeResults[];
}

/** What a measuring process is told. */
export interface Order {
  readonly workloads: readonly string[];
  readonly contenders: readonly string[];
  readonly quick: boolean;
  /** Pairs of workload and contender that ended a process before. */
  readonly avoid: readonly {
    readonly workload: string;
    readonly contender: string;
    readonly reason: string;
  }[];
}

/** What a measuring process tells. */
export type Message =
  | {
      readonly type: "started";
      readonly node: string;
      readonly core: CoreRates;
      readonly contenders: Readonly<Record<string, string>>;
    }
  | { readonly type: "at"; readonly workload: string; readonly contender: string }
  | { readonly type: "result"; readonly result: WorkloadResult };
