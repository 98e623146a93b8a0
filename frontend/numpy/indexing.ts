/**
 * Indexing: `x.slice(0, [1, 5], null, "...")` and the places that `x.at(…)` writes, as one plan.
 *
 * As in JAX, an index out of bounds does not throw: reading clamps it to the nearest element, writing drops the update.
 */
import { isFloating } from "../../compiler/types/dtype.ts";
import { type Shape, sameShape } from "../../compiler/types/tensor-type.ts";
import {
  bindOne,
  ConcretizationTypeError,
  captureSource,
  convert,
  formatType,
  full,
  isStaging,
  NdArray,
  Tracer,
  WeftTypeError,
  WeftValueError,
} from "../core/index.ts";
import { range } from "../lax/axes.ts";
import { add, mul } from "../lax/elementwise.ts";
import { type GatherScatterMode, gather } from "../lax/indexing.ts";
import { broadcastedIota, concatenate, expandDims, reshape, rev, slice, transpose } from "../lax/movement.ts";
import { broadcastShapes, broadcastTo } from "../lax/operands.ts";
import { nonzero } from "./nonzero.ts";
import { normalizeIndices } from "./take.ts";

/**
 * One index: an integer (the axis goes away), a range `[start, stop, step]` with null or missing for Python's empty
 * places (`[]` is `:`, `[1]` is `1:`, `[null, null, -1]` is `::-1`), null for a new axis, "..." for all axes left out,
 * an array of integers or a boolean mask.
 */
export type Index = number | RangeIndex | null | "..." | ":" | NdArray;
/** A range of an axis, as Python's `start:stop:step`. */
export type RangeIndex = readonly [start?: number | null, stop?: number | null, step?: number | null];

/** What an axis of the operand is indexed with. */
type AxisRange = {
  readonly kind: "range";
  readonly start: number;
  readonly length: number;
  readonly step: number;
};
type AxisIndex =
  | { readonly kind: "int"; readonly value: number }
  | AxisRange
  | { readonly kind: "array"; readonly value: NdArray }
  | { readonly kind: "newaxis" };

function isRange(index: Index): index is RangeIndex {
  return Array.isArray(index);
}

/** Python's `slice.indices`: start, length and step within an extent. */
function resolveRange(index: RangeIndex, extent: number): AxisRange {
  if (index.length > 3)
    throw new WeftTypeError(`a range index is [start, stop, step], got ${index.length} entries`);
  for (const part of index) {
    if (part !== null && part !== undefined && !Number.isInteger(part)) {
      throw new WeftTypeError(
        "Array slice indices must have static start/stop/step to be used with NumPy indexing syntax. Found range " +
          `[${index.map(String).join(", ")}]. To index a statically sized array at a dynamic position, try ` +
          "lax.dynamicSlice or lax.dynamicUpdateSlice.",
      );
    }
  }
  const step = index[2] ?? 1;
  if (step === 0) throw new WeftValueError("slice step cannot be zero");
  const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);
  const within = (value: number | null | undefined, missing: number): number => {
    if (value === null || value === undefined) return missing;
    const counted = value < 0 ? value + extent : value;
    return step > 0 ? clamp(counted, 0, extent) : clamp(counted, -1, extent - 1);
  };
  const start = within(index[0], step > 0 ? 0 : extent - 1);
  const stop = within(index[1], step > 0 ? extent : -1);
  return { kind: "range", start, length: Math.max(0, Math.ceil((stop - start) / step)), step };
}

/** The places of a range within an extent, in order. */
export function rangePlaces(index: RangeIndex, extent: number): number[] {
  const { start, length, step } = resolveRange(index, extent);
  return range(length).map((i) => start + i * step);
}

/** How many axes of the operand an index takes. */
function axesTaken(index: Index): number {
  if (index === null || index === "...") return 0;
  return index instanceof NdArray && index.dtype === "bool" ? index.ndim : 1;
}

/** Positions of a mask's true elements; a mask must have its values. */
function maskPositions(mask: NdArray): NdArray[] {
  if (mask instanceof Tracer && isStaging()) {
    throw new ConcretizationTypeError(
      `NonConcreteBooleanIndexError: Array boolean indices must be concrete; got ${formatType(mask.aval.type)}. ` +
        "The number of true elements would be a shape, which jit must know: use np.where(mask, x, y), " +
        "or np.nonzero(mask, { size }).",
      captureSource(),
    );
  }
  return nonzero(mask);
}

