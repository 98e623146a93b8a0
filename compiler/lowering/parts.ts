/**
 * Parts of a loop that carries something from turn to turn: each begins anew, and what they carry is put together in
 * their order. Threads share the parts. How many there are depends on shapes alone, so the results do not depend on the
 * number of threads.
 */
import type { Axis, AxisKind } from "../kernel/expr.ts";

/** From how much on a loop is cut into parts. */
export interface PartLimits {
  /** Elements of a part, at least. */
  readonly elements: number;
  /** A loop over fewer than this many parts' elements stays whole. */
  readonly least: number;
}

/** About what the limits of grains ask for: a kernel of some 0.2 ms. */
export const PART_LIMITS: PartLimits = { elements: 1 << 14, least: 8 };

const MAX_PARTS = 16;

export interface Parts {
  readonly count: number;
  /** Turns of a part. The last one may have fewer. */
  readonly chunk: number;
}

/**
 * The parts of an axis that walks over `elements`; null where it is best left whole. `step`: turns of a part are a
 * multiple of it. Lanes are not cut off: a vector axis has parts only where they are even.
 */
export function partsOf(
  axis: Pick<Axis, "extent" | "kind">,
  elements: number,
  limits: PartLimits,
  step = 1,
): Parts | null {
  if (elements < limits.elements * limits.least) return null;
  const wanted = Math.min(MAX_PARTS, Math.floor(elements / limits.elements), Math.floor(axis.extent / 2));
  if (wanted < 2) return null;
  const kind: AxisKind = axis.kind;
  for (let count = wanted; count >= (kind === "vector" ? 2 : wanted); count--) {
    const chunk = Math.ceil(axis.extent / count / step) * step;
    if (kind === "vector" && (chunk % LANES !== 0 || axis.extent % chunk !== 0)) continue;
    const parts = Math.ceil(axis.extent / chunk);
    return parts < 2 ? null : { count: parts, chunk };
  }
  return null;
}

const LANES = 4;
