/**
 * Matrix products and convolutions as tiles: a workgroup computes a block of the result, holding blocks of both factors in
 * its memory, and each invocation a few rows by a few columns of it in registers (the classical scheme of GPU GEMMs;
 * Nath, Tomov, Dongarra, "An improved MAGMA GEMM for Fermi GPUs", 2010). Convolutions are products with an image that
 * is never made: the blocks are filled by index arithmetic.
 */
import { contextOf, linearise } from "../../fusion/access.ts";
import type { FusionGroup } from "../../fusion/plan.ts";
import type { Contraction } from "../../graph/contraction.ts";
import type { Axis, BufferParam, Expr } from "../../kernel/expr.ts";
import { scalarOps as s } from "../../kernel/scalar-ops.ts";
import type { GpuLimits, TileShape } from "../../program/webgpu.ts";
import { type DType, isFloating } from "../../types/dtype.ts";
import {
  type AxisGroup,
  atGroup,
  coordinatesAt,
  factorAxes,
  operandSource,
  type Position,
  product,
  resultIndex,
} from "../contraction/axes.ts";
import type { Fold } from "../folds.ts";
import type { LoweredKernel } from "../lower-group.ts";
import { within } from "../reduce-regions.ts";
import { directProduct, type ProductAxes } from "./direct-product.ts";
import { type GroupContext, powerOfTwo, when } from "./draft.ts";
import { Partials, type Stage, stageOf } from "./partials.ts";
import { defaultTile, productClass, tileOf } from "./tiles.ts";

/** Results, and terms of each, from which tiles pay. */
const MIN_SIDE = 8;
const MIN_RESULTS = 512;
/** Blocks that keep a GPU busy; with fewer, the depth is cut for more. */
const BUSY_BLOCKS = 32;
/** Terms of a cut at the least, and what they are a multiple of: the depth of any block in memory. */
const MIN_CUT = 512;
const CUT_STEP = 32;

export function lowerContraction(
  group: FusionGroup,
  context: GroupContext,
  limits: GpuLimits,
): LoweredKernel[] | null {
  const { folds } = stageOf(group, context, null);
  const [fold] = folds.folds;
  if (folds.folds.length > 1 || fold.lower.contraction === undefined || fold.lower.combine !== "add")
    return null;
  const contraction = fold.lower.contraction(contextOf(fold.equation));
  const axes = classify(contraction);
  if (axes === null) return null;
  const { rows, columns, depth, batch } = axes;
  if (Math.min(rows.extent, columns.extent, depth.extent) < MIN_SIDE) return null;
  if (rows.extent * columns.extent * batch.extent < MIN_RESULTS) return null;
  const [left] = fold.specs;
  const product = productClass(left.dtype, {
    batch: batch.extent,
    rows: rows.extent,
    columns: columns.extent,
    depth: depth.extent,
  });
  const tile = tileOf(product, limits);
  if (limits.software) return [directProduct(group, context, contraction, axes, tile)];
  return new TiledProduct(
    group,
    context,
    limits,
    fold,
    contraction,
    axes,
    tile,
    defaultTile(product, limits),
  ).run();
}

/** The part of each axis; null where one is summed over that is in one factor alone. */
function classify(contraction: Contraction): ProductAxes | null {
  const { extents, factors, result } = contraction;
  const [left, right] = factors.map(factorAxes);
  const kept = new Set(result.flat());
  const order = [...result.flat(), ...extents.map((_, axis) => axis).filter((axis) => !kept.has(axis))];
  const pick = (wanted: (axis: number) => boolean): AxisGroup => {
    const axes = order.filter((axis) => extents[axis] > 1 && wanted(axis));
    return { axes, extent: product(extents, axes) };
  };
  const lone = extents.some((n, axis) => n !== 1 && !kept.has(axis) && !(left.has(axis) && right.has(axis)));
  if (lone || extents.includes(0)) return null;
  return {
    batch: pick((axis) => kept.has(axis) && left.has(axis) === right.has(axis)),
    rows: pick((axis) => kept.has(axis) && left.has(axis) && !right.has(axis)),
    columns: pick((axis) => kept.has(axis) && !left.has(axis) && right.has(axis)),
    depth: pick((axis) => !kept.has(axis)),
  };
}

/** Rows and columns of a workgroup's block: smaller ones where there would be few, or where the adapter takes no more. */
function blockOf(axes: ProductAxes, tile: TileShape, limits: GpuLimits): [rows: number, columns: number] {
  const { rows, columns, batch } = axes;
  const side = (extent: number): number => powerOfTwo(extent * 2 - 1, 16, tile.block);
  let [blockRows, blockColumns] = [side(rows.extent), side(columns.extent)];
  const blocks = (): number =>
    batch.extent * Math.ceil(rows.extent / blockRows) * Math.ceil(columns.extent / blockColumns);
  const invocations = (): number => (blockRows / tile.rows) * (blockColumns / tile.columns);
  while (
    (blocks() < BUSY_BLOCKS || invocations() > limits.invocations) &&
    blockRows * blockColumns > 32 * 32
  ) {
    if (blockRows >= blockColumns) blockRows /= 2;
    else blockColumns /= 2;
  }
  return [blockRows, blockColumns];
}

