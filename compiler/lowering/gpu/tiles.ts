/**
 * Tiles of products: which shapes there are to try, and which one an adapter takes. All give the same bits: every sum
 * runs over the depth in order, in cuts that depend on the product alone.
 */
import type { GpuLimits, ProductClass, TileShape } from "../../program/webgpu.ts";
import type { DType } from "../../types/dtype.ts";

/** The first is what is taken where nothing was measured. */
const HARDWARE: readonly TileShape[] = [
  { rows: 4, columns: 4, block: 64, depth: 16 },
  { rows: 4, columns: 4, block: 32, depth: 16 },
  { rows: 4, columns: 4, block: 64, depth: 8 },
  { rows: 8, columns: 8, block: 64, depth: 8 },
  { rows: 8, columns: 8, block: 128, depth: 8 },
];
/** Without workgroup memory: `block` and `depth` have no meaning. */
const SOFTWARE: readonly TileShape[] = [
  { rows: 8, columns: 4, block: 0, depth: 0 },
  { rows: 4, columns: 4, block: 0, depth: 0 },
  { rows: 4, columns: 8, block: 0, depth: 0 },
  { rows: 8, columns: 8, block: 0, depth: 0 },
  { rows: 16, columns: 2, block: 0, depth: 0 },
];

/** The shapes that an adapter can run, the default first. */
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
  return known ?? candidates[0] ?? HARDWARE[0];
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
