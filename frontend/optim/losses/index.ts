/** Losses (`optax.losses`), elementwise or per example: take their mean for a training loss. */
export type { LossOptions } from "./checks.ts";
export * from "./classification.ts";
export * from "./ctc.ts";
export * from "./divergences.ts";
export * from "./ranking.ts";
export * from "./regression.ts";
export * from "./segmentation.ts";
export * from "./self-supervised.ts";
export * from "./smoothing.ts";
