/** Pooling of Haiku (`haiku/_src/pool.py`). */
import { sizeOf } from "../../compiler/types/tensor-type.ts";
import { formatShape, full, type NdArray, WeftValueError } from "../core/index.ts";
import { add, max } from "../lax/elementwise.ts";
import { reduceWindow } from "../lax/reduce-window.ts";
import { Module } from "./module.ts";

/** Options of `maxPool` and `avgPool`. */
export interface HaikuPoolOptions {
  /** The axis that a window given by a number leaves alone, besides the first; null: none. Default −1. */
  readonly channelAxis?: number | null;
}

/** A window's extents: a number stands for all axes but the first and the features'; fewer extents are the last ones. */
function extents(
  x: NdArray,
  size: number | readonly number[],
  { channelAxis = -1 }: HaikuPoolOptions,
): readonly number[] {
  if (typeof size !== "number") {
    if (size.length > x.ndim) {
      throw new WeftValueError(
        `a window of shape ${formatShape(size)} for an array of shape ${formatShape(x.shape)}`,
      );
    }
    return [...new Array<number>(x.ndim - size.length).fill(1), ...size];
  }
  if (channelAxis !== null && Math.abs(channelAxis) >= x.ndim) {
    throw new WeftValueError(`Invalid channel axis ${channelAxis} for ${formatShape(x.shape)}`);
  }
  const channel = channelAxis !== null && channelAxis < 0 ? channelAxis + x.ndim : channelAxis;
  return x.shape.map((_, axis) => (axis === 0 || axis === channel ? 1 : size));
}

type PoolPadding = "SAME" | "VALID";

function checkPadding(padding: string): void {
  if (padding === "SAME" || padding === "VALID") return;
  throw new WeftValueError(`Invalid padding '${padding}', must be 'SAME' or 'VALID'.`);
}

/** Maxima of windows (`haiku.max_pool`). */
export function maxPool(
  value: NdArray,
  windowShape: number | readonly number[],
  strides: number | readonly number[],
  padding: PoolPadding,
  options: HaikuPoolOptions = {},
): NdArray {
  checkPadding(padding);
  const [window, steps] = [extents(value, windowShape, options), extents(value, strides, options)];
  return reduceWindow(value, full(-Infinity, value.dtype), max, window, steps, padding);
}

/** Means of windows, without what lies outside (`haiku.avg_pool`). */
export function avgPool(
  value: NdArray,
  windowShape: number | readonly number[],
  strides: number | readonly number[],
  padding: PoolPadding,
  options: HaikuPoolOptions = {},
): NdArray {
  checkPadding(padding);
  const [window, steps] = [extents(value, windowShape, options), extents(value, strides, options)];
  const sums = (x: NdArray): NdArray => reduceWindow(x, full(0, x.dtype), add, window, steps, padding);
  if (padding === "VALID") return sums(value).div(sizeOf(window));
  const shape = value.shape.map((n, axis) => (window[axis] === 1 ? 1 : n));
  return sums(value).div(sums(full(1, value.dtype, shape)));
}

abstract class Pool extends Module {
  constructor(
    readonly windowShape: number | readonly number[],
    readonly strides: number | readonly number[],
    readonly padding: PoolPadding,
    readonly options: HaikuPoolOptions & { readonly name?: string | null } = {},
  ) {
    super(options.name);
  }
}

/** `maxPool` as a module (`haiku.MaxPool`). */
export class MaxPool extends Pool {
  static readonly moduleName: string = "MaxPool";
  call(value: NdArray): NdArray {
    return maxPool(value, this.windowShape, this.strides, this.padding, this.options);
  }
}

/** `avgPool` as a module (`haiku.AvgPool`). */
export class AvgPool extends Pool {
  static readonly moduleName: string = "AvgPool";
  call(value: NdArray): NdArray {
    return avgPool(value, this.windowShape, this.strides, this.padding, this.options);
  }
}
