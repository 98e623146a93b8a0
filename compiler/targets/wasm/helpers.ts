/** Scalar helper functions that a module holds once, and only if it uses them. */
import type { FunctionEncoder, ModuleEncoder } from "./encoder.ts";
import { Op, type ValueType } from "./opcodes.ts";

export type HelperName = "fmod_f32" | "fmod_f64" | "f16_to_f32" | "f32_to_f16" | "f64_to_f32_odd";

const SIGNATURES: Readonly<Record<HelperName, readonly [params: readonly ValueType[], result: ValueType]>> = {
  fmod_f32: [["f32", "f32"], "f32"],
  fmod_f64: [["f64", "f64"], "f64"],
  f16_to_f32: [["i32"], "f32"],
  f32_to_f16: [["f32"], "i32"],
  f64_to_f32_odd: [["f64"], "f32"],
};

export class HelperFunctions {
  readonly #module: ModuleEncoder;
  readonly #made = new Map<HelperName, FunctionEncoder>();

  constructor(module: ModuleEncoder) {
    this.#module = module;
  }

  get(name: HelperName): FunctionEncoder {
    const found = this.#made.get(name);
    if (found) return found;
    const [params, result] = SIGNATURES[name];
    const named = params.map((type, i) => ({ name: "xy"[i], type }));
    const f = this.#module.function(name, named, [result]);
    this.#made.set(name, f);
    switch (name) {
      case "fmod_f32":
        fmodF32(f, this.get("fmod_f64"));
        break;
      case "fmod_f64":
        fmodF64(f);
        break;
      case "f16_to_f32":
        halfToFloat(f);
        break;
      case "f32_to_f16":
        floatToHalf(f);
        break;
      case "f64_to_f32_odd":
        roundToOdd(f);
        break;
      default:
        name satisfies never;
    }
    return f;
  }
}

/**
 * fmod of two floats in double precision. Where |x/y| < 2^29 the product of the truncated quotient and y is exact
 * (29 + 24 bits), so r = x - q·y is too; the rounded quotient may be one too great, and then r has the other sign.
 * Elsewhere the double-precision function is exact, and its result is a float: a remainder has no bit below y's or x's last.
 */
function fmodF32(f: FunctionEncoder, fmod64: FunctionEncoder): void {
  const x = f.local("a", "f64");
  const y = f.local("b", "f64");
  const q = f.local("q", "f64");
  const r = f.local("r", "f64");
  f.get(0);
  f.op(Op.f64PromoteF32);
  f.op(Op.f64Abs);
  f.tee(x);
  f.get(1);
  f.op(Op.f64PromoteF32);
  f.op(Op.f64Abs);
  f.tee(y);
  f.op(Op.f64Div);
  f.tee(q);
  f.f64(2 ** 29);
  f.op(Op.f64Lt);
  f.get(y);
  f.f64(Infinity);
  f.op(Op.f64Lt);
  f.op(Op.i32And);
  f.if(
    "f32",
    () => {
      f.get(x);
      f.get(q);
      f.op(Op.f64Trunc);
      f.get(y);
      f.op(Op.f64Mul);
      f.op(Op.f64Sub);
      f.tee(r);
      f.get(y);
      f.op(Op.f64Add);
      f.get(r);
      f.get(r);
      f.f64(0);
      f.op(Op.f64Lt);
      f.op(Op.select);
      f.op(Op.f32DemoteF64);
      f.get(0);
      f.op(Op.f32Copysign);
    },
    () => {
      f.get(0);
      f.op(Op.f64PromoteF32);
      f.get(1);
      f.op(Op.f64PromoteF32);
      f.call(fmod64);
      f.op(Op.f32DemoteF64);
    },
  );
}

