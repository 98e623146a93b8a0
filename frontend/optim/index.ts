/** `optim`: optimizers, schedules and losses in the manner of optax. All work on trees, under jit and in scan. */
import "../numpy/methods.ts";

export * from "./accumulation.ts";
export * from "./adam.ts";
export * from "./adding.ts";
export * from "./backtracking.ts";
export {
  type ExtraArgs,
  type GradientTransformation,
  identity,
  type ScalarOrSchedule,
  type Schedule,
  safeIncrement,
  setToZero,
  stateless,
  statelessWithTreeMap,
} from "./base.ts";
export * from "./clipping.ts";
export * from "./combining.ts";
export * from "./conditionality.ts";
export * from "./constraining.ts";
export * from "./factored.ts";
export * from "./inject.ts";
export * from "./layouts.ts";
export * from "./lbfgs.ts";
export { valueAndGradFromState } from "./linesearch.ts";
export * from "./lookahead.ts";
export * from "./losses/index.ts";
export * from "./masking.ts";
export * from "./monitoring.ts";
export * from "./multi-steps.ts";
export { globalNorm, safeNorm, safeRootMeanSquares } from "./norms.ts";
export * from "./optimizers.ts";
export * from "./optimizers-more.ts";
export * as projections from "./projections.ts";
export * from "./rms.ts";
export * from "./scaling.ts";
export * from "./schedules.ts";
export * from "./second-order.ts";
export * from "./train-state.ts";
export * as tree from "./tree-utils.ts";
export type { EmptyState, OptState } from "./trees.ts";
export * from "./update.ts";
export * from "./zoom.ts";
