/** Comparing arrays of the public API with numbers. */
import assert from "node:assert/strict";
import { NdArray } from "weft";

/** Arrays, numbers, booleans and nested lists of them. */
export type Numbers = NdArray | number | boolean | ArrayLike<number> | readonly Numbers[];

/** All elements in row-major order. */
export function flat(x: unknown): number[] {
  if (typeof x === "number" || typeof x === "boolean") return [Number(x)];
  if (x instanceof NdArray) return [...x.dataSync()];
  if (Array.isArray(x) || ArrayBuffer.isView(x))
    return Array.from(x as unknown[] as ArrayLike<unknown>, flat).flat();
  if (typeof x === "object" && x !== null) return Object.values(x).flatMap(flat);
  throw new Error(`not numbers: ${String(x)}`);
}

/** Elements agree within `tolerance`, relative for those over 1. NaN and infinities must be the same. */
export function close(actual: unknown, expected: unknown, tolerance = 1e-5, message = ""): void {
  const a = flat(actual);
  const e = flat(expected);
  assert.equal(a.length, e.length, `${message}: ${a.length} elements, expected ${e.length}`);
  for (const [i, value] of a.entries()) {
    const bound = tolerance * Math.max(1, Math.abs(e[i]));
    const fits = Math.abs(value - e[i]) <= bound || Object.is(value, e[i]);
    assert.ok(fits, `${message}[${i}]: ${value}, expected ${e[i]}`);
  }
}

/** Largest distance in units in the last place of a float32. */
export function ulpError32(actual: ArrayLike<number>, exact: readonly number[]): number {
  let worst = 0;
  for (const [i, e] of exact.entries()) {
    const magnitude = Math.max(Math.abs(e), 2 ** -126);
    const ulp = 2 ** (Math.floor(Math.log2(magnitude)) - 23);
    worst = Math.max(worst, Math.abs(actual[i] - e) / ulp);
  }
  return worst;
}
