/**
 * The operation set: every primitive's name and the type of its parameters. The meaning is that of `jax.lax` and
 * StableHLO. `compiler/primitives/table.ts` must hold a declaration for each, or it does not type-check.
 */
import type { DType } from "../types/dtype.ts";
import type { DeferredGraph, DenseTensor, Equation, Graph } from "./graph.ts";
import type { BinaryName, PrimitiveName, UnaryName } from "./names.ts";

export type NoParams = Record<never, never>;

export type ArgParams = { readonly axis: number; readonly indexDtype: "int32" | "uint32" };
export type CumulativeParams = { readonly axis: number; readonly reverse: boolean };

/** How accurate sums of products must be (`jax.lax.Precision`). */
export type Precision = "default" | "high" | "highest";
/** For the lhs and the rhs, or null: the target's default. */
export type PrecisionPair = readonly [lhs: Precision, rhs: Precision] | null;

/** lhs axes and rhs axes contracted pairwise, and batch axes; the result is batch, lhs free, rhs free. */
export type DotParams = {
  readonly lhsContracting: readonly number[];
  readonly rhsContracting: readonly number[];
  readonly lhsBatch: readonly number[];
  readonly rhsBatch: readonly number[];
  readonly precision: PrecisionPair;
  /** Dtype of the result and of the accumulation; null: that of the operands. */
  readonly preferredElementType: DType | null;
};

/** As `lax.ConvDimensionNumbers`: position of batch/feature/spatial axes. lhs: [n, c, ...spatial]; rhs: [out, in, ...spatial]. */
export type ConvParams = {
  readonly windowStrides: readonly number[];
  /** [low, high] per spatial axis; may be negative. */
  readonly padding: readonly (readonly [number, number])[];
  readonly lhsDilation: readonly number[];
  readonly rhsDilation: readonly number[];
  readonly lhsSpec: readonly number[];
  readonly rhsSpec: readonly number[];
  readonly outSpec: readonly number[];
  readonly featureGroupCount: number;
  readonly batchGroupCount: number;
  readonly precision: PrecisionPair;
  readonly preferredElementType: DType | null;
};

export type WindowParams = {
  readonly windowDimensions: readonly number[];
  readonly windowStrides: readonly number[];
  readonly padding: readonly (readonly [number, number])[];
  readonly baseDilation: readonly number[];
  readonly windowDilation: readonly number[];
};

export type GatherMode = "promiseInBounds" | "clip" | "fill";

/** `lax.GatherDimensionNumbers`; the index vector is the last axis of the indices, as in JAX. */
export type GatherParams = {
  readonly offsetDims: readonly number[];
  readonly collapsedSliceDims: readonly number[];
  readonly startIndexMap: readonly number[];
  readonly operandBatchingDims: readonly number[];
  readonly startIndicesBatchingDims: readonly number[];
  readonly sliceSizes: readonly number[];
  readonly mode: GatherMode;
  /** Value of out-of-bounds elements in mode "fill"; null: NaN for floats, the minimum for signed, the maximum for unsigned, as JAX. */
  readonly fillValue: number | null;
};

/** `lax.ScatterDimensionNumbers`. In modes "fill" and "promiseInBounds" updates out of bounds are dropped. */
export type ScatterParams = {
  readonly updateWindowDims: readonly number[];
  readonly insertedWindowDims: readonly number[];
  readonly scatterDimsToOperandDims: readonly number[];
  readonly operandBatchingDims: readonly number[];
  readonly scatterIndicesBatchingDims: readonly number[];
  readonly indicesAreSorted: boolean;
  readonly uniqueIndices: boolean;
  readonly mode: GatherMode;
};

export type ScanParams = {
  /** (consts…, carry…, x…) → (carry…, y…); x and y without their leading axis. */
  readonly body: Graph;
  readonly numConsts: number;
  readonly numCarry: number;
  readonly length: number;
  readonly reverse: boolean;
  readonly unroll: number;
};

export type WhileParams = {
  /** (condConsts…, carry…) → bool[] */
  readonly cond: Graph;
  /** (bodyConsts…, carry…) → carry… */
  readonly body: Graph;
  readonly condConsts: number;
  readonly bodyConsts: number;
};

