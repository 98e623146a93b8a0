/** How groups become kernels, by kind of target. */
import type { AxisKind } from "../kernel/expr.ts";
import { type LowerGroup, lowerGroup } from "./lower-group.ts";

export interface KernelTarget {
  readonly lower: LowerGroup;
  /** The loop that writes one value to every element of a buffer. */
  readonly fill: AxisKind;
  /** A kernel binds few buffers: all its scratch memory is one. */
  readonly joinsScratch: boolean;
}

export const CPU_KERNELS: KernelTarget = { lower: lowerGroup, fill: "vector", joinsScratch: false };
