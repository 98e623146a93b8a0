/** Whether two runs of a program gave the same results, up to rounding. */
import type { RefTensor } from "../../compiler/graph/reference.ts";
import { type DType, isFloating } from "../../compiler/types/dtype.ts";

/** An element may be off by `rtol` of itself, and by `atol` of the largest finite element of its tensor. */
export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
}

/** For sums of moderate length; integers and booleans have to be equal. */
const DEFAULTS: Readonly<Partial<Record<DType, Tolerance>>> = {
  float16: { rtol: 1e-2, atol: 2e-3 },
  float32: { rtol: 1e-4, atol: 1e-5 },
  float64: { rtol: 1e-9, atol: 1e-10 },
};

const EXACT: Tolerance = { rtol: 0, atol: 0 };

/** How one result differs from what was expected. */
export interface Difference {
  /** Position among the results. */
  readonly output: number;
  readonly type: string;
  /** Elements beyond the tolerance. */
  readonly mismatches: number;
  readonly elements: number;
  readonly maxAbsolute: number;
  /** Of the element that is furthest off. */
  readonly index: readonly number[];
  readonly actual: number;
  readonly expected: number;
}

/** For each result its difference, null where it is within the tolerance. */
export function compareResults(
  actual: readonly RefTensor[],
  expected: readonly RefTensor[],
  tolerance: Partial<Tolerance> = {},
): (Difference | null)[] {
  return expected.map((tensor, output) => compareTensor(actual[output], tensor, output, tolerance));
}

export function firstDifference(
  actual: readonly RefTensor[],
  expected: readonly RefTensor[],
  tolerance: Partial<Tolerance> = {},
): Difference | null {
  return compareResults(actual, expected, tolerance).find((each) => each !== null) ?? null;
}

function compareTensor(
  actual: RefTensor,
  expected: RefTensor,
  output: number,
  given: Partial<Tolerance>,
): Difference | null {
  const { type, data } = expected;
  const floating = isFloating(type.dtype);
  const { rtol, atol } = floating ? { ...EXACT, ...DEFAULTS[type.dtype], ...given } : EXACT;
  let largest = 0;
  for (const x of data) if (Number.isFinite(x)) largest = Math.max(largest, Math.abs(x));
  let mismatches = 0;
  let maxAbsolute = 0;
  let worst = -1;
  let excess = 0;
  for (let i = 0; i < data.length; i++) {
    const [a, e] = [actual.data[i], data[i]];
    if (Object.is(a, e) || a === e) continue;
    const error = Math.abs(a - e);
    const accepted = rtol * Math.abs(e) + atol * largest;
    // NaN and infinities have no distance.
    const over = Number.isFinite(error) ? error - accepted : Infinity;
    if (Number.isFinite(error)) maxAbsolute = Math.max(maxAbsolute, error);
    if (!(over > 0)) continue;
    mismatches++;
    if (worst < 0 || over > excess) {
      worst = i;
      excess = over;
    }
  }
  if (worst < 0) return null;
  const index = indexOf(worst, type.shape);
  const found = { mismatches, elements: data.length, maxAbsolute, index };
  return { output, type: type.text, ...found, actual: actual.data[worst], expected: data[worst] };
}

function indexOf(flat: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  for (const extent of shape.toReversed()) {
    index.unshift(flat % extent);
    flat = Math.floor(flat / extent);
  }
  return index;
}

/** `output 0, f32[3]: 2 of 3 elements differ, most of all [1]: 2.5 instead of 1.25` */
export function formatDifference(difference: Difference): string {
  const { output, type, mismatches, elements, index, actual, expected } = difference;
  const where = index.length === 0 ? "" : `, most of all [${index.join(", ")}]`;
  return `output ${output}, ${type}: ${mismatches} of ${elements} elements differ${where}: ${actual} instead of ${expected}`;
}
