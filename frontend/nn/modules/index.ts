/** Modules in the manner of Flax Linen. */
export type { ApplyOptions, InitOptions, MutatingOptions } from "./core/call-types.ts";
export * from "./core/errors.ts";
export { DenyList, type Filter } from "./core/filters.ts";
export { mergeParam } from "./core/merge-param.ts";
export { type BindOptions, Module, type ModuleOptions } from "./core/module.ts";
export { Variable } from "./core/scope.ts";
export type { CaptureFilter } from "./core/state.ts";
export type { TabulateOptions } from "./core/summary.ts";
export type { Rngs, VariableDict, Variables, VariableTree } from "./core/tree-types.ts";
export { compact, nowrap } from "./core/wrap.ts";
export { Dense, type DenseOptions } from "./layers/dense.ts";
export { Dropout, type DropoutCallOptions, type DropoutOptions } from "./layers/dropout.ts";
export { type Layer, Sequential, type SequentialOptions } from "./layers/sequential.ts";
