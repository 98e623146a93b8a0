/**
 * A convolution by tiles of 2 × 2 results:
 *
 *   transform the kernel to panels [panel][point][feature][8 columns]
 *   for images, strips of rows of tiles:
 *     stage the strip's image, transform it to [point][tile][feature]
 *     for groups of panels:
 *       for points, tiles, panels: products over the features, [point][tile][columns of the group]
 *       transform those back, epilogue, store
 */
import type { BufferParam, Expr } from "../../kernel/expr.ts";
import type { Stmt } from "../../kernel/kernel.ts";
import { scalarOps as s } from "../../kernel/scalar-ops.ts";
import { coordinatesAt, type Position } from "../contraction/axes.ts";
import { extentOf, TILE, WIDTH } from "./plan.ts";
import { transform } from "./transforms.ts";
import { WinogradWalk } from "./walk.ts";

/** Columns of a group of panels: where they begin, how many its products have a place for, how many there are. */
interface Columns {
  readonly first: Expr;
  readonly width: number;
  readonly columns: number;
}

export class ResultTiles extends WinogradWalk {
  run(): Stmt[] {
    const { k, plan, kernel } = this;
    const points = this.points ** 2;
    const features = extentOf(plan, plan.shared);
    const tiles = this.tallest * plan.x.tiles;
    const weights = kernel.parameters.scratch("float32", this.panels * points * features * WIDTH);
    const image = kernel.parameters.temporary("float32", this.imageSize(features));
    const transformed = kernel.parameters.temporary("float32", points * tiles * features);
    const products = kernel.parameters.temporary("float32", points * tiles * plan.panels * WIDTH);
    this.#transformKernel(weights, features);
    for (const { start, count, height } of plan.strips) {
      const total = height * plan.x.tiles;
      k.loop(extentOf(plan, plan.own), (n) => {
        const at = plan.own < 0 ? this.origin : this.origin.with(plan.own, n);
        k.loop(
          count,
          (strip) => {
            const firstTile = s.add(s.mul(strip, s.int(height)), s.int(start));
            this.stage(image, at, plan.shared, firstTile, height);
            this.transformImage(transformed, image, features, height);
            this.#groups((group, panels) => {
              const width = panels * WIDTH;
              this.products(
                total,
                panels,
                (point, panel, first) => ({
                  depth: features,
                  row: (step, r) => {
                    const tile = s.add(s.mul(point, s.int(total)), s.add(first, s.int(r)));
                    return s.load(transformed, s.add(s.mul(tile, s.int(features)), step));
                  },
                  column: (step, column) =>
                    s.load(weights, this.place(s.add(group, panel), point, features, step, column)),
                }),
                (point, panel, row, column) => {
                  const line = s.add(s.mul(point, s.int(total)), row);
                  const within = s.add(s.mul(panel, s.int(WIDTH)), column);
                  return { buffer: products, index: s.add(s.mul(line, s.int(width)), within) };
                },
                false,
              );
              this.#groupWidths(group, panels, (columns) =>
                this.#results(
                  products,
                  at,
                  { first: s.mul(group, s.int(WIDTH)), width, columns },
                  firstTile,
                  height,
                ),
              );
            });
          },
          { name: "strip" },
        );
      });
    }
    return k.finish();
  }

  #transformKernel(into: BufferParam, features: number): void {
    const { k, plan } = this;
    const factor = plan.imageFactor === 0 ? 1 : 0;
    const coordinates = (at: Position): readonly Expr[] =>
      coordinatesAt(plan.contraction.factors[factor], at);
    k.loop(
      this.panels,
      (panel) =>
        this.panelWidths(panel, (columns) =>
          k.loop(
            features,
            (feature) => {
              k.loop(
                columns,
                (j) => {
                  const at = this.origin
                    .with(plan.shared, feature)
                    .with(plan.columns, s.add(s.mul(panel, s.int(WIDTH)), j));
                  transform(
                    k,
                    this.plan.transforms.window,
                    (y, x) =>
                      this.element(
                        factor,
                        coordinates(at.with(plan.y.elementAxis, s.int(y)).with(plan.x.elementAxis, s.int(x))),
                      ),
                    (r, c, value) =>
                      k.store(
                        into,
                        this.place(panel, s.int(this.points * r + c), features, feature, j),
                        value,
                      ),
                  );
                },
                { name: "j", kind: "vector" },
              );
              this.zeroColumns(into, panel, features, feature, columns);
            },
            { name: "k" },
          ),
        ),
      { name: "jr" },
    );
  }

  /** The panels in groups, the last of which may have fewer: the number of a group's first panel. */
  #groups(body: (first: Expr, panels: number) => void): void {
    const { panels } = this.plan;
    const whole = Math.floor(this.panels / panels);
    this.k.loop(whole, (group) => body(s.mul(group, s.int(panels)), panels), { name: "jc" });
    const rest = this.panels - whole * panels;
    if (rest > 0) body(s.int(whole * panels), rest);
  }

  /** A body for groups of whole panels and one for the group whose last panel has fewer columns. */
  #groupWidths(first: Expr, panels: number, body: (columns: number) => void): void {
    const missing = this.panels * WIDTH - extentOf(this.plan, this.plan.columns);
    if (missing === 0) return body(panels * WIDTH);
    const isLast = s.eq(first, s.int(this.panels - panels));
    this.when(
      isLast,
      () => body(panels * WIDTH - missing),
      () => body(panels * WIDTH),
    );
  }

  /** Results of a group of panels, from its products. */
  #results(
    products: BufferParam,
    at: Position,
    { first, width, columns }: Columns,
    firstTile: Expr,
    height: number,
  ): void {
    const { k, plan } = this;
    const { extents } = plan.contraction;
    const total = height * plan.x.tiles;
    const { costly } = this.kernel;
    this.eachTile(height, (ty, tx, tile) => {
      const place = (point: Expr, j: Expr): Expr =>
        s.add(s.mul(s.add(s.mul(point, s.int(total)), tile), s.int(width)), j);
      const result = (r: Expr, c: Expr, j: Expr, value: Expr): void => {
        const y = s.add(s.mul(s.add(firstTile, ty), s.int(TILE)), r);
        const x = s.add(s.mul(tx, s.int(TILE)), c);
        const position = at
          .with(plan.y.windowAxis, y)
          .with(plan.x.windowAxis, x)
          .with(plan.columns, s.add(first, j));
        const inside = s.and(
          s.lt(y, s.int(extents[plan.y.windowAxis])),
          s.lt(x, s.int(extents[plan.x.windowAxis])),
        );
        this.when(inside, () => this.results(position, value));
      };
      k.loop(
        columns,
        (j) =>
          transform(
            k,
            this.plan.transforms.result,
            (r, c) => s.load(products, place(s.int(this.points * r + c), j)),
            (r, c, value) => {
              // The first row of products is not needed any more when the first row of results is there.
              if (costly) k.store(products, place(s.int(TILE * r + c), j), value);
              else result(s.int(r), s.int(c), j, value);
            },
          ),
        { name: "j", kind: "vector" },
      );
      if (!costly) return;
      k.loop(TILE, (r) =>
        k.loop(TILE, (c) =>
          k.loop(
            columns,
            (j) => result(r, c, j, s.load(products, place(s.add(s.mul(r, s.int(TILE)), c), j))),
            { name: "j", kind: "vector" },
          ),
        ),
      );
    });
  }
}
