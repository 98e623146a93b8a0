/** What all parts of a contraction's lowering share: its buffers, and how blocks, panels and the depth are walked. */
import { linearise } from "../../fusion/access.ts";
import type { BufferParam, Expr } from "../../kernel/expr.ts";
import { KernelBuilder } from "../../kernel/kernel-builder.ts";
import { scalarOps as s } from "../../kernel/scalar-ops.ts";
import type { DType } from "../../types/dtype.ts";
import {
  type AxisGroup,
  atGroup,
  type Position,
  product,
  resultIndex,
  type Source,
  type Strides,
} from "./axes.ts";
import type { PairedContraction } from "./pairs.ts";
import { type ContractionPlan, LANES } from "./plan.ts";
import { emitResults, type Finish } from "./results.ts";

/** Where in the loops around the tiles the statements being made are. */
export interface Within {
  readonly position: Position;
  /** Block of columns. */
  readonly columnBlock: Expr;
  /** Block of the depth. */
  readonly depthBlock: Expr;
  /** Whether anything was summed before this block, and whether this block has the rest. */
  readonly first: Expr;
  readonly last: Expr;
}

/** Makes a loop along axes of the depth; `inner`: steps of the depth within each of its turns. */
export type DepthLoop = (
  extent: number,
  body: (i: Expr) => void,
  inner: number,
  axes: readonly number[],
) => void;

export class ContractionWalk {
  protected readonly k = new KernelBuilder();
  protected readonly extents: readonly number[];
  protected readonly width: number;
  /** Steps of a depth block with what is left over, and without. */
  protected readonly depthSize: number;
  protected readonly sources: [Source, Source];
  protected readonly columnPanels: BufferParam | null;
  protected readonly rowPanel: BufferParam | null;
  protected readonly sums: BufferParam | null;
  /** A tile's sums, where not all of them are results. */
  protected readonly tile: BufferParam | null;
  /** The sums of a row of tiles, for an epilogue that is long code. */
  protected readonly strip: BufferParam | null;
  /** Strides of tiled rows along the depth, in steps of a tile. */
  protected rowStrides: Strides | null = null;
  protected tiledRows: ((start: Expr, height: number, row: number, at: Position) => Expr) | null = null;

  constructor(
    protected readonly plan: ContractionPlan,
    sources: readonly [Source, Source],
    protected readonly dtype: DType,
    protected readonly kernel: Finish,
    protected readonly pairs: PairedContraction | null = null,
  ) {
    const { contraction, depth, depthBlock } = plan;
    const { parameters } = kernel;
    this.extents = contraction.extents;
    this.sources = [...sources];
    this.width = LANES * plan.vectors;
    const inner = product(this.extents, depthBlock ? depth.slice(1) : depth);
    this.depthSize = inner * (depthBlock ? depthBlock.extent + depthBlock.rest : 1);
    const panels = plan.panelsPerBlock * this.depthSize * this.width;
    // Each block of columns packs its own.
    this.columnPanels = !plan.columnsPacked
      ? null
      : plan.columnBlocks > 1
        ? parameters.temporary(dtype, panels)
        : parameters.scratch(dtype, panels);
    const tallest = Math.max(...plan.segments.map(({ height }) => height));
    const panelRows = plan.rowsPackedOnce ? plan.rows.extent : tallest;
    const rowPanel = this.depthSize * panelRows;
    this.rowPanel = !plan.rowsPacked
      ? null
      : plan.rowsPackedOnce
        ? parameters.scratch(dtype, rowPanel)
        : parameters.temporary(dtype, rowPanel);
    const rows = plan.rows.extent * product(this.extents, plan.rowsOuter);
    this.sums = this.summedInBlocks ? parameters.scratch(dtype, rows * this.blockColumns) : null;
    this.tile =
      !this.summedInBlocks && this.ragged && !kernel.costly
        ? parameters.temporary(dtype, tallest * this.width)
        : null;
    this.strip =
      !this.summedInBlocks && kernel.costly ? parameters.temporary(dtype, tallest * this.blockColumns) : null;
  }

  protected get summedInBlocks(): boolean {
    return this.plan.depthOuter.length > 0 || this.plan.depthBlock !== null;
  }

  /** Columns of a block, those that the last panel has beyond the last column included. */
  protected get blockColumns(): number {
    return this.plan.panelsPerBlock * this.width;
  }

