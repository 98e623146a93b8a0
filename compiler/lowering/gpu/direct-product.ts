/**
 * Products and convolutions for adapters in software: an invocation sums a tile of the result in registers and reads the
 * factors where they are. There is nothing to be had from workgroup memory, and no barrier.
 */
import type { FusionGroup } from "../../fusion/plan.ts";
import type { Contraction } from "../../graph/contraction.ts";
import type { Expr } from "../../kernel/expr.ts";
import { scalarOps as s } from "../../kernel/scalar-ops.ts";
import type { TileShape } from "../../program/webgpu.ts";
import { type AxisGroup, atGroup, coordinatesAt, type Position, resultIndex } from "../contraction/axes.ts";
import type { LoweredKernel } from "../lower-group.ts";
import { within } from "../reduce-regions.ts";
import { type GroupContext, when } from "./draft.ts";
import { stageOf } from "./partials.ts";

/** Axes of a product by their part in it. */
export interface ProductAxes {
  readonly batch: AxisGroup;
  readonly rows: AxisGroup;
  readonly columns: AxisGroup;
  readonly depth: AxisGroup;
}

export function directProduct(
  group: FusionGroup,
  context: GroupContext,
  contraction: Contraction,
  { batch, rows, columns, depth }: ProductAxes,
  tile: TileShape,
): LoweredKernel {
  const stage = stageOf(group, context, null);
  const { k, elements } = stage.draft;
  const { folds } = stage;
  const [fold] = folds.folds;
  const { extents, factors } = contraction;
  const { dtype } = fold.specs[0];
  const across = Math.ceil(columns.extent / tile.columns);
  const b = k.axis("b", batch.extent, "grid");
  const rowTile = k.axis("it", Math.ceil(rows.extent / tile.rows), "grid");
  const columnTile = k.axis("jt", across, "grid");
  const row = (i: number): Expr => s.add(s.mul(s.axis(rowTile), s.int(tile.rows)), s.int(i));
  // Neighbours have neighbouring columns.
  const column = (j: number): Expr => s.add(s.axis(columnTile), s.int(j * across));
  const read = (which: 0 | 1, at: Position): Expr =>
    factors[which].element(
      s,
      (index) => elements.element(fold.equation.inputs[which], index),
      coordinatesAt(factors[which], at),
    );
  const origin = extents.map(() => s.int(0));
  /** A position with a group's axes set: several of them cost divisions, so they are found once. */
  const placed = (at: Position, group: AxisGroup, counter: Expr): Position => {
    const out = [...atGroup(at, group, extents, counter)];
    if (group.axes.length > 1) for (const axis of group.axes) out[axis] = s.local(k.let("p", out[axis]));
    return out;
  };
  /** Runs `body` for every term, with the depth's axes of the position set: loops of their own, without divisions. */
  const terms = (body: (at: Position) => void, at: Position = origin, n = 0): void => {
    if (n === depth.axes.length) return body(at);
    const axis = depth.axes[n];
    k.loop(
      extents[axis],
      (r) =>
        terms(
          body,
          at.map((x, i) => (i === axis ? r : x)),
          n + 1,
        ),
      { name: "r", kind: "reduce" },
    );
  };
  /** An element of a factor, zero beyond its end. */
  const side = (which: 0 | 1, axes: AxisGroup, place: Expr, own: Position, term: Position): Expr => {
    const at = own.map((x, axis) => (depth.axes.includes(axis) ? term[axis] : x));
    return s.guard(s.lt(place, s.int(axes.extent)), read(which, at), s.const(0, dtype));
  };
  within(
    k,
    [b, rowTile, columnTile].filter((axis) => axis.extent > 1),
    () => {
      const start = placed(origin, batch, s.axis(b));
      const rowsAt = Array.from({ length: tile.rows }, (_, i) => placed(start, rows, row(i)));
      const columnsAt = Array.from({ length: tile.columns }, (_, j) => placed(start, columns, column(j)));
      const sums = Array.from({ length: tile.rows * tile.columns }, () => k.let("acc", s.const(0, dtype)));
      terms((term) => {
        elements.clear();
        const left = rowsAt.map((own, i) => s.local(k.let("a", side(0, rows, row(i), own, term))));
        const right = columnsAt.map((own, j) => s.local(k.let("c", side(1, columns, column(j), own, term))));
        for (const [n, sum] of sums.entries()) {
          const [x, y] = [left[Math.floor(n / tile.columns)], right[n % tile.columns]];
          k.assign(sum, s.add(s.local(sum), s.mul(x, y)));
        }
      });
      for (const [n, sum] of sums.entries()) {
        const [m, c] = [row(Math.floor(n / tile.columns)), column(n % tile.columns)];
        when(k, s.and(s.lt(m, s.int(rows.extent)), s.lt(c, s.int(columns.extent))), () => {
          const at = atGroup(rowsAt[Math.floor(n / tile.columns)], columns, extents, c);
          folds.results(k, resultIndex(contraction, at), new Map([[fold.equation, [s.local(sum)]]]));
        });
      }
    },
  );
  return stage.draft.finish();
}