/** One entry for every axis of the operand and every new axis, in order. */
function resolve(shape: Shape, indices: readonly Index[], wrap = true): AxisIndex[] {
  const taken = indices.reduce<number>((n, index) => n + axesTaken(index), 0);
  if (taken > shape.length) {
    throw new WeftValueError(
      `Too many indices: array is ${shape.length}-dimensional, but ${taken} were indexed`,
    );
  }
  if (indices.filter((index) => index === "...").length > 1) {
    throw new WeftValueError("an index can only have a single ellipsis ('...')");
  }
  const list = indices.includes("...") ? indices : [...indices, "..." as const];
  const entries: AxisIndex[] = [];
  let axis = 0;
  for (const index of list) {
    if (index === null) entries.push({ kind: "newaxis" });
    else if (index === "...") {
      for (const _ of range(shape.length - taken)) entries.push(resolveRange([], shape[axis++]));
    } else if (index === ":") entries.push(resolveRange([], shape[axis++]));
    else if (typeof index === "number") {
      if (!Number.isInteger(index)) {
        throw new WeftTypeError(`Indexer must have integer or boolean type, got indexer ${index}`);
      }
      const extent = shape[axis++];
      entries.push({ kind: "int", value: index < 0 ? index + extent : index });
    } else if (isRange(index)) entries.push(resolveRange(index, shape[axis++]));
    else if (!(index instanceof NdArray)) {
      throw new WeftTypeError(
        `unsupported index ${String(index)}: use an integer, [start, stop, step], null, "..." or an array`,
      );
    } else if (index.dtype === "bool") {
      const covered = shape.slice(axis, axis + index.ndim);
      if (index.ndim === 0) throw new WeftTypeError("a scalar bool is no index: use np.where");
      if (!sameShape(covered, index.shape)) {
        throw new WeftValueError(
          `boolean index did not match shape of indexed array in index ${axis}: got (${index.shape.join(", ")}), ` +
            `expected (${covered.join(", ")})`,
        );
      }
      axis += index.ndim;
      for (const value of maskPositions(index)) entries.push({ kind: "array", value });
    } else {
      if (isFloating(index.dtype)) {
        throw new WeftTypeError(
          `Indexer must have integer or boolean type, got indexer with type ${index.dtype}`,
        );
      }
      const extent = shape[axis++];
      const value = convert(index, "int32");
      entries.push({ kind: "array", value: wrap ? normalizeIndices(value, extent, "clip") : value });
    }
  }
  return entries;
}

/** Integers and ranges only. */
function isStatic(entries: readonly AxisIndex[]): boolean {
  return entries.every((entry) => entry.kind !== "array");
}

/** The ranges applied, the axes of integers and arrays left whole. */
function applyRanges(x: NdArray, entries: readonly AxisIndex[]): NdArray {
  const axes = entries.filter((entry) => entry.kind !== "newaxis");
  const starts: number[] = [];
  const limits: number[] = [];
  const strides: number[] = [];
  const reversed: number[] = [];
  for (const [axis, entry] of axes.entries()) {
    const extent = x.shape[axis];
    if (entry.kind !== "range") {
      starts.push(0);
      limits.push(extent);
      strides.push(1);
      continue;
    }
    const { start, length, step } = entry;
    const last = start + (length - 1) * step;
    // Backwards: the same elements forwards, then reversed.
    const first = step > 0 ? start : last;
    starts.push(length === 0 ? 0 : first);
    limits.push(length === 0 ? 0 : Math.max(start, last) + 1);
    strides.push(length <= 1 ? 1 : Math.abs(step));
    if (step < 0 && length > 1) reversed.push(axis);
  }
  return rev(slice(x, starts, limits, strides), reversed);
}

/** Integers and ranges: a slice and a reshape. */
function readStatic(x: NdArray, entries: readonly AxisIndex[]): NdArray {
  const axes = entries.filter((entry) => entry.kind !== "newaxis");
  const asRanges = axes.map((entry, axis): AxisIndex => {
    if (entry.kind !== "int") return entry;
    const start = Math.min(Math.max(entry.value, 0), Math.max(x.shape[axis] - 1, 0));
    if (x.shape[axis] === 0) {
      throw new WeftValueError(`index ${entry.value} is out of bounds for axis ${axis} with size 0`);
    }
    return { kind: "range", start, length: 1, step: 1 };
  });
  const sliced = applyRanges(x, asRanges);
  const shape = entries.flatMap((entry): number[] => {
    if (entry.kind === "newaxis") return [1];
    return entry.kind === "range" ? [entry.length] : [];
  });
  return reshape(sliced, shape);
}

