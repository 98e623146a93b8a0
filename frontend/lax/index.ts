/**
 * `lax`: the primitives under JAX's names in camelCase, with JAX's signatures (`jax.lax`). They neither promote dtypes
 * nor broadcast arrays of different ranks; `np` does both. What JAX writes as keywords goes in a trailing options object.
 */
import "../numpy/methods.ts";

export {
  cond,
  foriLoop,
  type ScanOptions,
  scan,
  switchCase,
  switchCase as switch,
  whileLoop,
} from "../control/index.ts";
export { type ArrayLike, NdArray } from "../core/array.ts";
export { checkpoint, checkpoint as remat, stopGradient } from "../transforms/checkpoint.ts";
export { customJvp } from "../transforms/custom-jvp.ts";
export { customVjp } from "../transforms/custom-vjp.ts";
export * from "./barrier.ts";
export * from "./contraction.ts";
export * from "./conv-patches.ts";
export {
  type ApproxOptions,
  approxMaxK,
  approxMinK,
  broadcastLike,
  broadcastToRank,
  dtype,
  empty,
  indexTake,
  platformDependent,
  raggedDot,
  reducePrecision,
  scatterApply,
  scatterSub,
  shapeAsValue,
  stack,
  tile,
  unstack,
} from "./conveniences.ts";
export * from "./convolution.ts";
export * from "./dynamic.ts";
export * from "./elementwise.ts";
export { type Complex, type ComplexLike, type FftType, fft } from "./fft.ts";
export { reduceXor } from "./general-fold.ts";
export {
  type GatherDimensionNumbers,
  type GatherOptions,
  type GatherScatterMode,
  gather,
  type ScatterDimensionNumbers,
  type ScatterOptions,
  scatter,
  scatterAdd,
  scatterMax,
  scatterMin,
  scatterMul,
} from "./indexing.ts";
export { mulhi } from "./integer-products.ts";
/** Factorisations under their own name (`jax.lax.linalg`). */
export * as linalg from "./linalg-namespace.ts";
export { type AssociativeScanOptions, associativeScan, type MapOptions, map } from "./loops.ts";
export {
  broadcast,
  broadcastedIota,
  broadcastInDim,
  collapse,
  concatenate,
  expandDims,
  full,
  fullLike,
  indexInDim,
  iota,
  pad,
  reshape,
  rev,
  slice,
  sliceInDim,
  split,
  squeeze,
  transpose,
  zerosLike,
} from "./movement.ts";
export { broadcastShapes } from "./operands.ts";
export type { Precision, PrecisionLike, PrecisionName, PrecisionOptions } from "./precision.ts";
export { threefry2x32 } from "./random-bits.ts";
export * from "./reduce-window.ts";
export {
  type Axes,
  argmax,
  argmin,
  type Combine,
  type CumulativeOptions,
  cumlogsumexp,
  cummax,
  cummin,
  cumprod,
  cumsum,
  reduce,
  reduceAnd,
  reduceMax,
  reduceMin,
  reduceOr,
  reduceProd,
  reduceSum,
} from "./reductions.ts";
export { customLinearSolve, customRoot, type LinearSolveOptions, type RootOptions } from "./solves.ts";
export { type SortOptions, sort, sortKeyVal, topK } from "./sorting.ts";
export * from "./special.ts";
export { type Padding, type PaddingPairs, paddingPairs as padtypeToPads } from "./windows.ts";
