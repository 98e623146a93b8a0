/** Comparing computed elements with the oracle's. */
import assert from "node:assert/strict";
import type { RefTensor } from "../../compiler/graph/reference.ts";
import { DTYPE_INFO, type DType, isFloating } from "../../compiler/types/dtype.ts";

/** Digits of the significand without the leading one, and the exponent of the least normal number. */
const FORMATS: Partial<Record<DType, { readonly digits: number; readonly least: number }>> = {
  float16: { digits: 10, least: -14 },
  float32: { digits: 23, least: -126 },
};
const DOUBLE = { digits: 52, least: -1022 };

/** The unit in the last place of x in a floating dtype; 0 for NaN and the infinities. */
export function ulpOf(x: number, dtype: DType): number {
  if (!Number.isFinite(x)) return 0;
  const { digits, least } = FORMATS[dtype] ?? DOUBLE;
  const magnitude = Math.abs(x);
  let exponent = magnitude === 0 ? least : Math.floor(Math.log2(magnitude));
  // log2 rounds, so the exponent may be one off next to a power of two.
  if (2 ** exponent > magnitude) exponent--;
  else if (2 ** (exponent + 1) <= magnitude) exponent++;
  return 2 ** (Math.max(exponent, least) - digits);
}

export function ulpError(actual: number, expected: number, dtype: DType): number {
  return Math.abs(actual - expected) / ulpOf(expected, dtype);
}

/** How far an element may be off: the sum of what is given, and exact where nothing is. */
export interface Tolerance {
  /** Units in the last place, beyond the rounding of the oracle's element to the dtype. Floating dtypes only. */
  readonly ulp?: number;
  /** Relative to the element, or to 1 if that is more. */
  readonly relative?: number;
  /** For sums whose terms cancel. */
  readonly absolute?: number;
}

/**
 * Asserts that tensors have the expected types and elements. NaN equals NaN, and -0 equals 0. With `ulp` the expected
 * elements need not be rounded to their dtype.
 */
export function assertClose(
  got: readonly RefTensor[],
  want: readonly RefTensor[],
  { ulp, relative = 0, absolute = 0 }: Tolerance,
  title: string,
): void {
  assert.equal(got.length, want.length, `${title}: number of results`);
  for (const [k, { type, data }] of want.entries()) {
    const { dtype } = type;
    assert.equal(got[k].type.text, type.text, `${title}: type of result ${k}`);
    assert.equal(got[k].data.length, data.length, `${title}: elements of result ${k}`);
    const { max } = DTYPE_INFO[dtype];
    for (const [i, w] of data.entries()) {
      const g = got[k].data[i];
      if (g === w || Object.is(g, w)) continue;
      // The oracle does not round: beyond the largest finite value the result is infinite, give or take its bound.
      if (ulp !== undefined && Math.abs(w) > max && Math.abs(g) >= max * (1 - 1e-6) && g > 0 === w > 0)
        continue;
      const units = ulp === undefined || !isFloating(dtype) ? 0 : (ulp + 0.5) * ulpOf(w, dtype);
      const bound = isFloating(dtype) ? units + relative * Math.max(1, Math.abs(w)) + absolute : 0;
      const off = Math.abs(g - w);
      if (!(Number.isFinite(off) && off <= bound)) {
        assert.fail(
          `${title}: result ${k}, element ${i} is ${g}, expected ${w} (off by ${off}, allowed ${bound})`,
        );
      }
    }
  }
}