type ElementwiseParams = { readonly [N in UnaryName | BinaryName]: NoParams };

/** Parameters by name. `PrimitiveTable` (compiler/primitives) is mapped over `PrimitiveName`, so the two must agree. */
export interface PrimitiveParams extends ElementwiseParams {
  round: { readonly roundingMethod: "awayFromZero" | "toNearestEven" };
  integer_pow: { readonly y: number };
  /** x as a format of so many bits would hold it, rounded to nearest even. */
  reduce_precision: { readonly exponentBits: number; readonly mantissaBits: number };
  /** pred: bool of the operands' shape; pred ? onTrue : onFalse (StableHLO's operand order). */
  select: NoParams;
  /** (min, x, max), all of one type. */
  clamp: NoParams;
  /** (x, y, z), floats of one type: x·y + z, rounded once in float32. */
  fused_multiply_add: NoParams;
  /** (a, b, x), floats of one type: I_x(a, b). */
  regularized_incomplete_beta: NoParams;
  convert_element_type: { readonly newDtype: DType };
  bitcast_convert_type: { readonly newDtype: DType };

  reduce_sum: { readonly axes: readonly number[] };
  reduce_prod: { readonly axes: readonly number[] };
  reduce_max: { readonly axes: readonly number[] };
  reduce_min: { readonly axes: readonly number[] };
  reduce_and: { readonly axes: readonly number[] };
  reduce_or: { readonly axes: readonly number[] };
  argmax: ArgParams;
  argmin: ArgParams;
  cumsum: CumulativeParams;
  cumprod: CumulativeParams;
  cummax: CumulativeParams;
  cummin: CumulativeParams;
  cumlogsumexp: CumulativeParams;

  reshape: { readonly newSizes: readonly number[] };
  transpose: { readonly permutation: readonly number[] };
  broadcast_in_dim: { readonly shape: readonly number[]; readonly broadcastDimensions: readonly number[] };
  slice: {
    readonly startIndices: readonly number[];
    readonly limitIndices: readonly number[];
    readonly strides: readonly number[];
  };
  /** (operand, start…): one int32 scalar per axis, clamped so that the slice fits. */
  dynamic_slice: { readonly sliceSizes: readonly number[] };
  /** (operand, update, start…) */
  dynamic_update_slice: NoParams;
  /** (operand, paddingValue[]); [low, high, interior] per axis, low and high may be negative. */
  pad: { readonly paddingConfig: readonly (readonly [number, number, number])[] };
  rev: { readonly dimensions: readonly number[] };
  concatenate: { readonly dimension: number };
  /** (operand, indices int32) */
  gather: GatherParams;
  /** (operand, indices int32, updates) */
  scatter: ScatterParams;
  scatter_add: ScatterParams;
  scatter_mul: ScatterParams;
  scatter_min: ScatterParams;
  scatter_max: ScatterParams;
  iota: { readonly dtype: DType; readonly shape: readonly number[]; readonly dimension: number };
  constant: { readonly value: DenseTensor };

  dot_general: DotParams;
  conv_general_dilated: ConvParams;
  reduce_window_sum: WindowParams;
  reduce_window_prod: WindowParams;
  reduce_window_max: WindowParams;
  reduce_window_min: WindowParams;
  /** (source, operand): adds each source element at the place of its window's selected element. Gradient of pooling. */
  select_and_scatter_add: { readonly select: "max" | "min" } & WindowParams;
  /** (tangent, operand): the tangent at the place of each window's selected element. */
  select_and_gather_add: { readonly select: "max" | "min" } & WindowParams;

  /** Operands of one shape; sorted together by the first numKeys of them, ascending; NaN last, -0 and 0 equal. */
  sort: { readonly dimension: number; readonly isStable: boolean; readonly numKeys: number };
  /** (key1, key2, count1, count2), all uint32 of one shape → two. Random123's Threefry-2x32, 20 rounds. */
  threefry2x32: NoParams;

