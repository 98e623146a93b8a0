/** Whether arrays equal what JAX gave for them. */
import { type DType, isFloating } from "../../compiler/types/dtype.ts";
import type { NdArray } from "../../frontend/core/index.ts";
import { ulpOf } from "./compare.ts";

/** Relative to the greatest finite magnitude of the expected array. */
const TOLERANCES: Partial<Record<DType, number>> = { float16: 2e-3, float32: 2e-6, float64: 1e-12 };

export interface Bounds {
  readonly tol?: number;
  readonly ulp?: number;
  readonly atol?: number;
  readonly exact?: boolean;
  /** What a bound by dtype is multiplied by: derivatives lose digits. */
  readonly factor?: number;
}

/** The first difference between arrays, in words; null where they agree. NaN equals NaN. */
export function arrayDifference(actual: NdArray, expected: NdArray, bounds: Bounds): string | null {
  const { dtype } = expected;
  if (actual.dtype !== dtype) return `dtype is ${actual.dtype}, expected ${dtype}`;
  if (actual.shape.join() !== expected.shape.join()) {
    return `shape is [${actual.shape.join()}], expected [${expected.shape.join()}]`;
  }
  const got = actual.dataSync();
  const want = expected.dataSync();
  const relative =
    bounds.tol ?? (bounds.ulp === undefined ? (TOLERANCES[dtype] ?? 0) * (bounds.factor ?? 1) : 0);
  const slack = isFloating(dtype) && !bounds.exact ? relative * greatest(want) + (bounds.atol ?? 0) : 0;
  let first: { at: number; off: number; bound: number } | undefined;
  let count = 0;
  for (let at = 0; at < want.length; at++) {
    if (got[at] === want[at] && !(bounds.exact && got[at] === 0 && !Object.is(got[at], want[at]))) continue;
    if (Number.isNaN(got[at]) && Number.isNaN(want[at])) continue;
    const units = bounds.ulp !== undefined && isFloating(dtype) ? bounds.ulp * ulpOf(want[at], dtype) : 0;
    const bound = Math.max(slack, units);
    const off = Math.abs(got[at] - want[at]);
    // Infinite or NaN on one side alone: `off` is no number to compare.
    if (Number.isFinite(off) && off <= bound && !bounds.exact) continue;
    first ??= { at, off, bound };
    count++;
  }
  if (first === undefined) return null;
  const { at, off, bound } = first;
  const place = unravel(at, expected.shape);
  const number = (x: number) => (Object.is(x, -0) ? "-0" : String(x));
  const units = isFloating(dtype) ? `, ${(off / ulpOf(want[at], dtype)).toPrecision(3)} ULP` : "";
  return (
    `element [${place.join()}] is ${number(got[at])}, expected ${number(want[at])} ` +
    `(off by ${off.toPrecision(3)}${units}; allowed ${bounds.exact ? "none" : bound.toPrecision(3)}); ` +
    `${count} of ${want.length} elements differ`
  );
}

function greatest(elements: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < elements.length; i++) {
    const magnitude = Math.abs(elements[i]);
    if (magnitude > most && Number.isFinite(magnitude)) most = magnitude;
  }
  return most;
}

function unravel(at: number, shape: readonly number[]): number[] {
  const place: number[] = [];
  for (let axis = shape.length - 1, rest = at; axis >= 0; axis--) {
    place.unshift(rest % shape[axis]);
    rest = Math.floor(rest / shape[axis]);
  }
  return place;
}
