/**
 * How a contraction is tiled, blocked and staged: decided from its axes and the strides of its operands alone, before
 * any statement is made.
 *
 *   for batch axes, outer columns, column blocks, outer depth, depth blocks:
 *     pack the columns factor into panels
 *     for outer rows, row tiles:
 *       pack the rows factor's panel
 *       for column panels: a register tile over the depth block
 */
import type { Contraction } from "../../graph/contraction.ts";
import { DTYPE_INFO, type DType } from "../../types/dtype.ts";
import {
  type AxisGroup,
  factorAxes,
  imageStrides,
  isWhole,
  mergeable,
  product,
  type Source,
  type Strides,
} from "./axes.ts";

/** Lanes of a vector of the kernel IR. */
export const LANES = 4;
/**
 * A tile has at most this many rows. With two vectors of columns that makes twelve accumulators, which with two vectors
 * of one operand and a splat of the other fill the 15 vector registers that V8 has on x64.
 */
const TILE_ROWS = 6;
/**
 * Elements of the depth summed in registers before the sums are put aside: as long as a tile's rows stay in the
 * second-level cache, columns stream in beside them.
 */
const DEPTH_BLOCK = 4096;
const DEPTH_BLOCK_LEAST = 128;
/** A convolution's depth is left whole up to here: its rows overlap, so that a tile's image stays in the cache. */
const WINDOW_DEPTH = 2400;
/** Bytes of packed columns that should stay in the second-level cache. */
const COLUMN_BLOCK_BYTES = 256 * 1024;
/** Below this extent of the innermost column axis its neighbours are merged with it, whatever that costs packing. */
const NARROW = 8;
/** A factor that moves further than this many elements per step of the depth is packed. */
const NEAR = 16;
/** Columns factors of at most this many bytes are read where they are. */
const SMALL_BYTES = 12 * 1024;

/** Tiles of one height. */
export interface RowSegment {
  readonly start: number;
  readonly count: number;
  readonly height: number;
}

export type Staging = "none" | "image";

export interface ContractionPlan {
  readonly contraction: Contraction;
  /** Which operand's free axes are the rows. */
  readonly rowsFactor: 0 | 1;
  readonly batch: readonly number[];
  readonly columnsOuter: readonly number[];
  readonly columns: AxisGroup;
  readonly rowsOuter: readonly number[];
  readonly rows: AxisGroup;
  readonly segments: readonly RowSegment[];
  /** Vectors across a tile. */
  readonly vectors: number;
  /** Panels of columns in all, and per block of columns. */
  readonly panels: number;
  readonly panelsPerBlock: number;
  readonly columnBlocks: number;
  readonly depthOuter: readonly number[];
  /** The axis that is cut into blocks, or null; its blocks' extent, and what is left after whole blocks. */
  readonly depthBlock: {
    readonly axis: number;
    readonly extent: number;
    readonly count: number;
    readonly rest: number;
  } | null;
  /** Depth within a block, the blocked axis first. */
  readonly depth: readonly number[];
  readonly rowsStaging: Staging;
  /** The rows' image is laid out in tiles: [tile][other coordinates][row of the tile]. */
  readonly rowsTiled: boolean;
  readonly columnsStaging: Staging;
  readonly rowsPacked: boolean;
  /** All row panels are packed before the columns are walked: they are needed more than once. */
  readonly rowsPackedOnce: boolean;
  readonly columnsPacked: boolean;
  /** The columns are a batch axis: both factors have a vector of them. */
  readonly shared: boolean;
}

/** Row tiles as even as can be: at most two heights, which differ by one. */
export function rowSegments(extent: number, most: number): RowSegment[] {
  const tiles = Math.ceil(extent / most);
  const height = Math.floor(extent / tiles);
  const higher = extent - tiles * height;
  const segments: RowSegment[] = [];
  if (higher > 0) segments.push({ start: 0, count: higher, height: height + 1 });
  if (tiles > higher) segments.push({ start: higher * (height + 1), count: tiles - higher, height });
  return segments;
}

interface Widths {
  readonly vectors: number;
  readonly rows: number;
}

