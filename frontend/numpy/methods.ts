/**
 * The methods of arrays: NumPy's, and names for the operators that JavaScript cannot overload. Declared here, and
 * installed on the prototype, so that concrete arrays and tracers have them alike.
 */
import { DTYPE_INFO, type DType } from "../../compiler/types/dtype.ts";
import { type ArrayLike, NdArray } from "../core/array.ts";
import { WeftValueError } from "../core/errors.ts";
import { bitcastConvertType } from "../lax/elementwise.ts";
import { checkDType } from "../lax/movement.ts";
import { IndexUpdate } from "./at.ts";
import { imag } from "./complex.ts";
import { astype } from "./dtypes.ts";
import { type GetOptions, getIndex, type Index } from "./indexing.ts";
import { repeat } from "./joining.ts";
import { diagonal, dot, matmul, type ProductOptions, trace } from "./linalg.ts";
import * as logic from "./logic.ts";
import * as movement from "./movement.ts";
import { choose, type StrictMode } from "./multi-index.ts";
import { type NonzeroOptions, nonzero } from "./nonzero.ts";
import * as reductions from "./reductions.ts";
import {
  argpartition,
  argsort,
  type CompressOptions,
  compress,
  type SearchOptions,
  type SortOptions,
  searchsorted,
  sort,
} from "./sorting.ts";
import { type TakeOptions, take } from "./take.ts";
import * as ufuncs from "./ufuncs.ts";

type Reduction<O> = reductions.OptionsOrAxis<O>;

/** What arrays can do, as `x.add(y)`. Operands are promoted and broadcast. */
export interface ArrayMethods {
  /** x + y */
  add(y: ArrayLike): NdArray;
  /** x − y */
  sub(y: ArrayLike): NdArray;
  /** x · y, elementwise */
  mul(y: ArrayLike): NdArray;
  /** x / y in floats */
  div(y: ArrayLike): NdArray;
  /** ⌊x / y⌋ */
  floorDivide(y: ArrayLike): NdArray;
  /** x mod y with the sign of y */
  mod(y: ArrayLike): NdArray;
  /** xʸ */
  pow(y: ArrayLike): NdArray;
  /** −x */
  neg(): NdArray;
  /** |x| */
  abs(): NdArray;
  /** Matrix product, Python's `x @ y`. */
  matmul(y: ArrayLike, options?: ProductOptions): NdArray;
  dot(y: ArrayLike, options?: ProductOptions): NdArray;
  /** x < y */
  less(y: ArrayLike): NdArray;
  /** x ≤ y */
  lessEqual(y: ArrayLike): NdArray;
  /** x > y */
  greater(y: ArrayLike): NdArray;
  /** x ≥ y */
  greaterEqual(y: ArrayLike): NdArray;
  /** x = y, elementwise */
  equal(y: ArrayLike): NdArray;
  /** x ≠ y, elementwise */
  notEqual(y: ArrayLike): NdArray;
  logicalAnd(y: ArrayLike): NdArray;
  logicalOr(y: ArrayLike): NdArray;
  logicalXor(y: ArrayLike): NdArray;
  logicalNot(): NdArray;
  bitwiseAnd(y: ArrayLike): NdArray;
  bitwiseOr(y: ArrayLike): NdArray;
  bitwiseXor(y: ArrayLike): NdArray;
  bitwiseNot(): NdArray;
  leftShift(y: ArrayLike): NdArray;
  rightShift(y: ArrayLike): NdArray;

  sum(options?: Reduction<reductions.SumOptions>): NdArray;
  prod(options?: Reduction<reductions.SumOptions>): NdArray;
  mean(options?: Reduction<reductions.MeanOptions>): NdArray;
  std(options?: Reduction<reductions.VarOptions>): NdArray;
  var(options?: Reduction<reductions.VarOptions>): NdArray;
  max(options?: Reduction<reductions.ExtremeOptions>): NdArray;
  min(options?: Reduction<reductions.ExtremeOptions>): NdArray;
  ptp(options?: Reduction<reductions.AxisOptions>): NdArray;
  any(options?: Reduction<reductions.WhereOptions>): NdArray;
  all(options?: Reduction<reductions.WhereOptions>): NdArray;
  argmax(options?: reductions.ArgOptions | number | null): NdArray;
  argmin(options?: reductions.ArgOptions | number | null): NdArray;
  cumsum(options?: reductions.CumulativeOptions | number | null): NdArray;
  cumprod(options?: reductions.CumulativeOptions | number | null): NdArray;
  trace(options?: Parameters<typeof trace>[1]): NdArray;

