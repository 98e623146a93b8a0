/** Bounds of an index, as far as they are attained: what the verifier may call an error and not a suspicion. */
import type { Axis, Expr } from "../kernel/expr.ts";
import { linearForm, type Range, rangeOf } from "../kernel/index-math.ts";

/** The range that indices of unknown value have. */
const INT32_MIN = -2147483648;
const INT32_MAX = 2147483647;

/**
 * Whether some (or every) value of the index lies outside [0, size). An affine index over axes attains the ends of
 * its range, since the axes run independently; of any other index only a range wholly outside says something.
 */
export function boundsProblem(index: Expr, size: number): string | null {
  const exact = affineRange(index);
  if (exact !== null) {
    if (exact.min >= 0 && exact.max < size) return null;
    return `the index runs over ${exact.min} to ${exact.max}, but the buffer has ${size} elements`;
  }
  const { min, max } = rangeOf(index);
  if (min <= INT32_MIN && max >= INT32_MAX) return null;
  if (max >= 0 && min < size) return null;
  return `the index lies within ${min} to ${max}, but the buffer has ${size} elements`;
}

/** The exact range of a sum of axes times constants, or null for an index of another form. */
function affineRange(index: Expr): Range | null {
  const { terms, constant } = linearForm(index);
  const seen = new Set<Axis>();
  let min = constant;
  let max = constant;
  for (const [leaf, k] of terms) {
    if (leaf.op !== "axis" || seen.has(leaf.axis)) return null;
    seen.add(leaf.axis);
    const last = (leaf.axis.extent - 1) * k;
    min += Math.min(0, last);
    max += Math.max(0, last);
  }
  return { min, max };
}
