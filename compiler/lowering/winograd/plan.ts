/**
 * Which convolutions are made of Winograd's minimal filtering (S. Winograd, "Arithmetic complexity of computations",
 * 1980; A. Lavin and S. Gray, "Fast algorithms for convolutional neural networks", 2016), and how they are cut.
 *
 * A convolution without strides and dilation by a window of 3 × 3 computes 2 × 2 results from 4 × 4 elements by 16
 * products instead of 36: both factors and the products are transformed by sums and differences, and what is left are
 * 16 matrix products, one for each point. Its gradient by the kernel is the same thing with results and window
 * exchanged: 3 × 3 results of tiles of 2 × 2 cotangents.
 *
 * Values are exact sums of at most four elements before they are multiplied, so that the error grows by a small factor
 * (about two) against summing in order; infinities and NaN spread within a tile.
 */
import type { Contraction, Coordinate } from "../../graph/contraction.ts";
import type { DType } from "../../types/dtype.ts";
import { factorAxes } from "../contraction/axes.ts";
import { type RowSegment, rowSegments } from "../contraction/plan.ts";

/** Points of one dimension: 4 elements give 2 results of 3 terms, or 3 of 2. */
export const POINTS = 4;
/** Elements from one tile to the next. */
export const STEP = 2;
/** Columns of a register tile, two vectors, and its rows: as of other products. */
export const WIDTH = 8;
export const TILE_ROWS = 6;

/** Below so many features on either side the transforms cost what they save. */
const LEAST_FEATURES = 16;
/** Tiles in all, below which transforming the kernel does not pay, and in an image. */
const LEAST_TILES = 32;
const LEAST_TILES_OF_IMAGE = 8;
/** Products of the direct form for each of this one. */
const LEAST_SAVING = 1.5;
/** Bytes of transformed elements that one strip holds: with the products they should stay in the second-level cache. */
const STRIP_BYTES = 192 * 1024;

/** One spatial dimension: result w is Σ over e of image[w + e] · window[e]. */
export interface Dimension {
  readonly windowAxis: number;
  readonly elementAxis: number;
  /** The dimension of the image's operand. */
  readonly image: number;
  /** Tiles of two along the axis that is long. */
  readonly tiles: number;
}

export interface WinogradPlan {
  readonly contraction: Contraction;
  /** `results`: tiles of 2 × 2 results, a window of 3 × 3. `window`: 3 × 3 results, the window in tiles of 2 × 2. */
  readonly tiled: "results" | "window";
  /** The operand that the windows slide over. */
  readonly imageFactor: 0 | 1;
  /** Axes: of the image and the result, of both operands, of the other operand and the result. -1 where there is none. */
  readonly own: number;
  readonly shared: number;
  readonly columns: number;
  readonly y: Dimension;
  readonly x: Dimension;
  /** Strips of rows of tiles. */
  readonly strips: readonly RowSegment[];
}

const isLong = (extents: readonly number[], axis: number): boolean => extents[axis] > 1;

/** The plan, or null where the contraction is none of these. */
export function planWinograd(contraction: Contraction, dtype: DType): WinogradPlan | null {
  const { extents, factors, result } = contraction;
  if (dtype !== "float32") return null;
  const windows = factors.map(({ coordinates }) =>
    coordinates.filter(({ terms }) => terms.filter(({ axis }) => isLong(extents, axis)).length > 1),
  );
  const imageFactor = windows[0].length === 2 ? 0 : 1;
  const image = factors[imageFactor];
  const other = factors[imageFactor === 0 ? 1 : 0];
  if (windows[imageFactor].length !== 2 || windows[1 - imageFactor].length !== 0) return null;
  const inResult = new Set(result.flat());
  const dimensions = windows[imageFactor].map((coordinate) =>
    dimensionOf(contraction, imageFactor, coordinate),
  );
  if (dimensions.includes(null)) return null;
  const spatial = dimensions.filter((d) => d !== null);
  const tiled = spatial.every(({ elementAxis }) => extents[elementAxis] === 3)
    ? "results"
    : spatial.every(({ windowAxis }) => extents[windowAxis] === 3)
      ? "window"
      : null;
  if (tiled === null) return null;
  const taken = new Set(spatial.flatMap((d) => [d.windowAxis, d.elementAxis]));
  const [ofImage, ofOther] = [factorAxes(image), factorAxes(other)];
  const rest = extents.map((_, axis) => axis).filter((axis) => isLong(extents, axis) && !taken.has(axis));
  const own = rest.filter((axis) => inResult.has(axis) && !ofOther.has(axis));
  const columns = rest.filter((axis) => inResult.has(axis) && !ofImage.has(axis));
  const shared = rest.filter((axis) => !inResult.has(axis));
  if (own.length + columns.length + shared.length < rest.length) return null;
  if (own.length > 1 || columns.length !== 1 || shared.length > 1) return null;
  const [y, x] = spatial.map((d) => {
    const long = extents[tiled === "results" ? d.windowAxis : d.elementAxis];
    return { ...d, tiles: Math.ceil(long / STEP) };
  });
  const plan = {
    contraction,
    tiled,
    imageFactor,
    own: own[0] ?? -1,
    shared: shared[0] ?? -1,
    columns: columns[0],
    y,
    x,
  } as const;
  return pays(plan) ? { ...plan, strips: stripsOf(plan) } : null;
}

function dimensionOf(
  { extents, factors }: Contraction,
  imageFactor: 0 | 1,
  { terms, valid }: Coordinate,
): Omit<Dimension, "tiles"> | null {
  if (terms.length !== 2 || terms.some(({ step }) => step !== 1)) return null;
  if (valid !== undefined && valid.step !== 1) return null;
  const ofOther = factorAxes(factors[1 - imageFactor]);
  const window = terms.find(({ axis }) => !ofOther.has(axis));
  const element = terms.find(({ axis }) => ofOther.has(axis));
  if (window === undefined || element === undefined) return null;
  if (!isLong(extents, window.axis) || !isLong(extents, element.axis)) return null;
  const image = factors[imageFactor].coordinates.findIndex((c) => c.terms === terms);
  return { windowAxis: window.axis, elementAxis: element.axis, image };
}

/** Extent of an axis that may be none. */
export function extentOf({ contraction }: Pick<WinogradPlan, "contraction">, axis: number): number {
  return axis < 0 ? 1 : contraction.extents[axis];
}

function pays(plan: Omit<WinogradPlan, "strips">): boolean {
  const { contraction, tiled, own, shared, columns, y, x } = plan;
  const { extents } = contraction;
  const long = (d: Dimension): number => extents[tiled === "results" ? d.windowAxis : d.elementAxis];
  const tiles = y.tiles * x.tiles;
  const direct = 9 * long(y) * long(x);
  if (direct < LEAST_SAVING * POINTS * POINTS * tiles || tiles < LEAST_TILES_OF_IMAGE) return false;
  const images = extentOf(plan, tiled === "results" ? own : shared);
  const features = extentOf(plan, tiled === "results" ? shared : own);
  return images * tiles >= LEAST_TILES && Math.min(features, extents[columns]) >= LEAST_FEATURES;
}

function stripsOf(plan: Omit<WinogradPlan, "strips">): RowSegment[] {
  const { tiled, own, shared, columns, y, x } = plan;
  // Along the window both factors are transformed tile by tile.
  const held = tiled === "results" ? extentOf(plan, shared) : extentOf(plan, own) + extentOf(plan, columns);
  const bytes = 4 * POINTS * POINTS * held * x.tiles;
  return rowSegments(y.tiles, Math.max(1, Math.floor(STRIP_BYTES / bytes)));
}
