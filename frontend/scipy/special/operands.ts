/** What the functions of scipy.special are built with. */

import { whileLoop } from "../../control/while-loop.ts";
import { full, type NdArray } from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { any } from "../../numpy/reductions.ts";

/** c[0]·xⁿ⁻¹ + … + c[n-1], by Horner's rule. */
export function polynomial(c: readonly number[], x: NdArray): NdArray {
  let sum = full(c[0], x.dtype, x.shape);
  for (const next of c.slice(1)) sum = sum.mul(x).add(next);
  return sum;
}

/** p(x)/q(x). */
export function rational(p: readonly number[], q: readonly number[], x: NdArray): NdArray {
  return polynomial(p, x).div(polynomial(q, x));
}

/** A constant of the dtype and shape of x. */
export function constant(x: NdArray, value: number): NdArray {
  return full(value, x.dtype, x.shape);
}

type State = { readonly [name: string]: NdArray };

/**
 * Repeats `step` on arrays of one shape while `proceed` holds, for each element by itself: what has ended keeps its
 * state. As vmap of a scalar whileLoop.
 */
export function iterateElements<T extends State>(
  init: T,
  proceed: (state: T) => NdArray,
  step: (state: T) => T,
): T {
  const names = Object.keys(init);
  const start = { state: init as State, going: proceed(init) };
  const end = whileLoop(
    ({ going }) => any(going),
    ({ state, going }) => {
      const next: State = step(state as T);
      const kept = Object.fromEntries(names.map((n) => [n, lax.select(going, next[n], state[n])]));
      return { state: kept, going: lax.bitwiseAnd(going, proceed(kept as T)) };
    },
    start,
  );
  return end.state as T;
}
