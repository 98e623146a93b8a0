/**
 * Scalar operators as Wasm instructions. Operands are on the stack; a value of a small integer dtype is kept
 * sign- or zero-extended to 32 bits, bool as 0 or 1, float16 as a float32 that float16 can represent.
 */
import type { BinaryFn, UnaryFn } from "../../kernel/expr.ts";
import { DTYPE_INFO, type DType } from "../../types/dtype.ts";
import { InternalError } from "../../types/errors.ts";
import type { FunctionEncoder } from "./encoder.ts";
import type { HelperFunctions } from "./helpers.ts";
import { Misc, Op, type ValueType } from "./opcodes.ts";

export function valueTypeOf(dtype: DType): ValueType {
  if (dtype === "float64") return "f64";
  return dtype === "float32" || dtype === "float16" ? "f32" : "i32";
}

/** The bit mask of a dtype narrower than 32 bits, else null. */
export function narrowMask(dtype: DType): number | null {
  const { bits } = DTYPE_INFO[dtype];
  return bits < 32 ? 2 ** bits - 1 : null;
}

const FLOAT_UNARY: Partial<Record<UnaryFn, readonly [f32: number, f64: number]>> = {
  neg: [Op.f32Neg, Op.f64Neg],
  abs: [Op.f32Abs, Op.f64Abs],
  floor: [Op.f32Floor, Op.f64Floor],
  ceil: [Op.f32Ceil, Op.f64Ceil],
  trunc: [Op.f32Trunc, Op.f64Trunc],
  nearest: [Op.f32Nearest, Op.f64Nearest],
  sqrt: [Op.f32Sqrt, Op.f64Sqrt],
};

const FLOAT_BINARY: Partial<Record<BinaryFn, readonly [f32: number, f64: number]>> = {
  add: [Op.f32Add, Op.f64Add],
  sub: [Op.f32Sub, Op.f64Sub],
  mul: [Op.f32Mul, Op.f64Mul],
  div: [Op.f32Div, Op.f64Div],
  max: [Op.f32Max, Op.f64Max],
  min: [Op.f32Min, Op.f64Min],
  eq: [Op.f32Eq, Op.f64Eq],
  ne: [Op.f32Ne, Op.f64Ne],
  lt: [Op.f32Lt, Op.f64Lt],
  le: [Op.f32Le, Op.f64Le],
  gt: [Op.f32Gt, Op.f64Gt],
  ge: [Op.f32Ge, Op.f64Ge],
};

const INTEGER_COMPARE: Partial<Record<BinaryFn, readonly [signed: number, unsigned: number]>> = {
  eq: [Op.i32Eq, Op.i32Eq],
  ne: [Op.i32Ne, Op.i32Ne],
  lt: [Op.i32LtS, Op.i32LtU],
  le: [Op.i32LeS, Op.i32LeU],
  gt: [Op.i32GtS, Op.i32GtU],
  ge: [Op.i32GeS, Op.i32GeU],
};

const BOOL_BINARY: Partial<Record<BinaryFn, number>> = {
  add: Op.i32Or,
  or: Op.i32Or,
  max: Op.i32Or,
  mul: Op.i32And,
  and: Op.i32And,
  min: Op.i32And,
  sub: Op.i32Xor,
  xor: Op.i32Xor,
};

export class ScalarCode {
  readonly #f: FunctionEncoder;
  readonly #helpers: HelperFunctions;

  constructor(f: FunctionEncoder, helpers: HelperFunctions) {
    this.#f = f;
    this.#helpers = helpers;
  }

  constant(value: number, dtype: DType): void {
    const type = valueTypeOf(dtype);
    if (type === "f64") this.#f.f64(value);
    else if (type === "f32") this.#f.f32(value);
    else this.#f.i32(value);
  }

  /** Wraps the i32 on the stack into the dtype's range. */
  wrap(dtype: DType): void {
    const f = this.#f;
    switch (dtype) {
      case "int8":
        return f.op(Op.i32Extend8S);
      case "int16":
        return f.op(Op.i32Extend16S);
      case "uint8":
      case "uint16":
        f.i32(narrowMask(dtype) ?? -1);
        return f.op(Op.i32And);
      case "bool":
        f.i32(0);
        return f.op(Op.i32Ne);
      case "float16":
        this.#f.call(this.#helpers.get("f32_to_f16"));
        return this.#f.call(this.#helpers.get("f16_to_f32"));
      default:
    }
  }

