/** Integer arithmetic and bits of `jax.numpy`: divisors, packed bits. */
import { isInteger } from "../../compiler/types/dtype.ts";
import { whileLoop } from "../control/index.ts";
import { type ArrayLike, convert, type NdArray, WeftTypeError, WeftValueError } from "../core/index.ts";
import { canonicalizeAxis, range } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { broadcastedIota, expandDims, pad, reshape, rev, sliceInDim } from "../lax/movement.ts";
import { broadcastTo, constantLike } from "../lax/operands.ts";
import { reduceOr, reduceSum } from "../lax/reductions.ts";
import { ravel, swapaxes } from "./movement.ts";
import { promoteArgs, toArray } from "./promotion.ts";
import { abs } from "./ufuncs.ts";

function magnitudes(name: string, x1: ArrayLike, x2: ArrayLike): [NdArray, NdArray] {
  const [a, b] = promoteArgs(name, x1, x2);
  if (!isInteger(a.dtype)) throw new WeftValueError(`Arguments to np.${name} must be integers.`);
  return [abs(a), abs(b)];
}

/** Euclid's algorithm on all pairs at once, until no second number is left. */
function euclid(a: NdArray, b: NdArray): NdArray {
  const [divisor] = whileLoop(
    ([, y]: readonly [NdArray, NdArray]) => reduceOr(lax.ne(y, 0)),
    ([x, y]: readonly [NdArray, NdArray]) => {
      const open = lax.ne(y, 0);
      const safe = lax.select(open, y, constantLike(y, 1));
      return [lax.select(open, y, x), lax.select(open, lax.rem(x, safe), y)];
    },
    [a, b] as const,
  );
  return divisor;
}

/** Greatest common divisor of integers, not negative (`jnp.gcd`). Throws WeftValueError for floats. */
export function gcd(x1: ArrayLike, x2: ArrayLike): NdArray {
  const [a, b] = magnitudes("gcd", x1, x2);
  return euclid(a, b);
}

/** Least common multiple of integers, not negative; 0 where one of them is 0 (`jnp.lcm`). */
export function lcm(x1: ArrayLike, x2: ArrayLike): NdArray {
  const [a, b] = magnitudes("lcm", x1, x2);
  const d = euclid(a, b);
  const none = lax.eq(d, 0);
  const quotient = lax.div(b, lax.select(none, constantLike(d, 1), d));
  return lax.select(none, constantLike(d, 0), lax.mul(a, quotient));
}

/** Options of `packbits` and `unpackbits`. */
export interface BitOptions {
  /** Axis along which bits lie; without one the array is flattened. */
  readonly axis?: number | null;
  /** Whether the first bit is the highest ("big", default) or the lowest. */
  readonly bitorder?: "big" | "little";
}

function checkOrder(order: string): void {
  if (order !== "big" && order !== "little") {
    throw new WeftValueError("'order' must be either 'little' or 'big'");
  }
}

/** The operand with the axis of its bits last, and where that axis belongs. */
function bitsLast(a: NdArray, axis: number | null): { last: NdArray; place: number } {
  const flat = axis === null ? ravel(a) : a;
  const place = axis === null ? 0 : canonicalizeAxis(axis, a.ndim);
  return { last: swapaxes(flat, place, -1), place };
}

/** 0 … 7 or 7 … 0 along a new last axis of `shape`, in the dtype. */
function bitNumbers(shape: readonly number[], order: "big" | "little"): NdArray {
  const numbers = broadcastedIota("int32", [8], 0);
  return broadcastTo(order === "big" ? rev(numbers, [0]) : numbers, [...shape, 8]);
}

/** Bits (elements ≠ 0) packed into uint8, eight to one, the last filled with zeros (`jnp.packbits`). */
export function packbits(x: ArrayLike, options: BitOptions = {}): NdArray {
  const a = toArray("packbits", x);
  if (a.dtype !== "bool" && !isInteger(a.dtype)) {
    throw new WeftTypeError("Expected an input array of integer or boolean data type");
  }
  const { axis = null, bitorder = "big" } = options;
  checkOrder(bitorder);
  const bits = convert(a.dtype === "bool" ? a : lax.ne(a, 0), "int32");
  const { last, place } = bitsLast(bits, axis);
  const n = last.shape[last.ndim - 1];
  const padded = pad(last, 0, [
    ...range(last.ndim - 1).map((): [number, number, number] => [0, 0, 0]),
    [0, (8 - (n % 8)) % 8, 0],
  ]);
  const groups = [...last.shape.slice(0, -1), Math.ceil(n / 8)];
  const shifted = lax.shiftLeft(reshape(padded, [...groups, 8]), bitNumbers(groups, bitorder));
  return swapaxes(convert(reduceSum(shifted, [groups.length]), "uint8"), -1, place);
}

/** The eight bits of every uint8, as uint8; `count` of them, with zeros where there are fewer (`jnp.unpackbits`). */
export function unpackbits(x: ArrayLike, options: BitOptions & { count?: number | null } = {}): NdArray {
  const a = toArray("unpackbits", x);
  if (a.dtype !== "uint8") throw new WeftTypeError("Expected an input array of unsigned byte data type");
  const { axis = null, bitorder = "big", count = null } = options;
  checkOrder(bitorder);
  const { last, place } = bitsLast(convert(a, "int32"), axis);
  const spread = broadcastTo(expandDims(last, [last.ndim]), [...last.shape, 8]);
  const bits = lax.bitwiseAnd(lax.shiftRightLogical(spread, bitNumbers(last.shape, bitorder)), 1);
  const n = last.shape[last.ndim - 1] * 8;
  let unpacked = reshape(bits, [...last.shape.slice(0, -1), n]);
  const end = unpacked.ndim - 1;
  if (count !== null && count < n) {
    unpacked = sliceInDim(unpacked, 0, count < 0 ? Math.max(n + count, 0) : count, { axis: end });
  } else if (count !== null) {
    const config = unpacked.shape.map((_, i): [number, number, number] => [0, i === end ? count - n : 0, 0]);
    unpacked = pad(unpacked, 0, config);
  }
  return swapaxes(convert(unpacked, "uint8"), -1, place);
}
