/**
 * Which dimensions one loop covers. Adjacent dimensions are merged into one loop where that makes no index harder:
 * a contiguous walk becomes a single long vector loop, whatever the tensor's rank.
 */
import { delinearise } from "../fusion/access.ts";
import type { Axis, AxisKind, Expr } from "../kernel/expr.ts";
import { operandsOf } from "../kernel/expr.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import { type Shape, sizeOf } from "../types/tensor-type.ts";

/** Runs of adjacent dimensions, one loop each: `[[0, 1], [2]]`. */
export type Partition = readonly (readonly number[])[];

export interface LoopAxis {
  readonly axis: Axis;
  readonly dims: readonly number[];
}

export interface LoopNest {
  readonly axes: readonly LoopAxis[];
  /** Index of each dimension in terms of the axes. */
  readonly index: readonly Expr[];
}

export function makeNest(
  shape: Shape,
  partition: Partition,
  name: (k: number) => string,
  kind: AxisKind,
): LoopNest {
  const index: Expr[] = shape.map(() => s.int(0));
  const axes = partition.map((dims, k): LoopAxis => {
    const extents = dims.map((d) => shape[d]);
    const axis: Axis = { name: name(k), extent: sizeOf(extents), kind };
    for (const [n, e] of delinearise(s.axis(axis), extents).entries()) index[dims[n]] = e;
    return { axis, dims };
  });
  return { axes, index };
}

/** All dimensions in one loop. */
export function mergedPartition(shape: Shape): Partition {
  const dims = shape.map((_, d) => d).filter((d) => shape[d] !== 1);
  return dims.length === 0 ? [] : [dims];
}

/** One loop per dimension that is not 1. */
export function splitPartition(shape: Shape): Partition {
  return mergedPartition(shape).flatMap((dims) => dims.map((d) => [d]));
}

/** Divisions and remainders in the indices of an expression DAG: what merging loops may cost. */
export function countDivisions(roots: readonly Expr[]): number {
  const seen = new Set<Expr>();
  let count = 0;
  const stack = [...roots];
  for (let e = stack.pop(); e !== undefined; e = stack.pop()) {
    if (seen.has(e)) continue;
    seen.add(e);
    if (e.op === "binary" && e.dtype === "int32" && (e.fn === "div" || e.fn === "rem")) count++;
    stack.push(...operandsOf(e));
  }
  return count;
}

/**
 * The partition with fewest loops that costs no more divisions than one loop per dimension. `measure` builds the
 * kernel's expressions for a partition and counts.
 */
export function choosePartition(shape: Shape, measure: (partition: Partition) => number): Partition {
  const merged = mergedPartition(shape);
  const split = splitPartition(shape);
  if (split.length <= 1) return split;
  if (measure(merged) === 0) return merged;
  let best = split;
  let cost = measure(split);
  for (let k = best.length - 2; k >= 0; k--) {
    const candidate = [...best.slice(0, k), [...best[k], ...best[k + 1]], ...best.slice(k + 2)];
    const candidateCost = measure(candidate);
    if (candidateCost <= cost) {
      best = candidate;
      cost = candidateCost;
    }
  }
  return best;
}