/** Vectors across a tile and rows: two by five, or what wastes less on few columns. */
function tileShape(columns: number, rows: number, dtype: DType): Widths {
  // Two rows make whole cache lines of the columns factor worth four vectors.
  if (rows === 2 && columns >= 4 * LANES) return { vectors: dtype === "float64" ? 2 : 4, rows };
  if (dtype === "float64") return { vectors: 1, rows: TILE_ROWS };
  // Integers have no fused multiply-add: the product takes a register as well.
  const integral = DTYPE_INFO[dtype].kind !== "float";
  const shapes: readonly (Widths & { readonly cost: number })[] = [
    { vectors: 2, rows: integral ? TILE_ROWS - 1 : TILE_ROWS, cost: 1 },
    { vectors: 3, rows: 3, cost: 1.02 },
    { vectors: 1, rows: 10, cost: 1.25 },
  ];
  const total = (shape: (typeof shapes)[0]): number =>
    Math.ceil(columns / (LANES * shape.vectors)) *
    shape.vectors *
    shape.cost *
    (rows < shape.rows / 2 ? 1.5 : 1);
  return shapes.reduce((best, shape) => (total(shape) < total(best) ? shape : best));
}

/** Tiles where both factors have a vector of columns: over a long depth whole cache lines of both are worth it. */
function sharedShape(columns: number, depth: number): Widths {
  const wide = columns >= 4 * LANES && depth >= DEPTH_BLOCK_LEAST;
  return wide ? { vectors: 4, rows: 3 } : { vectors: 1, rows: TILE_ROWS };
}

export interface Sources {
  readonly sources: readonly [Source, Source];
  readonly out: Strides;
}

