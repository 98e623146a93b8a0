/** `np.where` in both its forms: choosing, and finding. */
import { type ArrayLike, type NdArray, WeftValueError } from "../core/index.ts";
import * as logic from "./logic.ts";
import { isArrayLike } from "./movement.ts";
import { type NonzeroOptions, nonzero } from "./nonzero.ts";

/**
 * `condition ? x : y`, elementwise, promoted and broadcast; of a condition alone the places where it holds, as
 * `np.nonzero` (`jnp.where`). Both branches are computed; a NaN in the one not taken still enters its own gradient.
 */
export function where(condition: ArrayLike, options?: NonzeroOptions): NdArray[];
export function where(condition: ArrayLike, x: ArrayLike, y: ArrayLike): NdArray;
export function where(
  condition: ArrayLike,
  x?: ArrayLike | NonzeroOptions | null,
  y?: ArrayLike | null,
): NdArray | NdArray[] {
  if (isArrayLike(x) && isArrayLike(y)) return logic.where(condition, x, y);
  if (isArrayLike(x) || isArrayLike(y)) {
    throw new WeftValueError(
      "Either both or neither of the x and y arguments should be provided to np.where.",
    );
  }
  return nonzero(condition, x ?? {});
}
