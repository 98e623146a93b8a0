/** Exact evaluation of scalar operations on constants, as every target performs them. Folding uses it, and so do tests. */
import { DTYPE_INFO, type DType } from "../types/dtype.ts";
import type { BinaryFn, UnaryFn } from "./expr.ts";

/** Float16 rounding through its bits (Node 20 has no Math.f16round). Ties to even, as IEEE 754. */
export function roundToFloat16(x: number): number {
  if (!Number.isFinite(x) || x === 0) return x;
  const magnitude = Math.abs(x);
  if (magnitude >= 65520) return x > 0 ? Infinity : -Infinity;
  const exponent = Math.max(Math.floor(Math.log2(magnitude)), -14);
  const step = 2 ** (exponent - 10);
  const scaled = magnitude / step;
  const floor = Math.floor(scaled);
  const diff = scaled - floor;
  const rounded = diff > 0.5 || (diff === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
  return x > 0 ? rounded * step : -rounded * step;
}

/** Wraps an integer-valued double into the dtype's range (two's complement). */
export function wrapInteger(x: number, dtype: DType): number {
  switch (dtype) {
    case "int32":
      return x | 0;
    case "uint32":
      return x >>> 0;
    case "int16":
      return (x << 16) >> 16;
    case "uint16":
      return x & 0xffff;
    case "int8":
      return (x << 24) >> 24;
    case "uint8":
      return x & 0xff;
    case "bool":
      return x !== 0 ? 1 : 0;
    default:
      return x;
  }
}

/** Rounds a double to the nearest value of a floating dtype; integers are wrapped. */
export function roundTo(x: number, dtype: DType): number {
  switch (dtype) {
    case "float64":
      return x;
    case "float32":
      return Math.fround(x);
    case "float16":
      return roundToFloat16(x);
    default:
      return wrapInteger(x, dtype);
  }
}

/** Conversion with the meaning of `ConvertExpr`. */
export function convertConstant(x: number, from: DType, to: DType): number {
  const kind = DTYPE_INFO[to].kind;
  if (to === "bool") return x !== 0 ? 1 : 0;
  if (kind === "float") return roundTo(x, to);
  if (DTYPE_INFO[from].kind === "float") {
    if (Number.isNaN(x)) return 0;
    const { min, max } = DTYPE_INFO[to];
    return Math.min(Math.max(Math.trunc(x), min), max) + 0;
  }
  return wrapInteger(x, to);
}

function nearestEven(x: number): number {
  if (!Number.isFinite(x) || Math.abs(x) >= 2 ** 52) return x;
  const floor = Math.floor(x);
  const diff = x - floor;
  const r = diff > 0.5 || (diff === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
  return r === 0 && (x < 0 || Object.is(x, -0)) ? -0 : r;
}

export function evaluateUnary(fn: UnaryFn, x: number, dtype: DType): number {
  const { kind, bits } = DTYPE_INFO[dtype];
  switch (fn) {
    case "neg":
      return kind === "float" ? -x : wrapInteger(-x, dtype);
    case "abs":
      return kind === "float" ? Math.abs(x) : wrapInteger(Math.abs(x), dtype);
    case "floor":
      return Math.floor(x);
    case "ceil":
      return Math.ceil(x);
    case "trunc":
      return Math.trunc(x);
    case "nearest":
      return nearestEven(x);
    case "sqrt":
      return roundTo(Math.sqrt(x), dtype);
    case "not":
      return kind === "bool" ? (x ? 0 : 1) : wrapInteger(~x, dtype);
    case "popcount": {
      let n = 0;
      for (let v = bits === 32 ? x >>> 0 : x & (2 ** bits - 1); v !== 0; v >>>= 1) n += v & 1;
      return n;
    }
    case "clz":
      return Math.clz32(bits === 32 ? x >>> 0 : x & (2 ** bits - 1)) - (32 - bits);
    default:
      return fn satisfies never;
  }
}

function integerDiv(x: number, y: number, dtype: DType): number {
  if (y === 0) return wrapInteger(-1, dtype);
  return wrapInteger(Math.trunc(x / y), dtype);
}

function floatMax(x: number, y: number): number {
  return Math.max(x, y);
}

function shift(fn: "shl" | "shr" | "shrLogical", x: number, y: number, dtype: DType): number {
  const { bits, kind } = DTYPE_INFO[dtype];
  const outside = y < 0 || y >= bits;
  if (fn === "shl") return outside ? 0 : wrapInteger(x << y, dtype);
  if (fn === "shr" && kind === "int") return outside ? (x < 0 ? -1 : 0) : x >> y;
  if (outside) return 0;
  const unsigned = bits === 32 ? x >>> 0 : x & (2 ** bits - 1);
  return wrapInteger(unsigned >>> y, dtype);
}

/** `x fn y` on values of `dtype`; comparisons give 0 or 1. */
export function evaluateBinary(fn: BinaryFn, x: number, y: number, dtype: DType): number {
  const float = DTYPE_INFO[dtype].kind === "float";
  switch (fn) {
    case "add":
      return roundTo(x + y, dtype);
    case "sub":
      return roundTo(x - y, dtype);
    case "mul":
      return float ? roundTo(x * y, dtype) : wrapInteger(Math.imul(x, y), dtype);
    case "div":
      return float ? roundTo(x / y, dtype) : integerDiv(x, y, dtype);
    case "rem":
      if (float) return roundTo(x % y, dtype);
      return y === 0 ? x : wrapInteger(x % y, dtype) + 0;
    case "max":
      return floatMax(x, y);
    case "min":
      return -floatMax(-x, -y);
    case "and":
      return wrapInteger(x & y, dtype);
    case "or":
      return wrapInteger(x | y, dtype);
    case "xor":
      return wrapInteger(x ^ y, dtype);
    case "shl":
    case "shr":
    case "shrLogical":
      return shift(fn, x, y, dtype);
    case "pair16":
      return (x & 0xffff) | (y << 16);
    case "dot16":
      return (Math.imul((x << 16) >> 16, (y << 16) >> 16) + Math.imul(x >> 16, y >> 16)) | 0;
    case "eq":
      return x === y ? 1 : 0;
    case "ne":
      return x !== y ? 1 : 0;
    case "lt":
      return x < y ? 1 : 0;
    case "le":
      return x <= y ? 1 : 0;
    case "gt":
      return x > y ? 1 : 0;
    case "ge":
      return x >= y ? 1 : 0;
    default:
      return fn satisfies never;
  }
}

const scratch = new DataView(new ArrayBuffer(8));

/** Writes `x` as `dtype` at byte `offset`, little-endian, rounding as a store does. */
export function writeElement(view: DataView, offset: number, dtype: DType, x: number): void {
  switch (dtype) {
    case "bool":
      return view.setUint8(offset, x !== 0 ? 1 : 0);
    case "int8":
      return view.setInt8(offset, x);
    case "uint8":
      return view.setUint8(offset, x);
    case "int16":
      return view.setInt16(offset, x, true);
    case "uint16":
      return view.setUint16(offset, x, true);
    case "int32":
      return view.setInt32(offset, x, true);
    case "uint32":
      return view.setUint32(offset, x, true);
    case "float16":
      return view.setUint16(offset, float16Bits(x), true);
    case "float32":
      return view.setFloat32(offset, x, true);
    case "float64":
      return view.setFloat64(offset, x, true);
    default:
      return dtype satisfies never;
  }
}

/** Reads one element of `dtype` at byte `offset`, little-endian. */
export function readElement(view: DataView, offset: number, dtype: DType): number {
  switch (dtype) {
    case "bool":
      return view.getUint8(offset) !== 0 ? 1 : 0;
    case "int8":
      return view.getInt8(offset);
    case "uint8":
      return view.getUint8(offset);
    case "int16":
      return view.getInt16(offset, true);
    case "uint16":
      return view.getUint16(offset, true);
    case "int32":
      return view.getInt32(offset, true);
    case "uint32":
      return view.getUint32(offset, true);
    case "float16":
      return float16FromBits(view.getUint16(offset, true));
    case "float32":
      return view.getFloat32(offset, true);
    case "float64":
      return view.getFloat64(offset, true);
    default:
      return dtype satisfies never;
  }
}

/** IEEE binary16 bits of the nearest half to `x`. */
export function float16Bits(x: number): number {
  if (Number.isNaN(x)) return 0x7e00;
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const r = Math.abs(roundToFloat16(x));
  if (r === Infinity) return sign | 0x7c00;
  if (r < 2 ** -14) return sign | Math.round(r * 2 ** 24);
  const exponent = Math.floor(Math.log2(r));
  return sign | ((exponent + 15) << 10) | Math.round((r / 2 ** exponent - 1) * 1024);
}

export function float16FromBits(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const mantissa = bits & 1023;
  if (exponent === 31) return mantissa ? NaN : sign * Infinity;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

/** The bits of `x` (a value of `from`) read as `to`; both of the same width. */
export function bitcastConstant(x: number, from: DType, to: DType): number {
  writeElement(scratch, 0, from, x);
  return readElement(scratch, 0, to);
}

/** The upper or lower 32 bits of a double, as int32. */
export function wordConstant(x: number, half: "high" | "low"): number {
  scratch.setFloat64(0, x, true);
  return scratch.getInt32(half === "high" ? 4 : 0, true);
}

/** The double with these upper and lower 32 bits. */
export function fromWordsConstant(high: number, low: number): number {
  scratch.setInt32(4, high, true);
  scratch.setInt32(0, low, true);
  return scratch.getFloat64(0, true);
}
