/** What both forms share: strips of the image in scratch memory, their transforms, and tiles of products. */

import { linearise } from "../../fusion/access.ts";
import type { Axis, BufferParam, Expr, Local } from "../../kernel/expr.ts";
import { KernelBuilder } from "../../kernel/kernel-builder.ts";
import { scalarOps as s } from "../../kernel/scalar-ops.ts";
import { Substitution } from "../../kernel/substitute.ts";
import { coordinatesAt, type Position, resultIndex } from "../contraction/axes.ts";
import { LANES, rowSegments } from "../contraction/plan.ts";
import { emitResults, type Finish } from "../contraction/results.ts";
import { extentOf, TILE, TILE_ROWS, WIDTH, type WinogradPlan } from "./plan.ts";
import { transform } from "./transforms.ts";

/** Depth steps per iteration of a tile's loop. */
const UNROLL = 4;

/** Factors of a product over the depth: a row's and a column's element at a step. */
export interface Factors {
  readonly depth: number;
  row(step: Expr, row: number): Expr;
  column(step: Expr, column: Expr): Expr;
}

export class WinogradWalk {
  protected readonly k = new KernelBuilder();
  protected readonly panels: number;
  protected readonly tallest: number;

  constructor(
    protected readonly plan: WinogradPlan,
    protected readonly kernel: Finish,
  ) {
    this.panels = Math.ceil(extentOf(plan, plan.columns) / WIDTH);
    this.tallest = Math.max(...plan.strips.map(({ height }) => height));
  }

  protected get points(): number {
    return this.plan.transforms.points;
  }

  /** Elements of the image from one tile to the next. */
  protected get step(): number {
    return TILE * this.plan.stride;
  }

  /** Elements of the image that so many tiles side by side read. */
  protected span(tiles: number): number {
    return this.step * (tiles - 1) + this.plan.transforms.elements;
  }

  protected get origin(): Position {
    return this.plan.contraction.extents.map(() => s.int(0));
  }

  /** Columns of the image as it is staged: all that the tiles read. */
  protected get imageWidth(): number {
    return this.span(this.plan.x.tiles);
  }

  protected imageSize(features: number): number {
    return this.span(this.tallest) * this.imageWidth * features;
  }

  protected when(cond: Expr, then: () => void, otherwise: () => void = () => {}): void {
    if (cond.op !== "const") this.k.if(cond, then, otherwise);
    else if (cond.value !== 0) then();
    else otherwise();
  }

  /** Where panels of transformed elements hold one: [panel][point][row][column of the panel]. */
  protected place(panel: Expr, point: Expr, rows: number, row: Expr, column: Expr): Expr {
    const line = s.add(s.mul(s.add(s.mul(panel, s.int(this.points ** 2)), point), s.int(rows)), row);
    return s.add(s.mul(line, s.int(WIDTH)), column);
  }

  /** Zeros in a row of a panel, at all points, behind so many columns. */
  protected zeroColumns(into: BufferParam, panel: Expr, rows: number, row: Expr, columns: number): void {
    const { k } = this;
    if (columns === WIDTH) return;
    k.loop(this.points ** 2, (point) =>
      k.loop(
        WIDTH - columns,
        (j) => {
          const index = this.place(panel, point, rows, row, s.add(j, s.int(columns)));
          k.store(into, index, s.const(0, "float32"));
        },
        { name: "j", kind: "vector" },
      ),
    );
  }

  /** An element of an operand at a position, with its zeros. */
  protected element(factor: 0 | 1, coordinates: readonly Expr[]): Expr {
    const { equation, elements } = this.kernel;
    const x = equation.inputs[factor];
    return this.plan.contraction.factors[factor].element(
      s,
      (index) => elements.element(x, index),
      coordinates,
    );
  }

  /**
   * Copies what `tiles` rows of tiles read, the first of them `firstTile`, to `image`: [row][column][features], with
   * zeros for the padding. `features` is the axis that lanes run along.
   */
  protected stage(image: BufferParam, at: Position, features: number, firstTile: Expr, tiles: number): void {
    const { k, plan } = this;
    const count = extentOf(plan, features);
    const factor = plan.contraction.factors[plan.imageFactor];
    const validOf = (dimension: number): { start: number; count: number } =>
      factor.coordinates[dimension].valid ?? { start: 0, count: factor.coordinates[dimension].extent };
    const [rows, columns] = [validOf(plan.y.image), validOf(plan.x.image)];
    // Within these rows the element has no condition; which of them it is, is set in afterwards.
    const probe: Axis = { name: "row", extent: rows.count, kind: "serial" };
    k.loop(
      this.span(tiles),
      (r) => {
        const row = s.add(s.mul(firstTile, s.int(this.step)), r);
        const set = new Substitution(new Map([[probe, s.sub(row, s.int(rows.start))]]));
        const zeros = (from: number, to: number): void =>
          k.loop(
            (to - from) * count,
            (i) => {
              const index = s.add(s.mul(r, s.int(this.imageWidth * count)), s.add(i, s.int(from * count)));
              k.store(image, index, s.const(0, "float32"));
            },
            { name: "z", kind: "vector" },
          );
        const copy = (): void => {
          zeros(0, columns.start);
          k.loop(
            columns.count,
            (c) =>
              k.loop(
                count,
                (feature) => {
                  const column = s.add(c, s.int(columns.start));
                  const place = coordinatesAt(factor, at.with(features, feature))
                    .with(plan.y.image, s.add(s.axis(probe), s.int(rows.start)))
                    .with(plan.x.image, column);
                  const index = s.add(s.mul(r, s.int(this.imageWidth)), column);
                  k.store(
                    image,
                    s.add(s.mul(index, s.int(count)), feature),
                    set.expr(this.element(plan.imageFactor, place)),
                  );
                },
                { name: "f", kind: "vector" },
              ),
            { name: "c" },
          );
          zeros(columns.start + columns.count, this.imageWidth);
        };
        const inside = s.and(s.ge(row, s.int(rows.start)), s.lt(row, s.int(rows.start + rows.count)));
        this.when(inside, copy, () => zeros(0, this.imageWidth));
      },
      { name: "row" },
    );
  }

