/** Updates put to use (optax's `_src/update.py`). */
import { cond } from "../control/index.ts";
import { type ArrayLike, convert, formatShape, WeftValueError } from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";
import { add, mod, multiply, subtract } from "../numpy/ufuncs.ts";
import type { Result } from "../transforms/types.ts";
import { mapNamed, mapTree } from "./trees.ts";

/**
 * The parameters plus the updates, in the shapes and dtypes of the parameters (`optax.apply_updates`). Throws
 * WeftValueError naming the path where the trees differ or an update would change its parameter's shape.
 */
export function applyUpdates<P>(params: P, updates: unknown): Result<P> {
  return mapNamed<Result<P>>(
    (path, p, u) => {
      const sum = add(p, u);
      if (sum.ndim !== p.ndim || sum.shape.some((n, i) => n !== p.shape[i])) {
        throw new WeftValueError(
          `applyUpdates: the update of params${path} has shape ${formatShape(u.shape)}, the parameter ${formatShape(p.shape)}`,
        );
      }
      return convert(sum, p.dtype);
    },
    params,
    { updates },
  );
}

/** stepSize · new + (1 − stepSize) · old: moving averages of parameters (`optax.incremental_update`). */
export function incrementalUpdate<P>(newTensors: P, oldTensors: unknown, stepSize: ArrayLike): Result<P> {
  const rest = typeof stepSize === "number" ? 1 - stepSize : subtract(1, stepSize);
  return mapTree<Result<P>>((n, o) => add(multiply(n, stepSize), multiply(o, rest)), newTensors, oldTensors);
}

/** The new tensors every `updatePeriod` steps, otherwise the old ones (`optax.periodic_update`): target networks. */
export function periodicUpdate<P>(
  newTensors: P,
  oldTensors: P,
  steps: ArrayLike,
  updatePeriod: ArrayLike,
): Result<P> {
  const due = lax.eq(mod(steps, updatePeriod), 0);
  return cond(
    due,
    () => newTensors,
    () => oldTensors,
  );
}
