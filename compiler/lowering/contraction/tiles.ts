/** Register tiles: a few rows and vectors of columns, summed over a block of the depth. */
import type { Expr, Local } from "../../kernel/expr.ts";
import { scalarOps as s } from "../../kernel/scalar-ops.ts";
import { type AxisGroup, atGroup, mergeable, type Position, product } from "./axes.ts";
import { ContractionPacking } from "./packing.ts";
import { LANES, type RowSegment } from "./plan.ts";
import type { Within } from "./walk.ts";

/** A tile over so few steps has no loop. */
const STRAIGHT = 9;

export class ContractionTiles extends ContractionPacking {
  protected rowTiles(at: Within): void {
    const k = this.k;
    for (const segment of this.rowSegments()) {
      k.loop(
        segment.count,
        (tile) => {
          const start = s.add(s.mul(tile, s.int(segment.height)), s.int(segment.start));
          if (!this.plan.rowsPackedOnce) this.packRows(at, start, segment.height);
          k.loop(
            this.plan.panelsPerBlock,
            (panel) => {
              const number = this.panelNumber(at, panel);
              this.when(s.lt(number, s.int(this.plan.panels)), () =>
                this.tileOf(at, start, segment.height, panel),
              );
            },
            { name: "jr" },
          );
          this.stripResults(at, start, segment.height);
        },
        { name: "it" },
      );
    }
  }

  /** Rows of several axes that are not walked as one get constant positions, a tile at a time. */
  protected rowSegments(): readonly RowSegment[] {
    const { plan } = this;
    if (plan.rowsPacked || plan.rowsTiled || plan.rows.axes.length === 1) return plan.segments;
    const strides = this.sources[plan.rowsFactor].strides;
    const { axes } = plan.rows;
    const affine =
      strides !== null &&
      axes.every((axis, n) => n === 0 || strides[axes[n - 1]] === strides[axis] * this.extents[axis]);
    if (affine) return plan.segments;
    return plan.segments.flatMap(({ start, count, height }) =>
      Array.from({ length: count }, (_, n) => ({ start: start + n * height, count: 1, height })),
    );
  }

  protected tileOf(at: Within, start: Expr, height: number, panel: Expr): void {
    const { plan } = this;
    const k = this.k;
    const number = this.panelNumber(at, panel);
    const whole = Math.floor(plan.columns.extent / this.width);
    const full = s.lt(number, s.int(whole));
    k.loop(
      LANES,
      (lane) => {
        const columns = Array.from({ length: plan.vectors }, (_, v) => s.add(lane, s.int(v * LANES)));
        const sums = Array.from({ length: height }, () =>
          columns.map(() => k.let("acc", s.const(0, this.dtype))),
        );
        const sumsAt = (row: number, v: number): Expr =>
          s.add(
            s.mul(this.sumRow(at, s.add(start, s.int(row))), s.int(plan.panelsPerBlock * this.width)),
            s.add(s.mul(panel, s.int(this.width)), columns[v]),
          );
        const each = (body: (row: number, v: number, acc: Local) => void): void =>
          sums.forEach((row, r) => {
            row.forEach((acc, v) => {
              body(r, v, acc);
            });
          });
        const scratch = this.sums;
        if (scratch !== null) {
          this.when(s.not(at.first), () => each((r, v, acc) => k.assign(acc, s.load(scratch, sumsAt(r, v)))));
        }
        this.stretches(at, (rest) => this.accumulate(at, rest, start, panel, columns, sums));
        if (scratch !== null) return each((r, v, acc) => k.store(scratch, sumsAt(r, v), s.local(acc)));
        const direct = (): void =>
          each((r, v, acc) =>
            this.results(
              at,
              s.add(start, s.int(r)),
              s.add(s.mul(number, s.int(this.width)), columns[v]),
              s.local(acc),
            ),
          );
        const { strip, tile } = this;
        if (strip !== null) {
          const first = s.mul(panel, s.int(this.width));
          return each((r, v, acc) =>
            k.store(strip, s.add(s.int(r * this.blockColumns), s.add(first, columns[v])), s.local(acc)),
          );
        }
        if (tile === null) return direct();
        const aside = (): void =>
          each((r, v, acc) => k.store(tile, s.add(s.int(r * this.width), columns[v]), s.local(acc)));
        if (full.op === "const" && full.value === 0) aside();
        else k.if(full, direct, aside);
      },
      { name: "j", kind: "vector" },
    );
    if (this.tile === null) return;
    const rest = plan.columns.extent - whole * this.width;
    if (rest > 0) this.when(s.not(full), () => this.tileResults(at, start, height, number, rest));
  }

