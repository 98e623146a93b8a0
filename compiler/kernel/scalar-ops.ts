/**
 * Smart constructors for scalar expressions: what a primitive's `lower` rule is written with.
 *
 * They fold constants, drop neutral operations and keep index arithmetic small: reshape, transpose, slice and pad
 * become index expressions, so a kernel stays readable and affine only if `(i*4 + j) / 4` turns into `i` here.
 */
import { DTYPE_INFO, type DType } from "../types/dtype.ts";
import { InternalError } from "../types/errors.ts";
import {
  bitcastConstant,
  convertConstant,
  evaluateBinary,
  evaluateUnary,
  fromWordsConstant,
  roundTo,
  wordConstant,
} from "./constants.ts";
import {
  type Axis,
  type BinaryFn,
  type BufferParam,
  COMPARE_FNS,
  type Expr,
  type Local,
  type UnaryFn,
} from "./expr.ts";
import { rangeOf, simplifyIndex } from "./index-math.ts";

function dtypesMatch(fn: string, x: Expr, y: Expr): void {
  if (x.dtype !== y.dtype) throw new InternalError(`scalar ${fn} of ${x.dtype} and ${y.dtype}`);
}

function constant(value: number, dtype: DType): Expr {
  return { op: "const", dtype, value: roundTo(value, dtype) };
}

function isConst(e: Expr, value: number): boolean {
  return e.op === "const" && Object.is(e.value, value);
}

function unary(fn: UnaryFn, x: Expr): Expr {
  if (x.op === "const") return { op: "const", dtype: x.dtype, value: evaluateUnary(fn, x.value, x.dtype) };
  if ((fn === "neg" || fn === "not") && x.op === "unary" && x.fn === fn) return x.x;
  const integral = DTYPE_INFO[x.dtype].kind !== "float";
  if (integral && (fn === "floor" || fn === "ceil" || fn === "trunc" || fn === "nearest")) return x;
  return { op: "unary", fn, dtype: x.dtype, x };
}

/** Identities that hold for every value, NaN and signed zero included. */
function neutral(fn: BinaryFn, x: Expr, y: Expr): Expr | null {
  const float = DTYPE_INFO[x.dtype].kind === "float";
  switch (fn) {
    case "add":
      // x + (-0) is x for every float; x + 0 is not (for x = -0).
      if (isConst(y, -0) && float) return x;
      if (isConst(x, -0) && float) return y;
      if (!float && isConst(y, 0)) return x;
      if (!float && isConst(x, 0)) return y;
      return null;
    case "sub":
      return isConst(y, 0) ? x : null;
    case "mul":
      if (isConst(y, 1)) return x;
      if (isConst(x, 1)) return y;
      if (!float && (isConst(x, 0) || isConst(y, 0))) return constant(0, x.dtype);
      return null;
    case "div":
      return isConst(y, 1) ? x : null;
    case "and":
      if (x.dtype === "bool") {
        if (isConst(x, 1)) return y;
        if (isConst(y, 1)) return x;
        if (isConst(x, 0) || isConst(y, 0)) return constant(0, "bool");
      }
      return null;
    case "or":
      if (x.dtype === "bool") {
        if (isConst(x, 0)) return y;
        if (isConst(y, 0)) return x;
        if (isConst(x, 1) || isConst(y, 1)) return constant(1, "bool");
      }
      return null;
    case "shl":
    case "shr":
    case "shrLogical":
      return isConst(y, 0) ? x : null;
    default:
      return null;
  }
}

function binary(fn: BinaryFn, x: Expr, y: Expr): Expr {
  dtypesMatch(fn, x, y);
  const dtype = COMPARE_FNS.has(fn) ? "bool" : x.dtype;
  if (x.op === "const" && y.op === "const") {
    return { op: "const", dtype, value: evaluateBinary(fn, x.value, y.value, x.dtype) };
  }
  const kept = neutral(fn, x, y);
  if (kept) return kept;
  const built: Expr = { op: "binary", fn, dtype, x, y };
  return x.dtype === "int32" ? simplifyIndex(built) : built;
}

function select(cond: Expr, x: Expr, y: Expr): Expr {
  dtypesMatch("select", x, y);
  if (cond.op === "const") return cond.value ? x : y;
  return x === y ? x : { op: "select", dtype: x.dtype, cond, x, y };
}

function guard(cond: Expr, x: Expr, y: Expr): Expr {
  dtypesMatch("guard", x, y);
  if (cond.op === "const") return cond.value ? x : y;
  return { op: "guard", dtype: x.dtype, cond, x, y };
}

function convert(x: Expr, dtype: DType): Expr {
  if (x.dtype === dtype) return x;
  if (x.op === "const") return { op: "const", dtype, value: convertConstant(x.value, x.dtype, dtype) };
  return { op: "convert", dtype, x };
}

function bitcast(x: Expr, dtype: DType): Expr {
  if (x.dtype === dtype) return x;
  if (DTYPE_INFO[x.dtype].bytes !== DTYPE_INFO[dtype].bytes) {
    throw new InternalError(`bitcast of ${x.dtype} to ${dtype}`);
  }
  if (x.op === "bitcast") return bitcast(x.x, dtype);
  if (x.op === "const") {
    const value = bitcastConstant(x.value, x.dtype, dtype);
    // A NaN constant has no bits of its own in JavaScript; leave the operation to the target.
    if (!Number.isNaN(value) && !Number.isNaN(x.value)) return { op: "const", dtype, value };
  }
  return { op: "bitcast", dtype, x };
}

