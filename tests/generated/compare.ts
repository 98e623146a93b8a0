/** Comparing computed elements with the oracle's. */
import assert from "node:assert/strict";
import type { RefTensor } from "../../compiler/graph/reference.ts";
import { DTYPE_INFO, type DType, isFloating } from "../../compiler/types/dtype.ts";

/** Spacing of the numbers of a floating dtype around x. */
export function ulpOf(x: number, dtype: DType): number {
  const digits = dtype === "float64" ? 52 : dtype === "float32" ? 23 : 10;
  const least = dtype === "float64" ? -1022 : dtype === "float32" ? -126 : -14;
  if (!Number.isFinite(x)) return 0;
  const exponent = x === 0 ? least : Math.max(Math.floor(Math.log2(Math.abs(x))), least);
  return 2 ** (exponent - digits);
}

export interface Tolerance {
  readonly ulp: number;
  /** Absolute slack, for sums whose terms cancel. */
  readonly absolute: number;
}

/** Asserts that `got` (rounded to its dtype) agrees with the oracle's unrounded `want`. */
export function assertClose(
  got: RefTensor,
  want: RefTensor,
  { ulp, absolute }: Tolerance,
  title: string,
): void {
  assert.equal(got.type.text, want.type.text, title);
  const { dtype } = want.type;
  for (let i = 0; i < want.data.length; i++) {
    const g = got.data[i];
    const w = want.data[i];
    if (!isFloating(dtype)) {
      assert.equal(g, w, `${title}: element ${i}`);
      continue;
    }
    if (Number.isNaN(w)) {
      assert.ok(Number.isNaN(g), `${title}: element ${i} is ${g}, expected NaN`);
      continue;
    }
    const { max } = DTYPE_INFO[dtype];
    // The oracle does not round: beyond the largest finite value the result is infinite, give or take its bound.
    if (Math.abs(w) > max && Math.abs(g) >= max * (1 - 1e-6) && Math.sign(g) === Math.sign(w)) continue;
    if (w === g) continue;
    const bound = (ulp + 0.5) * ulpOf(w, dtype) + absolute;
    assert.ok(
      Math.abs(g - w) <= bound,
      `${title}: element ${i} is ${g}, expected ${w} (off by ${Math.abs(g - w)}, allowed ${bound})`,
    );
  }
}
