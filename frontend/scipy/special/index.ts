/** `scipy.special` (`jax.scipy.special`): functions promote and broadcast their arguments and compute in floats. */
export * from "./bessel.ts";
export * from "./error-function.ts";
export * from "./faddeeva.ts";
export * from "./fresnel.ts";
export * from "./gamma.ts";
export * from "./hypergeometric.ts";
export * from "./integrals.ts";
export * from "./logarithmic.ts";
export * from "./numbers.ts";
