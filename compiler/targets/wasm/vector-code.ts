/**
 * Operators on four lanes as Wasm SIMD. A bool is a mask of 32-bit lanes, a small integer is extended to 32 bits,
 * a float64 vector is two halves of two lanes and every operator here works on one half. Operands are on the stack.
 */

import type { BinaryFn, UnaryFn } from "../../kernel/expr.ts";
import { DTYPE_INFO, type DType } from "../../types/dtype.ts";
import { InternalError } from "../../types/errors.ts";
import type { FunctionEncoder } from "./encoder.ts";
import { fmodLanes } from "./fmod-lanes.ts";
import { IntegerLanes } from "./integer-lanes.ts";
import { promotedHalf } from "./lane-halves.ts";
import { LanePacking } from "./lane-packing.ts";
import { Op, Simd } from "./opcodes.ts";
import { type ScalarCode, valueTypeOf } from "./scalar-code.ts";
import { withTemps } from "./temps.ts";

type FloatOps = Readonly<Partial<Record<string, readonly [f32: number, f64: number]>>>;

const FLOAT_UNARY: FloatOps = {
  neg: [Simd.f32x4Neg, Simd.f64x2Neg],
  abs: [Simd.f32x4Abs, Simd.f64x2Abs],
  floor: [Simd.f32x4Floor, Simd.f64x2Floor],
  ceil: [Simd.f32x4Ceil, Simd.f64x2Ceil],
  trunc: [Simd.f32x4Trunc, Simd.f64x2Trunc],
  nearest: [Simd.f32x4Nearest, Simd.f64x2Nearest],
  sqrt: [Simd.f32x4Sqrt, Simd.f64x2Sqrt],
};

const FLOAT_BINARY: FloatOps = {
  add: [Simd.f32x4Add, Simd.f64x2Add],
  sub: [Simd.f32x4Sub, Simd.f64x2Sub],
  mul: [Simd.f32x4Mul, Simd.f64x2Mul],
  div: [Simd.f32x4Div, Simd.f64x2Div],
  max: [Simd.f32x4Max, Simd.f64x2Max],
  min: [Simd.f32x4Min, Simd.f64x2Min],
  eq: [Simd.f32x4Eq, Simd.f64x2Eq],
  ne: [Simd.f32x4Ne, Simd.f64x2Ne],
  lt: [Simd.f32x4Lt, Simd.f64x2Lt],
  le: [Simd.f32x4Le, Simd.f64x2Le],
  gt: [Simd.f32x4Gt, Simd.f64x2Gt],
  ge: [Simd.f32x4Ge, Simd.f64x2Ge],
};

const INTEGER_BINARY: Readonly<Partial<Record<BinaryFn, readonly [signed: number, unsigned: number]>>> = {
  add: [Simd.i32x4Add, Simd.i32x4Add],
  sub: [Simd.i32x4Sub, Simd.i32x4Sub],
  mul: [Simd.i32x4Mul, Simd.i32x4Mul],
  max: [Simd.i32x4MaxS, Simd.i32x4MaxU],
  min: [Simd.i32x4MinS, Simd.i32x4MinU],
  and: [Simd.and, Simd.and],
  or: [Simd.or, Simd.or],
  xor: [Simd.xor, Simd.xor],
  eq: [Simd.i32x4Eq, Simd.i32x4Eq],
  ne: [Simd.i32x4Ne, Simd.i32x4Ne],
  lt: [Simd.i32x4LtS, Simd.i32x4LtU],
  le: [Simd.i32x4LeS, Simd.i32x4LeU],
  gt: [Simd.i32x4GtS, Simd.i32x4GtU],
  ge: [Simd.i32x4GeS, Simd.i32x4GeU],
};

const MASK_BINARY: Readonly<Partial<Record<BinaryFn, number>>> = {
  add: Simd.or,
  or: Simd.or,
  max: Simd.or,
  mul: Simd.and,
  and: Simd.and,
  min: Simd.and,
  sub: Simd.xor,
  xor: Simd.xor,
  ne: Simd.xor,
  eq: Simd.i32x4Eq,
  // A true mask is -1, so the order of masks as signed integers is the reverse of the order of bools.
  lt: Simd.i32x4GtS,
  le: Simd.i32x4GeS,
  gt: Simd.i32x4LtS,
  ge: Simd.i32x4LeS,
};

