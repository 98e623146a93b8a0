/**
 * A sum of products as its axes: what `dot_general` and `conv_general_dilated` have in common, and what a target
 * chooses tiles, packing and staging from. An axis of both factors and of the result is a batch axis, one of a single
 * factor and the result a row or a column, one of both factors only is summed over.
 */
import type { Expr } from "../kernel/expr.ts";
import type { ScalarOps } from "../kernel/scalar-ops.ts";

/** Position along one dimension of a factor: Σ step · axis, at most one term for all but a convolution's windows. */
export interface Coordinate {
  /** Positions are within 0 … extent-1. */
  readonly extent: number;
  readonly terms: readonly { readonly axis: number; readonly step: number }[];
  /**
   * The positions that hold elements, start + step · i for i < count; the others are zeros (a convolution's padding
   * and the holes of its lhs dilation). Absent where all do.
   */
  readonly valid?: { readonly start: number; readonly step: number; readonly count: number };
}

export interface ContractionFactor {
  /** One per dimension of the operand, in its order. */
  readonly coordinates: readonly Coordinate[];
  /** The element at a position, zero where there is none, in the dtype that is accumulated in. */
  element(s: ScalarOps, x: (index: readonly Expr[]) => Expr, at: readonly Expr[]): Expr;
}

export interface Contraction {
  /** Each product is one of two elements: no minimal filtering, which multiplies sums of elements. */
  readonly exact: boolean;
  /** Extent of each axis. */
  readonly extents: readonly number[];
  /** Of the first and the second operand. */
  readonly factors: readonly [ContractionFactor, ContractionFactor];
  /** Axes of each dimension of the result, outermost first. */
  readonly result: readonly (readonly number[])[];
}