/** fmod by binary long division on the significands, as in musl's fmod.c (MIT). */
function fmodF64(f: FunctionEncoder): void {
  const ux = f.local("ux", "i64");
  const uy = f.local("uy", "i64");
  const ex = f.local("ex", "i32");
  const ey = f.local("ey", "i32");
  const d = f.local("d", "i64");
  const MANTISSA = 0xfffffffffffffn;
  const IMPLICIT = 0x10000000000000n;

  /** Splits |v| into exponent and significand with its leading bit at 52; subnormals are normalised. */
  const split = (bits: number, exponent: number): void => {
    f.get(bits);
    f.i64(52n);
    f.op(Op.i64ShrU);
    f.op(Op.i32WrapI64);
    f.tee(exponent);
    f.if(
      null,
      () => {
        f.get(bits);
        f.i64(MANTISSA);
        f.op(Op.i64And);
        f.i64(IMPLICIT);
        f.op(Op.i64Or);
        f.set(bits);
      },
      () => {
        // shift = clz - 11 brings the leading bit to 52; exponent = 1 - shift.
        f.i32(12);
        f.get(bits);
        f.op(Op.i64Clz);
        f.op(Op.i32WrapI64);
        f.op(Op.i32Sub);
        f.set(exponent);
        f.get(bits);
        f.i32(1);
        f.get(exponent);
        f.op(Op.i32Sub);
        f.op(Op.i64ExtendI32S);
        f.op(Op.i64Shl);
        f.set(bits);
      },
    );
  };

  f.get(0);
  f.op(Op.f64Abs);
  f.op(Op.i64ReinterpretF64);
  f.set(ux);
  f.get(1);
  f.op(Op.f64Abs);
  f.op(Op.i64ReinterpretF64);
  f.set(uy);
  // y is 0 or NaN, x is infinite or NaN: NaN.
  f.get(uy);
  f.op(Op.i64Eqz);
  f.get(uy);
  f.i64(0x7ff0000000000000n);
  f.op(Op.i64GtU);
  f.op(Op.i32Or);
  f.get(ux);
  f.i64(0x7ff0000000000000n);
  f.op(Op.i64GeU);
  f.op(Op.i32Or);
  f.if(null, () => {
    f.f64(NaN);
    f.op(Op.return);
  });
  // |x| < |y|: x.
  f.get(ux);
  f.get(uy);
  f.op(Op.i64LtU);
  f.if(null, () => {
    f.get(0);
    f.op(Op.return);
  });
  split(ux, ex);
  split(uy, ey);
  // One step per bit of the quotient: subtract where it fits, then double.
  const subtract = (): void => {
    f.get(ux);
    f.get(uy);
    f.op(Op.i64Sub);
    f.tee(d);
    f.get(ux);
    f.get(d);
    f.i64(0n);
    f.op(Op.i64GeS);
    f.op(Op.select);
    f.set(ux);
  };
  f.block(() => {
    f.loop(() => {
      subtract();
      f.get(ex);
      f.get(ey);
      f.op(Op.i32LeS);
      f.brIf(1);
      f.get(ux);
      f.i64(1n);
      f.op(Op.i64Shl);
      f.set(ux);
      f.get(ex);
      f.i32(1);
      f.op(Op.i32Sub);
      f.set(ex);
      f.br(0);
    });
  });
  f.get(ux);
  f.op(Op.i64Eqz);
  f.if(null, () => {
    f.f64(0);
    f.get(0);
    f.op(Op.f64Copysign);
    f.op(Op.return);
  });
  // Normalise: shift = clz - 11.
  f.get(ux);
  f.get(ux);
  f.op(Op.i64Clz);
  f.i64(11n);
  f.op(Op.i64Sub);
  f.tee(d);
  f.op(Op.i64Shl);
  f.set(ux);
  f.get(ey);
  f.get(d);
  f.op(Op.i32WrapI64);
  f.op(Op.i32Sub);
  f.tee(ex);
  f.i32(0);
  f.op(Op.i32GtS);
  f.if(
    "f64",
    () => {
      f.get(ux);
      f.i64(IMPLICIT);
      f.op(Op.i64Sub);
      f.get(ex);
      f.op(Op.i64ExtendI32U);
      f.i64(52n);
      f.op(Op.i64Shl);
      f.op(Op.i64Or);
      f.op(Op.f64ReinterpretI64);
    },
    () => {
      f.get(ux);
      f.i32(1);
      f.get(ex);
      f.op(Op.i32Sub);
      f.op(Op.i64ExtendI32U);
      f.op(Op.i64ShrU);
      f.op(Op.f64ReinterpretI64);
    },
  );
  f.get(0);
  f.op(Op.f64Copysign);
}