/** Where the joint shape of index arrays stands in the result: at the first of them if they are neighbours, else first. */
function arraysPlace(entries: readonly AxisIndex[]): number {
  const advanced = (entry: AxisIndex): boolean => entry.kind === "array" || entry.kind === "int";
  const places = range(entries.length).filter((i) => advanced(entries[i]));
  const neighbours = places.every((p, i) => i === 0 || p === places[i - 1] + 1);
  return neighbours ? entries.slice(0, places[0]).length : 0;
}

/** Options of reading through `x.at(…).get(…)`. */
export interface GetOptions {
  /** Out of bounds: "clip" (default), "fill" with the fill value, or the promise that it does not happen. */
  readonly mode?: GatherScatterMode;
  readonly fillValue?: number | null;
  readonly indicesAreSorted?: boolean;
  readonly uniqueIndices?: boolean;
  /** Whether negative indices count from the end; default true. */
  readonly wrapNegativeIndices?: boolean;
}

/** Elements at integer arrays: a gather over the axes indexed so. */
function readAdvanced(x: NdArray, entries: readonly AxisIndex[], options: GetOptions): NdArray {
  const axes = entries.filter((entry) => entry.kind !== "newaxis");
  const sliced = applyRanges(x, entries);
  const indexed = range(axes.length).filter((axis) => axes[axis].kind !== "range");
  const values = indexed.map((axis) => indexValue(axes[axis]));
  const joint = broadcastShapes(...values.map((v) => v.shape));
  const place = arraysPlace(entries);
  // Result axes before the joint shape: new axes and ranges before it; new axes are put in at the end.
  const before = entries.slice(0, place).filter((entry) => entry.kind === "range").length;
  const windows = axes.length - indexed.length;
  const { mode = "clip", fillValue = null } = options;
  let result: NdArray;
  if (joint.length === 0 && mode !== "fill" && mode !== "drop") {
    const starts = axes.map((entry) => indexValue(entry));
    const sliceSizes = sliced.shape.map((n, axis) => (indexed.includes(axis) ? 1 : n));
    result = reshape(
      bindOne("dynamic_slice", [sliced, ...starts], { sliceSizes }, sliced.weakType),
      sliced.shape.filter((_, axis) => !indexed.includes(axis)),
    );
  } else {
    result = gather(
      sliced,
      indexVectors(values, joint),
      {
        offsetDims: range(windows).map((i) => (i < before ? i : i + joint.length)),
        collapsedSliceDims: indexed,
        startIndexMap: indexed,
      },
      sliced.shape.map((n, axis) => (indexed.includes(axis) ? Math.min(n, 1) : n)),
      { mode, fillValue },
    );
  }
  const shape: number[] = [];
  for (const [i, entry] of entries.entries()) {
    if (i === place) shape.push(...joint);
    if (entry.kind === "newaxis") shape.push(1);
    else if (entry.kind === "range") shape.push(entry.length);
  }
  return reshape(result, shape);
}

function indexValue(entry: AxisIndex): NdArray {
  if (entry.kind === "array") return entry.value;
  return full(entry.kind === "int" ? entry.value : 0, "int32");
}

/** Index arrays of one joint shape as vectors along a new last axis. */
function indexVectors(values: readonly NdArray[], joint: Shape): NdArray {
  const columns = values.map((v) => expandDims(broadcastTo(v, joint), [joint.length]));
  return columns.length === 0 ? full(0, "int32", [...joint, 0]) : concatenate(columns, joint.length);
}

/** `x[indices]` (NumPy's basic and advanced indexing). */
export function getIndex(x: NdArray, indices: readonly Index[], options: GetOptions = {}): NdArray {
  const entries = resolve(x.shape, indices, options.wrapNegativeIndices ?? true);
  if (isStatic(entries) && options.mode === undefined) return readStatic(x, entries);
  return entries.some((entry) => entry.kind === "array" || entry.kind === "int")
    ? readAdvanced(x, entries, options)
    : readStatic(x, entries);
}

/** What a write changes, ready for scatter, or for a dynamic update where it is one block. */
export interface WritePlan {
  /** Shape of what is written, as `x[indices]` has it. */
  readonly shape: Shape;
  /** A block [start, size] per axis where the indices are integers and ranges of step 1 within bounds. */
  readonly block: { readonly starts: readonly number[]; readonly sizes: readonly number[] } | null;
  /** Index vectors [joint…, strided ranges…, components]. */
  readonly indices: () => NdArray;
  /** Axes of the operand that the components of the vectors are for. */
  readonly indexed: readonly number[];
  /** Axes of the operand that a window does not have. */
  readonly inserted: readonly number[];
  /** Updates of `shape` in the order [joint…, strided ranges…, window axes…]. */
  readonly arrangeUpdates: (updates: NdArray) => NdArray;
  readonly windowRank: number;
}

