/** Random bits and uniform numbers (`jax.random`), bit for bit as JAX has them. */
import { roundTo } from "../../compiler/kernel/constants.ts";
import { DTYPE_INFO, type DType, isFloating, isInteger } from "../../compiler/types/dtype.ts";
import { type Shape, sameShape, sizeOf } from "../../compiler/types/tensor-type.ts";
import {
  type ArrayLike,
  convert,
  formatShape,
  full,
  NdArray,
  WeftTypeError,
  WeftValueError,
} from "../core/index.ts";
import { canonicalizeShape } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import {
  broadcastedIota,
  concatenate,
  expandDims,
  indexInDim,
  iota,
  reshape,
  sliceInDim,
  transpose,
} from "../lax/movement.ts";
import { broadcastShapes, broadcastTo, constantLike, numberAs } from "../lax/operands.ts";
import { threefry2x32, threefryCounters } from "../lax/random-bits.ts";
import { config } from "./config.ts";
import { bits32, counters, type KeyLike, singleKey, splitWords } from "./keys.ts";
import { fusedMultiplyAdd } from "./scaling.ts";

/** Throws WeftValueError unless parameters broadcast to the shape of the result. */
export function checkShape(name: string, shape: Shape, ...parameters: readonly Shape[]): void {
  if (parameters.length === 0) return;
  if (sameShape(broadcastShapes(shape, ...parameters), shape)) return;
  throw new WeftValueError(
    `${name} parameter shapes must be broadcast-compatible with shape argument, and the result of broadcasting the ` +
      `shapes must equal the shape argument, but got result ${formatShape(broadcastShapes(shape, ...parameters))} for ` +
      `shape argument ${formatShape(shape)}.`,
  );
}

/** Throws WeftValueError unless the dtype is one of floats. */
export function checkFloat(name: string, dtype: DType): DType {
  if (isFloating(dtype)) return dtype;
  throw new WeftValueError(`dtype argument to \`${name}\` must be a float dtype, got ${dtype}`);
}

/** Bits of 8 or 16 for every place of a shape. */
function narrowBits(k1: NdArray, k2: NdArray, width: 8 | 16, shape: Shape): NdArray {
  const dtype = width === 8 ? "uint8" : "uint16";
  if (config.threefryPartitionable) return convert(bits32(k1, k2, shape), dtype);
  const size = sizeOf(shape);
  const words = Math.ceil((width * size) / 32);
  const hashed = threefryCounters(k1, k2, iota("uint32", words));
  const parts = 32 / width;
  const shifts = lax.mul(broadcastedIota("uint32", [parts, words], 0), width);
  const shifted = lax.shiftRightLogical(broadcastTo(expandDims(hashed, [0]), [parts, words]), shifts);
  // Every word gives its parts from the low end, next to each other.
  const masked = lax.bitwiseAnd(shifted, 2 ** width - 1);
  const flat = reshape(transpose(masked, [1, 0]), [words * parts]);
  return reshape(sliceInDim(convert(flat, dtype), 0, size), shape);
}

/** High and low words of 64 bits for every place of a shape. */
function wideBits(k1: NdArray, k2: NdArray, shape: Shape): [high: NdArray, low: NdArray] {
  if (config.threefryPartitionable) {
    const [high, low] = counters(shape);
    return threefry2x32(k1, k2, high, low);
  }
  const size = sizeOf(shape);
  const words = threefryCounters(k1, k2, iota("uint32", 2 * size));
  return [reshape(sliceInDim(words, 0, size), shape), reshape(sliceInDim(words, size, 2 * size), shape)];
}

/** Options of `bits`. */
export interface BitsOptions {
  /** uint32 (default), uint16 or uint8. */
  readonly dtype?: DType;
}

/** Uniform random bits as unsigned integers (`jax.random.bits`). */
export function bits(key: KeyLike, shape: number | Shape = [], options: BitsOptions = {}): NdArray {
  const sizes = canonicalizeShape(shape);
  const [k1, k2] = singleKey("bits", key);
  switch (options.dtype ?? "uint32") {
    case "uint32":
      return bits32(k1, k2, sizes);
    case "uint16":
      return narrowBits(k1, k2, 16, sizes);
    case "uint8":
      return narrowBits(k1, k2, 8, sizes);
    default:
      throw new WeftValueError(
        `dtype argument to \`bits\` must be an unsigned int dtype, got ${options.dtype}`,
      );
  }
}

/** Uniform on [1, 2): random mantissas under the exponent of 1. */
function mantissas(k1: NdArray, k2: NdArray, shape: Shape, dtype: DType): NdArray {
  if (dtype === "float64") {
    const [high, low] = wideBits(k1, k2, shape);
    const upper = lax.bitwiseOr(lax.shiftRightLogical(high, 12), 0x3ff00000);
    const lower = lax.bitwiseOr(lax.shiftLeft(high, 20), lax.shiftRightLogical(low, 12));
    const axis = shape.length;
    return lax.bitcastConvertType(
      concatenate([expandDims(lower, [axis]), expandDims(upper, [axis])], axis),
      "float64",
    );
  }
  if (dtype === "float16") {
    const random = lax.shiftRightLogical(narrowBits(k1, k2, 16, shape), 6);
    return lax.bitcastConvertType(lax.bitwiseOr(random, 0x3c00), "float16");
  }
  const random = lax.shiftRightLogical(bits32(k1, k2, shape), 9);
  return lax.bitcastConvertType(lax.bitwiseOr(random, 0x3f800000), "float32");
}

