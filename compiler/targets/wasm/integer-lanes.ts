/** Integer operators on lanes that SIMD has no instruction for: division, shifts of narrow dtypes, leading zeros. */
import { DTYPE_INFO, type DType } from "../../types/dtype.ts";
import type { FunctionEncoder } from "./encoder.ts";
import { Op, Simd } from "./opcodes.ts";
import { narrowMask } from "./scalar-code.ts";
import { withTemps } from "./temps.ts";

export type ShiftFn = "shl" | "shr" | "shrLogical";

export class IntegerLanes {
  readonly #f: FunctionEncoder;

  constructor(f: FunctionEncoder) {
    this.#f = f;
  }

  /** Wraps lanes into the range of a narrow integer dtype. */
  wrap(dtype: DType): void {
    const f = this.#f;
    const { kind, bits } = DTYPE_INFO[dtype];
    if (bits === 32) return;
    if (kind === "uint") {
      const mask = narrowMask(dtype) ?? -1;
      f.i32x4(mask, mask, mask, mask);
      return f.simd(Simd.and);
    }
    f.i32(32 - bits);
    f.simd(Simd.i32x4Shl);
    f.i32(32 - bits);
    f.simd(Simd.i32x4ShrS);
  }

  /** A narrow signed value to its bits, zero-extended. */
  toBits(dtype: DType): void {
    const mask = narrowMask(dtype);
    if (mask === null || DTYPE_INFO[dtype].kind !== "int") return;
    this.#f.i32x4(mask, mask, mask, mask);
    this.#f.simd(Simd.and);
  }

  /**
   * The exponent of x as a float. With the bit below the leading one cleared x is not rounded up to the next power; a
   * leading bit 31 makes the float negative, and the count with it, which stands for 0.
   */
  countLeadingZeros(dtype: DType): void {
    const f = this.#f;
    const all = (value: number): void => f.i32x4(value, value, value, value);
    const { bits } = DTYPE_INFO[dtype];
    this.toBits(dtype);
    withTemps(f, ["v128"], (x) => {
      // 158 is the exponent of 2^31.
      all(158 - (32 - bits));
      f.get(x);
      f.get(x);
      f.i32(1);
      f.simd(Simd.i32x4ShrU);
      f.simd(Simd.andnot);
      f.simd(Simd.f32x4ConvertI32x4S);
      f.i32(23);
      f.simd(Simd.i32x4ShrU);
      f.simd(Simd.i32x4Sub);
    });
    all(bits);
    f.simd(Simd.i32x4MinS);
    all(0);
    f.simd(Simd.i32x4MaxS);
  }

  /**
   * Division of 32-bit integers in double precision: the quotient of two 32-bit integers, rounded to 53 bits,
   * truncates to the exact one. Then x / 0 is -1, and INT_MIN / -1 wraps to itself.
   */
  divRem(fn: "div" | "rem", dtype: DType, constant: number | undefined): void {
    const f = this.#f;
    const signed = DTYPE_INFO[dtype].kind === "int";
    if (constant !== undefined && constant > 1 && Number.isInteger(Math.log2(constant))) {
      return this.#divRemPower(fn, dtype, Math.log2(constant));
    }
    const toDouble = signed ? Simd.f64x2ConvertLowI32x4S : Simd.f64x2ConvertLowI32x4U;
    const toInteger = signed ? Simd.i32x4TruncSatF64x2SZero : Simd.i32x4TruncSatF64x2UZero;
    withTemps(f, ["v128", "v128"], (x, y) => {
      const half = (high: boolean): void => {
        for (const v of [x, y]) {
          f.get(v);
          if (high) {
            f.get(v);
            f.shuffle32(2, 3, 2, 3);
          }
          f.simd(toDouble);
        }
        f.simd(Simd.f64x2Div);
        f.simd(toInteger);
      };
      half(false);
      half(true);
      f.shuffle32(0, 1, 4, 5);
      if (constant === undefined || constant === 0) {
        f.get(y);
        f.i32x4(0, 0, 0, 0);
        f.simd(Simd.i32x4Eq);
        f.simd(Simd.or);
      }
      if (signed && (constant === undefined || constant === -1)) {
        // Saturation gave INT_MAX for INT_MIN / -1; the quotient by -1 is -x.
        const q = f.temp("v128");
        f.set(q);
        f.get(x);
        f.simd(Simd.i32x4Neg);
        f.get(q);
        f.get(y);
        f.i32x4(-1, -1, -1, -1);
        f.simd(Simd.i32x4Eq);
        f.simd(Simd.bitselect);
        f.release(q);
      }
      if (fn === "rem") {
        const q = f.temp("v128");
        f.set(q);
        f.get(x);
        f.get(q);
        f.get(y);
        f.simd(Simd.i32x4Mul);
        f.simd(Simd.i32x4Sub);
        f.release(q);
      }
    });
    this.wrap(dtype);
  }

  /** By 2^log: shifts, of a signed number towards zero. The divisor on the stack is dropped. */
  #divRemPower(fn: "div" | "rem", dtype: DType, log: number): void {
    const f = this.#f;
    const signed = DTYPE_INFO[dtype].kind === "int";
    f.op(Op.drop);
    const low = 2 ** log - 1;
    if (!signed) {
      if (fn === "rem") {
        f.i32x4(low, low, low, low);
        return f.simd(Simd.and);
      }
      f.i32(log);
      return f.simd(Simd.i32x4ShrU);
    }
    withTemps(f, ["v128"], (x) => {
      const biased = (): void => {
        f.get(x);
        f.get(x);
        f.i32(31);
        f.simd(Simd.i32x4ShrS);
        f.i32(32 - log);
        f.simd(Simd.i32x4ShrU);
        f.simd(Simd.i32x4Add);
      };
      if (fn === "div") {
        biased();
        f.i32(log);
        return f.simd(Simd.i32x4ShrS);
      }
      f.get(x);
      biased();
      f.i32x4(~low, ~low, ~low, ~low);
      f.simd(Simd.and);
      f.simd(Simd.i32x4Sub);
    });
  }

  /** By an amount that all lanes share and that is not on the stack. */
  shift(fn: ShiftFn, dtype: DType, y: number): void {
    const f = this.#f;
    const { bits, kind } = DTYPE_INFO[dtype];
    const outside = y < 0 || y >= bits;
    if (fn === "shr" && kind === "int") {
      f.i32(outside ? 31 : y);
      return f.simd(Simd.i32x4ShrS);
    }
    if (outside) {
      withTemps(f, ["v128"], () => f.i32x4(0, 0, 0, 0));
      return;
    }
    if (fn === "shl") {
      f.i32(y);
      f.simd(Simd.i32x4Shl);
    } else {
      this.toBits(dtype);
      f.i32(y);
      f.simd(Simd.i32x4ShrU);
    }
    this.wrap(dtype);
  }
}
