/** The kind of every parameter of every operation. An operation or parameter missing here is a type error. */
import type { Attribute, Params } from "./graph.ts";
import { BINARY_NAMES, type BinaryName, type PrimitiveName, UNARY_NAMES, type UnaryName } from "./names.ts";
import type { NoParams, PrimitiveParams } from "./operations.ts";
import {
  boolean,
  deferred,
  dense,
  dtype,
  graph,
  integer,
  listOf,
  natural,
  nullable,
  number,
  oneOf,
  optional,
  type ParamKind,
  positive,
  record,
  string,
  tuple,
} from "./param-kinds.ts";

type KindsOf<N extends PrimitiveName> = { readonly [K in keyof PrimitiveParams[N]]-?: ParamKind };
type ParamKinds = { readonly [N in PrimitiveName]: KindsOf<N> };

const NONE: { readonly [K in keyof NoParams]-?: ParamKind } = {};
const naturals = listOf(natural);
const positives = listOf(positive);
const paddingPairs = listOf(tuple(2, integer));
const axes = { axes: naturals };
const argument = { axis: natural, indexDtype: oneOf("int32", "uint32") };
const cumulative = { axis: natural, reverse: boolean };
const precision = optional(tuple(2, oneOf("default", "high", "highest")));
const mode = oneOf("promiseInBounds", "clip", "fill");
const scatter = {
  updateWindowDims: naturals,
  insertedWindowDims: naturals,
  scatterDimsToOperandDims: naturals,
  operandBatchingDims: naturals,
  scatterIndicesBatchingDims: naturals,
  indicesAreSorted: boolean,
  uniqueIndices: boolean,
  mode,
};
const reduceWindow = {
  windowDimensions: positives,
  windowStrides: positives,
  padding: paddingPairs,
  baseDilation: positives,
  windowDilation: positives,
};
const selectWindow = { select: oneOf("max", "min"), ...reduceWindow };

const OTHER_KINDS: Omit<ParamKinds, UnaryName | BinaryName> = {
  round: { roundingMethod: oneOf("awayFromZero", "toNearestEven") },
  integer_pow: { y: integer },
  reduce_precision: { exponentBits: natural, mantissaBits: natural },
  select: NONE,
  clamp: NONE,
  fused_multiply_add: NONE,
  regularized_incomplete_beta: NONE,
  convert_element_type: { newDtype: dtype },
  bitcast_convert_type: { newDtype: dtype },
  reduce_sum: axes,
  reduce_prod: axes,
  reduce_max: axes,
  reduce_min: axes,
  reduce_and: axes,
  reduce_or: axes,
  argmax: argument,
  argmin: argument,
  cumsum: cumulative,
  cumprod: cumulative,
  cummax: cumulative,
  cummin: cumulative,
  cumlogsumexp: cumulative,
  reshape: { newSizes: naturals },
  transpose: { permutation: naturals },
  broadcast_in_dim: { shape: naturals, broadcastDimensions: naturals },
  slice: { startIndices: naturals, limitIndices: naturals, strides: positives },
  dynamic_slice: { sliceSizes: naturals },
  dynamic_update_slice: NONE,
  pad: { paddingConfig: listOf(tuple(3, integer)) },
  rev: { dimensions: naturals },
  concatenate: { dimension: natural },
  gather: {
    offsetDims: naturals,
    collapsedSliceDims: naturals,
    startIndexMap: naturals,
    operandBatchingDims: naturals,
    startIndicesBatchingDims: naturals,
    sliceSizes: naturals,
    mode,
    fillValue: nullable(number),
  },
  scatter,
  scatter_add: scatter,
  scatter_mul: scatter,
  scatter_min: scatter,
  scatter_max: scatter,
  iota: { dtype, shape: naturals, dimension: natural },
  constant: { value: dense },
  dot_general: {
    lhsContracting: naturals,
    rhsContracting: naturals,
    lhsBatch: naturals,
    rhsBatch: naturals,
    precision,
    preferredElementType: nullable(dtype),
  },
  conv_general_dilated: {
    windowStrides: positives,
    padding: paddingPairs,
    lhsDilation: positives,
    rhsDilation: positives,
    lhsSpec: naturals,
    rhsSpec: naturals,
    outSpec: naturals,
    featureGroupCount: positive,
    batchGroupCount: positive,
    precision,
    preferredElementType: nullable(dtype),
  },
  reduce_window_sum: reduceWindow,
  reduce_window_prod: reduceWindow,
  reduce_window_max: reduceWindow,
  reduce_window_min: reduceWindow,
  select_and_scatter_add: selectWindow,
  select_and_gather_add: selectWindow,
  sort: { dimension: natural, isStable: boolean, numKeys: positive },
  threefry2x32: NONE,
  cholesky: NONE,
  triangular_solve: { leftSide: boolean, lower: boolean, transposeA: boolean, unitDiagonal: boolean },
  lu: NONE,
  lu_pivots_to_permutation: { permutationSize: natural },
  geqrf: NONE,
  householder_product: NONE,
  qr: { fullMatrices: boolean },
  eigh: { lower: boolean },
  jacobi_svd: NONE,
  svd: { fullMatrices: boolean, computeUv: boolean },
  fft: { fftType: oneOf("FFT", "IFFT", "RFFT", "IRFFT"), fftLength: positive },
  fft_stages: NONE,
  check: { message: string },
  cond: { branches: listOf(graph) },
  while: { cond: graph, body: graph, condConsts: natural, bodyConsts: natural },
  scan: {
    body: graph,
    numConsts: natural,
    numCarry: natural,
    length: natural,
    reverse: boolean,
    unroll: positive,
  },
  linear_solve: { graphs: listOf(graph), numConsts: naturals },
  call: { graph, name: string },
  custom_jvp_call: { graph, jvp: deferred, name: string },
  custom_vjp_call: { graph, forward: deferred, backward: deferred, name: string },
  custom_vjp_linear: {
    backward: deferred,
    numResiduals: natural,
    outTypes: listOf(record({ dtype, shape: naturals })),
    name: string,
  },
  checkpoint: { graph },
  checkpoint_linear: { graph },
  optimization_barrier: NONE,
  stop_gradient: NONE,
};