/** Which of two per-type opcodes a dtype takes. */
function wide(dtype: DType): 0 | 1 {
  return dtype === "float64" ? 1 : 0;
}

/** Shifts by a constant have the amount in the instruction's scalar operand. */
export function takesImmediate(fn: BinaryFn): boolean {
  return fn === "shl" || fn === "shr" || fn === "shrLogical";
}

export class VectorCode {
  readonly #f: FunctionEncoder;
  readonly #scalar: ScalarCode;
  readonly #integers: IntegerLanes;
  readonly #packing: LanePacking;
  readonly #relaxed: boolean;

  constructor(f: FunctionEncoder, scalar: ScalarCode, relaxed: boolean) {
    this.#f = f;
    this.#integers = new IntegerLanes(f);
    this.#packing = new LanePacking(f);
    this.#scalar = scalar;
    this.#relaxed = relaxed;
  }

  constant(value: number, dtype: DType): void {
    const f = this.#f;
    const type = valueTypeOf(dtype);
    if (dtype === "bool") {
      const mask = value !== 0 ? -1 : 0;
      f.i32x4(mask, mask, mask, mask);
    } else if (type === "f64") f.f64x2(value);
    else if (type === "f32") f.f32x4(value);
    else f.i32x4(value, value, value, value);
  }