function word(half: "high" | "low", x: Expr): Expr {
  if (x.dtype !== "float64") throw new InternalError(`scalar ${half} word of ${x.dtype}`);
  if (x.op === "fromWords") return half === "high" ? x.high : x.low;
  if (x.op === "const" && !Number.isNaN(x.value)) return constant(wordConstant(x.value, half), "int32");
  return { op: "word", dtype: "int32", half, x };
}

function fromWords(high: Expr, low: Expr): Expr {
  dtypesMatch("fromWords", high, low);
  if (high.op === "const" && low.op === "const") {
    const value = fromWordsConstant(high.value, low.value);
    if (!Number.isNaN(value)) return { op: "const", dtype: "float64", value };
  }
  return { op: "fromWords", dtype: "float64", high, low };
}

/** What a lowering rule builds scalars with. All operands of one operation have one dtype. */
export const scalarOps = {
  const: constant,
  int: (value: number): Expr => constant(value, "int32"),
  bool: (value: boolean): Expr => constant(value ? 1 : 0, "bool"),
  axis: (axis: Axis): Expr =>
    axis.extent === 1 ? constant(0, "int32") : { op: "axis", dtype: "int32", axis },
  local: (local: Local): Expr => ({ op: "local", dtype: local.dtype, local }),
  load: (buffer: BufferParam, index: Expr): Expr => ({
    op: "load",
    dtype: buffer.dtype === "float16" ? "float32" : buffer.dtype,
    buffer,
    index,
  }),
  unary,
  binary,
  neg: (x: Expr) => unary("neg", x),
  abs: (x: Expr) => unary("abs", x),
  floor: (x: Expr) => unary("floor", x),
  ceil: (x: Expr) => unary("ceil", x),
  trunc: (x: Expr) => unary("trunc", x),
  nearest: (x: Expr) => unary("nearest", x),
  sqrt: (x: Expr) => unary("sqrt", x),
  not: (x: Expr) => unary("not", x),
  popcount: (x: Expr) => unary("popcount", x),
  clz: (x: Expr) => unary("clz", x),
  add: (x: Expr, y: Expr) => binary("add", x, y),
  sub: (x: Expr, y: Expr) => binary("sub", x, y),
  mul: (x: Expr, y: Expr) => binary("mul", x, y),
  div: (x: Expr, y: Expr) => binary("div", x, y),
  rem: (x: Expr, y: Expr) => binary("rem", x, y),
  max: (x: Expr, y: Expr) => binary("max", x, y),
  min: (x: Expr, y: Expr) => binary("min", x, y),
  and: (x: Expr, y: Expr) => binary("and", x, y),
  or: (x: Expr, y: Expr) => binary("or", x, y),
  xor: (x: Expr, y: Expr) => binary("xor", x, y),
  shl: (x: Expr, y: Expr) => binary("shl", x, y),
  shr: (x: Expr, y: Expr) => binary("shr", x, y),
  shrLogical: (x: Expr, y: Expr) => binary("shrLogical", x, y),
  /** See `ArithmeticFn`: two 16-bit numbers in one, and the sum of the products of two such pairs. */
  pair16: (low: Expr, high: Expr) => binary("pair16", low, high),
  dot16: (x: Expr, y: Expr) => binary("dot16", x, y),
  eq: (x: Expr, y: Expr) => binary("eq", x, y),
  ne: (x: Expr, y: Expr) => binary("ne", x, y),
  lt: (x: Expr, y: Expr) => binary("lt", x, y),
  le: (x: Expr, y: Expr) => binary("le", x, y),
  gt: (x: Expr, y: Expr) => binary("gt", x, y),
  ge: (x: Expr, y: Expr) => binary("ge", x, y),
  fma: (x: Expr, y: Expr, z: Expr): Expr => ({ op: "fma", dtype: x.dtype, x, y, z }),
  /** x·y + z on float32, rounded once. */
  fused: (x: Expr, y: Expr, z: Expr): Expr => ({ op: "fused", dtype: "float32", x, y, z }),
  select,
  guard,
  convert,
  bitcast,
  /** The upper and lower 32 bits of a float64, as int32, and the float64 of two such words. */
  highWord: (x: Expr) => word("high", x),
  lowWord: (x: Expr) => word("low", x),
  fromWords,
  /** A function of the math library by name; see `compiler/math`. The result has the dtype of the arguments. */
  call: (fn: string, ...args: Expr[]): Expr => ({ op: "call", fn, dtype: args[0].dtype, args }),
  /** clamp(x, lo, hi) on integers known to be an index; folds when the range of x shows it is a no-op. */
  clampIndex(x: Expr, lo: number, hi: number): Expr {
    const range = rangeOf(x);
    if (range.min >= lo && range.max <= hi) return x;
    return binary("min", binary("max", x, constant(lo, "int32")), constant(hi, "int32"));
  },
} as const;

export type ScalarOps = typeof scalarOps;
