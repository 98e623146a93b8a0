/**
 * Tiles of products: which shapes there are to try, and which one an adapter takes. All give the same bits: every sum
 * runs over the depth in order, in cuts that depend on the product alone.
 */
import type { GpuLimits, ProductClass, TileShape } from "../../program/webgpu.ts";
import type { DType } from "../../types/dtype.ts";

/** The first is the default. */
const HARDWARE: readonly TileShape[] = [
  { rows: 4, columns: 4, block: 64, depth: 16 },
  { rows: 4, columns: 4, block: 32, depth: 16 },
  { rows: 4, columns: 4, block: 64, depth: 8 },
  { rows: 8, columns: 8, block: 64, depth: 8 },
  { rows: 8, columns: 8, block: 128, depth: 8 },
];
/** Without workgroup memory: `block` and `depth` have no meaning. The first is the default of small products. */
const SOFTWARE: readonly TileShape[] = [
  { rows: 8, columns: 4, block: 0, depth: 0 },
  { rows: 8, columns: 16, block: 0, depth: 0 },
  { rows: 16, columns: 8, block: 0, depth: 0 },
  { rows: 8, columns: 8, block: 0, depth: 0 },
  { rows: 4, columns: 4, block: 0, depth: 0 },
];
/** Invocations that keep the cores of a driver in software busy. */
const BUSY_SOFTWARE = 256;

/** The shapes that an adapter can run. */
export function tileCandidates(limits: GpuLimits): readonly TileShape[] {
  if (limits.software) return SOFTWARE;
  return HARDWARE.filter(({ rows, columns, block, depth }) => {
    const invocations = (block / rows) * (block / columns);
    return invocations <= limits.invocations && 2 * block * depth * 4 <= limits.workgroupBytes;
  });
}

/** The tile of a product: what the adapter's table says, or else the default. */
export function tileOf(product: ProductClass, limits: GpuLimits): TileShape {
  const candidates = tileCandidates(limits);
  const chosen = limits.tile?.(product) ?? null;
  const known = candidates.find((each) => chosen !== null && tileName(each) === tileName(chosen));
  return known ?? defaultTile(product, limits);
}

/** What is taken where nothing was measured. */
export function defaultTile({ batch, rows, columns }: ProductClass, limits: GpuLimits): TileShape {
  if (!limits.software) return HARDWARE[0];
  // Large tiles read less, if there are enough of them.
  const [small, large] = SOFTWARE;
  const tiles = batch * Math.floor(rows / large.rows) * Math.floor(columns / large.columns);
  return tiles >= BUSY_SOFTWARE ? large : small;
}

/** `8x4` of an adapter in software, `4x4 of 64, depth 16`. */
export function tileName({ rows, columns, block, depth }: TileShape): string {
  return block === 0 ? `${rows}x${columns}` : `${rows}x${columns} of ${block}, depth ${depth}`;
}

/** The class of a product: its extents rounded up to powers of two. */
export function productClass(
  dtype: DType,
  extents: { batch: number; rows: number; columns: number; depth: number },
): ProductClass {
  const power = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(n, 1)));
  return {
    dtype,
    batch: power(extents.batch),
    rows: power(extents.rows),
    columns: power(extents.columns),
    depth: power(extents.depth),
  };
}
