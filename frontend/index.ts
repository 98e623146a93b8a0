/**
 * Weft: trace, transform and compile TypeScript functions over arrays, after the manner of JAX.
 *
 *     import { grad, jit, numpy as np } from "weft";
 *     const loss = (w, x, y) => np.mean(np.square(x.mul(w).sub(y)));
 *     const step = jit((w, x, y) => w.sub(grad(loss)(w, x, y).mul(0.1)));
 */
export {
  ArtifactError,
  deserialize,
  Exported,
  type ExportOptions,
  exportFunction,
  type Sizes,
} from "./aot/index.ts";
export * as checkify from "./checkify/index.ts";
export { config, FloatingPointError, type Settings, withConfig } from "./config/index.ts";
export { type ArrayData, type ArrayLike, NdArray, type NestedArray } from "./core/array.ts";
export type { ShapedArray } from "./core/aval.ts";
export {
  ConcretizationTypeError,
  DeviceLostError,
  DisposedError,
  GpuError,
  NoAdapterError,
  NotReadyError,
  OutOfMemoryError,
  TracerArrayConversionError,
  TracerBoolConversionError,
  UnexpectedTracerError,
  UnsupportedError,
  WeftTypeError,
  WeftValueError,
} from "./core/errors.ts";
export { ShapeDtypeStruct, type SymbolicShape, SymbolicSpec, spec } from "./core/spec.ts";
export * from "./devices/index.ts";
export * as flattenUtil from "./flatten-util/index.ts";
export * as lax from "./lax/index.ts";
export * as nn from "./nn/index.ts";
export * as numpy from "./numpy/index.ts";
export * as optim from "./optim/index.ts";
export * as profiler from "./profiler/index.ts";
export * as random from "./random/index.ts";
export * as scipy from "./scipy/index.ts";
export * from "./transforms/index.ts";
export * as tree from "./tree/index.ts";
