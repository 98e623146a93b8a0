/** `optim`: optimizers, schedules and losses in the manner of optax. All work on trees, under jit and in scan. */
import "../numpy/methods.ts";

export * from "./losses.ts";
export * from "./optimizers.ts";
export * from "./schedules.ts";
export * from "./transform.ts";
export type { OptState } from "./trees.ts";
