/**
 * `random`: random numbers from explicit keys (`jax.random`). Bits, integers and uniform numbers are JAX's, bit for bit;
 * other distributions follow JAX's formulas and agree as far as their functions do.
 */
import "../numpy/methods.ts";

export * from "./bernoulli.ts";
export {
  type BitsOptions,
  bits,
  type FloatOptions,
  type RandintOptions,
  randint,
  type UniformOptions,
  uniform,
} from "./bits.ts";
export { config, type RandomConfig } from "./config.ts";
export * from "./discrete.ts";
export * from "./distributions.ts";
export * from "./gamma.ts";
export {
  clone,
  foldIn,
  type KeyImpl,
  type KeyLike,
  type KeyOptions,
  key,
  keyData,
  keyDtype,
  keyImpl,
  PRNGKey,
  PRNGKeyArray,
  split,
  wrapKeyData,
} from "./keys.ts";
export * from "./multivariate.ts";
export { normal, truncatedNormal } from "./normal.ts";
export * from "./poisson.ts";
