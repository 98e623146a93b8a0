/** `scipy`: `jax.scipy`. */
import "../numpy/methods.ts";

export * as linalg from "./linalg.ts";
export * as special from "./special/index.ts";
export * as stats from "./stats/index.ts";