  /** The scalar on the stack in every lane. */
  splat(dtype: DType): void {
    const f = this.#f;
    if (dtype === "bool") {
      withTemps(this.#f, ["i32"], (x) => {
        f.i32(0);
        f.get(x);
        f.op(Op.i32Sub);
      });
      f.simd(Simd.i32x4Splat);
      return;
    }
    const type = valueTypeOf(dtype);
    f.simd(type === "f64" ? Simd.f64x2Splat : type === "f32" ? Simd.f32x4Splat : Simd.i32x4Splat);
  }

  /** The scalar of one lane; of float64, lane 0 or 1 of the half. */
  extract(dtype: DType, lane: number): void {
    const f = this.#f;
    const type = valueTypeOf(dtype);
    if (type === "f64") f.simdLane(Simd.f64x2ExtractLane, lane);
    else if (type === "f32") f.simdLane(Simd.f32x4ExtractLane, lane);
    else f.simdLane(Simd.i32x4ExtractLane, lane);
    if (dtype === "bool") this.#scalar.wrap("bool");
  }

  /** Takes the vector and above it the scalar. */
  replace(dtype: DType, lane: number): void {
    const type = valueTypeOf(dtype);
    if (dtype === "bool") throw new InternalError("a mask has no lanes to replace");
    if (type === "f64") this.#f.simdLane(Simd.f64x2ReplaceLane, lane);
    else this.#f.simdLane(type === "f32" ? Simd.f32x4ReplaceLane : Simd.i32x4ReplaceLane, lane);
  }

  /** Runs a scalar operator lane by lane: for what SIMD has no instruction for. */
  #lanewise(arity: number, dtype: DType, operator: () => void): void {
    const f = this.#f;
    const lanes = dtype === "float64" ? 2 : 4;
    withTemps(
      this.#f,
      Array.from({ length: arity }, () => "v128" as const),
      (...operands) => {
        for (let lane = 0; lane < lanes; lane++) {
          for (const operand of operands) {
            f.get(operand);
            this.extract(dtype, lane);
          }
          operator();
          if (lane === 0) this.splat(dtype);
          else this.replace(dtype, lane);
        }
      },
    );
  }

  /** Wraps lanes into the range of a narrow dtype; float16 rounds. */
  wrap(dtype: DType): void {
    const { kind } = DTYPE_INFO[dtype];
    if (dtype === "float16") {
      this.#packing.floatToHalf();
      return this.#packing.halfToFloat();
    }
    if (kind === "int" || kind === "uint") this.#integers.wrap(dtype);
  }

  unary(fn: UnaryFn, dtype: DType): void {
    const f = this.#f;
    const { kind } = DTYPE_INFO[dtype];
    if (kind === "float") {
      const ops = FLOAT_UNARY[fn];
      if (ops === undefined) throw new InternalError(`no ${fn} of ${dtype}`);
      f.simd(ops[wide(dtype)]);
      if (dtype === "float16" && fn === "sqrt") this.wrap(dtype);
      return;
    }
    switch (fn) {
      case "not":
        f.simd(Simd.not);
        return this.wrap(dtype);
      case "neg":
        if (kind === "bool") return;
        f.simd(Simd.i32x4Neg);
        return this.wrap(dtype);
      case "abs":
        if (kind !== "int") return;
        f.simd(Simd.i32x4Abs);
        return this.wrap(dtype);
      case "popcount":
        if (kind === "bool") return;
        this.#integers.toBits(dtype);
        f.simd(Simd.i8x16Popcnt);
        f.simd(Simd.i16x8ExtaddPairwiseI8x16U);
        return f.simd(Simd.i32x4ExtaddPairwiseI16x8U);
      case "clz":
        return this.#integers.countLeadingZeros(dtype);
      default:
        if (fn === "sqrt") throw new InternalError(`no sqrt of ${dtype}`);
    }
  }

  /**
   * A binary operator on lanes of `dtype`. The result of a comparison is a mask as wide as the operands' lanes.
   * `y` is the second operand's value where it is the same constant in every lane; a constant shift amount is not
   * on the stack (see `takesImmediate`).
   */
  binary(fn: BinaryFn, dtype: DType, y?: number): void {
    const f = this.#f;
    const { kind } = DTYPE_INFO[dtype];
    if (kind === "float") return this.#floatBinary(fn, dtype, y);
    if (kind === "bool") {
      const op = MASK_BINARY[fn];
      if (op === undefined) throw new InternalError(`no ${fn} of bool`);
      return f.simd(op);
    }
    if (fn === "div" || fn === "rem") return this.#integers.divRem(fn, dtype, y);
    if (fn === "shl" || fn === "shr" || fn === "shrLogical") {
      if (y !== undefined) return this.#integers.shift(fn, dtype, y);
      // SIMD shifts take one amount for all lanes; shifting the vector four times is no faster than this.
      return this.#lanewise(2, dtype, () => this.#scalar.binary(fn, dtype));
    }
    if (fn === "pair16") return this.#packing.pairs();
    if (fn === "dot16") return f.simd(Simd.i32x4DotI16x8S);
    const ops = INTEGER_BINARY[fn];
    if (ops === undefined) throw new InternalError(`no ${fn} of ${dtype}`);
    f.simd(ops[kind === "int" ? 0 : 1]);
    if (fn === "add" || fn === "sub" || fn === "mul") this.wrap(dtype);
  }

  #floatBinary(fn: BinaryFn, dtype: DType, y: number | undefined): void {
    const f = this.#f;
    if (fn === "rem") {
      const lanewise = () => this.#lanewise(2, dtype, () => this.#scalar.binary("rem", dtype));
      return dtype === "float64" ? lanewise() : fmodLanes(f, lanewise);
    }
    if ((fn === "max" || fn === "min") && y !== undefined && !Number.isNaN(y)) {
      if (this.#extremumWithConstant(fn, dtype, y)) return;
    }
    const ops = FLOAT_BINARY[fn];
    if (ops === undefined) throw new InternalError(`no ${fn} of ${dtype}`);
    f.simd(ops[wide(dtype)]);
    if (dtype === "float16" && (fn === "add" || fn === "sub" || fn === "mul" || fn === "div"))
      this.wrap(dtype);
  }

  /**
   * max or min with a constant by pmax/pmin, one x64 instruction against seven: pmax(x, c) is `x < c ? c : x`, which
   * keeps a NaN x, and differs from max only in the sign of a zero.
   */
  #extremumWithConstant(fn: "max" | "min", dtype: DType, c: number): boolean {
    const f = this.#f;
    if (fn === "min" && Object.is(c, -0)) return false;
    const double = dtype === "float64";
    if (fn === "max" && Object.is(c, 0)) {
      // Of -0 and +0 the second: nothing of what is not above 0 is left, a NaN is.
      withTemps(f, ["v128", "v128"], (x, zero) => {
        f.get(x);
        f.get(x);
        f.get(zero);
        f.simd(double ? Simd.f64x2Le : Simd.f32x4Le);
        f.simd(Simd.andnot);
      });
    } else if (fn === "max") {
      f.simd(double ? Simd.f64x2Pmax : Simd.f32x4Pmax);
    } else {
      f.simd(double ? Simd.f64x2Pmin : Simd.f32x4Pmin);
    }
    return true;
  }

  /** x·y + z of float32 lanes in float64, where the product is exact; see `FusedExpr` on its rounding. */
  fused(): void {
    const f = this.#f;
    withTemps(this.#f, ["v128", "v128", "v128"], (x, y, z) => {
      for (const high of [false, true]) {
        promotedHalf(f, x, high);
        promotedHalf(f, y, high);
        f.simd(Simd.f64x2Mul);
        promotedHalf(f, z, high);
        f.simd(Simd.f64x2Add);
        f.simd(Simd.f32x4DemoteF64x2Zero);
      }
      f.shuffle32(0, 1, 4, 5);
    });
  }

  /** x·y + z. */
  fma(dtype: DType): void {
    const f = this.#f;
    const double = dtype === "float64";
    if (this.#relaxed) {
      f.simd(double ? Simd.f64x2RelaxedMadd : Simd.f32x4RelaxedMadd);
      return this.wrap(dtype);
    }
    withTemps(this.#f, ["v128"], (z) => {
      f.simd(double ? Simd.f64x2Mul : Simd.f32x4Mul);
      f.get(z);
      f.simd(double ? Simd.f64x2Add : Simd.f32x4Add);
    });
    this.wrap(dtype);
  }

  /** Takes x, y and a mask as wide as their lanes. */
  select(dtype: DType): void {
    if (!this.#relaxed) return this.#f.simd(Simd.bitselect);
    // On full masks lane selection means the same, and is one instruction on x64.
    this.#f.simd(dtype === "float64" ? Simd.i64x2RelaxedLaneselect : Simd.i32x4RelaxedLaneselect);
  }

  /** Half of a mask of 32-bit lanes, widened to 64-bit lanes. */
  widenMask(half: number): void {
    this.#f.simd(half === 0 ? Simd.i64x2ExtendLowI32x4S : Simd.i64x2ExtendHighI32x4S);
  }

  /** Two masks of 64-bit lanes to one of 32-bit lanes. */
  joinMasks(): void {
    this.#f.shuffle32(0, 2, 4, 6);
  }

  /** Conversions between dtypes of 32-bit lanes. */
  convert(from: DType, to: DType): void {
    const f = this.#f;
    if (from === to) return;
    const source = DTYPE_INFO[from].kind;
    const target = DTYPE_INFO[to].kind;
    if (to === "bool") {
      if (source === "float") f.f32x4(0);
      else f.i32x4(0, 0, 0, 0);
      return f.simd(source === "float" ? Simd.f32x4Ne : Simd.i32x4Ne);
    }
    if (target === "float") {
      if (source === "float") return this.wrap(to);
      if (source === "bool") {
        f.f32x4(1);
        return f.simd(Simd.and);
      }
      f.simd(from === "uint32" ? Simd.f32x4ConvertI32x4U : Simd.f32x4ConvertI32x4S);
      return this.wrap(to);
    }
    if (source === "bool") return f.simd(Simd.i32x4Neg);
    if (source !== "float") return this.wrap(to);
    f.simd(target === "uint" ? Simd.i32x4TruncSatF32x4U : Simd.i32x4TruncSatF32x4S);
    this.clampToDtype(to);
  }

  /** Saturates int32 (or uint32) lanes to a narrower dtype. */
  clampToDtype(to: DType): void {
    const f = this.#f;
    const { kind, bits, min, max } = DTYPE_INFO[to];
    if (bits === 32) return;
    f.i32x4(max, max, max, max);
    f.simd(kind === "uint" ? Simd.i32x4MinU : Simd.i32x4MinS);
    if (kind === "uint") return;
    f.i32x4(min, min, min, min);
    f.simd(Simd.i32x4MaxS);
  }

  bitcast(from: DType, to: DType): void {
    if (from === "float16") this.#packing.floatToHalf();
    if (to === "float16") {
      this.#f.i32x4(0xffff, 0xffff, 0xffff, 0xffff);
      this.#f.simd(Simd.and);
      return this.#packing.halfToFloat();
    }
    if (from === "bool") return this.convert(from, to);
    if (to === "bool") return this.convert(from, to);
    this.wrap(to);
  }

  /** Packed elements in the low bytes of a vector to lanes: what a load does after the bytes are there. */
  widen(dtype: DType): void {
    this.#packing.widen(dtype);
  }

  /** Lanes to packed elements in the low bytes: what a store does first. */
  pack(dtype: DType): void {
    this.#packing.pack(dtype);
  }
}
