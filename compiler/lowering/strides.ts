/** Memory strides of a kernel's loads along an axis, for choosing what to vectorise and what to tile. */
import type { Axis, Expr, LoadExpr } from "../kernel/expr.ts";
import { operandsOf } from "../kernel/expr.ts";
import { linearForm } from "../kernel/index-math.ts";

export function loadsOf(roots: readonly Expr[]): LoadExpr[] {
  const seen = new Set<Expr>();
  const loads: LoadExpr[] = [];
  const stack = [...roots];
  for (let e = stack.pop(); e !== undefined; e = stack.pop()) {
    if (seen.has(e)) continue;
    seen.add(e);
    if (e.op === "load") loads.push(e);
    stack.push(...operandsOf(e));
  }
  return loads;
}

export function dependsOn(e: Expr, axis: Axis, seen: Map<Expr, boolean> = new Map()): boolean {
  const known = seen.get(e);
  if (known !== undefined) return known;
  const result = (e.op === "axis" && e.axis === axis) || operandsOf(e).some((x) => dependsOn(x, axis, seen));
  seen.set(e, result);
  return result;
}

/** Elements the load moves per step of the axis; null where it depends on the axis in no affine way. */
export function strideAlong(load: LoadExpr, axis: Axis): number | null {
  const form = linearForm(load.index);
  let stride = 0;
  for (const [leaf, k] of form.terms) {
    if (leaf.op === "axis" && leaf.axis === axis) stride = k;
    else if (dependsOn(leaf, axis)) return null;
  }
  return stride;
}

/** Memory work of four steps along the axis when they are done as one vector: 1 per contiguous load, 4 per gather. */
export function vectorCost(loads: readonly LoadExpr[], axis: Axis): number {
  let cost = 0;
  for (const load of loads) {
    const stride = strideAlong(load, axis);
    cost += stride === 0 ? 0.25 : stride === 1 ? 1 : 5;
  }
  const lanes = Math.ceil(axis.extent / 4) * 4;
  return (cost + 1) * (lanes / Math.max(axis.extent, 1));
}
