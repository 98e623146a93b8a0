/** Copies of an operand with a convolution's padding and holes in place, so that reading it needs no guards. */
import type { ContractionFactor } from "../../graph/contraction.ts";
import type { BufferParam, Expr } from "../../kernel/expr.ts";
import type { KernelBuilder } from "../../kernel/kernel-builder.ts";
import { scalarOps as s } from "../../kernel/scalar-ops.ts";
import type { DType } from "../../types/dtype.ts";
import { coordinatesAt, imageOrder, imageStrides, type Position, type Source, type Strides } from "./axes.ts";
import type { RowSegment } from "./plan.ts";

export interface ImageRequest {
  readonly factor: ContractionFactor;
  readonly extents: readonly number[];
  /** The operand's element at a coordinate per dimension. */
  readonly source: (coordinates: readonly Expr[]) => Expr;
  /** Axes of loops around the copy: the image holds one position along the dimensions they run along. */
  readonly fixed: readonly number[];
  readonly at: Position;
  readonly dtype: DType;
  readonly scratch: (size: number) => BufferParam;
  /** Elements behind the image that may be read. */
  readonly slack: number;
  /** The axis that lanes run along: its dimension is innermost in the image. */
  readonly lanes: number | null;
  /** Lays the dimension of this axis out in tiles of rows: [tile][other dimensions][row]. */
  readonly tiles: { readonly axis: number; readonly segments: readonly RowSegment[] } | null;
}

export type Image =
  | { readonly kind: "plain"; readonly source: Source }
  | {
      readonly kind: "tiled";
      /** Along the other dimensions, in rows of a tile. */
      readonly strides: Strides;
      readonly read: (start: Expr, height: number, row: number, at: Position) => Expr;
    };

/** Emits the copy and returns how to read it. */
export function stageImage(k: KernelBuilder, request: ImageRequest): Image {
  const { factor, extents, fixed, at, tiles, lanes } = request;
  const isFixed = (dim: number): boolean =>
    factor.coordinates[dim].terms.some(({ axis }) => fixed.includes(axis) && extents[axis] > 1) &&
    factor.coordinates[dim].terms.filter(({ axis }) => extents[axis] > 1).length === 1;
  const dims = imageOrder(factor, lanes);
  const without = new Set(dims.filter(isFixed));
  const tiledDim =
    tiles === null
      ? -1
      : (dims.find((dim) => factor.coordinates[dim].terms.some(({ axis }) => axis === tiles.axis)) ?? -1);
  const inner = new Set([...without, ...(tiledDim < 0 ? [] : [tiledDim])]);
  const strides = imageStrides(factor, extents, lanes, inner);
  const held = dims.filter((dim) => !inner.has(dim));
  const size = held.reduce((n, dim) => n * factor.coordinates[dim].extent, 1);
  const rows = tiledDim < 0 ? 1 : factor.coordinates[tiledDim].extent;
  const buffer = request.scratch(size * rows + request.slack);
  const position = (coordinates: readonly Expr[]): Expr => {
    let index = s.int(0);
    let stride = 1;
    for (const dim of [...held].reverse()) {
      index = s.add(s.mul(coordinates[dim], s.int(stride)), index);
      stride *= factor.coordinates[dim].extent;
    }
    return index;
  };
  const hasZeros = held.some((dim) => factor.coordinates[dim].valid !== undefined);
  const zeros = (from: Expr, count: number): void =>
    k.loop(count, (i) => k.store(buffer, s.add(from, i), s.const(0, request.dtype)), {
      name: "z",
      kind: "vector",
    });
  /** Zeros before and behind what is copied along a dimension, within what is copied along those before it. */
  const border = (n: number, from: Expr): void => {
    const { extent, valid } = factor.coordinates[held[n]];
    const { count } = valid ?? { count: extent };
    // Where there is padding alone, nothing is copied, and what would be may begin beyond the end.
    const start = count === 0 ? extent : (valid?.start ?? 0);
    const inner = held.slice(n + 1).reduce((product, dim) => product * factor.coordinates[dim].extent, 1);
    const at = (place: Expr): Expr => s.add(from, s.mul(place, s.int(inner)));
    zeros(from, start * inner);
    const more = held.slice(n + 1).some((dim) => factor.coordinates[dim].valid !== undefined);
    if (more) k.loop(count, (i) => border(n + 1, at(s.add(i, s.int(start)))), { name: "c" });
    zeros(at(s.int(start + count)), (extent - start - count) * inner);
  };
  const hasHoles = held.some((dim) => (factor.coordinates[dim].valid?.step ?? 1) !== 1);
  if (hasZeros) {
    if (hasHoles || tiledDim >= 0) zeros(s.int(0), size * rows);
    else border(0, s.int(0));
  }
  const current = coordinatesAt(factor, at);
  /** Loops over the dimensions that are held, without what is zero; the last one of more than one element in lanes. */
  const copy = (
    order: readonly number[],
    body: (coordinates: readonly Expr[]) => void,
    vector: boolean,
  ): void => {
    const last = order.findLast((dim) => count(dim) > 1);
    const nest = (n: number, coordinates: readonly Expr[]): void => {
      const dim = order[n];
      if (dim === undefined) return body(coordinates);
      const { valid } = factor.coordinates[dim];
      const start = valid?.start ?? 0;
      const step = valid?.step ?? 1;
      k.loop(
        count(dim),
        (i) => nest(n + 1, coordinates.with(dim, s.add(s.mul(i, s.int(step)), s.int(start)))),
        { name: "c", kind: vector && dim === last ? "vector" : "serial" },
      );
    };
    nest(0, current);
  };
  const count = (dim: number): number =>
    factor.coordinates[dim].valid?.count ?? factor.coordinates[dim].extent;

  if (tiles === null || tiledDim < 0) {
    copy(held, (coordinates) => k.store(buffer, position(coordinates), request.source(coordinates)), true);
    return {
      kind: "plain",
      source: {
        read: (p) => s.load(buffer, position(coordinatesAt(factor, p))),
        strides,
        walk: strides,
      },
    };
  }
  for (const { start, count: number, height } of tiles.segments) {
    k.loop(
      number,
      (tile) => {
        const first = s.add(s.mul(tile, s.int(height)), s.int(start));
        copy(
          held,
          (coordinates) =>
            k.loop(
              height,
              (row) => {
                const index = s.add(
                  s.mul(first, s.int(size)),
                  s.add(s.mul(position(coordinates), s.int(height)), row),
                );
                k.store(buffer, index, request.source(coordinates.with(tiledDim, s.add(first, row))));
              },
              { name: "i", kind: "vector" },
            ),
          false,
        );
      },
      { name: "it" },
    );
  }
  return {
    kind: "tiled",
    strides,
    read: (start, height, row, p) =>
      s.load(
        buffer,
        s.add(
          s.mul(start, s.int(size)),
          s.add(s.mul(position(coordinatesAt(factor, p)), s.int(height)), s.int(row)),
        ),
      ),
  };
}
