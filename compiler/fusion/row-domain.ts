/**
 * Row domains: a tensor as rows of elements, where a row runs along some of its axes (those that a softmax or a
 * normalisation reduces), and the parts that equations play in a kernel that walks over the rows.
 */
import type { Equation } from "../graph/graph.ts";
import { isOp } from "../graph/operations.ts";
import type { Expr } from "../kernel/expr.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import { primitiveOf } from "../primitives/table.ts";
import { DTYPE_INFO } from "../types/dtype.ts";
import { type Shape, sameShape, sizeOf, type TensorType } from "../types/tensor-type.ts";
import { delinearise, linearise } from "./access.ts";

/** Bytes of a row up to which its elements are still in the second-level cache when a later pass comes back to them. */
const MAX_ROW_BYTES = 1 << 17;
/** Elements of a row across memory: each is in a cache line of its own, and often all in the same few sets. */
const MAX_SCATTERED_ROW = 128;
/** Elements of a row from which on it is worth walking row by row for a shared pass over the operands alone. */
const MIN_SHARED_ROW = 16;

export interface RowDomain {
  /** Shape of the tensors that are walked over. */
  readonly shape: Shape;
  /** The axes along a row, ascending; the others count the rows. */
  readonly axes: readonly number[];
  readonly rowShape: Shape;
  readonly lengthShape: Shape;
  readonly rows: number;
  /** Elements of a row. */
  readonly length: number;
  /** The elements of a row lie side by side in memory. */
  readonly contiguous: boolean;
}

/**
 * - `element`: a map with one result per element of the domain;
 * - `row`: a map with one result per row;
 * - `reduce`: a fold along each row, one result per row;
 * - `total`: a fold of all rows into one number; `totalOfRows`: the same over one number per row;
 * - `columns`: a fold of all rows into one row;
 * - `after`: a map of totals, once all rows are done.
 */
export type RowRole = "element" | "row" | "reduce" | "total" | "totalOfRows" | "columns" | "after";

/** Folds over all rows, which are done once the last row is. */
export function isCarried(role: RowRole): boolean {
  return role === "total" || role === "totalOfRows" || role === "columns";
}

/** Reductions over axes of their one operand, with a named associative function. */
const AXIS_REDUCTIONS = [
  "reduce_sum",
  "reduce_max",
  "reduce_min",
  "reduce_prod",
  "reduce_and",
  "reduce_or",
] as const;

/** The axes a reduction folds, ascending; null for equations that are no plain reduction. */
export function reducedAxes(equation: Equation): readonly number[] | null {
  for (const op of AXIS_REDUCTIONS) {
    if (isOp(equation, op)) return [...equation.params.axes].sort((a, b) => a - b);
  }
  return null;
}

/** The rows that a reduction folds; null where the equation is no plain reduction, or has nothing to fold. */
export function rowDomainOf(equation: Equation): RowDomain | null {
  const axes = reducedAxes(equation);
  if (axes === null) return null;
  const { shape, size } = equation.inputs[0].type;
  if (size === 0) return null;
  const kept = shape.map((_, d) => d).filter((d) => !axes.includes(d));
  const rowShape = kept.map((d) => shape[d]);
  const lengthShape = axes.map((d) => shape[d]);
  const lastRowAxis = Math.max(-1, ...kept.filter((d) => shape[d] !== 1));
  return {
    shape,
    axes,
    rowShape,
    lengthShape,
    rows: sizeOf(rowShape),
    length: sizeOf(lengthShape),
    contiguous: axes.every((d) => shape[d] === 1 || d > lastRowAxis),
  };
}

/** Why a row is too long to be walked several times by one kernel; null if it is not. */
export function tooLong(domain: RowDomain, { dtype }: TensorType): string | null {
  if (!domain.contiguous && domain.length > MAX_SCATTERED_ROW) {
    return `a row of ${domain.length} elements that do not lie side by side does not stay in the cache between passes`;
  }
  const bytes = domain.length * DTYPE_INFO[dtype].bytes;
  return bytes <= MAX_ROW_BYTES ? null : `a row of ${bytes} bytes does not stay in the cache between passes`;
}

