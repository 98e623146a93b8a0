/**
 * What every program uses: transformations, arrays, `numpy`, `lax`, `random`, devices. `dist/weft.browser.js` holds it; pages
 * load the other namespaces of `weft` from files of their own.
 */
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
export * as lax from "./lax/index.ts";
export * as numpy from "./numpy/index.ts";
export * as random from "./random/index.ts";
export * from "./transforms/index.ts";
export * as tree from "./tree/index.ts";