/** Options of `binomial`, `gamma`, `loggamma` and `beta` and others. */
export interface FloatOptions {
  /** Default float32. */
  readonly dtype?: DType;
}

/** Options of `uniform`. */
export interface UniformOptions extends FloatOptions {
  /** Least value; default 0. */
  readonly minval?: ArrayLike;
  /** Upper bound, not reached; default 1. */
  readonly maxval?: ArrayLike;
}

/** A parameter as an array of the dtype, broadcast to the shape. */
export function parameter(name: string, value: ArrayLike, dtype: DType, shape: Shape): NdArray {
  const array = value instanceof NdArray ? convert(value, dtype) : numberAs(value, dtype);
  checkShape(name, shape, array.shape);
  return broadcastTo(array, shape);
}

/** Whether x · span is exact, so that scaling rounds once however it is computed: span is 0 or a power of two. */
function scalesExactly(minval: ArrayLike, maxval: ArrayLike, dtype: DType): boolean {
  if (minval instanceof NdArray || maxval instanceof NdArray) return false;
  const round = (x: number): number => roundTo(x, dtype);
  const span = round(round(Number(maxval)) - round(Number(minval)));
  return span === 0 || Number.isInteger(Math.log2(Math.abs(span)));
}

/** Uniform on [minval, maxval), bit for bit JAX's on the CPU (`jax.random.uniform`). */
export function uniform(key: KeyLike, shape: number | Shape = [], options: UniformOptions = {}): NdArray {
  const sizes = canonicalizeShape(shape);
  const dtype = checkFloat("uniform", options.dtype ?? "float32");
  const [k1, k2] = singleKey("uniform", key);
  const { minval = 0, maxval = 1 } = options;
  const floats = lax.sub(mantissas(k1, k2, sizes, dtype), 1);
  if (minval === 0 && maxval === 1) return floats;
  const low = parameter("uniform", minval, dtype, sizes);
  const high = parameter("uniform", maxval, dtype, sizes);
  const span = lax.sub(high, low);
  const scaled = scalesExactly(minval, maxval, dtype)
    ? lax.add(lax.mul(floats, span), low)
    : fusedMultiplyAdd(floats, span, low);
  return lax.max(low, scaled);
}

/** Options of `randint`. */
export interface RandintOptions {
  /** Default int32. */
  readonly dtype?: DType;
}

/** A bound of randint, clipped to [low, high] within the dtype it is sampled in, and whether it lies above the dtype. */
function bound(
  value: ArrayLike,
  dtype: "int32" | "uint32",
  shape: Shape,
  [low, high]: readonly [number, number],
): { clipped: NdArray; above: NdArray } {
  const { max } = DTYPE_INFO[dtype];
  if (!(value instanceof NdArray)) {
    const number = Math.trunc(Number(value));
    return {
      clipped: full(Math.min(Math.max(number, low), high), dtype, shape),
      above: full(Number(number > max), "bool", shape),
    };
  }
  const integer = isInteger(value.dtype) ? value : convert(value, "int32");
  checkShape("randint", shape, integer.shape);
  const spread = broadcastTo(integer, shape);
  const from = DTYPE_INFO[integer.dtype];
  const raised = from.min < low ? lax.max(spread, low) : spread;
  const clipped = from.max > high ? lax.min(raised, high) : raised;
  return {
    clipped: convert(clipped, dtype),
    above: from.max > max ? lax.gt(spread, max) : full(0, "bool", shape),
  };
}

/** Uniform integers from minval up to maxval − 1 (`jax.random.randint`). Narrow dtypes are sampled as int32. */
export function randint(
  key: KeyLike,
  shape: number | Shape,
  minval: ArrayLike,
  maxval: ArrayLike,
  options: RandintOptions = {},
): NdArray {
  const sizes = canonicalizeShape(shape);
  const { dtype = "int32" } = options;
  if (!isInteger(dtype)) throw new WeftTypeError(`randint only accepts integer dtypes, got ${dtype}`);
  const sampled = dtype === "uint32" ? "uint32" : "int32";
  const { min, max, bits: width } = DTYPE_INFO[dtype];
  const low = bound(minval, sampled, sizes, [min, max]).clipped;
  // One past the greatest narrow integer is still an int32.
  const { clipped: high, above } = bound(maxval, sampled, sizes, [min, width < 32 ? max + 1 : max]);

  // Twice as many bits as the dtype has, modulo the span (`_randint` of jax.random, version 3 of its comment).
  const keys = splitWords("randint", key, [2]);
  const [higher, lower] = [0, 1].map((i) => bits(indexInDim(keys, i, { keepdims: false }), sizes));
  const one = full(1, "uint32", sizes);
  const nothing = lax.le(high, low);
  let span = lax.select(nothing, one, convert(lax.sub(high, low), "uint32"));
  span = lax.select(lax.bitwiseAnd(above, lax.bitwiseNot(nothing)), lax.add(span, one), span);
  const root = lax.rem(constantLike(span, 2 ** 16), span);
  const multiplier = lax.rem(lax.mul(root, root), span);
  const offset = lax.rem(lax.add(lax.mul(lax.rem(higher, span), multiplier), lax.rem(lower, span)), span);
  return convert(lax.add(low, convert(offset, sampled)), dtype);
}
