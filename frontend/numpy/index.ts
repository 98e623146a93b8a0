/**
 * `np`: the API of `jax.numpy` on Weft's arrays. JAX's names in camelCase; what JAX users write as keywords goes in a
 * trailing options object. Importing it gives arrays their methods.
 */
import "./methods.ts";
import { cross, diagonal, matmul, matrixPower, multiDot, outer, tensordot, trace, vecdot } from "./linalg.ts";
import { matrixTranspose } from "./movement.ts";
import { norm, vectorNorm } from "./norms.ts";

export { type ArrayLike, NdArray } from "../core/array.ts";
export * from "./array.ts";
export { type AtOptions, IndexUpdate } from "./at.ts";
export * from "./calculus.ts";
export * from "./creation.ts";
export * from "./dtypes.ts";
export { type EinsumOptions, einsum, einsumPath } from "./einsum.ts";
export * from "./histograms.ts";
export type { GetOptions, Index, RangeIndex } from "./indexing.ts";
export * from "./joining.ts";
export {
  cross,
  diag,
  diagflat,
  diagonal,
  dot,
  inner,
  kron,
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
  bitwiseAnd,
  bitwiseCount,
  bitwiseNot,
  bitwiseOr,
  bitwiseXor,
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
  logicalAnd,
  logicalNot,
  logicalOr,
  logicalXor,
  type NanToNumOptions,
  nanToNum,
  notEqual,
  rightShift,
  select,
  where,
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
export * from "./padding.ts";
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
  type CumulativeOptions,
  countNonzero,
  cumprod,
  cumsum,
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
export * from "./sorting.ts";
export * from "./statistics.ts";
export {
  choose,
  ravelMultiIndex,
  type TakeMode,
  type TakeOptions,
  take,
  takeAlongAxis,
  unravelIndex,
} from "./take.ts";
export * from "./ufuncs.ts";

/** Linear algebra under its own name (`jnp.linalg`). */
export const linalg = {
  cross,
  diagonal,
  matmul,
  matrixPower,
  matrixTranspose,
  multiDot,
  norm,
  outer,
  tensordot,
  trace,
  vecdot,
  vectorNorm,
} as const;
