/** Packing: copies of the factors in the order in which the tiles read them. */
import type { Expr } from "../../kernel/expr.ts";
import { scalarOps as s } from "../../kernel/scalar-ops.ts";
import { atGroup, type Position } from "./axes.ts";
import { ContractionWalk, type DepthLoop, type Within } from "./walk.ts";

export class ContractionPacking extends ContractionWalk {
  protected packColumns(at: Within): void {
    const { plan } = this;
    const buffer = this.columnPanels;
    if (buffer === null) return;
    const k = this.k;
    const whole = Math.floor(plan.columns.extent / this.width);
    const rest = plan.columns.extent - whole * this.width;
    const source = this.sources[this.columnsFactor];
    const lastDepth = plan.depth[plan.depth.length - 1];
    const along = source.walk?.[plan.columns.axes[plan.columns.axes.length - 1]];
    const byDepth = along !== 1 && source.walk?.[lastDepth] === 1;
    const columns = (panel: Expr, count: number): void => {
      const first = s.mul(this.panelNumber(at, panel), s.int(this.width));
      const store = (position: Position, step: Expr, column: Expr): void => {
        const index = s.add(
          s.mul(s.add(s.mul(panel, s.int(this.depthSize)), step), s.int(this.width)),
          column,
        );
        const value = source.read(this.column(position, s.add(first, column)));
        k.store(buffer, index, value);
      };
      this.stretches(at, (isRest) => {
        const loop: DepthLoop = (extent, body, inner, axes) =>
          this.depthLoop(extent, body, inner === 1 && byDepth ? "vector" : "serial", axes);
        if (byDepth) {
          k.loop(
            count,
            (column) => this.overDepth(at, isRest, loop, (position, step) => store(position, step, column)),
            { name: "j" },
          );
        } else {
          this.overDepth(at, isRest, loop, (position, step) =>
            k.loop(count, (column) => store(position, step, column), { name: "j", kind: "vector" }),
          );
        }
      });
      if (count === this.width) return;
      k.loop(
        this.depthSize,
        (step) =>
          k.loop(
            this.width - count,
            (column) => {
              const index = s.add(
                s.mul(s.add(s.mul(panel, s.int(this.depthSize)), step), s.int(this.width)),
                s.add(column, s.int(count)),
              );
              k.store(buffer, index, s.const(0, this.dtype));
            },
            { name: "j", kind: "vector" },
          ),
        { name: "k" },
      );
    };
    k.loop(
      plan.panelsPerBlock,
      (panel) => {
        const number = this.panelNumber(at, panel);
        this.when(s.lt(number, s.int(whole)), () => columns(panel, this.width));
        if (rest > 0) this.when(s.eq(number, s.int(whole)), () => columns(panel, rest));
      },
      { name: "jr" },
    );
  }

  /** A loop along the depth; the last pair of an odd number of elements is behind it, where nothing has to be guarded. */
  protected depthLoop(
    extent: number,
    body: (i: Expr) => void,
    kind: "vector" | "serial",
    axes: readonly number[],
  ): void {
    const { pairs } = this;
    const odd = pairs?.odd === true && axes[0] === pairs.axis && extent === this.extents[pairs.axis];
    this.k.loop(odd ? extent - 1 : extent, body, { name: "k", kind });
    if (odd) body(s.int(extent - 1));
  }

  /** One panel of rows: [depth][row]. */
  protected packRows(at: Within, start: Expr, height: number): void {
    const { plan } = this;
    const buffer = this.rowPanel;
    if (buffer === null) return;
    const k = this.k;
    const source = this.sources[plan.rowsFactor];
    const rowStride = source.walk?.[plan.rows.axes[plan.rows.axes.length - 1]];
    const byRow = rowStride === 1;
    const store = (position: Position, step: Expr, row: Expr): void => {
      const value = source.read(atGroup(position, plan.rows, this.extents, s.add(start, row)));
      k.store(buffer, this.rowIndex(start, height, step, row), value);
    };
    this.stretches(at, (isRest) => {
      const loop: DepthLoop = (extent, body, inner, axes) =>
        this.depthLoop(extent, body, inner === 1 && !byRow ? "vector" : "serial", axes);
      if (byRow) {
        this.overDepth(at, isRest, loop, (position, step) =>
          k.loop(height, (row) => store(position, step, row), { name: "i", kind: "vector" }),
        );
      } else {
        k.loop(
          height,
          (row) => this.overDepth(at, isRest, loop, (position, step) => store(position, step, row)),
          { name: "i" },
        );
      }
    });
  }
}