  #withTemps(types: readonly ValueType[], body: (...temps: number[]) => void): void {
    const f = this.#f;
    const temps = types.map((type) => f.temp(type));
    for (let i = temps.length - 1; i >= 0; i--) f.set(temps[i]);
    body(...temps);
    f.release(...temps);
  }

  unary(fn: UnaryFn, dtype: DType): void {
    const f = this.#f;
    const { kind, bits } = DTYPE_INFO[dtype];
    if (kind === "float") {
      const ops = FLOAT_UNARY[fn];
      if (ops === undefined) throw new InternalError(`no ${fn} of ${dtype}`);
      f.op(ops[dtype === "float64" ? 1 : 0]);
      if (dtype === "float16" && fn === "sqrt") this.wrap(dtype);
      return;
    }
    switch (fn) {
      case "not":
        if (kind === "bool") return f.op(Op.i32Eqz);
        f.i32(-1);
        f.op(Op.i32Xor);
        return this.wrap(dtype);
      case "neg":
        if (kind === "bool") return;
        this.#withTemps(["i32"], (x) => {
          f.i32(0);
          f.get(x);
          f.op(Op.i32Sub);
        });
        return this.wrap(dtype);
      case "abs":
        if (kind !== "int") return;
        this.#withTemps(["i32"], (x) => {
          // (x ^ sign) - sign
          f.get(x);
          f.get(x);
          f.i32(31);
          f.op(Op.i32ShrS);
          f.op(Op.i32Xor);
          f.get(x);
          f.i32(31);
          f.op(Op.i32ShrS);
          f.op(Op.i32Sub);
        });
        return this.wrap(dtype);
      case "popcount":
        this.#toBits(dtype);
        return f.op(Op.i32Popcnt);
      case "clz":
        this.#toBits(dtype);
        f.op(Op.i32Clz);
        if (bits < 32) {
          f.i32(32 - bits);
          f.op(Op.i32Sub);
        }
        return;
      default:
        // floor, ceil, trunc, nearest and sqrt do not change an integer or do not exist for it.
        if (fn === "sqrt") throw new InternalError(`no sqrt of ${dtype}`);
    }
  }

  /** A narrow signed value to its bits, zero-extended. */
  #toBits(dtype: DType): void {
    const mask = narrowMask(dtype);
    if (mask === null || DTYPE_INFO[dtype].kind !== "int") return;
    this.#f.i32(mask);
    this.#f.op(Op.i32And);
  }

  /** `y` is the second operand's value where it is a constant. The result of a comparison is bool. */
  binary(fn: BinaryFn, dtype: DType, y?: number): void {
    const f = this.#f;
    const { kind } = DTYPE_INFO[dtype];
    if (kind === "float") return this.#floatBinary(fn, dtype);
    const compare = INTEGER_COMPARE[fn];
    if (compare) return f.op(compare[kind === "int" ? 0 : 1]);
    if (kind === "bool") return this.#boolBinary(fn);
    switch (fn) {
      case "add":
        f.op(Op.i32Add);
        return this.wrap(dtype);
      case "sub":
        f.op(Op.i32Sub);
        return this.wrap(dtype);
      case "mul":
        f.op(Op.i32Mul);
        return this.wrap(dtype);
      case "and":
        return f.op(Op.i32And);
      case "or":
        return f.op(Op.i32Or);
      case "xor":
        return f.op(Op.i32Xor);
      case "div":
        return this.#div(dtype, y);
      case "rem":
        return this.#rem(dtype, y);
      case "max":
      case "min":
        return this.#withTemps(["i32", "i32"], (a, b) => {
          f.get(a);
          f.get(b);
          f.get(a);
          f.get(b);
          f.op((INTEGER_COMPARE[fn === "max" ? "gt" : "lt"] ?? [0, 0])[kind === "int" ? 0 : 1]);
          f.op(Op.select);
        });
      case "shl":
      case "shr":
      case "shrLogical":
        return this.#shift(fn, dtype, y);
      case "pair16":
        f.i32(16);
        f.op(Op.i32Shl);
        return this.#withTemps(["i32", "i32"], (low, high) => {
          f.get(low);
          f.i32(0xffff);
          f.op(Op.i32And);
          f.get(high);
          f.op(Op.i32Or);
        });
      case "dot16":
        return this.#withTemps(["i32", "i32"], (a, b) => {
          for (const x of [a, b]) {
            f.get(x);
            f.op(Op.i32Extend16S);
          }
          f.op(Op.i32Mul);
          for (const x of [a, b]) {
            f.get(x);
            f.i32(16);
            f.op(Op.i32ShrS);
          }
          f.op(Op.i32Mul);
          f.op(Op.i32Add);
        });
      default:
        throw new InternalError(`no ${fn} of ${dtype}`);
    }
  }

  #floatBinary(fn: BinaryFn, dtype: DType): void {
    if (fn === "rem") {
      this.#f.call(this.#helpers.get(dtype === "float64" ? "fmod_f64" : "fmod_f32"));
      return;
    }
    const ops = FLOAT_BINARY[fn];
    if (ops === undefined) throw new InternalError(`no ${fn} of ${dtype}`);
    this.#f.op(ops[dtype === "float64" ? 1 : 0]);
    if (dtype === "float16" && (fn === "add" || fn === "sub" || fn === "mul" || fn === "div"))
      this.wrap(dtype);
  }

  #boolBinary(fn: BinaryFn): void {
    const op = BOOL_BINARY[fn];
    if (op === undefined) throw new InternalError(`no ${fn} of bool`);
    this.#f.op(op);
  }

  #div(dtype: DType, y: number | undefined): void {
    const f = this.#f;
    const signed = DTYPE_INFO[dtype].kind === "int";
    const op = signed ? Op.i32DivS : Op.i32DivU;
    if (y !== undefined && y !== 0 && y !== -1) return f.op(op);
    this.#withTemps(["i32", "i32"], (a, b) => {
      if (signed) {
        // y is neither 0 nor -1 exactly where y + 1 > 1, unsigned: the two divisors that may trap.
        f.get(b);
        f.i32(1);
        f.op(Op.i32Add);
        f.i32(1);
        f.op(Op.i32GtU);
      } else {
        f.get(b);
      }
      f.if(
        "i32",
        () => {
          f.get(a);
          f.get(b);
          f.op(op);
        },
        () => {
          f.i32(-1);
          if (!signed) return;
          f.i32(0);
          f.get(a);
          f.op(Op.i32Sub);
          f.get(b);
          f.op(Op.i32Eqz);
          f.op(Op.select);
        },
      );
    });
    this.wrap(dtype);
  }

  #rem(dtype: DType, y: number | undefined): void {
    const f = this.#f;
    const op = DTYPE_INFO[dtype].kind === "int" ? Op.i32RemS : Op.i32RemU;
    // i32.rem_s of INT_MIN and -1 is 0 and does not trap.
    if (y !== undefined && y !== 0) return f.op(op);
    this.#withTemps(["i32", "i32"], (a, b) => {
      f.get(b);
      f.if(
        "i32",
        () => {
          f.get(a);
          f.get(b);
          f.op(op);
        },
        () => f.get(a),
      );
    });
  }

  #shift(fn: "shl" | "shr" | "shrLogical", dtype: DType, y: number | undefined): void {
    const f = this.#f;
    const { kind, bits } = DTYPE_INFO[dtype];
    const known = y !== undefined && y >= 0 && y < bits;
    if (fn === "shr" && kind === "int") {
      // The value is sign-extended to 32 bits, so an amount of 31 gives the sign at every width.
      if (!known) {
        this.#withTemps(["i32"], (b) => {
          f.get(b);
          f.i32(31);
          f.get(b);
          f.i32(31);
          f.op(Op.i32LtU);
          f.op(Op.select);
        });
      }
      return f.op(Op.i32ShrS);
    }
    if (known) {
      if (fn === "shl") f.op(Op.i32Shl);
      else {
        f.op(Op.drop);
        this.#toBits(dtype);
        f.i32(y);
        f.op(Op.i32ShrU);
      }
      return this.wrap(dtype);
    }
    this.#withTemps(["i32", "i32"], (a, b) => {
      f.get(a);
      if (fn !== "shl") this.#toBits(dtype);
      f.get(b);
      f.op(fn === "shl" ? Op.i32Shl : Op.i32ShrU);
      f.i32(0);
      f.get(b);
      f.i32(bits);
      f.op(Op.i32LtU);
      f.op(Op.select);
    });
    this.wrap(dtype);
  }

  /** A value conversion with the meaning of `ConvertExpr`. */
  convert(from: DType, to: DType): void {
    const f = this.#f;
    if (from === to) return;
    const source = DTYPE_INFO[from].kind;
    const target = DTYPE_INFO[to].kind;
    const double = from === "float64";
    if (to === "bool") {
      if (source === "float") {
        if (double) f.f64(0);
        else f.f32(0);
        return f.op(double ? Op.f64Ne : Op.f32Ne);
      }
      return this.wrap("bool");
    }
    if (target === "float") {
      if (source === "float") return this.#convertFloat(from, to);
      const unsigned = from === "uint32";
      if (to === "float64") return f.op(unsigned ? Op.f64ConvertI32U : Op.f64ConvertI32S);
      f.op(unsigned ? Op.f32ConvertI32U : Op.f32ConvertI32S);
      return this.wrap(to);
    }
    if (source !== "float") return this.wrap(to);
    if (target === "uint") {
      f.misc(double ? Misc.i32TruncSatF64U : Misc.i32TruncSatF32U);
      const mask = narrowMask(to);
      if (mask !== null) {
        f.i32(mask);
        this.binary("min", "uint32");
      }
      return;
    }
    f.misc(double ? Misc.i32TruncSatF64S : Misc.i32TruncSatF32S);
    if (to !== "int32") {
      f.i32(DTYPE_INFO[to].max);
      this.binary("min", "int32");
      f.i32(DTYPE_INFO[to].min);
      this.binary("max", "int32");
    }
  }

  #convertFloat(from: DType, to: DType): void {
    const f = this.#f;
    if (to === "float64") return f.op(Op.f64PromoteF32);
    if (to === "float16" && from === "float64") f.call(this.#helpers.get("f64_to_f32_odd"));
    else if (from === "float64") f.op(Op.f32DemoteF64);
    this.wrap(to);
  }

  bitcast(from: DType, to: DType): void {
    const f = this.#f;
    const source = valueTypeOf(from);
    const target = valueTypeOf(to);
    if (from === "float16") {
      f.call(this.#helpers.get("f32_to_f16"));
      return this.wrap(to);
    }
    if (to === "float16") {
      f.i32(0xffff);
      f.op(Op.i32And);
      return f.call(this.#helpers.get("f16_to_f32"));
    }
    if (source === "f32" && target === "i32") f.op(Op.i32ReinterpretF32);
    else if (source === "i32" && target === "f32") f.op(Op.f32ReinterpretI32);
    else this.wrap(to);
  }

  /** Loads one element of a buffer; the address is on the stack. */
  load(dtype: DType, offset: number): void {
    const f = this.#f;
    switch (dtype) {
      case "bool":
        f.memory(Op.i32Load8U, 0, offset);
        return this.wrap("bool");
      case "int8":
        return f.memory(Op.i32Load8S, 0, offset);
      case "uint8":
        return f.memory(Op.i32Load8U, 0, offset);
      case "int16":
        return f.memory(Op.i32Load16S, 1, offset);
      case "uint16":
        return f.memory(Op.i32Load16U, 1, offset);
      case "int32":
      case "uint32":
        return f.memory(Op.i32Load, 2, offset);
      case "float16":
        f.memory(Op.i32Load16U, 1, offset);
        return f.call(this.#helpers.get("f16_to_f32"));
      case "float32":
        return f.memory(Op.f32Load, 2, offset);
      case "float64":
        return f.memory(Op.f64Load, 3, offset);
      default:
        return dtype satisfies never;
    }
  }

  /** Stores the value on the stack at the address below it. */
  store(dtype: DType, offset: number): void {
    const f = this.#f;
    switch (dtype) {
      case "bool":
      case "int8":
      case "uint8":
        return f.memory(Op.i32Store8, 0, offset);
      case "int16":
      case "uint16":
        return f.memory(Op.i32Store16, 1, offset);
      case "int32":
      case "uint32":
        return f.memory(Op.i32Store, 2, offset);
      case "float16":
        f.call(this.#helpers.get("f32_to_f16"));
        return f.memory(Op.i32Store16, 1, offset);
      case "float32":
        return f.memory(Op.f32Store, 2, offset);
      case "float64":
        return f.memory(Op.f64Store, 3, offset);
      default:
        return dtype satisfies never;
    }
  }
}
