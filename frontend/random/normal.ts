/** Normal numbers (`jax.random`), from uniform ones by the formulas of JAX. */
import { roundTo } from "../../compiler/kernel/constants.ts";
import type { Shape } from "../../compiler/types/tensor-type.ts";
import { type ArrayLike, NdArray } from "../core/index.ts";
import { canonicalizeShape } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { broadcastShapes, constantLike } from "../lax/operands.ts";
import { finfo } from "../numpy/dtypes.ts";
import { checkFloat, type FloatOptions, parameter, uniform } from "./bits.ts";
import type { KeyLike } from "./keys.ts";

type Size = number | Shape;

/** The shape given, or what the parameters broadcast to. */
export function shapeOf(shape: Size | null, ...parameters: readonly ArrayLike[]): Shape {
  if (shape !== null) return canonicalizeShape(shape);
  return broadcastShapes(...parameters.map((p) => (p instanceof NdArray ? p.shape : [])));
}

/** Normal with mean 0 and variance 1: √2 · erfInv(u), u uniform on (−1, 1) (`jax.random.normal`). */
export function normal(key: KeyLike, shape: Size = [], options: FloatOptions = {}): NdArray {
  const dtype = checkFloat("normal", options.dtype ?? "float32");
  // The least number above −1: −1 itself would give −∞.
  const { epsneg } = finfo(dtype);
  const u = uniform(key, shape, { dtype, minval: -1 + epsneg, maxval: 1 });
  return lax.mul(lax.erfInv(u), Math.SQRT2);
}

/** Normal, cut off outside of (lower, upper) (`jax.random.truncated_normal`). */
export function truncatedNormal(
  key: KeyLike,
  lower: ArrayLike,
  upper: ArrayLike,
  shape: Size | null = null,
  options: FloatOptions = {},
): NdArray {
  const dtype = checkFloat("truncated_normal", options.dtype ?? "float32");
  const sizes = shapeOf(shape, lower, upper);
  const low = parameter("truncated_normal", lower, dtype, sizes);
  const high = parameter("truncated_normal", upper, dtype, sizes);
  const root = constantLike(low, roundTo(Math.SQRT2, dtype));
  const u = uniform(key, sizes, {
    dtype,
    minval: lax.erf(lax.div(low, root)),
    maxval: lax.erf(lax.div(high, root)),
  });
  const first = lax.nextafter(low, constantLike(low, Number.POSITIVE_INFINITY));
  const last = lax.nextafter(high, constantLike(high, Number.NEGATIVE_INFINITY));
  return lax.clamp(first, lax.mul(lax.erfInv(u), root), last);
}
