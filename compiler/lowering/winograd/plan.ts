/**
 * Which convolutions are made of Winograd's minimal filtering (S. Winograd, "Arithmetic complexity of computations",
 * 1980; A. Lavin and S. Gray, "Fast algorithms for convolutional neural networks", 2016), and how they are cut.
 *
 * A convolution without dilation by a window of 3 × 3 computes 2 × 2 results from 4 × 4 elements by 16
 * products instead of 36: both factors and the products are transformed by sums and differences, and what is left are
 * 16 matrix products, one for each point. With strides of two it takes 25 products. The gradient by the kernel is the
 * same thing with results and window exchanged: 3 × 3 results of tiles of 2 × 2 cotangents.
 *
 * Values are exact sums of at most four elements before they are multiplied, so that the error grows by a small factor
 * (about two) against summing in order; an infinity may become NaN, and spreads within a tile of the kernel's gradient. A
 * contraction that is `exact` (`precision: "highest"`) is none of these.
 */
import type { Contraction, Coordinate } from "../../graph/contraction.ts";
import type { DType } from "../../types/dtype.ts";
import { factorAxes } from "../contraction/axes.ts";
import { type RowSegment, rowSegments } from "../contraction/plan.ts";
import { type Transforms, transformsOf } from "./transforms.ts";

/** Results, or elements of the window, of one tile along a dimension. */
export const TILE = 2;
/** Columns of a register tile, two vectors, and its rows: as of other products. */
export const WIDTH = 8;
export const TILE_ROWS = 6;

/** Below so many features on either side the transforms cost what they save. */
const LEAST_FEATURES = 16;
/** Tiles in all, below which transforming the kernel does not pay, and in an image. */
const LEAST_TILES = 32;
const LEAST_TILES_OF_IMAGE = 8;
/** Products of the direct form for each of this one. */
const LEAST_SAVING = 1.2;
/**
 * Bytes of transformed elements of one strip. Each strip goes through the whole transformed kernel, or through all sums of
 * the kernel's gradient, so that it should be as large as that, as long as it stays in the second-level cache.
 */
const LEAST_STRIP_BYTES = 192 * 1024;
const MOST_STRIP_BYTES = 1280 * 1024;
/** Bytes of a group of panels' transformed kernel at one point: with a tile's rows they stay in the first-level cache. */
const GROUP_BYTES = 16 * 1024;

/** One spatial dimension: result w is Σ over e of image[w + e] · window[e]. */
export interface Dimension {
  readonly windowAxis: number;
  readonly elementAxis: number;
  /** The dimension of the image's operand. */
  readonly image: number;
  /** Elements of the image from one result, or one element of the window, to the next: that of the axis that is long. */
  readonly stride: number;
  /** Tiles of two along that axis. */
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
  /** Panels of columns that are multiplied by a strip before results are made of the products. */
  readonly panels: number;
  readonly stride: number;
  /** Of one dimension. */
  readonly transforms: Transforms;
}

type Draft = Omit<WinogradPlan, "strips" | "panels">;

const isLong = (extents: readonly number[], axis: number): boolean => extents[axis] > 1;

/** The plan, or null where the contraction is none of these. */
export function planWinograd(contraction: Contraction, dtype: DType): WinogradPlan | null {
  const { extents, factors, result } = contraction;
  if (dtype !== "float32" || contraction.exact) return null;
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
  const [y, x] = spatial.map(({ steps, ...d }): Dimension => {
    const long = tiled === "results" ? 0 : 1;
    const extent = extents[[d.windowAxis, d.elementAxis][long]];
    return { ...d, stride: steps[1 - long] === 1 ? steps[long] : 0, tiles: Math.ceil(extent / TILE) };
  });
  const transforms = y.stride === x.stride ? transformsOf(tiled, y.stride) : null;
  if (transforms === null) return null;
  const plan: Draft = {
    contraction,
    tiled,
    imageFactor,
    own: own[0] ?? -1,
    shared: shared[0] ?? -1,
    columns: columns[0],
    y,
    x,
    stride: y.stride,
    transforms,
  };
  return pays(plan) ? { ...plan, strips: stripsOf(plan), panels: panelsOf(plan) } : null;
}

function dimensionOf(
  { extents, factors }: Contraction,
  imageFactor: 0 | 1,
  { terms, valid }: Coordinate,
): (Omit<Dimension, "tiles" | "stride"> & { readonly steps: readonly [number, number] }) | null {
  if (terms.length !== 2) return null;
  if (valid !== undefined && valid.step !== 1) return null;
  const ofOther = factorAxes(factors[1 - imageFactor]);
  const window = terms.find(({ axis }) => !ofOther.has(axis));
  const element = terms.find(({ axis }) => ofOther.has(axis));
  if (window === undefined || element === undefined) return null;
  if (!isLong(extents, window.axis) || !isLong(extents, element.axis)) return null;
  const image = factors[imageFactor].coordinates.findIndex((c) => c.terms === terms);
  const steps = [window.step, element.step] as const;
  return { windowAxis: window.axis, elementAxis: element.axis, image, steps };
}

/** Extent of an axis that may be none. */
export function extentOf({ contraction }: Pick<WinogradPlan, "contraction">, axis: number): number {
  return axis < 0 ? 1 : contraction.extents[axis];
}

function pays(plan: Draft): boolean {
  const { contraction, tiled, own, shared, columns, y, x, transforms } = plan;
  const { extents } = contraction;
  const long = (d: Dimension): number => extents[tiled === "results" ? d.windowAxis : d.elementAxis];
  const tiles = y.tiles * x.tiles;
  const direct = 9 * long(y) * long(x);
  if (direct < LEAST_SAVING * transforms.points ** 2 * tiles || tiles < LEAST_TILES_OF_IMAGE) return false;
  const images = extentOf(plan, tiled === "results" ? own : shared);
  const features = extentOf(plan, tiled === "results" ? shared : own);
  return images * tiles >= LEAST_TILES && Math.min(features, extents[columns]) >= LEAST_FEATURES;
}

function stripsOf(plan: Draft): RowSegment[] {
  const { tiled, own, shared, columns, y, x, transforms } = plan;
  // Along the window both factors are transformed tile by tile.
  const held = tiled === "results" ? extentOf(plan, shared) : extentOf(plan, own) + extentOf(plan, columns);
  const bytes = 4 * transforms.points ** 2;
  const features = extentOf(plan, tiled === "results" ? shared : own);
  const passed = bytes * features * extentOf(plan, columns);
  const most = Math.min(MOST_STRIP_BYTES, Math.max(LEAST_STRIP_BYTES, passed));
  return rowSegments(y.tiles, Math.max(1, Math.floor(most / (bytes * held * x.tiles))));
}

function panelsOf(plan: Draft): number {
  const panels = Math.ceil(extentOf(plan, plan.columns) / WIDTH);
  const most = Math.max(1, Math.floor(GROUP_BYTES / (4 * WIDTH * extentOf(plan, plan.shared))));
  return Math.ceil(panels / Math.ceil(panels / most));
}
