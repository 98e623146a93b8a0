/**
 * `haiku`: modules in the manner of Haiku, for functions that make their modules as they run. `transform` makes of such a
 * function a pair of pure ones. Parameters have Haiku's names and, from the same key, Haiku's numbers.
 */
import "../numpy/methods.ts";

export * from "./conv.ts";
export { type HaikuTree, MissingRNGError, PRNGSequence } from "./frame.ts";
export * as initializers from "./initializers.ts";
export * from "./layers.ts";
export { Module } from "./module.ts";
export * as nets from "./nets.ts";
export {
  getParameter,
  getState,
  type Initializer,
  maybeNextRngKey,
  nextRngKey,
  nextRngKeys,
  type ParameterOptions,
  runningInit,
  type StateOptions,
  setState,
} from "./parameters.ts";
export * from "./pool.ts";
export * from "./transform.ts";
