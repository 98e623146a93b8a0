/**
 * The gradient of a convolution by its kernel, by tiles of 2 × 2 cotangents:
 *
 *   for parts of the batch:
 *     for images, strips of rows of tiles:
 *       stage the strip's image, transform it to [point][tile][row]
 *       transform the cotangents to panels [panel][point][tile][8 columns]
 *       for points, panels: add products over the tiles to the part's sums, [panel][point][row][8 columns]
 *   add up the parts' sums, transform those back to 3 × 3 results, store
 *
 * Threads share the parts, so how many there are depends on the shape alone.
 */
import type { BufferParam, Expr } from "../../kernel/expr.ts";
import type { Stmt } from "../../kernel/kernel.ts";
import { scalarOps as s } from "../../kernel/scalar-ops.ts";
import { coordinatesAt, type Position } from "../contraction/axes.ts";
import { extentOf, TILE, WIDTH } from "./plan.ts";
import { transform } from "./transforms.ts";
import { WinogradWalk } from "./walk.ts";

const MAX_PARTS = 8;
/** Bytes of all parts' sums. */
const PARTS_BYTES = 4 << 20;

export class WindowTiles extends WinogradWalk {
  run(): Stmt[] {
    const { k, plan, kernel } = this;
    const points = this.points ** 2;
    const rows = extentOf(plan, plan.own);
    const images = extentOf(plan, plan.shared);
    const tiles = this.tallest * plan.x.tiles;
    const size = this.panels * points * rows * WIDTH;
    const parts = Math.min(images, Math.max(2, Math.min(MAX_PARTS, Math.floor(PARTS_BYTES / (4 * size)))));
    const sums = kernel.parameters.scratch("float32", parts * size);
    const image = kernel.parameters.temporary("float32", this.imageSize(rows));
    const transformed = kernel.parameters.temporary("float32", points * tiles * rows);
    const cotangents = kernel.parameters.temporary("float32", points * tiles * this.panels * WIDTH);
    const each = Math.ceil(images / parts);
    k.loop(
      parts,
      (part) => {
        const own = s.mul(part, s.int(size));
        k.loop(size, (i) => k.store(sums, s.add(own, i), s.const(0, "float32")), {
          name: "z",
          kind: "vector",
        });
        k.loop(each, (i) => {
          const n = s.add(s.mul(part, s.int(each)), i);
          const at = plan.shared < 0 ? this.origin : this.origin.with(plan.shared, n);
          this.when(s.lt(n, s.int(images)), () =>
            this.#image(at, own, { sums, image, transformed, cotangents }),
          );
        });
      },
      { name: "part" },
    );
    if (parts > 1) {
      const total = (i: Expr): Expr => {
        let sum = s.load(sums, i);
        for (let part = 1; part < parts; part++) sum = s.add(sum, s.load(sums, s.add(i, s.int(part * size))));
        return sum;
      };
      k.loop(size, (i) => k.store(sums, i, total(i)), { name: "s", kind: "vector" });
    }
    this.#results(sums);
    return k.finish();
  }

  /** Adds the products of one image to the sums that begin at `own`. */
  #image(
    at: Position,
    own: Expr,
    buffers: Readonly<Record<"sums" | "image" | "transformed" | "cotangents", BufferParam>>,
  ): void {
    const { k, plan } = this;
    const rows = extentOf(plan, plan.own);
    for (const { start, count, height } of plan.strips) {
      const total = height * plan.x.tiles;
      k.loop(
        count,
        (strip) => {
          const firstTile = s.add(s.mul(strip, s.int(height)), s.int(start));
          this.stage(buffers.image, at, plan.own, firstTile, height);
          this.transformImage(buffers.transformed, buffers.image, rows, height);
          this.#transformWindow(buffers.cotangents, at, firstTile, height);
          this.products(
            rows,
            this.panels,
            (point, panel, first) => ({
              depth: total,
              row: (step, r) => {
                const tile = s.add(s.mul(point, s.int(total)), step);
                return s.load(buffers.transformed, s.add(s.mul(tile, s.int(rows)), s.add(first, s.int(r))));
              },
              column: (step, column) =>
                s.load(buffers.cotangents, this.place(panel, point, total, step, column)),
            }),
            (point, panel, row, column) => ({
              buffer: buffers.sums,
              index: s.add(own, this.place(panel, point, rows, row, column)),
            }),
            true,
          );
        },
        { name: "strip" },
      );
    }
  }

  #transformWindow(into: BufferParam, at: Position, firstTile: Expr, height: number): void {
    const { k, plan } = this;
    const { extents, factors } = plan.contraction;
    const factor = plan.imageFactor === 0 ? 1 : 0;
    const total = height * plan.x.tiles;
    k.loop(
      this.panels,
      (panel) =>
        this.panelWidths(panel, (columns) =>
          this.eachTile(height, (ty, tx, tile) => {
            k.loop(
              columns,
              (j) => {
                const own = at.with(plan.columns, s.add(s.mul(panel, s.int(WIDTH)), j));
                transform(
                  k,
                  this.plan.transforms.window,
                  (r, c) => {
                    const y = s.add(s.mul(s.add(firstTile, ty), s.int(TILE)), s.int(r));
                    const x = s.add(s.mul(tx, s.int(TILE)), s.int(c));
                    const inside = s.and(
                      s.lt(y, s.int(extents[plan.y.elementAxis])),
                      s.lt(x, s.int(extents[plan.x.elementAxis])),
                    );
                    const position = own.with(plan.y.elementAxis, y).with(plan.x.elementAxis, x);
                    const value = this.element(factor, coordinatesAt(factors[factor], position));
                    return s.guard(inside, value, s.const(0, "float32"));
                  },
                  (r, c, value) =>
                    k.store(into, this.place(panel, s.int(this.points * r + c), total, tile, j), value),
                );
              },
              { name: "j", kind: "vector" },
            );
            this.zeroColumns(into, panel, total, tile, columns);
          }),
        ),
      { name: "jr" },
    );
  }

  #results(sums: BufferParam): void {
    const { k, plan, kernel } = this;
    const rows = extentOf(plan, plan.own);
    const size = this.plan.transforms.result.length;
    const aside = kernel.parameters.temporary("float32", size * size * WIDTH);
    const put = (r: Expr, c: Expr, j: Expr): Expr =>
      s.add(s.mul(s.add(s.mul(r, s.int(size)), c), s.int(WIDTH)), j);
    k.loop(
      this.panels,
      (panel) =>
        this.panelWidths(panel, (columns) =>
          k.loop(
            rows,
            (row) => {
              k.loop(
                columns,
                (j) =>
                  transform(
                    k,
                    this.plan.transforms.result,
                    (r, c) => s.load(sums, this.place(panel, s.int(this.points * r + c), rows, row, j)),
                    (r, c, value) => k.store(aside, put(s.int(r), s.int(c), j), value),
                  ),
                { name: "j", kind: "vector" },
              );
              k.loop(size, (r) =>
                k.loop(size, (c) =>
                  k.loop(
                    columns,
                    (j) => {
                      const base = plan.own < 0 ? this.origin : this.origin.with(plan.own, row);
                      const position = base
                        .with(plan.y.windowAxis, r)
                        .with(plan.x.windowAxis, c)
                        .with(plan.columns, s.add(s.mul(panel, s.int(WIDTH)), j));
                      this.results(position, s.load(aside, put(r, c, j)));
                    },
                    { name: "j", kind: "vector" },
                  ),
                ),
              );
            },
            { name: "i" },
          ),
        ),
      { name: "jr" },
    );
  }
}
