/** Where the windows of a padded, dilated operand lie: shapes, the checks on them, and positions as index expressions. */
import type { WindowParams } from "../../graph/operations.ts";
import type { Expr } from "../../kernel/expr.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import { WeftTypeError, WeftValueError } from "../../types/errors.ts";
import type { Shape } from "../../types/tensor-type.ts";
import { formatShape } from "../typing.ts";

/** Extent after `dilation - 1` holes are put between neighbours. */
export function dilated(extent: number, dilation: number): number {
  return extent === 0 ? 0 : 1 + dilation * (extent - 1);
}

/** Number of windows that fit. */
export function strided(extent: number, window: number, stride: number): number {
  return extent < window ? 0 : Math.floor((extent - window) / stride) + 1;
}

/** One axis of a window operation. */
export interface WindowAxis {
  readonly extent: number;
  readonly window: number;
  readonly stride: number;
  readonly padding: readonly [number, number];
  readonly baseDilation: number;
  readonly windowDilation: number;
}

/** Extent of the result along one axis. */
export function windowCount(a: WindowAxis): number {
  const padded = dilated(a.extent, a.baseDilation) + a.padding[0] + a.padding[1];
  return strided(padded, dilated(a.window, a.windowDilation), a.stride);
}

export function windowAxes(shape: Shape, params: WindowParams): WindowAxis[] {
  return shape.map((extent, axis) => ({
    extent,
    window: params.windowDimensions[axis],
    stride: params.windowStrides[axis],
    padding: params.padding[axis],
    baseDilation: params.baseDilation[axis],
    windowDilation: params.windowDilation[axis],
  }));
}

export function windowOutputShape(shape: Shape, params: WindowParams): number[] {
  return windowAxes(shape, params).map(windowCount);
}

/** The checks of `jax.lax.reduce_window`, for an operand of `shape`. */
export function checkWindow(name: string, shape: Shape, params: WindowParams): void {
  const { windowDimensions, windowStrides, padding, baseDilation, windowDilation } = params;
  const lists = { windowDimensions, windowStrides, baseDilation, windowDilation };
  for (const [what, list] of Object.entries(lists)) {
    if (list.every((n) => Number.isInteger(n) && n > 0)) continue;
    throw new WeftTypeError(
      `${name} ${what} must have every element be a strictly positive integer, got ${formatShape(list)}.`,
    );
  }
  if (shape.length !== windowDimensions.length) {
    throw new WeftTypeError(
      `${name} got the wrong number of windowDimensions for operand: got operand shape ${formatShape(shape)} ` +
        `with windowDimensions ${formatShape(windowDimensions)}.`,
    );
  }
  for (const [what, list] of Object.entries(lists)) {
    if (list.length === windowDimensions.length) continue;
    throw new WeftTypeError(
      `${name} got inconsistent ${what} and windowDimensions: got ${what} ${formatShape(list)} ` +
        `and windowDimensions ${formatShape(windowDimensions)}.`,
    );
  }
  if (padding.length !== windowDimensions.length) {
    throw new WeftValueError(
      `${name} padding must have one [low, high] pair per dimension: ` +
        `got ${padding.length} pairs and windowDimensions ${formatShape(windowDimensions)}.`,
    );
  }
}

/** The operand's index seen by element `r` of window `i` along one axis, or null where it is padding or a hole. */
export function positionIn(a: WindowAxis, i: number, r: number): number | null {
  const at = i * a.stride + r * a.windowDilation - a.padding[0];
  if (at < 0 || at % a.baseDilation !== 0) return null;
  const index = at / a.baseDilation;
  return index < a.extent ? index : null;
}

export interface Position {
  readonly index: readonly Expr[];
  /** Whether every axis is on an element of the operand; the constant true where that is always so. */
  readonly inside: Expr;
}

/** `positionIn` as expressions over all axes. The index is only meaningful where `inside` holds. */
export function lowerPosition(
  s: ScalarOps,
  axes: readonly WindowAxis[],
  i: readonly Expr[],
  r: readonly Expr[],
): Position {
  let inside = s.bool(true);
  const index = axes.map((a, axis) => {
    const stepped = s.add(s.mul(i[axis], s.int(a.stride)), s.mul(r[axis], s.int(a.windowDilation)));
    const at = s.sub(stepped, s.int(a.padding[0]));
    const last = dilated(a.extent, a.baseDilation);
    inside = s.and(inside, s.and(s.ge(at, s.int(0)), s.lt(at, s.int(last))));
    if (a.baseDilation === 1) return at;
    const step = s.int(a.baseDilation);
    inside = s.and(inside, s.eq(s.rem(at, step), s.int(0)));
    return s.div(at, step);
  });
  return { index, inside };
}

/**
 * Padding that makes a windowed sum's transpose, or a convolution's with respect to its left side, cover the operand
 * again (JAX's `_conv_general_vjp_lhs_padding`). `outExtent` is the number of windows.
 */
export function transposedPadding(a: WindowAxis, outExtent: number): readonly [number, number] {
  const base = dilated(a.extent, a.baseDilation);
  const window = dilated(a.window, a.windowDilation);
  const before = window - 1 - a.padding[0];
  return [before, base + window - 1 - dilated(outExtent, a.stride) - before];
}

/** The parameters with a new axis at `dim` whose windows are single elements: what a batch axis is. */
export function bumpWindow(params: WindowParams, dim: number): WindowParams {
  return {
    windowDimensions: params.windowDimensions.toSpliced(dim, 0, 1),
    windowStrides: params.windowStrides.toSpliced(dim, 0, 1),
    padding: params.padding.toSpliced(dim, 0, [0, 0]),
    baseDilation: params.baseDilation.toSpliced(dim, 0, 1),
    windowDilation: params.windowDilation.toSpliced(dim, 0, 1),
  };
}