/** The plan of `x.at(indices)`. */
export function planWrite(x: NdArray, indices: readonly Index[], wrapNegative = true): WritePlan {
  const entries = resolve(x.shape, indices, wrapNegative);
  const axes = entries.filter((entry) => entry.kind !== "newaxis");
  const arrays = axes.some((entry) => entry.kind === "array");
  const place = arrays ? arraysPlace(entries) : 0;
  const values = axes.filter((entry) => entry.kind === "array" || entry.kind === "int").map(indexValue);
  const joint = arrays ? broadcastShapes(...values.map((v) => v.shape)) : [];
  const inBlock = axes.every(
    (entry, axis) =>
      (entry.kind === "int" && entry.value >= 0 && entry.value < x.shape[axis]) ||
      (entry.kind === "range" && (entry.step === 1 || entry.length <= 1) && entry.length > 0),
  );
  const block = inBlock
    ? {
        starts: axes.map((entry) =>
          entry.kind === "int" ? entry.value : entry.kind === "range" ? entry.start : 0,
        ),
        sizes: axes.map((entry) => (entry.kind === "range" ? entry.length : 1)),
      }
    : null;

  const strided = range(axes.length).filter((axis) => isStrided(axes[axis]));
  const windows = range(axes.length).filter((axis) => axes[axis].kind === "range" && !strided.includes(axis));
  const points = range(axes.length).filter((axis) => axes[axis].kind !== "range");
  const shifted = windows.filter((axis) => !isWhole(axes[axis], x.shape[axis]));
  const lengthOf = (axis: number): number => {
    const entry = axes[axis];
    return entry.kind === "range" ? entry.length : 1;
  };
  const outer = [...joint, ...strided.map(lengthOf)];

  // Where every axis of `shape` comes from, to bring updates into the canonical order.
  const shape: number[] = [];
  const source: string[] = [];
  let axis = 0;
  for (const [i, entry] of entries.entries()) {
    if (arrays && i === place) {
      shape.push(...joint);
      source.push(...joint.map((_, k) => `joint${k}`));
    }
    if (entry.kind === "newaxis") {
      shape.push(1);
      source.push("new");
      continue;
    }
    if (entry.kind === "range") {
      shape.push(entry.length);
      source.push(`axis${axis}`);
    }
    axis++;
  }
  const canonical = [...joint.map((_, k) => `joint${k}`), ...[...strided, ...windows].map((a) => `axis${a}`)];

  return {
    shape,
    block,
    indexed: [...points, ...strided, ...shifted],
    inserted: [...points, ...strided].sort((a, b) => a - b),
    windowRank: windows.length,
    indices() {
      const components = [
        ...values.map((v) => spreadOver(v, outer, joint.length)),
        ...strided.map((a, k) => stridedPlaces(axes[a], outer, joint.length + k)),
        ...shifted.map((a) => full(startOf(axes[a]), "int32", outer)),
      ];
      return indexVectors(components, outer);
    },
    arrangeUpdates(updates) {
      const kept = range(source.length).filter((i) => source[i] !== "new");
      const squeezed = reshape(
        updates,
        kept.map((i) => shape[i]),
      );
      const names = kept.map((i) => source[i]);
      return transpose(
        squeezed,
        canonical.map((name) => names.indexOf(name)),
      );
    },
  };
}

function isStrided(entry: AxisIndex): boolean {
  return entry.kind === "range" && entry.step !== 1 && entry.length > 1;
}

function isWhole(entry: AxisIndex, extent: number): boolean {
  return entry.kind === "range" && entry.length === extent;
}

function startOf(entry: AxisIndex): number {
  return entry.kind === "range" ? entry.start : 0;
}

/** An index array of the joint shape, repeated over the strided ranges behind it. */
function spreadOver(value: NdArray, outer: Shape, jointRank: number): NdArray {
  const joint = broadcastTo(value, outer.slice(0, jointRank));
  return broadcastTo(reshape(joint, [...joint.shape, ...outer.slice(jointRank).map(() => 1)]), outer);
}

/** start, start + step, … along one axis of the outer shape. */
function stridedPlaces(entry: AxisIndex, outer: Shape, axis: number): NdArray {
  if (entry.kind !== "range") return full(0, "int32", outer);
  return add(mul(broadcastedIota("int32", outer, axis), entry.step), entry.start);
}
