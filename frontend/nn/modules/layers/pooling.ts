/** Pooling (`flax/linen/pooling.py`): functions of [...batch, ...spatial, features]. */

import { sizeOf } from "../../../../compiler/types/tensor-type.ts";
import { formatShape, full, type NdArray, WeftValueError } from "../../../core/index.ts";
import { add, max, min } from "../../../lax/elementwise.ts";

import { reduceWindow } from "../../../lax/reduce-window.ts";
import type { Combine } from "../../../lax/reductions.ts";
import type { PaddingPairs } from "../../../lax/windows.ts";

/** Options of `pool`, `maxPool` and `minPool`. */
export interface PoolOptions {
  /** One number for each spatial axis. Default 1. */
  readonly strides?: readonly number[] | null;
  /** "VALID" (default), "SAME", or [low, high] for each spatial axis. */
  readonly padding?: "VALID" | "SAME" | "SAME_LOWER" | PaddingPairs;
}

/** Folds windows over the spatial axes (`flax.linen.pool`). Throws WeftValueError where extents do not fit. */
export function pool(
  inputs: NdArray,
  init: number,
  reduce: Combine,
  windowShape: readonly number[],
  options: PoolOptions = {},
): NdArray {
  const { padding = "VALID" } = options;
  const strides = options.strides ?? windowShape.map(() => 1);
  const batchAxes = inputs.ndim - windowShape.length - 1;
  if (strides.length !== windowShape.length) {
    throw new WeftValueError(`len(${formatShape(windowShape)}) must equal len(${formatShape(strides)})`);
  }
  if (batchAxes < 0) {
    throw new WeftValueError(
      `windows of shape ${formatShape(windowShape)} need inputs [...batch, ...spatial, features] of at least ` +
        `${windowShape.length + 1} axes, got ${formatShape(inputs.shape)}`,
    );
  }
  if (typeof padding !== "string" && padding.length !== windowShape.length) {
    throw new WeftValueError(
      `padding ${JSON.stringify(padding)} must specify pads for same number of dims as window_shape ${formatShape(windowShape)}`,
    );
  }
  const around = new Array<number>(batchAxes).fill(1);
  const none = around.map((): [number, number] => [0, 0]);
  return reduceWindow(
    inputs,
    full(init, inputs.dtype),
    reduce,
    [...around, ...windowShape, 1],
    [...around, ...strides, 1],
    typeof padding === "string" ? padding : [...none, ...padding, [0, 0]],
  );
}

/** Options of `avgPool`. */
export interface AvgPoolOptions extends PoolOptions {
  /** Whether padding counts as zeros (default), or not at all. */
  readonly countIncludePad?: boolean;
}

/** Means of windows (`flax.linen.avg_pool`). */
export function avgPool(
  inputs: NdArray,
  windowShape: readonly number[],
  options: AvgPoolOptions = {},
): NdArray {
  const sums = pool(inputs, 0, add, windowShape, options);
  if (options.countIncludePad ?? true) return sums.div(sizeOf(windowShape));
  const spatial = inputs.shape.slice(inputs.ndim - windowShape.length - 1, -1);
  const counts = pool(full(1, inputs.dtype, [...spatial, 1]), 0, add, windowShape, options);
  return sums.div(counts);
}

/** Maxima of windows (`flax.linen.max_pool`). */
export function maxPool(inputs: NdArray, windowShape: readonly number[], options: PoolOptions = {}): NdArray {
  return pool(inputs, -Infinity, max, windowShape, options);
}

/** Minima of windows (`flax.linen.min_pool`). */
export function minPool(inputs: NdArray, windowShape: readonly number[], options: PoolOptions = {}): NdArray {
  return pool(inputs, Infinity, min, windowShape, options);
}