  /** The transforms of all tiles of a strip: [point][tile][feature]. */
  protected transformImage(into: BufferParam, image: BufferParam, features: number, tiles: number): void {
    const { k, plan } = this;
    const total = tiles * plan.x.tiles;
    this.eachTile(tiles, (ty, tx, tile) =>
      k.loop(
        features,
        (f) =>
          transform(
            k,
            this.plan.transforms.image,
            (i, j) => {
              const row = s.add(s.mul(ty, s.int(this.step)), s.int(i));
              const column = s.add(s.mul(tx, s.int(this.step)), s.int(j));
              const pixel = s.add(s.mul(row, s.int(this.imageWidth)), column);
              return s.load(image, s.add(s.mul(pixel, s.int(features)), f));
            },
            (i, j, value) => {
              const place = s.add(s.int((this.points * i + j) * total), tile);
              k.store(into, s.add(s.mul(place, s.int(features)), f), value);
            },
          ),
        { name: "f", kind: "vector" },
      ),
    );
  }

  protected eachTile(tiles: number, body: (ty: Expr, tx: Expr, tile: Expr) => void): void {
    const { k, plan } = this;
    k.loop(
      tiles,
      (ty) =>
        k.loop(plan.x.tiles, (tx) => body(ty, tx, s.add(s.mul(ty, s.int(plan.x.tiles)), tx)), { name: "tx" }),
      { name: "ty" },
    );
  }

  /**
   * For every point, tile of rows and panel of a group: sums of products over the depth, from and to what `sums` says.
   * Points are outermost, since what belongs to one of them stays in the first-level cache.
   */
  protected products(
    rows: number,
    panels: number,
    factorsOf: (point: Expr, panel: Expr, start: Expr) => Factors,
    sums: (
      point: Expr,
      panel: Expr,
      row: Expr,
      column: Expr,
    ) => { readonly buffer: BufferParam; readonly index: Expr },
    begun: boolean,
  ): void {
    const { k } = this;
    k.loop(
      this.points ** 2,
      (point) => {
        for (const { start, count, height } of rowSegments(rows, TILE_ROWS)) {
          k.loop(
            count,
            (n) => {
              const first = s.add(s.mul(n, s.int(height)), s.int(start));
              k.loop(
                panels,
                (panel) => {
                  const place = (r: number, column: Expr): ReturnType<typeof sums> =>
                    sums(point, panel, s.add(first, s.int(r)), column);
                  this.#tile(height, factorsOf(point, panel, first), place, begun);
                },
                { name: "jr" },
              );
            },
            { name: "it" },
          );
        }
      },
      { name: "p" },
    );
  }

  /** One register tile. */
  #tile(
    height: number,
    factors: Factors,
    sums: (row: number, column: Expr) => { readonly buffer: BufferParam; readonly index: Expr },
    begun: boolean,
  ): void {
    const { k } = this;
    k.loop(
      LANES,
      (lane) => {
        const columns = [lane, s.add(lane, s.int(LANES))];
        const tile = Array.from({ length: height }, (_, r) =>
          columns.map((column) => {
            const { buffer, index } = sums(r, column);
            return k.let("acc", begun ? s.load(buffer, index) : s.const(0, "float32"));
          }),
        );
        this.#accumulate(factors, tile, columns);
        tile.forEach((row, r) => {
          row.forEach((acc, v) => {
            const { buffer, index } = sums(r, columns[v]);
            k.store(buffer, index, s.local(acc));
          });
        });
      },
      { name: "j", kind: "vector" },
    );
  }

  #accumulate(factors: Factors, tile: readonly (readonly Local[])[], columns: readonly Expr[]): void {
    const { k } = this;
    const step = (at: Expr): void => {
      const right = columns.map((column) => factors.column(at, column));
      for (const [r, row] of tile.entries()) {
        const left = factors.row(at, r);
        for (const [v, acc] of row.entries()) k.accumulate(acc, "add", s.mul(left, right[v]));
      }
    };
    const trips = Math.floor(factors.depth / UNROLL);
    k.loop(
      trips,
      (i) => {
        for (let u = 0; u < UNROLL; u++) step(s.add(s.mul(i, s.int(UNROLL)), s.int(u)));
      },
      { name: "k", kind: "reduce" },
    );
    for (let i = trips * UNROLL; i < factors.depth; i++) step(s.int(i));
  }

  /** A body for whole panels and one for the columns of the last one, if it has fewer. */
  protected panelWidths(panel: Expr, body: (columns: number) => void): void {
    const columns = extentOf(this.plan, this.plan.columns);
    const whole = Math.floor(columns / WIDTH);
    this.when(s.lt(panel, s.int(whole)), () => body(WIDTH));
    if (columns > whole * WIDTH) this.when(s.eq(panel, s.int(whole)), () => body(columns - whole * WIDTH));
  }

  protected results(position: Position, value: Expr): void {
    const index = resultIndex(this.plan.contraction, position);
    const { shape } = this.kernel.equation.outputs[0].type;
    emitResults(this.k, this.kernel, index, linearise(index, shape), value);
  }
}
