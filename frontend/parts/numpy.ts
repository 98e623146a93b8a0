/**
 * The rest of `numpy` in pages: sets, statistics, histograms, polynomials, padding, updates and what works along axes. Importing
 * this lets the functions of the core's `numpy` do their work; it exports them too.
 */
export * from "../numpy/apply.ts";
export * from "../numpy/blocks.ts";
export * from "../numpy/buffers.ts";
export * from "../numpy/calculus.ts";
export * from "../numpy/casting.ts";
export { einsum, einsumPath } from "../numpy/einsum.ts";
export * from "../numpy/float-parts.ts";
export * from "../numpy/grids.ts";
export * from "../numpy/histograms.ts";
export * from "../numpy/index-tricks.ts";
export * from "../numpy/integers.ts";
export * from "../numpy/interpolation.ts";
export * from "../numpy/multi-index.ts";
export * from "../numpy/nan-reductions.ts";
export * from "../numpy/padding.ts";
export * from "../numpy/polynomials.ts";
export * from "../numpy/products.ts";
export * from "../numpy/sets.ts";
export * from "../numpy/statistics.ts";
export * from "../numpy/unique.ts";
export * from "../numpy/updates.ts";
export * from "../numpy/window-functions.ts";
