/** Elements as they lie in memory, to lanes and back: narrow integers, bool, binary16. */
import type { DType } from "../../types/dtype.ts";
import type { FunctionEncoder } from "./encoder.ts";
import { Simd } from "./opcodes.ts";
import { withTemps } from "./temps.ts";

export class LanePacking {
  readonly #f: FunctionEncoder;

  constructor(f: FunctionEncoder) {
    this.#f = f;
  }

  /** float32 lanes to binary16 bits in 32-bit lanes, ties to even; see `floatToHalf` in helpers.ts. */
  floatToHalf(): void {
    const f = this.#f;
    const all = (value: number): void => f.i32x4(value, value, value, value);
    withTemps(this.#f, ["v128"], (x) => {
      const a = f.temp("v128");
      // Overflow, infinity and NaN.
      all(0x7e00);
      all(0x7c00);
      f.get(x);
      f.simd(Simd.f32x4Abs);
      f.tee(a);
      all(0x7f800000);
      f.simd(Simd.i32x4GtS);
      f.simd(Simd.bitselect);
      // Subnormal.
      f.get(a);
      f.f32x4(0.5);
      f.simd(Simd.f32x4Add);
      all(0x3f000000);
      f.simd(Simd.i32x4Sub);
      // Normal.
      f.get(a);
      all((15 - 127) * 2 ** 23 + 0xfff);
      f.simd(Simd.i32x4Add);
      f.get(a);
      f.i32(13);
      f.simd(Simd.i32x4ShrU);
      all(1);
      f.simd(Simd.and);
      f.simd(Simd.i32x4Add);
      f.i32(13);
      f.simd(Simd.i32x4ShrU);
      f.get(a);
      all(0x38800000);
      f.simd(Simd.i32x4LtS);
      f.simd(Simd.bitselect);
      f.get(a);
      all(0x47800000);
      f.simd(Simd.i32x4GeS);
      f.simd(Simd.bitselect);
      f.get(x);
      f.i32(16);
      f.simd(Simd.i32x4ShrU);
      all(0x8000);
      f.simd(Simd.and);
      f.simd(Simd.or);
      f.release(a);
    });
  }

  /** binary16 bits in 32-bit lanes to float32 lanes; see `halfToFloat` in helpers.ts. */
  halfToFloat(): void {
    const f = this.#f;
    const all = (value: number): void => f.i32x4(value, value, value, value);
    withTemps(this.#f, ["v128"], (h) => {
      const m = f.temp("v128");
      f.get(h);
      all(0x7fff);
      f.simd(Simd.and);
      f.tee(m);
      f.i32(13);
      f.simd(Simd.i32x4Shl);
      f.f32x4(2 ** 112);
      f.simd(Simd.f32x4Mul);
      f.get(m);
      all(0x7c00);
      f.simd(Simd.i32x4GeS);
      all(0x7f800000);
      f.simd(Simd.and);
      f.simd(Simd.or);
      f.get(h);
      all(0x8000);
      f.simd(Simd.and);
      f.i32(16);
      f.simd(Simd.i32x4Shl);
      f.simd(Simd.or);
      f.release(m);
    });
  }

  /** Packed elements in the low bytes of a vector to lanes: what a load does after the bytes are there. */
  widen(dtype: DType): void {
    const f = this.#f;
    switch (dtype) {
      case "bool":
      case "uint8":
        f.simd(Simd.i16x8ExtendLowI8x16U);
        f.simd(Simd.i32x4ExtendLowI16x8U);
        if (dtype === "bool") {
          f.i32x4(0, 0, 0, 0);
          f.simd(Simd.i32x4Ne);
        }
        return;
      case "int8":
        f.simd(Simd.i16x8ExtendLowI8x16S);
        return f.simd(Simd.i32x4ExtendLowI16x8S);
      case "int16":
        return f.simd(Simd.i32x4ExtendLowI16x8S);
      case "uint16":
        return f.simd(Simd.i32x4ExtendLowI16x8U);
      case "float16":
        f.simd(Simd.i32x4ExtendLowI16x8U);
        return this.halfToFloat();
      default:
    }
  }

  /** Lanes to packed elements in the low bytes: what a store does first. */
  pack(dtype: DType): void {
    const f = this.#f;
    switch (dtype) {
      case "bool":
      case "int8":
      case "uint8":
        if (dtype === "bool") f.simd(Simd.i32x4Neg);
        withTemps(this.#f, ["v128"], (x) => {
          f.get(x);
          f.get(x);
          f.simd(Simd.i16x8NarrowI32x4S);
        });
        withTemps(this.#f, ["v128"], (x) => {
          f.get(x);
          f.get(x);
          f.simd(dtype === "int8" ? Simd.i8x16NarrowI16x8S : Simd.i8x16NarrowI16x8U);
        });
        return;
      case "float16":
        this.floatToHalf();
        return this.#packHalves(Simd.i16x8NarrowI32x4U);
      case "uint16":
        return this.#packHalves(Simd.i16x8NarrowI32x4U);
      case "int16":
        return this.#packHalves(Simd.i16x8NarrowI32x4S);
      default:
    }
  }

  /** Takes lanes of lower and of upper halves: the lower half of each lane of both, side by side. */
  pairs(): void {
    const f = this.#f;
    f.i32(16);
    f.simd(Simd.i32x4Shl);
    withTemps(f, ["v128", "v128"], (low, high) => {
      f.get(low);
      f.i32x4(0xffff, 0xffff, 0xffff, 0xffff);
      f.simd(Simd.and);
      f.get(high);
      f.simd(Simd.or);
    });
  }

  #packHalves(op: number): void {
    withTemps(this.#f, ["v128"], (x) => {
      this.#f.get(x);
      this.#f.get(x);
      this.#f.simd(op);
    });
  }
}