  /** `x.reshape([2, -1])` or `x.reshape(2, -1)` */
  reshape(...shape: readonly (number | readonly number[])[]): NdArray;
  /** `x.transpose()` reverses the axes; `x.transpose([1, 0, 2])` or `x.transpose(1, 0, 2)` permutes them. */
  transpose(...axes: readonly (number | readonly number[])[]): NdArray;
  /** Axes reversed. */
  readonly T: NdArray;
  /** The last two axes exchanged. */
  readonly mT: NdArray;
  ravel(options?: { order?: "C" | "F" }): NdArray;
  flatten(options?: { order?: "C" | "F" }): NdArray;
  squeeze(axis?: number | readonly number[] | null): NdArray;
  swapaxes(axis1: number, axis2: number): NdArray;
  astype(dtype: DType): NdArray;
  copy(): NdArray;
  diagonal(options?: Parameters<typeof diagonal>[1]): NdArray;
  repeat(repeats: number | readonly number[], options?: { axis?: number | null }): NdArray;

  /** Bytes of one element, and of all. */
  readonly itemsize: number;
  readonly nbytes: number;
  /** The array itself, which is real, and zeros. */
  readonly real: NdArray;
  readonly imag: NdArray;
  conj(): NdArray;
  conjugate(): NdArray;
  /** The same bytes as another dtype; the last axis is split or joined where the widths differ. */
  view(dtype: DType): NdArray;
  /** The array itself: results are there when a call returns (`jax.Array.block_until_ready`). */
  blockUntilReady(): NdArray;
  argpartition(kth: number, options?: { axis?: number }): NdArray;
  compress(condition: ArrayLike | readonly boolean[], options?: CompressOptions): NdArray;
  divmod(y: ArrayLike): [NdArray, NdArray];

  /** Rounded to decimals, ties to even. */
  round(decimals?: number): NdArray;
  clip(low?: ArrayLike | null, high?: ArrayLike | null): NdArray;
  sort(options?: SortOptions | number | null): NdArray;
  argsort(options?: SortOptions | number | null): NdArray;
  searchsorted(v: ArrayLike, options?: SearchOptions): NdArray;
  nonzero(options?: NonzeroOptions): NdArray[];
  take(indices: ArrayLike, options?: TakeOptions): NdArray;
  choose(choices: readonly ArrayLike[], options?: { mode?: StrictMode }): NdArray;

  /** `x[…]`: integers, ranges `[start, stop, step]`, null for a new axis, "...", integer arrays, boolean masks. */
  slice(...indices: readonly Index[]): NdArray;
  /** As `slice`, of a list of indices, with what stands out of bounds. */
  get(indices: readonly Index[], options?: GetOptions): NdArray;
  /** Places to write, in a new array: `x.at(0, [1, 3]).set(y)`. Indices as for `slice`. */
  at(...indices: readonly Index[]): IndexUpdate;
}

declare module "../core/array.ts" {
  interface NdArray extends ArrayMethods {}
}

/** One list from a list or from the arguments. */
function listOf(args: readonly (number | readonly number[])[]): number[] {
  return args.flatMap((a) => (typeof a === "number" ? [a] : [...a]));
}

/** `bitcastConvertType` with NumPy's shapes: the last axis grows or shrinks with the width. */
function viewAs(x: NdArray, dtype: DType): NdArray {
  const [from, to] = [DTYPE_INFO[x.dtype].bytes, DTYPE_INFO[checkDType(dtype)].bytes];
  if (from === to) return bitcastConvertType(x, dtype);
  const last = x.shape[x.ndim - 1];
  const rest = x.shape.slice(0, -1);
  if (x.ndim === 0 || (last * from) % to !== 0) {
    throw new WeftValueError(
      "When changing to a larger dtype, its size must be a divisor of the total size in bytes of the last axis of the array.",
    );
  }
  if (from > to) return movement.reshape(bitcastConvertType(x, dtype), [...rest, (last * from) / to]);
  const ratio = to / from;
  return bitcastConvertType(movement.reshape(x, [...rest, last / ratio, ratio]), dtype);
}

