/** The regions of a reduction's output: whole tiles and what is left of them, and indices made of their axes. */
import type { Axis, AxisKind, Expr } from "../kernel/expr.ts";
import type { KernelBuilder } from "../kernel/kernel-builder.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import type { Shape } from "../types/tensor-type.ts";
import type { Partition } from "./loop-shape.ts";

/** Lanes of a vector. */
export const LANES = 4;

/** A stretch of an axis: `blocks` tiles of `tile` from `start`. */
export interface Stretch {
  readonly start: number;
  readonly blocks: number;
  readonly tile: number;
}

export interface Region {
  readonly rows: number;
  readonly column: number;
  readonly row: Stretch;
  readonly col: Stretch;
}

export function split(extent: number, tile: number): Stretch[] {
  const blocks = Math.floor(extent / tile);
  const rest = extent - blocks * tile;
  const parts: Stretch[] = [];
  if (blocks > 0) parts.push({ start: 0, blocks, tile });
  if (rest > 0) parts.push({ start: blocks * tile, blocks: 1, tile: rest });
  return parts;
}

export function tileIndex(
  k: KernelBuilder,
  name: string,
  stretch: Stretch,
  kind: AxisKind,
  loops: Axis[],
  unrolls: Axis[],
): Expr {
  const outer = k.axis(name, stretch.blocks, "serial");
  const inner = k.axis(`${name}t`, stretch.tile, kind);
  loops.push(outer);
  unrolls.push(inner);
  return s.add(s.add(s.mul(s.axis(outer), s.int(stretch.tile)), s.axis(inner)), s.int(stretch.start));
}

/** Columns: blocks of several vectors inside a tile, one long vector loop otherwise. */
export function columnIndex(
  k: KernelBuilder,
  name: string,
  stretch: Stretch,
  tiled: boolean,
  loops: Axis[],
  unrolls: Axis[],
): Expr {
  const vectors = tiled && stretch.tile % LANES === 0 ? stretch.tile / LANES : 1;
  const outer = k.axis(name, stretch.blocks, "serial");
  const lane = k.axis(`${name}v`, stretch.tile / vectors, "vector");
  const across = k.axis(`${name}u`, vectors, "unroll");
  loops.push(outer, lane);
  unrolls.push(across);
  const base = s.add(s.mul(s.axis(outer), s.int(stretch.tile)), s.int(stretch.start));
  return s.add(s.add(base, s.mul(s.axis(across), s.int(LANES))), s.axis(lane));
}

/** Index of every dimension from one position per merged axis. */
export function spread(shape: Shape, partition: Partition, positions: readonly Expr[]): Expr[] {
  const index: Expr[] = shape.map(() => s.int(0));
  for (const [n, dims] of partition.entries()) {
    let rest = positions[n];
    for (let d = dims.length - 1; d >= 0; d--) {
      const extent = shape[dims[d]];
      index[dims[d]] = d === 0 ? rest : s.rem(rest, s.int(extent));
      if (d > 0) rest = s.div(rest, s.int(extent));
    }
  }
  return index;
}

export function within(k: KernelBuilder, axes: readonly Axis[], body: () => void): void {
  const [first, ...rest] = axes;
  if (first === undefined) body();
  else k.loopOver(first, () => within(k, rest, body));
}