  protected tileResults(at: Within, start: Expr, height: number, number: Expr, count: number): void {
    const k = this.k;
    const tile = this.tile;
    if (tile === null) return;
    k.loop(
      height,
      (row) =>
        k.loop(
          count,
          (column) => {
            const acc = s.load(tile, s.add(s.mul(row, s.int(this.width)), column));
            this.results(at, s.add(start, row), s.add(s.mul(number, s.int(this.width)), column), acc);
          },
          { name: "j", kind: "vector" },
        ),
      { name: "i" },
    );
  }

  /** The epilogue of a row of tiles: long code stands once, in a loop that is long enough for it. */
  protected stripResults(at: Within, start: Expr, height: number): void {
    const k = this.k;
    const { strip } = this;
    if (strip === null) return;
    const first = s.mul(at.columnBlock, s.int(this.blockColumns));
    this.ofBlock(at, (count) =>
      k.loop(
        height,
        (row) =>
          k.loop(
            count,
            (column) => {
              const acc = s.load(strip, s.add(s.mul(row, s.int(this.blockColumns)), column));
              this.results(at, s.add(start, row), s.add(first, column), acc);
            },
            { name: "j", kind: "vector" },
          ),
        { name: "i" },
      ),
    );
  }

  /** Statements of a tile: for each step of the depth a multiply-add per row and vector of columns. */
  protected accumulate(
    at: Within,
    rest: boolean,
    start: Expr,
    panel: Expr,
    columns: readonly Expr[],
    sums: readonly (readonly Local[])[],
  ): void {
    const k = this.k;
    const height = sums.length;
    const multiply = this.pairs === null ? s.mul : s.dot16;
    const step = (position: Position, depthStep: Expr): void => {
      const right = columns.map((column) => this.columnElement(at, position, depthStep, panel, column));
      for (const [r, row] of sums.entries()) {
        for (const [v, acc] of row.entries()) {
          const own = this.plan.shared
            ? this.column(position, this.columnNumber(at, panel, columns[v]))
            : position;
          const left = this.rowElement(own, depthStep, start, height, r);
          k.accumulate(acc, "add", multiply(left, right[v]));
        }
      }
    };
    // One step of the depth per iteration: of more, V8 before relaxed SIMD puts all loads first, and spills.
    const loop = (extent: number, body: (i: Expr) => void, inner: number): void => {
      if (extent * inner > STRAIGHT) return k.loop(extent, body, { name: "k", kind: "reduce" });
      for (let i = 0; i < extent; i++) body(s.int(i));
    };
    this.overDepth(at, rest, loop, step, this.depthGroups());
  }

  /** Axes of the depth that a tile can walk as one. */
  protected depthGroups(): AxisGroup[] {
    const { plan } = this;
    const packedRows = this.rowPanel !== null;
    const strides = [
      ...(packedRows ? [] : [this.rowStrides ?? this.sources[plan.rowsFactor].strides]),
      ...(this.columnPanels !== null ? [] : [this.sources[this.columnsFactor].strides]),
    ];
    const groups: number[][] = [];
    for (const [n, axis] of plan.depth.entries()) {
      const before = plan.depth[n - 1];
      const blocked = plan.depthBlock !== null && n === 1;
      const joins =
        before !== undefined &&
        !blocked &&
        strides.every((own) => own !== null && mergeable(own, this.extents, before, axis));
      if (joins) groups[groups.length - 1].push(axis);
      else groups.push([axis]);
    }
    return groups.map((axes) => ({ axes, extent: product(this.extents, axes) }));
  }

  protected rowElement(position: Position, step: Expr, start: Expr, height: number, row: number): Expr {
    const { plan } = this;
    if (this.rowPanel !== null) return s.load(this.rowPanel, this.rowIndex(start, height, step, s.int(row)));
    if (this.tiledRows !== null) return this.tiledRows(start, height, row, position);
    const at = atGroup(position, plan.rows, this.extents, s.add(start, s.int(row)));
    return this.sources[plan.rowsFactor].read(at);
  }

  protected columnElement(at: Within, position: Position, step: Expr, panel: Expr, column: Expr): Expr {
    if (this.columnPanels !== null) {
      const index = s.mul(s.add(s.mul(panel, s.int(this.depthSize)), step), s.int(this.width));
      return s.load(this.columnPanels, s.add(index, column));
    }
    const number = this.columnNumber(at, panel, column);
    return this.sources[this.columnsFactor].read(this.column(position, number));
  }
}