  /** Lower triangular L of A = L·Lᵀ; only the lower triangle is read. */
  cholesky: NoParams;
  /** (a, b): op(a)·x = b where leftSide, else x·op(a) = b. */
  triangular_solve: {
    readonly leftSide: boolean;
    readonly lower: boolean;
    readonly transposeA: boolean;
    readonly unitDiagonal: boolean;
  };
  /** → L and U in one matrix, row exchanges int32[min(m, n)], permutation int32[m]. */
  lu: NoParams;
  lu_pivots_to_permutation: { readonly permutationSize: number };
  /** → R with the reflectors below it, tau. */
  geqrf: NoParams;
  /** (reflectors, tau) → the product's first columns. */
  householder_product: NoParams;
  qr: { readonly fullMatrices: boolean };
  /** → eigenvectors, ascending eigenvalues. */
  eigh: { readonly lower: boolean };
  /** → G = J·A with orthogonal rows, J, the rows' lengths. */
  jacobi_svd: NoParams;
  /** → s, and where computeUv u and vᵀ. */
  svd: { readonly fullMatrices: boolean; readonly computeUv: boolean };
  /** FFT, IFFT: (re, im) → (re, im); RFFT: (x) → (re, im); IRFFT: (re, im) → (x); along the last axis. */
  fft: { readonly fftType: "FFT" | "IFFT" | "RFFT" | "IRFFT"; readonly fftLength: number };
  /** (re, im, roots [2, count]) → (re, im): the stages of a forward transform. Made when an fft is compiled. */
  fft_stages: NoParams;
  /** (pred bool, values…, each of pred's shape and more) → bool[]: whether pred holds everywhere. For checkify alone. */
  check: { readonly message: string };

  /** (index int32[], operands…): `branches[clamp(index)](operands…)`. cond is a switch of two: index 0 is false. */
  cond: { readonly branches: readonly Graph[] };
  while: WhileParams;
  scan: ScanParams;
  /** (constants of each graph…, b…) → x…, aux…: graphs [matvec, solve] or [matvec, solve, vecmat, transposeSolve]. */
  linear_solve: { readonly graphs: readonly Graph[]; readonly numConsts: readonly number[] };
  /** A jitted function called inside a trace. */
  call: { readonly graph: Graph; readonly name: string };
  /** jvp: (primals…, tangents…) → (outputs…, tangents…), with tangents for all floating operands and outputs. */
  custom_jvp_call: { readonly graph: Graph; readonly jvp: DeferredGraph; readonly name: string };
  /** forward: operands → (outputs…, residuals…); backward: (residuals…, cotangents of floating outputs…) → cotangents of the floating operands. */
  custom_vjp_call: {
    readonly graph: Graph;
    readonly forward: DeferredGraph;
    readonly backward: DeferredGraph;
    readonly name: string;
  };
  /** Tangent map of a custom_vjp_call, which only transposition understands: (residuals…, tangents…) → tangents of the floating outputs. */
  custom_vjp_linear: {
    readonly backward: DeferredGraph;
    readonly numResiduals: number;
    readonly outTypes: readonly { readonly dtype: DType; readonly shape: readonly number[] }[];
    readonly name: string;
  };
  /** Recomputes its inside in the backward pass. */
  checkpoint: { readonly graph: Graph };
  /** Tangent map of a checkpoint. graph: (primals…, tangents…) → tangents; it computes the residuals from the primals. */
  checkpoint_linear: { readonly graph: Graph };
  /** Identity on all operands that no pass may look through. */
  optimization_barrier: NoParams;
  stop_gradient: NoParams;
}

/** An equation of a known operation, with its parameters typed. */
export type EquationOf<N extends PrimitiveName> = Equation & {
  readonly op: N;
  readonly params: PrimitiveParams[N];
};

/** Narrows an equation to one operation: `if (isOp(eq, "reduce_sum")) eq.params.axes`. */
export function isOp<N extends PrimitiveName>(equation: Equation, name: N): equation is EquationOf<N> {
  return equation.op === name;
}

/** The graph that an equation stands for, where it is a call of one; null where it is not. */
export function calledGraph(equation: Equation): Graph | null {
  if (
    isOp(equation, "call") ||
    isOp(equation, "checkpoint") ||
    isOp(equation, "custom_jvp_call") ||
    isOp(equation, "custom_vjp_call")
  ) {
    return equation.params.graph;
  }
  return null;
}
