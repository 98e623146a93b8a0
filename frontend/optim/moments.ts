/** Moving averages and their corrections (`optax.tree.update_moment` and its kin). */
import { type ArrayLike, asArray, convert, type NdArray } from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";
import { add, divide, maximum, multiply, power, square, subtract } from "../numpy/ufuncs.ts";
import type { Result } from "../transforms/types.ts";
import { inDtype, mapTree } from "./trees.ts";

/** 1 − x, exact while x is a number. */
export function oneMinus(x: ArrayLike): ArrayLike {
  return typeof x === "number" ? 1 - x : subtract(1, x);
}

/** (1 − decay) · updatesᵒʳᵈᵉʳ + decay · moments (`optax.tree.update_moment`). */
export function updateMoment<M>(updates: unknown, moments: M, decay: ArrayLike, order: number): Result<M> {
  const rest = oneMinus(decay);
  return mapTree<Result<M>>(
    (g, m) => {
      const raised = order === 1 ? g : order === 2 ? square(g) : power(g, order);
      return add(multiply(raised, rest), multiply(m, decay));
    },
    updates,
    moments,
  );
}

/** max(|updates| + eps, decay · moments) (`optax.tree.update_infinity_moment`). */
export function updateInfinityMoment<M>(
  updates: unknown,
  moments: M,
  decay: ArrayLike,
  eps: ArrayLike,
): Result<M> {
  return mapTree<Result<M>>((g, m) => maximum(add(lax.abs(g), eps), multiply(m, decay)), updates, moments);
}

/** 1 − decayᶜᵒᵘⁿᵗ in a dtype: what a moving average that started from 0 has to be divided by. */
function correction(decay: ArrayLike, count: NdArray, dtype: NdArray["dtype"]): NdArray {
  const exact = dtype === "float64" ? "float64" : "float32";
  const base = inDtype(decay, exact);
  return convert(subtract(1, lax.pow(base, convert(count, exact))), dtype);
}

/** Moments over 1 − decayᶜᵒᵘⁿᵗ (`optax.tree.bias_correction`; Kingma & Ba 2014, section 3). */
export function biasCorrection<M>(moments: M, decay: ArrayLike, count: ArrayLike): Result<M> {
  const n = asArray(count);
  // One correction for all leaves of a dtype.
  const known = new Map<string, NdArray>();
  return mapTree<Result<M>>((m) => {
    const found = known.get(m.dtype) ?? correction(decay, n, m.dtype);
    known.set(m.dtype, found);
    return divide(m, found);
  }, moments);
}
