/** What losses have in common: checks of their arguments, in optax's words. */
import { isFloating, isInteger } from "../../../compiler/types/dtype.ts";
import {
  type ArrayLike,
  asArray,
  formatShape,
  type NdArray,
  WeftTypeError,
  WeftValueError,
} from "../../core/index.ts";
import { expandDims } from "../../lax/movement.ts";
import { inexact } from "../../numpy/promotion.ts";
import type { Axis } from "../../numpy/reductions.ts";

/** Options of losses that are summed along axes. */
export interface LossOptions {
  /** Axis, or axes, of the classes or components. Default the last; null for all. */
  readonly axis?: Axis;
  /** The elements that count: booleans of the shape of the operands, or of that of the result. */
  readonly where?: ArrayLike | null;
}

/** Floating operands; numbers in JavaScript are. */
export function floating(name: string, x: ArrayLike): NdArray {
  if (typeof x !== "number") {
    const { dtype } = asArray(x);
    if (!isFloating(dtype)) {
      throw new WeftTypeError(
        `${name}: Expected the input to have a dtype that is a subdtype of floating, got ${dtype} instead`,
      );
    }
  }
  return inexact(name, x);
}

export function integer(name: string, what: string, x: ArrayLike): NdArray {
  const array = asArray(x);
  if (isInteger(array.dtype)) return array;
  throw new WeftTypeError(`${name} takes integer ${what}, got ${array.dtype}: use astype`);
}

/** Throws WeftValueError unless both have one shape. */
export function sameShapes(name: string, x: NdArray, y: NdArray): void {
  if (x.ndim === y.ndim && x.shape.every((n, i) => n === y.shape[i])) return;
  throw new WeftValueError(
    `${name}: Shape mismatch: got ${formatShape(x.shape)} and ${formatShape(y.shape)}.`,
  );
}

export function checkRank(name: string, what: string, x: NdArray, rank: number): void {
  if (x.ndim === rank) return;
  throw new WeftValueError(
    `${name}: Expected ${what} to have rank ${rank}, got ${x.ndim} instead (shape ${formatShape(x.shape)})`,
  );
}

/** A mask of the shape of the operand: one of the shape of the result gets the axes again. */
export function maskFor(where: ArrayLike | null, x: NdArray, axis: Axis): NdArray | null {
  if (where === null) return null;
  const mask = asArray(where);
  if (mask.ndim === x.ndim || axis === null || axis === undefined) return mask;
  return expandDims(mask, typeof axis === "number" ? [axis] : axis);
}