/** Why sharing a pass over the operands is no reason to walk row by row; null if it is. */
export function notWorthSharing(domain: RowDomain): string | null {
  if (!domain.contiguous) return "the rows do not lie along memory";
  return domain.length < MIN_SHARED_ROW ? `rows of ${domain.length} elements are short` : null;
}

/** Row-major positions of one element of the domain: of its row, within the row, and in the whole tensor. */
export interface RowPositions {
  readonly rowIndex: readonly Expr[];
  readonly lengthIndex: readonly Expr[];
  readonly index: readonly Expr[];
  readonly row: Expr;
  readonly within: Expr;
  readonly full: Expr;
}

export function rowPositions(
  domain: RowDomain,
  rowIndex: readonly Expr[],
  lengthIndex: readonly Expr[],
): RowPositions {
  let r = 0;
  let l = 0;
  const index = domain.shape.map((_, d) => (domain.axes.includes(d) ? lengthIndex[l++] : rowIndex[r++]));
  return {
    rowIndex,
    lengthIndex,
    index,
    row: linearise(rowIndex, domain.rowShape),
    within: linearise(lengthIndex, domain.lengthShape),
    full: linearise(index, domain.shape),
  };
}

function indexIn(shape: Shape, known: Shape, index: readonly Expr[], position: Expr): readonly Expr[] {
  return sameShape(shape, known) ? index : delinearise(position, shape);
}

/** Where in an equation's own result (and its reduction domain) the kernel is, by the part the equation plays. */
export function indicesOf(
  equation: Equation,
  role: RowRole,
  domain: RowDomain,
  at: RowPositions,
): { readonly out: readonly Expr[]; readonly reduce: readonly Expr[] } {
  const out = equation.outputs[0].type.shape;
  const rows = (shape: Shape) => indexIn(shape, domain.rowShape, at.rowIndex, at.row);
  const within = (shape: Shape) => indexIn(shape, domain.lengthShape, at.lengthIndex, at.within);
  const whole = (shape: Shape) => indexIn(shape, domain.shape, at.index, at.full);
  const folded = (): Shape => {
    const { shape } = equation.inputs[0].type;
    return (reducedAxes(equation) ?? []).map((d) => shape[d]);
  };
  switch (role) {
    case "element":
      return { out: whole(out), reduce: [] };
    case "row":
      return { out: rows(out), reduce: [] };
    case "reduce":
      return { out: rows(out), reduce: within(folded()) };
    case "total":
      return { out: delinearise(s.int(0), out), reduce: whole(folded()) };
    case "totalOfRows":
      return { out: delinearise(s.int(0), out), reduce: rows(folded()) };
    case "columns":
      return { out: within(out), reduce: rows(folded()) };
    case "after":
      return { out: delinearise(s.int(0), out), reduce: [] };
    default:
      return role satisfies never;
  }
}

/** Position of a result within its tensor, by the part its equation plays. */
export function positionOf(role: RowRole, at: RowPositions): Expr {
  switch (role) {
    case "element":
      return at.full;
    case "row":
    case "reduce":
      return at.row;
    case "columns":
      return at.within;
    default:
      return s.int(0);
  }
}

/** The parts an equation could play by the sizes of its result and operand; which one it does, its reads tell. */
export function possibleRoles(equation: Equation, domain: RowDomain): RowRole[] {
  const { size } = equation.outputs[0].type;
  const axes = reducedAxes(equation);
  const roles: RowRole[] = [];
  if (axes === null) {
    if (primitiveOf(equation.op).lower.kind !== "map") return [];
    if (size === domain.rows) roles.push("row");
    else if (size === domain.rows * domain.length) roles.push("element");
    if (size === 1 && domain.rows > 1) roles.push("after");
    return roles;
  }
  const { shape } = equation.inputs[0].type;
  const folded = axes.reduce((n, d) => n * shape[d], 1);
  if (size === domain.rows && folded === domain.length) roles.push("reduce");
  if (domain.rows === 1) return roles;
  if (size === 1 && folded === domain.rows) roles.push("totalOfRows");
  else if (size === 1 && folded === domain.rows * domain.length) roles.push("total");
  else if (domain.contiguous && size === domain.length && folded === domain.rows) roles.push("columns");
  return roles;
}
