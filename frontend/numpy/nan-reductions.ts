/** Reductions that leave NaN out (`jax.numpy` nan functions). */
import { isFloating } from "../../compiler/types/dtype.ts";
import { type ArrayLike, convert, type NdArray } from "../core/index.ts";
import { canonicalizeAxes } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { broadcastTo, numberAs } from "../lax/operands.ts";
import { extremeValue } from "../lax/reductions.ts";
import { isnan, logicalAnd, logicalNot, where } from "./logic.ts";
import { inexact, toArray } from "./promotion.ts";
import * as reduce from "./reductions.ts";

/** The elements that count: no NaN, and within the caller's mask. */
function present(x: NdArray, mask: ArrayLike | null | undefined): NdArray {
  const valid = logicalNot(isnan(x));
  return mask === null || mask === undefined ? valid : logicalAnd(valid, mask);
}

/** Sum without NaN (`jnp.nansum`). */
export function nansum(x: ArrayLike, options: reduce.OptionsOrAxis<reduce.SumOptions> = {}): NdArray {
  return reduce.sum(reduce.replaceNan(toArray("nansum", x), 0), options);
}
/** Product without NaN (`jnp.nanprod`). */
export function nanprod(x: ArrayLike, options: reduce.OptionsOrAxis<reduce.SumOptions> = {}): NdArray {
  return reduce.prod(reduce.replaceNan(toArray("nanprod", x), 1), options);
}
/** Prefix sums without NaN (`jnp.nancumsum`). */
export function nancumsum(x: ArrayLike, options: reduce.CumulativeOptions | number | null = {}): NdArray {
  return reduce.cumsum(reduce.replaceNan(toArray("nancumsum", x), 0), options);
}
/** Prefix products without NaN (`jnp.nancumprod`). */
export function nancumprod(x: ArrayLike, options: reduce.CumulativeOptions | number | null = {}): NdArray {
  return reduce.cumprod(reduce.replaceNan(toArray("nancumprod", x), 1), options);
}

function nanExtreme(
  name: "max" | "min",
  x: ArrayLike,
  given: reduce.OptionsOrAxis<reduce.ExtremeOptions>,
): NdArray {
  const options: reduce.ExtremeOptions = reduce.asOptions(given);
  const a = toArray(`nan${name}`, x);
  const extreme = name === "max" ? reduce.max : reduce.min;
  if (!isFloating(a.dtype)) return extreme(a, options);
  const identity = extremeValue(a.dtype, name === "max" ? "lowest" : "highest");
  const result = extreme(reduce.replaceNan(a, identity), options);
  const { axis, keepdims } = options;
  return where(
    reduce.all(isnan(a), { axis, keepdims, where: options.where }),
    numberAs(Number.NaN, a.dtype),
    result,
  );
}
/** Greatest element that is no NaN; NaN if there is none (`jnp.nanmax`). */
export function nanmax(x: ArrayLike, options: reduce.OptionsOrAxis<reduce.ExtremeOptions> = {}): NdArray {
  return nanExtreme("max", x, options);
}
/** Least element that is no NaN; NaN if there is none (`jnp.nanmin`). */
export function nanmin(x: ArrayLike, options: reduce.OptionsOrAxis<reduce.ExtremeOptions> = {}): NdArray {
  return nanExtreme("min", x, options);
}

/** Mean of the elements that are no NaN (`jnp.nanmean`). */
export function nanmean(x: ArrayLike, given: reduce.OptionsOrAxis<reduce.MeanOptions> = {}): NdArray {
  const options: reduce.MeanOptions = reduce.asOptions(given);
  const a = inexact("nanmean", x);
  return reduce.mean(reduce.replaceNan(a, 0), { ...options, where: present(a, options.where) });
}

/** Variance of the elements that are no NaN (`jnp.nanvar`). */
export function nanvar(x: ArrayLike, given: reduce.OptionsOrAxis<reduce.VarOptions> = {}): NdArray {
  const options: reduce.VarOptions = reduce.asOptions(given);
  const a = inexact("nanvar", x);
  return reduce.variance(reduce.replaceNan(a, 0), { ...options, where: present(a, options.where) });
}
/** Standard deviation of the elements that are no NaN (`jnp.nanstd`). */
export function nanstd(x: ArrayLike, options: reduce.OptionsOrAxis<reduce.VarOptions> = {}): NdArray {
  return lax.sqrt(nanvar(x, options));
}

function nanArg(name: "argmax" | "argmin", x: ArrayLike, given: reduce.ArgOptions | number | null): NdArray {
  const options: reduce.ArgOptions = given === null || typeof given === "number" ? { axis: given } : given;
  const a = toArray(`nan${name}`, x);
  const place = name === "argmax" ? reduce.argmax : reduce.argmin;
  if (!isFloating(a.dtype)) return place(a, options);
  const found = place(
    reduce.replaceNan(a, name === "argmax" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY),
    options,
  );
  const { axis, keepdims } = options;
  const nothing = reduce.all(isnan(a), { axis, keepdims });
  return lax.select(broadcastTo(nothing, found.shape), numberAs(-1, found.dtype, found.shape), found);
}
/** Place of the greatest element that is no NaN; −1 if there is none (`jnp.nanargmax`). */
export function nanargmax(x: ArrayLike, options: reduce.ArgOptions | number | null = {}): NdArray {
  return nanArg("argmax", x, options);
}
/** Place of the least element that is no NaN; −1 if there is none (`jnp.nanargmin`). */
export function nanargmin(x: ArrayLike, options: reduce.ArgOptions | number | null = {}): NdArray {
  return nanArg("argmin", x, options);
}

/** Number of elements over axes that are no NaN, in floats. */
export function presentCount(x: NdArray, axis: reduce.Axis): NdArray {
  const axes = canonicalizeAxes(axis, x.ndim);
  return convert(reduce.sum(logicalNot(isnan(x)), { axis: axes, keepdims: true }), x.dtype);
}
