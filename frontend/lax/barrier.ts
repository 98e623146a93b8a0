/** Barriers against the compiler's rewrites. */
import { type ArrayLike, asArray, bind, type NdArray } from "../core/index.ts";

/**
 * The identity on all arrays together, through which the compiler moves nothing (`jax.lax.optimization_barrier`).
 */
export function optimizationBarrier(...operands: readonly ArrayLike[]): NdArray[] {
  const arrays = operands.map(asArray);
  return bind(
    "optimization_barrier",
    arrays,
    {},
    arrays.map((x) => x.weakType),
  );
}