/** The plan, or null where tiles do not pay or there is nothing to tile. */
export function planContraction(
  contraction: Contraction,
  { sources, out }: Sources,
  dtype: DType,
): ContractionPlan | null {
  const { extents, factors } = contraction;
  const all = extents.map((_, axis) => axis).filter((axis) => extents[axis] > 1);
  const inResult = new Set(contraction.result.flat());
  const windowed = (factor: 0 | 1): boolean =>
    factors[factor].coordinates.some(({ terms }) => terms.filter((t) => extents[t.axis] > 1).length > 1);
  const roles = chooseRoles(
    contraction,
    all,
    out,
    [windowed(0), windowed(1)],
    [sources[0].strides, sources[1].strides],
  );
  if (roles === null) return null;
  const { rowsFactor, batch, rowAxes, columnsOuter, columns, shared } = roles;
  const columnsFactor = rowsFactor === 0 ? 1 : 0;
  const depthAxes = all.filter((axis) => !inResult.has(axis));
  const rowCount = product(extents, rowAxes);
  const depthCount = product(extents, depthAxes);
  // A single row is worth it only where the other schedules would guard every load.
  if (depthCount < 2 || (rowCount < 2 && !windowed(columnsFactor))) return null;
  if (columns.extent < LANES || rowCount * columns.extent * depthCount < 256) return null;

  const rowSource = sources[rowsFactor];
  const columnSource = sources[columnsFactor];
  sortDepth(depthAxes, contraction, rowsFactor, rowSource.strides);
  // A padded operand is staged with its padding, so that inner loops have no guards.
  const needsImage = (factor: 0 | 1): boolean =>
    windowed(factor) && (sources[factor].strides === null || shared);
  const rowsStaging: Staging = needsImage(rowsFactor) || shared ? "image" : "none";
  const columnsStaging: Staging = needsImage(columnsFactor) && !shared ? "image" : "none";
  const [lastColumn] = columns.axes.slice(-1);
  const lanes = shared ? lastColumn : null;
  const walk =
    rowsStaging === "image" ? imageStrides(factors[rowsFactor], extents, lanes) : rowSource.strides;
  const [lastDepth] = depthAxes.slice(-1);
  const far = !shared && (walk === null || Math.abs(walk[lastDepth]) > NEAR);
  if (rowsStaging === "image" && far) {
    // A dimension of its own becomes the tiles': [tile][other dimensions][row].
    const own = rowAxes.filter((axis) => isWhole(factors[rowsFactor], axis));
    const longest = own.reduce((best, axis) => (best < 0 || extents[axis] > extents[best] ? axis : best), -1);
    if (longest >= 0) rowAxes.push(...rowAxes.splice(rowAxes.indexOf(longest), 1));
  }
  const lastRow = rowAxes.at(-1);
  const rowsTiled =
    rowsStaging === "image" && far && lastRow !== undefined && isWhole(factors[rowsFactor], lastRow);
  const rowsPacked = rowsStaging === "none" && far && rowAxes.length > 0;
  const rows = rowsTiled
    ? groupOf([lastRow], extents)
    : mergeRows(rowAxes, extents, out, rowsPacked ? null : walk, rowsPacked);
  const rowsOuter = rowAxes.slice(0, rowAxes.length - rows.axes.length);

  const shape = shared
    ? sharedShape(columns.extent, depthCount)
    : rowCount === 1
      ? { vectors: Math.min(6, Math.ceil(columns.extent / LANES)), rows: 1 }
      : tileShape(columns.extent, rows.extent, dtype);
  const width = LANES * shape.vectors;
  const panels = Math.ceil(columns.extent / width);
  const { depthOuter, depthBlock, depth } = blockDepth(
    depthAxes,
    extents,
    windowed(rowsFactor) && depthCount <= WINDOW_DEPTH ? WINDOW_DEPTH : DEPTH_BLOCK,
  );
  const blockDepthCount =
    product(extents, depth) /
    (depthBlock ? extents[depthBlock.axis] / (depthBlock.extent + depthBlock.rest) : 1);
  const bytes = dtype === "float64" ? 8 : 4;
  const wanted = Math.max(4, Math.floor(COLUMN_BLOCK_BYTES / (blockDepthCount * width * bytes)));
  const columnBlocks = Math.ceil(panels / wanted);

  const walked = columnBlocks * product(extents, columnsOuter);
  const rowsPackedOnce =
    !shared &&
    rowsStaging === "none" &&
    rowsOuter.length === 0 &&
    rowAxes.length > 0 &&
    depthOuter.length === 0 &&
    depthBlock === null &&
    (columnsOuter.length > 0 || (rowsPacked && walked > 1));
  const image = columnsStaging === "image";
  const strides = image ? imageStrides(factors[columnsFactor], extents, null) : columnSource.strides;
  const contiguous =
    strides !== null &&
    strides[lastColumn] === 1 &&
    columns.axes.every((axis, n) => n === 0 || mergeable(strides, extents, columns.axes[n - 1], axis));
  const few = rowCount <= 2 * TILE_ROWS || depthCount * columns.extent * bytes <= SMALL_BYTES;
  // Behind an image there is room for the columns of the last panel that are none.
  const inPlace = contiguous && (image || (few && columns.extent % width === 0));
  return {
    contraction,
    rowsFactor,
    batch,
    columnsOuter,
    columns,
    rowsOuter,
    rows,
    segments: rowSegments(rows.extent, shape.rows),
    vectors: shape.vectors,
    panels,
    panelsPerBlock: Math.ceil(panels / columnBlocks),
    columnBlocks,
    depthOuter,
    depthBlock,
    depth,
    rowsStaging,
    rowsTiled,
    columnsStaging,
    rowsPacked: rowsPacked || rowsPackedOnce,
    rowsPackedOnce,
    columnsPacked: !inPlace,
    shared,
  };
}

interface Roles {
  readonly rowsFactor: 0 | 1;
  readonly batch: readonly number[];
  readonly rowAxes: number[];
  readonly columnsOuter: readonly number[];
  readonly columns: AxisGroup;
  readonly shared: boolean;
}

/**
 * The columns are what lies contiguous in the result. Where that is a few elements of a window, a longer axis is
 * better for the tiles, and the result is stored with strides.
 */