/** The kinds of an operation's parameters by name. */
export const PARAM_KINDS: ReadonlyMap<string, Readonly<Record<string, ParamKind>>> = new Map<
  string,
  Readonly<Record<string, ParamKind>>
>([
  ...[...UNARY_NAMES, ...BINARY_NAMES].map((name) => [name, NONE] as const),
  ...Object.entries(OTHER_KINDS),
]);

/** Parameters as a text gives them, with null for those that may be left out. */
export function completeParams(op: PrimitiveName, params: Params): Params {
  const absent = Object.entries(PARAM_KINDS.get(op) ?? {}).filter(
    ([name, kind]) => kind.optional && !Object.hasOwn(params, name),
  );
  return absent.length === 0
    ? params
    : { ...params, ...Object.fromEntries(absent.map(([name]) => [name, null])) };
}

/** Whether texts leave a parameter out. */
export function isLeftOut(op: PrimitiveName, name: string, value: Attribute): boolean {
  return value === null && (PARAM_KINDS.get(op)?.[name]?.optional ?? false);
}

/** What is wrong with an operation's parameters, or null: one missing, one of the wrong kind, one too many. */
export function paramProblem(op: PrimitiveName, params: Params): string | null {
  const kinds: Readonly<Record<string, ParamKind>> = PARAM_KINDS.get(op) ?? {};
  for (const name of Object.keys(params)) {
    if (Object.hasOwn(kinds, name)) continue;
    const known = Object.keys(kinds);
    const list = known.length === 0 ? "it takes none" : `it takes ${known.join(", ")}`;
    return `${op} has no parameter ${name}; ${list}`;
  }
  for (const [name, kind] of Object.entries(kinds)) {
    if (!Object.hasOwn(params, name)) return `${op} needs the parameter ${name}: ${kind.expected}`;
    if (!kind.accepts(params[name])) return `parameter ${name} of ${op} must be ${kind.expected}`;
  }
  return null;
}
