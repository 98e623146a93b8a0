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
export * from "./layers/attention.ts";
export * from "./layers/batch-norm.ts";
export {
  type Activation,
  type CellOptions,
  type GatedCellOptions,
  GRUCell,
  type LSTMCarry,
  LSTMCell,
  MGUCell,
  type MGUCellOptions,
  OptimizedLSTMCell,
  RNNCellBase,
  SimpleCell,
  type SimpleCellOptions,
} from "./layers/cells.ts";
export { Conv, ConvLocal, type ConvOptions, type ConvPadding } from "./layers/conv.ts";
export * from "./layers/conv-lstm.ts";
export * from "./layers/conv-transpose.ts";
export * from "./layers/dense.ts";
export * from "./layers/dense-general.ts";
export * from "./layers/dropout.ts";
export * from "./layers/embed.ts";
export * from "./layers/masks.ts";
export * from "./layers/normalization.ts";
export * from "./layers/pooling.ts";
export * from "./layers/rnn.ts";
export * from "./layers/sequential.ts";
export * from "./layers/weight-norm.ts";
export type { VariableAxis } from "./lift/axes.ts";
export { jit, type LiftedJitOptions } from "./lift/jit.ts";
export type { LiftOptions, ModuleClass, ModuleFunction } from "./lift/lift.ts";
export { type RematOptions, remat, remat as checkpoint } from "./lift/remat.ts";
export { type LiftedScanOptions, scan } from "./lift/scan.ts";
export { type LiftedVmapOptions, vmap } from "./lift/vmap.ts";
