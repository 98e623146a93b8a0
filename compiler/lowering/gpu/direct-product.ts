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
  const start = atGroup(
    extents.map(() => s.int(0)),
    batch,
    extents,
    s.axis(b),
  );
  const row = (i: number): Expr => s.add(s.mul(s.axis(rowTile), s.int(tile.rows)), s.int(i));
  // Neighbours have neighbouring columns.
  const column = (j: number): Expr => s.add(s.axis(columnTile), s.int(j * across));
  const read = (which: 0 | 1, at: Position): Expr =>
    factors[which].element(
      s,
      (index) => elements.element(fold.equation.inputs[which], index),
      coordinatesAt(factors[which], at),
    );
  /** An element of a factor, zero beyond its end. */
  const side = (which: 0 | 1, axes: AxisGroup, place: Expr, r: Expr): Expr => {
    const value = read(which, atGroup(atGroup(start, axes, extents, place), depth, extents, r));
    return s.guard(s.lt(place, s.int(axes.extent)), value, s.const(0, dtype));
  };
  within(
    k,
    [b, rowTile, columnTile].filter((axis) => axis.extent > 1),
    () => {
      const sums = Array.from({ length: tile.rows * tile.columns }, () => k.let("acc", s.const(0, dtype)));
      k.loop(
        depth.extent,
        (r) => {
          elements.clear();
          const left = Array.from({ length: tile.rows }, (_, i) =>
            s.local(k.let("a", side(0, rows, row(i), r))),
          );
          const right = Array.from({ length: tile.columns }, (_, j) =>
            s.local(k.let("c", side(1, columns, column(j), r))),
          );
          for (const [n, sum] of sums.entries()) {
            const [x, y] = [left[Math.floor(n / tile.columns)], right[n % tile.columns]];
            k.assign(sum, s.add(s.local(sum), s.mul(x, y)));
          }
        },
        { name: "r", kind: "reduce" },
      );
      for (const [n, sum] of sums.entries()) {
        const [m, c] = [row(Math.floor(n / tile.columns)), column(n % tile.columns)];
        when(k, s.and(s.lt(m, s.int(rows.extent)), s.lt(c, s.int(columns.extent))), () => {
          const at = atGroup(atGroup(start, rows, extents, m), columns, extents, c);
          folds.results(k, resultIndex(contraction, at), new Map([[fold.equation, [s.local(sum)]]]));
        });
      }
    },
  );
  return stage.draft.finish();
}
