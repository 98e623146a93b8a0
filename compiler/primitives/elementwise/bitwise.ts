/** Bits and truth values: not, and, or, xor, shifts, population_count, clz. */
import { wrapInteger } from "../../kernel/constants.ts";
import { DTYPE_INFO, type DType, isSigned } from "../../types/dtype.ts";
import { BOOL_OR_INTEGER, INTEGER } from "../typing.ts";
import { binaryElementwise, unaryElementwise } from "./rules.ts";

/** The value's bits as a non-negative number. */
function unsignedBits(x: number, dtype: DType): number {
  return x < 0 ? x + 2 ** DTYPE_INFO[dtype].bits : x;
}

export const not = unaryElementwise("not", {
  accepts: BOOL_OR_INTEGER,
  evaluate: (x, dtype) => (dtype === "bool" ? 1 - x : wrapInteger(-1 - x, dtype)),
  tangent: null,
  lower: (s, x) => s.not(x),
  domain: "any",
});

export const population_count = unaryElementwise("population_count", {
  accepts: INTEGER,
  evaluate: (x, dtype) => [...unsignedBits(x, dtype).toString(2)].filter((bit) => bit === "1").length,
  tangent: null,
  lower: (s, x) => s.popcount(x),
  domain: "any",
});

/** Leading zeros within the dtype's own width. */
export const clz = unaryElementwise("clz", {
  accepts: INTEGER,
  evaluate(x, dtype) {
    const bits = unsignedBits(x, dtype);
    return DTYPE_INFO[dtype].bits - (bits === 0 ? 0 : bits.toString(2).length);
  },
  tangent: null,
  lower: (s, x) => s.clz(x),
  domain: "any",
});

export const and = binaryElementwise("and", {
  accepts: BOOL_OR_INTEGER,
  evaluate: (x, y, dtype) => wrapInteger(x & y, dtype),
  tangents: null,
  lower: (s, x, y) => s.and(x, y),
  domains: ["any", "any"],
});

export const or = binaryElementwise("or", {
  accepts: BOOL_OR_INTEGER,
  evaluate: (x, y, dtype) => wrapInteger(x | y, dtype),
  tangents: null,
  lower: (s, x, y) => s.or(x, y),
  domains: ["any", "any"],
});

export const xor = binaryElementwise("xor", {
  accepts: BOOL_OR_INTEGER,
  evaluate: (x, y, dtype) => wrapInteger(x ^ y, dtype),
  tangents: null,
  lower: (s, x, y) => s.xor(x, y),
  domains: ["any", "any"],
});

/** An amount outside 0 … bits-1 (read as unsigned) shifts everything out. */
function shiftsOut(y: number, dtype: DType): boolean {
  return y < 0 || y >= DTYPE_INFO[dtype].bits;
}

export const shift_left = binaryElementwise("shift_left", {
  accepts: INTEGER,
  // Modulo 2^32 first: the product of large numbers would not be exact.
  evaluate: (x, y, dtype) =>
    shiftsOut(y, dtype) ? 0 : wrapInteger((unsignedBits(x, dtype) * 2 ** y) % 2 ** 32, dtype),
  tangents: null,
  lower: (s, x, y) => s.shl(x, y),
  domains: ["any", "shift"],
});

/** Fills with the sign bit, for unsigned dtypes too, as XLA does. */
export const shift_right_arithmetic = binaryElementwise("shift_right_arithmetic", {
  accepts: INTEGER,
  evaluate(x, y, dtype) {
    const { bits } = DTYPE_INFO[dtype];
    const signed = isSigned(dtype) || x < 2 ** (bits - 1) ? x : x - 2 ** bits;
    const shifted = shiftsOut(y, dtype) ? (signed < 0 ? -1 : 0) : Math.floor(signed / 2 ** y);
    return wrapInteger(shifted, dtype);
  },
  tangents: null,
  lower(s, x, y) {
    const signed = SIGNED_OF[x.dtype];
    if (signed === undefined) return s.shr(x, y);
    return s.bitcast(s.shr(s.bitcast(x, signed), s.bitcast(y, signed)), x.dtype);
  },
  domains: ["any", "shift"],
});

const SIGNED_OF: Partial<Record<DType, DType>> = { uint8: "int8", uint16: "int16", uint32: "int32" };

export const shift_right_logical = binaryElementwise("shift_right_logical", {
  accepts: INTEGER,
  evaluate: (x, y, dtype) =>
    shiftsOut(y, dtype) ? 0 : wrapInteger(Math.floor(unsignedBits(x, dtype) / 2 ** y), dtype),
  tangents: null,
  lower: (s, x, y) => s.shrLogical(x, y),
  domains: ["any", "shift"],
});