/**
 * binary16 bits to float: shifted into place, the exponent is rebiased by a multiplication with 2^112, which also
 * normalises subnormals; infinities and NaN get all exponent bits. After F. Giesen, "Half to float done quick".
 */
function halfToFloat(f: FunctionEncoder): void {
  const m = f.local("m", "i32");
  f.get(0);
  f.i32(0x7fff);
  f.op(Op.i32And);
  f.tee(m);
  f.i32(13);
  f.op(Op.i32Shl);
  f.op(Op.f32ReinterpretI32);
  f.f32(2 ** 112);
  f.op(Op.f32Mul);
  f.op(Op.i32ReinterpretF32);
  f.i32(0x7f800000);
  f.i32(0);
  f.get(m);
  f.i32(0x7c00);
  f.op(Op.i32GeU);
  f.op(Op.select);
  f.op(Op.i32Or);
  f.get(0);
  f.i32(0x8000);
  f.op(Op.i32And);
  f.i32(16);
  f.op(Op.i32Shl);
  f.op(Op.i32Or);
  f.op(Op.f32ReinterpretI32);
}

/** Float to binary16 bits, ties to even. After F. Giesen, float_to_half_fast3_rtne (public domain). */
function floatToHalf(f: FunctionEncoder): void {
  const bits = f.local("bits", "i32");
  const a = f.local("a", "i32");
  f.get(0);
  f.op(Op.i32ReinterpretF32);
  f.tee(bits);
  f.i32(0x7fffffff);
  f.op(Op.i32And);
  f.tee(a);
  f.i32(0x47800000);
  f.op(Op.i32GeU);
  f.if(
    "i32",
    () => {
      f.i32(0x7e00);
      f.i32(0x7c00);
      f.get(a);
      f.i32(0x7f800000);
      f.op(Op.i32GtU);
      f.op(Op.select);
    },
    () => {
      // Subnormal: the adder shifts the significand, with its rounding.
      f.get(a);
      f.op(Op.f32ReinterpretI32);
      f.f32(0.5);
      f.op(Op.f32Add);
      f.op(Op.i32ReinterpretF32);
      f.i32(0x3f000000);
      f.op(Op.i32Sub);
      // Normal: a + rebias + 0xfff + (last kept bit), shifted.
      f.get(a);
      f.i32((15 - 127) * 2 ** 23 + 0xfff);
      f.op(Op.i32Add);
      f.get(a);
      f.i32(13);
      f.op(Op.i32ShrU);
      f.i32(1);
      f.op(Op.i32And);
      f.op(Op.i32Add);
      f.i32(13);
      f.op(Op.i32ShrU);
      f.get(a);
      f.i32(0x38800000);
      f.op(Op.i32LtU);
      f.op(Op.select);
    },
  );
  f.get(bits);
  f.i32(16);
  f.op(Op.i32ShrU);
  f.i32(0x8000);
  f.op(Op.i32And);
  f.op(Op.i32Or);
}

/**
 * Double to float, rounded to odd: rounding that to a half once more is the same as rounding the double to it
 * directly (Boldo & Melquiond, "When double rounding is odd").
 */
function roundToOdd(f: FunctionEncoder): void {
  const y = f.local("f", "f32");
  const bits = f.local("bits", "i32");
  f.get(0);
  f.op(Op.f32DemoteF64);
  f.tee(y);
  f.op(Op.f64PromoteF32);
  f.get(0);
  f.op(Op.f64Eq);
  f.get(0);
  f.get(0);
  f.op(Op.f64Ne);
  f.op(Op.i32Or);
  f.if(
    "f32",
    () => f.get(y),
    () => {
      // Towards zero, then the last bit set: inexact.
      f.get(y);
      f.op(Op.i32ReinterpretF32);
      f.tee(bits);
      f.get(y);
      f.op(Op.f64PromoteF32);
      f.op(Op.f64Abs);
      f.get(0);
      f.op(Op.f64Abs);
      f.op(Op.f64Gt);
      f.op(Op.i32Sub);
      f.i32(1);
      f.op(Op.i32Or);
      f.op(Op.f32ReinterpretI32);
    },
  );
}