const METHODS: Omit<ArrayMethods, "T" | "mT" | "itemsize" | "nbytes" | "real" | "imag"> & ThisType<NdArray> =
  {
    add(y) {
      return ufuncs.add(this, y);
    },
    sub(y) {
      return ufuncs.subtract(this, y);
    },
    mul(y) {
      return ufuncs.multiply(this, y);
    },
    div(y) {
      return ufuncs.trueDivide(this, y);
    },
    floorDivide(y) {
      return ufuncs.floorDivide(this, y);
    },
    mod(y) {
      return ufuncs.remainder(this, y);
    },
    pow(y) {
      return ufuncs.power(this, y);
    },
    neg() {
      return ufuncs.negative(this);
    },
    abs() {
      return ufuncs.abs(this);
    },
    matmul(y, options) {
      return matmul(this, y, options);
    },
    dot(y, options) {
      return dot(this, y, options);
    },
    less(y) {
      return logic.less(this, y);
    },
    lessEqual(y) {
      return logic.lessEqual(this, y);
    },
    greater(y) {
      return logic.greater(this, y);
    },
    greaterEqual(y) {
      return logic.greaterEqual(this, y);
    },
    equal(y) {
      return logic.equal(this, y);
    },
    notEqual(y) {
      return logic.notEqual(this, y);
    },
    logicalAnd(y) {
      return logic.logicalAnd(this, y);
    },
    logicalOr(y) {
      return logic.logicalOr(this, y);
    },
    logicalXor(y) {
      return logic.logicalXor(this, y);
    },
    logicalNot() {
      return logic.logicalNot(this);
    },
    bitwiseAnd(y) {
      return logic.bitwiseAnd(this, y);
    },
    bitwiseOr(y) {
      return logic.bitwiseOr(this, y);
    },
    bitwiseXor(y) {
      return logic.bitwiseXor(this, y);
    },
    bitwiseNot() {
      return logic.bitwiseNot(this);
    },
    leftShift(y) {
      return logic.leftShift(this, y);
    },
    rightShift(y) {
      return logic.rightShift(this, y);
    },

    sum(options) {
      return reductions.sum(this, options);
    },
    prod(options) {
      return reductions.prod(this, options);
    },
    mean(options) {
      return reductions.mean(this, options);
    },
    std(options) {
      return reductions.std(this, options);
    },
    var(options) {
      return reductions.variance(this, options);
    },
    max(options) {
      return reductions.max(this, options);
    },
    min(options) {
      return reductions.min(this, options);
    },
    ptp(options) {
      return reductions.ptp(this, options);
    },
    any(options) {
      return reductions.any(this, options);
    },
    all(options) {
      return reductions.all(this, options);
    },
    argmax(options) {
      return reductions.argmax(this, options);
    },
    argmin(options) {
      return reductions.argmin(this, options);
    },
    cumsum(options) {
      return reductions.cumsum(this, options);
    },
    cumprod(options) {
      return reductions.cumprod(this, options);
    },
    trace(options) {
      return trace(this, options);
    },

    reshape(...shape) {
      return movement.reshape(this, listOf(shape));
    },
    transpose(...axes) {
      return movement.transpose(this, axes.length === 0 ? null : listOf(axes));
    },
    ravel(options) {
      return movement.ravel(this, options);
    },
    flatten(options) {
      return movement.ravel(this, options);
    },
    squeeze(axis) {
      return movement.squeeze(this, axis);
    },
    swapaxes(axis1, axis2) {
      return movement.swapaxes(this, axis1, axis2);
    },
    astype(dtype) {
      return astype(this, dtype);
    },
    copy() {
      return this;
    },
    diagonal(options) {
      return diagonal(this, options);
    },
    repeat(repeats, options) {
      return repeat(this, repeats, options);
    },

    conj() {
      return this;
    },
    conjugate() {
      return this;
    },
    view(dtype) {
      return viewAs(this, dtype);
    },
    blockUntilReady() {
      return this;
    },
    argpartition(kth, options) {
      return argpartition(this, kth, options);
    },
    compress(condition, options) {
      return compress(condition, this, options);
    },
    divmod(y) {
      return ufuncs.divmod(this, y);
    },

    round(decimals) {
      return ufuncs.round(this, decimals);
    },
    clip(low, high) {
      return ufuncs.clip(this, low, high);
    },
    sort(options) {
      return sort(this, options);
    },
    argsort(options) {
      return argsort(this, options);
    },
    searchsorted(v, options) {
      return searchsorted(this, v, options);
    },
    nonzero(options) {
      return nonzero(this, options);
    },
    take(indices, options) {
      return take(this, indices, options);
    },
    choose(choices, options) {
      return choose(this, choices, options);
    },

    slice(...indices) {
      return getIndex(this, indices);
    },
    get(indices, options) {
      return getIndex(this, indices, options);
    },
    at(...indices) {
      return new IndexUpdate(this, indices);
    },
  };

for (const [name, value] of Object.entries(METHODS)) {
  Object.defineProperty(NdArray.prototype, name, { value, writable: true, configurable: true });
}
const PROPERTIES: { readonly [name: string]: (x: NdArray) => NdArray | number } = {
  T: (x) => movement.transpose(x),
  mT: (x) => movement.matrixTranspose(x),
  real: (x) => x,
  imag,
  itemsize: (x) => DTYPE_INFO[x.dtype].bytes,
  nbytes: (x) => x.size * DTYPE_INFO[x.dtype].bytes,
};
for (const [name, read] of Object.entries(PROPERTIES)) {
  Object.defineProperty(NdArray.prototype, name, {
    get(this: NdArray) {
      return read(this);
    },
    configurable: true,
  });
}
