/** Arrays of coordinates, of powers, and of a function of indices (`jax.numpy`). */

import type { DType } from "../../compiler/types/dtype.ts";
import { sizeOf } from "../../compiler/types/tensor-type.ts";
import {
  type ArrayLike,
  asArray,
  convert,
  full as filled,
  formatShape,
  type NdArray,
  resultType,
  WeftValueError,
} from "../core/index.ts";
import { canonicalizeAxis, canonicalizeShape } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { broadcastedIota, checkDType, concatenate, expandDims, reshape } from "../lax/movement.ts";
import { broadcastTo } from "../lax/operands.ts";
import { broadcastShapes, type LinspaceOptions, linspace, zeros } from "./creation.ts";
import { type DTypeOption, dtypeOptions, type OptionsOrDType } from "./dtype-options.ts";
import { inexactDType, promoteDTypes, promoteDTypesInexact, toArray } from "./promotion.ts";

export { broadcastShapes };

/** `num` numbers spaced evenly on a log scale: base^start … base^stop (`jnp.logspace`). */
export function logspace(
  start: ArrayLike,
  stop: ArrayLike,
  num = 50,
  options: OptionsOrDType<LinspaceOptions & { base?: number }> = {},
): NdArray {
  const given: LinspaceOptions & { base?: number } = dtypeOptions("logspace", options);
  const { base = 10, dtype, ...rest } = given;
  const exponents = linspace(start, stop, num, rest);
  const values = lax.pow(filled(base, exponents.dtype, exponents.shape), exponents);
  return dtype === undefined ? values : convert(values, dtype);
}

/** `num` numbers in geometric progression from start to stop, of one sign (`jnp.geomspace`). The bounds may be arrays. */
export function geomspace(
  start: ArrayLike,
  stop: ArrayLike,
  num = 50,
  given: OptionsOrDType<LinspaceOptions> = {},
): NdArray {
  const options: LinspaceOptions = dtypeOptions("geomspace", given);
  const target = checkDType(options.dtype ?? inexactDType(resultType(start, stop).dtype));
  const computed: DType = target === "float64" ? "float64" : "float32";
  const [low, high] = promoteDTypes("geomspace", start, stop).map((x) => convert(x, computed));
  const shape = broadcastShapes(low.shape, high.shape);
  const [first, last] = [broadcastTo(low, shape), broadcastTo(high, shape)];
  const sign = lax.sign(first);
  const axis = canonicalizeAxis(options.axis ?? 0, shape.length + 1);
  const decades = (x: NdArray): NdArray => lax.mul(lax.log(lax.mul(sign, x)), Math.LOG10E);
  const values = logspace(decades(first), decades(last), num, {
    endpoint: options.endpoint ?? true,
    axis,
    dtype: computed,
  });
  const place = (x: NdArray): NdArray => broadcastTo(expandDims(x, [axis]), values.shape);
  let result = lax.mul(place(sign), values);
  // As JAX: the ends are exact.
  const at = broadcastedIota("int32", values.shape, axis);
  if (num > 0) result = lax.select(lax.eq(at, 0), place(first), result);
  if ((options.endpoint ?? true) && num > 1) result = lax.select(lax.eq(at, num - 1), place(last), result);
  return convert(result, target);
}

/** Options of `meshgrid`. */
export interface MeshgridOptions {
  /** "xy" (default): the first two axes are swapped, as for plots; "ij": matrix indexing. */
  readonly indexing?: "xy" | "ij";
  /** Extents of 1 in place of repetition. */
  readonly sparse?: boolean;
}

/** Coordinate arrays from coordinate vectors (`jnp.meshgrid`). */
export function meshgrid(vectors: readonly ArrayLike[], options: MeshgridOptions = {}): NdArray[] {
  const { indexing = "xy", sparse = false } = options;
  const arrays = vectors.map((x) => toArray("meshgrid", x));
  for (const x of arrays) {
    if (x.ndim > 1)
      throw new WeftValueError(`Arguments to meshgrid must be at most 1D, got shape ${formatShape(x.shape)}`);
  }
  const sizes = arrays.map((x) => x.size);
  const swap = indexing === "xy" && arrays.length >= 2;
  const axisOf = (i: number): number => (swap && i < 2 ? 1 - i : i);
  const shape = sizes.map((_, i) => sizes[axisOf(i)]);
  return arrays.map((x, i) => {
    const placed = reshape(
      x,
      shape.map((_, axis) => (axis === axisOf(i) ? sizes[i] : 1)),
    );
    return sparse ? placed : broadcastTo(placed, shape);
  });
}

/** The index along every axis: [ndim, ...dimensions], or a list of them with extent 1 elsewhere (`jnp.indices`). */
export function indices(dimensions: readonly number[], options?: DTypeOption & { sparse?: false }): NdArray;
export function indices(dimensions: readonly number[], options: DTypeOption & { sparse: true }): NdArray[];
export function indices(
  dimensions: readonly number[],
  options: DTypeOption & { sparse?: boolean } = {},
): NdArray | NdArray[] {
  const shape = canonicalizeShape(dimensions);
  const given: { dtype?: DType; sparse?: boolean } = dtypeOptions("indices", options);
  const dtype = checkDType(given.dtype ?? "int32");
  if (given.sparse ?? false) {
    return shape.map((n, axis) =>
      broadcastedIota(
        dtype,
        shape.map((_, i) => (i === axis ? n : 1)),
        axis,
      ),
    );
  }
  if (shape.length === 0) return zeros([0], { dtype });
  return concatenate(
    shape.map((_, axis) => expandDims(broadcastedIota(dtype, shape, axis), [0])),
    0,
  );
}

/** An array of what a function gives for the index arrays of a shape (`jnp.fromfunction`). */
export function fromfunction(
  f: (...indices: NdArray[]) => NdArray,
  shape: readonly number[],
  options: OptionsOrDType = {},
): NdArray {
  const sizes = canonicalizeShape(shape);
  const dtype = checkDType(dtypeOptions("fromfunction", options).dtype ?? "int32");
  const result = asArray(f(...sizes.map((_, axis) => broadcastedIota(dtype, sizes, axis))));
  return result.ndim === 0 ? broadcastTo(result, sizes) : result;
}

/** Columns 1, x, x², … or, by default, from the highest power down (`jnp.vander`). */
export function vander(
  x: ArrayLike,
  n: number | null = null,
  options: { increasing?: boolean } = {},
): NdArray {
  const [a] = promoteDTypesInexact("vander", x);
  if (a.ndim !== 1) throw new WeftValueError("x must be a one-dimensional array");
  const columns = n ?? a.size;
  const powers = Array.from({ length: columns }, (_, i) =>
    (options.increasing ?? false) ? i : columns - 1 - i,
  );
  if (sizeOf([a.size, columns]) === 0) return zeros([a.size, columns], { dtype: a.dtype });
  return concatenate(
    powers.map((p) => expandDims(lax.integerPow(a, p), [1])),
    1,
  );
}
