/** Axes of a contraction by their part in it, and how each operand's memory is walked along them. */
import { linearise } from "../../fusion/access.ts";
import type { Contraction, ContractionFactor } from "../../graph/contraction.ts";
import { type Axis, type Expr, type LoadExpr, operandsOf } from "../../kernel/expr.ts";
import { linearForm } from "../../kernel/index-math.ts";
import { scalarOps as s } from "../../kernel/scalar-ops.ts";
import type { Shape } from "../../types/tensor-type.ts";

/** One expression per axis of the contraction; zero along axes of extent 1. */
export type Position = readonly Expr[];

/** Elements moved per step of each axis. */
export type Strides = readonly number[];

/** Where a factor's elements come from: its operand or what was staged of it. */
export interface Source {
  read(at: Position): Expr;
  /** Null where an element is more than a load at an affine index. */
  readonly strides: Strides | null;
  /** How memory is walked to compute the elements: `strides`, or those of the largest buffer that is read, if affine. */
  readonly walk: Strides | null;
}

/** Axes walked by one loop, outermost first. */
export interface AxisGroup {
  readonly axes: readonly number[];
  readonly extent: number;
}

export function resultIndex(contraction: Contraction, at: Position): Expr[] {
  return contraction.result.map((axes) =>
    axes.reduce((sum, axis) => s.add(s.mul(sum, s.int(contraction.extents[axis])), at[axis]), s.int(0)),
  );
}

export function coordinatesAt(factor: ContractionFactor, at: Position): Expr[] {
  return factor.coordinates.map(({ terms }) =>
    terms.reduce((sum, { axis, step }) => s.add(sum, s.mul(at[axis], s.int(step))), s.int(0)),
  );
}

function symbolicAxes(extents: readonly number[]): Axis[] {
  return extents.map((extent, n): Axis => ({ name: `a${n}`, extent, kind: "serial" }));
}

function affineStrides(index: Expr, axes: readonly Axis[]): number[] | null {
  const strides = axes.map(() => 0);
  for (const [leaf, k] of linearForm(index).terms) {
    const axis = leaf.op === "axis" ? axes.indexOf(leaf.axis) : -1;
    if (axis < 0) return null;
    strides[axis] = k;
  }
  return strides;
}

/** Strides of the result's row-major position. */
export function resultStrides(contraction: Contraction, shape: Shape): Strides | null {
  const axes = symbolicAxes(contraction.extents);
  const at = axes.map((axis) => s.axis(axis));
  return affineStrides(linearise(resultIndex(contraction, at), shape), axes);
}

/**
 * The source that computes each element where it is wanted. `paired`: the axis along which an element stands for two,
 * which is one step of the walk.
 */
export function operandSource(
  contraction: Contraction,
  which: 0 | 1,
  access: (index: readonly Expr[]) => Expr,
  paired: number | null = null,
): Source {
  const factor = contraction.factors[which];
  const read = (at: Position): Expr => factor.element(s, access, coordinatesAt(factor, at));
  const axes = symbolicAxes(contraction.extents);
  let e = read(axes.map((axis) => s.axis(axis)));
  while (e.op === "convert") e = e.x;
  const largest = largestLoad(e);
  const walk = largest === null ? null : affineStrides(largest.index, axes);
  const steps = walk !== null && paired !== null ? walk.with(paired, walk[paired] / 2) : walk;
  return { read, strides: e === largest ? walk : null, walk: steps };
}

function largestLoad(e: Expr): LoadExpr | null {
  let largest: LoadExpr | null = null;
  const seen = new Set<Expr>();
  const visit = (x: Expr): void => {
    if (seen.has(x)) return;
    seen.add(x);
    if (x.op === "load" && (largest === null || x.buffer.size > largest.buffer.size)) largest = x;
    operandsOf(x).forEach(visit);
  };
  visit(e);
  return largest;
}

export function factorAxes(factor: ContractionFactor): ReadonlySet<number> {
  return new Set(factor.coordinates.flatMap(({ terms }) => terms.map(({ axis }) => axis)));
}

/** Whether a loop over both axes walks memory as one loop over their product would. */
export function mergeable(
  strides: Strides,
  extents: readonly number[],
  outer: number,
  inner: number,
): boolean {
  return strides[outer] === strides[inner] * extents[inner];
}

export function product(extents: readonly number[], axes: readonly number[]): number {
  return axes.reduce((n, axis) => n * extents[axis], 1);
}

/** A position with the axes of a group set from the group's own counter. */
export function atGroup(at: Position, group: AxisGroup, extents: readonly number[], counter: Expr): Position {
  const out = [...at];
  let rest = counter;
  for (let n = group.axes.length - 1; n >= 0; n--) {
    const axis = group.axes[n];
    out[axis] = n === 0 ? rest : s.rem(rest, s.int(extents[axis]));
    if (n > 0) rest = s.div(rest, s.int(extents[axis]));
  }
  return out;
}

/** The dimensions of an image, outermost first: the operand's own order, but for the one that lanes run along. */
export function imageOrder(factor: ContractionFactor, lanes: number | null): number[] {
  const isLast = (dim: number): boolean =>
    lanes !== null && factor.coordinates[dim].terms.some(({ axis }) => axis === lanes);
  const dims = factor.coordinates.map((_, dim) => dim);
  return [...dims.filter((dim) => !isLast(dim)), ...dims.filter(isLast)];
}

/** Strides of a factor that is staged as an image. */
export function imageStrides(
  factor: ContractionFactor,
  extents: readonly number[],
  lanes: number | null,
  without: ReadonlySet<number> = new Set(),
): number[] {
  const strides = extents.map(() => 0);
  let stride = 1;
  for (const dim of imageOrder(factor, lanes).reverse()) {
    const { extent, terms } = factor.coordinates[dim];
    if (without.has(dim)) continue;
    for (const { axis, step } of terms) strides[axis] += step * stride;
    stride *= extent;
  }
  return strides;
}

/** Whether an axis alone runs along a dimension of the factor. */
export function isWhole(factor: ContractionFactor, axis: number): boolean {
  return factor.coordinates.some(
    ({ terms, valid }) =>
      valid === undefined && terms.length === 1 && terms[0].axis === axis && terms[0].step === 1,
  );
}
