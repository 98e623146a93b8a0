/**
 * `np`: the API of `jax.numpy` on Weft's arrays. JAX's names in camelCase; what JAX users write as keywords goes in a
 * trailing options object. Importing it gives arrays their methods.
 */
import "./methods.ts";

export { type ArrayLike, NdArray, NdArray as ndarray } from "../core/array.ts";
export * from "./apply.ts";
export * from "./array.ts";
export { type AtOptions, IndexUpdate } from "./at.ts";
export * from "./blocks.ts";
export * from "./buffers.ts";
export * from "./calculus.ts";
export * from "./casting.ts";
export * from "./complex.ts";
export * from "./creation.ts";
export * from "./dtypes.ts";
export { type EinsumOptions, einsum, einsumPath } from "./einsum.ts";
/** Fourier transforms under their own name (`jnp.fft`). */
export * as fft from "./fft.ts";
export * from "./float-parts.ts";
export * from "./grids.ts";
export * from "./histograms.ts";
export * from "./index-tricks.ts";
export type { GetOptions, Index, RangeIndex } from "./indexing.ts";
export * from "./inspection.ts";
export * from "./integers.ts";
export * from "./interpolation.ts";
export * from "./joining.ts";
/** Linear algebra under its own name (`jnp.linalg`). */
export * as linalg from "./linalg/index.ts";
export {
  diag,
  diagflat,
  diagonal,
  dot,
  inner,
  matmul,
  outer,
  type ProductOptions,
  tensordot,
  trace,
  vdot,
  vecdot,
} from "./linalg.ts";
export {
  allclose,
  arrayEqual,
  arrayEquiv,
  bitwiseCount,
  bitwiseInvert,
  bitwiseLeftShift,
  bitwiseNot,
  bitwiseRightShift,
  type CloseOptions,
  equal,
  greater,
  greaterEqual,
  invert,
  isclose,
  isfinite,
  isinf,
  isnan,
  isneginf,
  isposinf,
  leftShift,
  less,
  lessEqual,
  logicalNot,
  type NanToNumOptions,
  nanToNum,
  notEqual,
  rightShift,
  select,
} from "./logic.ts";
export {
  atleast1d,
  atleast2d,
  atleast3d,
  broadcastArrays,
  broadcastTo,
  expandDims,
  flip,
  fliplr,
  flipud,
  matrixTranspose,
  moveaxis,
  permuteDims,
  ravel,
  reshape,
  roll,
  rollaxis,
  rot90,
  squeeze,
  swapaxes,
  transpose,
} from "./movement.ts";
export { choose, ravelMultiIndex, unravelIndex } from "./multi-index.ts";
export {
  nanargmax,
  nanargmin,
  nancumprod,
  nancumsum,
  nanmax,
  nanmean,
  nanmin,
  nanprod,
  nanstd,
  nansum,
  nanvar,
} from "./nan-reductions.ts";
export * from "./nonzero.ts";
export * from "./padding.ts";
export { type PolyfitOptions, polyfit } from "./polyfit.ts";
export * from "./polynomials.ts";
export * from "./products.ts";
export {
  type ArgOptions,
  type Axis,
  type AxisOptions,
  all,
  amax,
  amin,
  any,
  argmax,
  argmin,
  type CumulativeArrayOptions,
  type CumulativeOptions,
  countNonzero,
  cumprod,
  cumsum,
  cumulativeProd,
  cumulativeSum,
  type ExtremeOptions,
  type MeanOptions,
  max,
  mean,
  min,
  type OptionsOrAxis,
  prod,
  ptp,
  type SumOptions,
  std,
  sum,
  type VarOptions,
  var,
  type WhereOptions,
} from "./reductions.ts";
export {
  type IntersectOptions,
  intersect1d,
  type SetOptions,
  setdiff1d,
  setxor1d,
  union1d,
  uniqueCounts,
  uniqueInverse,
  uniqueValues,
} from "./sets.ts";
export * from "./sorting.ts";
export * from "./statistics.ts";
export { type TakeMode, type TakeOptions, take, takeAlongAxis } from "./take.ts";
export * from "./text.ts";
export {
  type BinaryFunction,
  frompyfunc,
  type Ufunc,
  type UfuncAxisOptions,
  type UfuncReduceOptions,
  ufunc,
} from "./ufunc-methods.ts";
export {
  add,
  bitwiseAnd,
  bitwiseOr,
  bitwiseXor,
  logaddexp,
  logaddexp2,
  logicalAnd,
  logicalOr,
  logicalXor,
  maximum,
  minimum,
  multiply,
  subtract,
} from "./ufunc-table.ts";
export * from "./ufuncs.ts";
export { type UniqueOptions, type UniqueResult, unique, uniqueAll } from "./unique.ts";
export * from "./updates.ts";
export { where } from "./where.ts";
export * from "./window-functions.ts";
