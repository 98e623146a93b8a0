/** `np.linalg` (`jax.numpy.linalg`). */
export { matmul, tensordot, vecdot } from "../linalg.ts";
export { matrixTranspose } from "../movement.ts";
export { matrixNorm, type NormOptions, type NormOrder, norm, vectorNorm } from "../norms.ts";
export * from "./decompositions.ts";
export { det, slogdet } from "./determinants.ts";
export { cond, cross, diagonal, matrixPower, multiDot, outer, trace } from "./products.ts";
export {
  inv,
  lstsq,
  matrixRank,
  type PinvOptions,
  pinv,
  solve,
  tensorinv,
  tensorsolve,
} from "./solving.ts";
