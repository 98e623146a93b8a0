/** Modified Bessel functions of orders 0 and 1, and Bessel functions of the first kind. */

import { scan } from "../../control/scan.ts";
import type { ArrayLike, NdArray } from "../../core/index.ts";
import { WeftTypeError } from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { iota, rev, sliceInDim } from "../../lax/movement.ts";
import * as laxSpecial from "../../lax/special.ts";
import { where } from "../../numpy/logic.ts";
import { inexact } from "../../numpy/promotion.ts";
import { constant } from "./operands.ts";

/** e^−|x| I₀(x) (`jax.scipy.special.i0e`). */
export function i0e(x: ArrayLike): NdArray {
  return laxSpecial.besselI0e(inexact("i0e", x));
}

/** I₀(x) (`jax.scipy.special.i0`). */
export function i0(x: ArrayLike): NdArray {
  const a = inexact("i0", x);
  return lax.exp(lax.abs(a)).mul(laxSpecial.besselI0e(a));
}

/** e^−|x| I₁(x) (`jax.scipy.special.i1e`). */
export function i1e(x: ArrayLike): NdArray {
  return laxSpecial.besselI1e(inexact("i1e", x));
}

/** I₁(x) (`jax.scipy.special.i1`). */
export function i1(x: ArrayLike): NdArray {
  const a = inexact("i1", x);
  return lax.exp(lax.abs(a)).mul(laxSpecial.besselI1e(a));
}

/** Options of `besselJn`. */
export interface BesselOptions {
  /** The highest order. */
  readonly v: number;
  /** Steps of the recurrence, downwards; default 50. */
  readonly nIter?: number;
}

/** J₀(z), …, J_v(z) along a new first axis, by Miller's recurrence (`jax.scipy.special.bessel_jn`). */
export function besselJn(z: ArrayLike, options: BesselOptions): NdArray {
  const { v, nIter = 50 } = options;
  if (!Number.isInteger(v) || v < 0) throw new WeftTypeError(`bessel_jn takes a natural number v, got ${v}`);
  const x = inexact("bessel_jn", z);
  const zero = constant(x, 0);
  const [end, values] = scan(
    ({ f0, f1, bs }: { f0: NdArray; f1: NdArray; bs: NdArray }, k: NdArray) => {
      const f = k.add(1).mul(2).mul(f1).div(x).sub(f0);
      const even = k.mod(2).equal(0);
      return [{ f0: f1, f1: f, bs: where(even, bs.add(f.mul(2)), bs) }, f];
    },
    { f0: zero, f1: constant(x, 1e-16), bs: zero },
    rev(iota(x.dtype, nIter + 1), [0]),
  );
  const orders = sliceInDim(rev(values, [0]), 0, v + 1);
  return orders.div(end.bs.sub(end.f1));
}