function chooseRoles(
  { extents, factors, result }: Contraction,
  all: readonly number[],
  out: Strides,
  windowed: readonly [boolean, boolean],
  strides: readonly [Strides | null, Strides | null],
): Roles | null {
  const used = factors.map(factorAxes);
  const inResult = new Set(result.flat());
  const results = all.filter((axis) => inResult.has(axis)).sort((a, b) => out[b] - out[a]);
  const innermost = results.at(-1);
  if (innermost === undefined) return null;
  const batch = results.filter((axis) => used[0].has(axis) && used[1].has(axis));
  const free = (factor: 0 | 1): number[] =>
    results.filter((axis) => used[factor].has(axis) && !used[1 - factor].has(axis));
  const lanesOf = (axis: number): Roles => {
    const rowsFactor = windowed[1] && !windowed[0] ? 1 : 0;
    return {
      rowsFactor,
      batch: batch.filter((b) => b !== axis),
      rowAxes: free(rowsFactor),
      columnsOuter: free(rowsFactor === 0 ? 1 : 0),
      columns: groupOf([axis], extents),
      shared: true,
    };
  };
  if (batch.includes(innermost)) return windowed.includes(true) ? lanesOf(innermost) : null;
  const columnsOf = (factor: 0 | 1): Roles => {
    const columnAxes = free(factor);
    const columns = mergeColumns(columnAxes, extents, out, strides[factor]);
    const rowsFactor = factor === 0 ? 1 : 0;
    const columnsOuter = columnAxes.slice(0, columnAxes.length - columns.axes.length);
    return { rowsFactor, batch, rowAxes: free(rowsFactor), columnsOuter, columns, shared: false };
  };
  const factor = used[0].has(innermost) ? 0 : 1;
  const other = factor === 0 ? 1 : 0;
  if (windowed[factor] && extents[innermost] < NARROW) {
    const instead = free(other).at(-1);
    if (instead !== undefined && extents[instead] >= NARROW) return columnsOf(other);
    const widest = batch.find((axis) => extents[axis] >= NARROW);
    if (widest !== undefined) return lanesOf(widest);
  }
  return columnsOf(factor);
}

/** The depth runs in the order of the rows factor's memory. */
function sortDepth(
  axes: number[],
  contraction: Contraction,
  rowsFactor: 0 | 1,
  strides: Strides | null,
): void {
  const { coordinates } = contraction.factors[rowsFactor];
  const dimension = (axis: number): number =>
    coordinates.findIndex((c) => c.terms.some((term) => term.axis === axis));
  axes.sort((a, b) =>
    strides === null ? dimension(a) - dimension(b) : Math.abs(strides[b]) - Math.abs(strides[a]),
  );
}

function groupOf(axes: readonly number[], extents: readonly number[]): AxisGroup {
  return { axes, extent: product(extents, axes) };
}

/** The innermost column axis with those before it that result and operand walk in the same way. */
function mergeColumns(
  axes: readonly number[],
  extents: readonly number[],
  out: Strides,
  strides: Strides | null,
): AxisGroup {
  let first = axes.length - 1;
  while (first > 0) {
    const [outer, inner] = [axes[first - 1], axes[first]];
    if (!mergeable(out, extents, outer, inner)) break;
    const narrow = product(extents, axes.slice(first)) < NARROW;
    if (!narrow && (strides === null || !mergeable(strides, extents, outer, inner))) break;
    first--;
  }
  return groupOf(axes.slice(first), extents);
}

/** Rows that are packed may be merged however they lie; the others must be walked with one stride. */
function mergeRows(
  axes: readonly number[],
  extents: readonly number[],
  out: Strides,
  strides: Strides | null,
  packed: boolean,
): AxisGroup {
  let first = axes.length - 1;
  // Few rows become tiles of their own, each with constant positions.
  if (axes.length === 0 || product(extents, axes) <= 2 * TILE_ROWS) return groupOf(axes, extents);
  while (first > 0) {
    const [outer, inner] = [axes[first - 1], axes[first]];
    if (!mergeable(out, extents, outer, inner)) break;
    if (!packed && (strides === null || !mergeable(strides, extents, outer, inner))) break;
    first--;
  }
  return groupOf(axes.slice(first), extents);
}

function blockDepth(
  axes: readonly number[],
  extents: readonly number[],
  most: number,
): Pick<ContractionPlan, "depthOuter" | "depthBlock" | "depth"> {
  const outer: number[] = [];
  let rest = [...axes];
  while (rest.length > 0 && product(extents, rest) > most) {
    const [axis, ...inner] = rest;
    const within = product(extents, inner);
    if (within >= DEPTH_BLOCK_LEAST) {
      outer.push(axis);
      rest = inner;
      continue;
    }
    const blocks = Math.ceil(extents[axis] / Math.floor(most / within));
    const extent = Math.floor(extents[axis] / blocks);
    const depthBlock = { axis, extent, count: blocks, rest: extents[axis] - extent * blocks };
    return { depthOuter: outer, depthBlock, depth: rest };
  }
  return { depthOuter: outer, depthBlock: null, depth: rest };
}
