/** `nn`: activations, softmax, attention and initializers (`jax.nn`). */
import "../numpy/methods.ts";

export * from "./activations.ts";
export * from "./attention.ts";
export * from "./functions.ts";
export type { Initializer } from "./initializers.ts";
export * as initializers from "./initializers.ts";
export * from "./modules/index.ts";