  /** Calls `body` with the number of columns in this block. */
  protected ofBlock(at: Within, body: (count: number) => void): void {
    const { columns, columnBlocks } = this.plan;
    const last = columns.extent - (columnBlocks - 1) * this.blockColumns;
    const isLast = s.eq(at.columnBlock, s.int(columnBlocks - 1));
    if (last === this.blockColumns) return body(last);
    this.when(s.not(isLast), () => body(this.blockColumns));
    this.when(isLast, () => body(last));
  }

  /** The last panel has fewer columns than a panel. */
  protected get ragged(): boolean {
    return this.plan.columns.extent % this.width !== 0;
  }

  protected get columnsFactor(): 0 | 1 {
    return this.plan.rowsFactor === 0 ? 1 : 0;
  }

  protected set(at: Within, axis: number, value: Expr): Within {
    return { ...at, position: at.position.with(axis, value) };
  }

  /**
   * Calls `body` within loops over a stretch of a depth block, with the position and the step's number in the block.
   * `rest`: the stretch that only the last block has.
   */
  protected overDepth(
    at: Within,
    rest: boolean,
    loop: DepthLoop,
    body: (at: Position, step: Expr) => void,
    groups: readonly AxisGroup[] = this.plan.depth.map((axis) => ({
      axes: [axis],
      extent: this.extents[axis],
    })),
  ): void {
    const { depthBlock } = this.plan;
    const nest = (n: number, position: Position, step: Expr): void => {
      const group = groups[n];
      if (group === undefined) return body(position, step);
      const blocked = depthBlock !== null && n === 0;
      const offset = blocked && rest ? depthBlock.extent : 0;
      const extent = blocked ? (rest ? depthBlock.rest : depthBlock.extent) : group.extent;
      const base = blocked ? s.mul(at.depthBlock, s.int(depthBlock.extent)) : s.int(0);
      const inner = groups.slice(n + 1).reduce((size, g) => size * g.extent, 1);
      loop(
        extent,
        (i) => {
          const within = s.add(i, s.int(offset));
          const moved = atGroup(position, group, this.extents, s.add(base, within));
          nest(n + 1, moved, s.add(step, s.mul(within, s.int(inner))));
        },
        inner,
        group.axes,
      );
    };
    nest(0, at.position, s.int(0));
  }

  /** Both stretches of a depth block, the rest only in the last one. */
  protected stretches(at: Within, body: (rest: boolean) => void): void {
    body(false);
    const { depthBlock } = this.plan;
    if (depthBlock !== null && depthBlock.rest > 0) this.when(at.last, () => body(true));
  }

  protected when(cond: Expr, body: () => void): void {
    if (cond.op !== "const") this.k.if(cond, body);
    else if (cond.value !== 0) body();
  }

  /** Position of a column given its number among the columns of the group. */
  protected column(at: Position, column: Expr): Position {
    return atGroup(at, this.plan.columns, this.extents, column);
  }

  protected columnNumber(at: Within, panel: Expr, column: Expr): Expr {
    return s.add(s.mul(this.panelNumber(at, panel), s.int(this.width)), column);
  }

  protected panelNumber(at: Within, panel: Expr): Expr {
    return s.add(s.mul(at.columnBlock, s.int(this.plan.panelsPerBlock)), panel);
  }

  /** Where a row panel holds a step of a row; with all panels side by side each is behind the rows before it. */
  protected rowIndex(start: Expr, height: number, step: Expr, row: Expr): Expr {
    const within = s.add(s.mul(step, s.int(height)), row);
    return this.plan.rowsPackedOnce ? s.add(s.mul(start, s.int(this.depthSize)), within) : within;
  }

  /** A row's number among all rows of the scratch buffer of sums. */
  protected sumRow(at: Within, row: Expr): Expr {
    const { plan } = this;
    let outer = s.int(0);
    for (const axis of plan.rowsOuter)
      outer = s.add(s.mul(outer, s.int(this.extents[axis])), at.position[axis]);
    return s.add(s.mul(outer, s.int(plan.rows.extent)), row);
  }

  protected results(at: Within, row: Expr, column: Expr, acc: Expr): void {
    const { plan, kernel } = this;
    const inRow = atGroup(at.position, plan.rows, this.extents, row);
    const index = resultIndex(plan.contraction, this.column(inRow, column));
    emitResults(this.k, kernel, index, linearise(index, kernel.equation.outputs[0].type.shape), acc);
  }
}
