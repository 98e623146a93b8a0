/** Which axis of a reduction runs in lanes. */
import type { Axis } from "../kernel/expr.ts";
import { LANES } from "./reduce-regions.ts";
import { type loadsOf, vectorCost } from "./strides.ts";

/** Rough cost of combining the lanes of one accumulator at the end, in vector loads. */
const LANE_COMBINE = 6;

export type VectorChoice = { readonly where: "out" | "reduce"; readonly at: number } | null;

/** Compares walking memory along the innermost output axis with walking along each reduction axis. */
export function chooseVectorAxis(
  loads: ReturnType<typeof loadsOf>,
  outAxes: readonly Axis[],
  redAxes: readonly Axis[],
  named: boolean,
): VectorChoice {
  let best: VectorChoice = null;
  let cost = Infinity;
  const last = outAxes.length - 1;
  if (last >= 0 && outAxes[last].extent >= 2) {
    best = { where: "out", at: last };
    cost = vectorCost(loads, outAxes[last]);
  }
  if (!named) return best;
  for (const [n, axis] of redAxes.entries()) {
    if (axis.extent < LANES) continue;
    const own = vectorCost(loads, axis) + LANE_COMBINE / (axis.extent / LANES);
    if (own < cost) {
      best = { where: "reduce", at: n };
      cost = own;
    }
  }
  return best;
}
