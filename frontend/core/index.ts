/** What the namespaces (numpy, lax, nn, random, optim) are written with. */
export { type ArrayData, type ArrayLike, NdArray, type NestedArray } from "./array.ts";
export {
  avalOf,
  DEFAULT_FLOAT,
  DEFAULT_INT,
  formatAval,
  formatShape,
  formatType,
  type PromotedType,
  type PromotionOperand,
  promoteTypes,
  resultType,
  type ShapedArray,
  sameAval,
  scalarAval,
  shapedArray,
} from "./aval.ts";
export { arrayFromBytes, arrayFromData, ConcreteArray, constantArray } from "./concrete-array.ts";
export { describeValue, notAnArray } from "./describe.ts";
export * from "./errors.ts";
export { broadcastInDim, convert, convertTo, reshape, withWeakType, zeros } from "./ops.ts";
export { captureSource } from "./source.ts";
export {
  asArray,
  bind,
  bindGraph,
  bindOne,
  contextFor,
  full,
  isStaging,
  knownValue,
  notTracing,
  Tracer,
} from "./trace.ts";
