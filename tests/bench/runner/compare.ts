/** Whether two contenders computed the same. */
import type { Tensor } from "../workloads/tensor.ts";

/**
 * The greatest difference of corresponding results: the root mean square of the differences relative to that of the
 * values. Not the largest difference: Adam's first step is the sign of the gradient, which of a gradient that is zero but
 * for rounding is anybody's. Infinity where number or shapes of the results differ.
 */
export function difference(results: readonly Tensor[], reference: readonly Tensor[]): number {
  if (results.length !== reference.length) return Number.POSITIVE_INFINITY;
  return Math.max(0, ...results.map((result, i) => tensorDifference(result, reference[i])));
}

function tensorDifference(a: Tensor, b: Tensor): number {
  const extents = (x: Tensor): string => x.shape.filter((n) => n !== 1).join();
  if (a.data.length !== b.data.length || extents(a) !== extents(b)) return Number.POSITIVE_INFINITY;
  let differences = 0;
  let values = 0;
  for (let i = 0; i < a.data.length; i++) {
    differences += (a.data[i] - b.data[i]) ** 2;
    values += b.data[i] ** 2;
  }
  if (Number.isNaN(differences)) return Number.POSITIVE_INFINITY;
  if (differences === 0) return 0;
  return Math.sqrt(differences / (values || 1));
}