class TiledProduct {
  readonly #blockRows: number;
  readonly #blockColumns: number;
  readonly #size: number;
  readonly #dtype: DType;
  /** Parts that the depth is cut into, and terms of each. */
  readonly #cuts: number;
  readonly #cut: number;

  constructor(
    private readonly group: FusionGroup,
    private readonly context: GroupContext,
    limits: GpuLimits,
    private readonly fold: Fold,
    private readonly contraction: Contraction,
    private readonly axes: ProductAxes,
    private readonly tile: TileShape,
    usual: TileShape,
  ) {
    [this.#blockRows, this.#blockColumns] = blockOf(axes, tile, limits);
    this.#size = (this.#blockRows / tile.rows) * (this.#blockColumns / tile.columns);
    this.#dtype = fold.specs[0].dtype;
    const { rows, columns, depth, batch } = axes;
    // Cuts are those of the default tile whatever is measured, so that a sum has the same parts.
    const [cutRows, cutColumns] = blockOf(axes, usual, limits);
    const blocks = batch.extent * Math.ceil(rows.extent / cutRows) * Math.ceil(columns.extent / cutColumns);
    const wanted = Math.min(Math.ceil(BUSY_BLOCKS / blocks), Math.floor(depth.extent / MIN_CUT));
    this.#cut = wanted < 2 ? depth.extent : Math.ceil(depth.extent / wanted / CUT_STEP) * CUT_STEP;
    this.#cuts = Math.ceil(depth.extent / this.#cut);
  }

  run(): LoweredKernel[] {
    if (this.#cuts === 1) return [this.#product(null)];
    const partials = new Partials(stageOf(this.group, this.context, null).folds, this.#cuts);
    return [this.#product(partials), partials.fold(this.group, this.context)];
  }

  #product(partials: Partials | null): LoweredKernel {
    const stage = stageOf(this.group, this.context, this.#size);
    const { k } = stage.draft;
    const { rows, columns, batch, depth } = this.axes;
    const cut = k.axis("cut", this.#cuts, "grid");
    const b = k.axis("b", batch.extent, "grid");
    const rowBlock = k.axis("ib", Math.ceil(rows.extent / this.#blockRows), "grid");
    const columnBlock = k.axis("jb", Math.ceil(columns.extent / this.#blockColumns), "grid");
    const left = stage.draft.shared("left", this.#dtype, this.tile.depth * this.#blockRows);
    const right = stage.draft.shared("right", this.#dtype, this.tile.depth * this.#blockColumns);
    const sums = stage.draft.registers("acc", this.#dtype, this.tile.rows * this.tile.columns);
    const start = atGroup(
      this.contraction.extents.map(() => s.int(0)),
      batch,
      this.contraction.extents,
      s.axis(b),
    );
    const firstRow = s.mul(s.axis(rowBlock), s.int(this.#blockRows));
    const firstColumn = s.mul(s.axis(columnBlock), s.int(this.#blockColumns));
    const firstTerm = s.mul(s.axis(cut), s.int(this.#cut));
    const grid: Axis[] = [cut, b, rowBlock, columnBlock].filter((axis) => axis.extent > 1);
    within(k, grid, () => {
      stage.draft.local((t) => {
        for (let n = 0; n < this.tile.rows * this.tile.columns; n++)
          k.store(sums, this.#register(t, n), s.const(0, this.#dtype));
      });
      k.loop(
        Math.ceil(this.#cut / this.tile.depth),
        (block) => {
          const term = s.add(firstTerm, s.mul(block, s.int(this.tile.depth)));
          const last = s.int(
            this.#cuts === 1 ? depth.extent : Math.min(depth.extent, this.#cut * this.#cuts),
          );
          stage.draft.local((t) => {
            this.#fill(stage, 0, left, t, {
              start,
              group: rows,
              first: firstRow,
              block: this.#blockRows,
              term,
              last,
            });
            this.#fill(stage, 1, right, t, {
              start,
              group: columns,
              first: firstColumn,
              block: this.#blockColumns,
              term,
              last,
            });
          });
          stage.draft.local((t) => this.#multiply(stage, left, right, sums, t));
        },
        { name: "kb" },
      );
      stage.draft.local((t) => {
        const { row, column } = this.#place(t);
        for (let i = 0; i < this.tile.rows; i++) {
          for (let j = 0; j < this.tile.columns; j++) {
            const m = s.add(firstRow, row(i));
            const n = s.add(firstColumn, column(j));
            const inside = s.and(s.lt(m, s.int(rows.extent)), s.lt(n, s.int(columns.extent)));
            when(k, inside, () => {
              const { extents } = this.contraction;
              const at = atGroup(atGroup(start, rows, extents, m), columns, extents, n);
              const out = resultIndex(this.contraction, at);
              const accs = new Map([
                [this.fold.equation, [s.load(sums, this.#register(t, i * this.tile.columns + j))]],
              ]);
              if (partials === null) stage.folds.results(k, out, accs);
              else partials.store(stage, accs, s.axis(cut), linearise(out, stage.folds.shape));
            });
          }
        }
      });
    });
    return stage.draft.finish(partials === null ? "" : "_part");
  }

  #register(t: Expr, n: number): Expr {
    return s.add(s.mul(t, s.int(this.tile.rows * this.tile.columns)), s.int(n));
  }

  /** Rows and columns of an invocation's tile within the block. Neighbours have neighbouring columns. */
  #place(t: Expr): { row: (i: number) => Expr; column: (j: number) => Expr } {
    const across = this.#blockColumns / this.tile.columns;
    const x = s.rem(t, s.int(across));
    const y = s.div(t, s.int(across));
    return {
      row: (i) => s.add(s.mul(y, s.int(this.tile.rows)), s.int(i)),
      column: (j) => s.add(x, s.int(j * across)),
    };
  }

  /** Fills a block of a factor, [depth][rows or columns], with zeros beyond its ends. */
  #fill(
    stage: Stage,
    which: 0 | 1,
    memory: BufferParam,
    t: Expr,
    {
      start,
      group,
      first,
      block,
      term,
      last,
    }: { start: Position; group: AxisGroup; first: Expr; block: number; term: Expr; last: Expr },
  ): void {
    const { k } = stage.draft;
    const { extents, factors } = this.contraction;
    const { depth } = this.axes;
    const alongDepth = this.#runsAlongDepth(stage, which, group);
    const read = (at: Position): Expr => {
      const x = this.fold.equation.inputs[which];
      const factor = factors[which];
      return factor.element(s, (index) => stage.draft.elements.element(x, index), coordinatesAt(factor, at));
    };
    k.loop(
      Math.ceil((block * this.tile.depth) / this.#size),
      (turn) => {
        const flat = s.add(s.mul(turn, s.int(this.#size)), t);
        when(k, s.lt(flat, s.int(block * this.tile.depth)), () => {
          const [d, side] = alongDepth
            ? [s.rem(flat, s.int(this.tile.depth)), s.div(flat, s.int(this.tile.depth))]
            : [s.div(flat, s.int(block)), s.rem(flat, s.int(block))];
          const place = s.local(k.let("m", s.add(first, side)));
          const r = s.local(k.let("r", s.add(term, d)));
          stage.draft.elements.clear();
          const at = atGroup(atGroup(start, group, extents, place), depth, extents, r);
          const inside = s.and(s.lt(place, s.int(group.extent)), s.lt(r, last));
          const value = s.guard(inside, read(at), s.const(0, this.#dtype));
          k.store(memory, s.add(s.mul(d, s.int(block)), side), value);
        });
      },
      { name: "fill" },
    );
  }

  /** Whether the factor's memory runs along the depth rather than along its rows or columns. */
  #runsAlongDepth(stage: Stage, which: 0 | 1, group: AxisGroup): boolean {
    const x = this.fold.equation.inputs[which];
    const { strides } = operandSource(this.contraction, which, (index) =>
      stage.draft.elements.element(x, index),
    );
    const own = group.axes.at(-1);
    const depth = this.axes.depth.axes.at(-1);
    if (strides === null || own === undefined || depth === undefined) return false;
    return Math.abs(strides[depth]) < Math.abs(strides[own]) && strides[depth] !== 0;
  }

  /** Adds the products of the blocks in memory to an invocation's tile. */
  #multiply(stage: Stage, left: BufferParam, right: BufferParam, sums: BufferParam, t: Expr): void {
    const { k } = stage.draft;
    const { row, column } = this.#place(t);
    const float = isFloating(this.#dtype);
    k.loop(
      this.tile.depth,
      (d) => {
        const a = Array.from({ length: this.tile.rows }, (_, i) =>
          s.local(k.let("a", s.load(left, s.add(s.mul(d, s.int(this.#blockRows)), row(i))))),
        );
        const b = Array.from({ length: this.tile.columns }, (_, j) =>
          s.local(k.let("c", s.load(right, s.add(s.mul(d, s.int(this.#blockColumns)), column(j))))),
        );
        for (let i = 0; i < this.tile.rows; i++) {
          for (let j = 0; j < this.tile.columns; j++) {
            const at = this.#register(t, i * this.tile.columns + j);
            const sum = s.load(sums, at);
            k.store(sums, at, float ? s.fma(a[i], b[j], sum) : s.add(sum, s.mul(a[i], b[j])));
          }
        }
      },
      { name: "d", kind: "reduce" },
    );
  }
}
