/** Every scalar operator, on every dtype, in lanes and as a scalar, against the interpreter. */
import { test } from "node:test";
import type { ArithmeticFn, CompareFn, Expr, UnaryFn } from "../../compiler/kernel/expr.ts";
import { KernelBuilder } from "../../compiler/kernel/kernel-builder.ts";
import { scalarOps as s } from "../../compiler/kernel/scalar-ops.ts";
import { DTYPE_INFO, DTYPES, type DType } from "../../compiler/types/dtype.ts";
import { buffer, checkKernel, encode, kernelOf, randomSource, sampleValues } from "./run-kernel.ts";

const FLOAT_UNARY: UnaryFn[] = ["neg", "abs", "floor", "ceil", "trunc", "nearest", "sqrt"];
const INTEGER_UNARY: UnaryFn[] = ["neg", "abs", "not", "popcount", "clz"];
const FLOAT_BINARY: ArithmeticFn[] = ["add", "sub", "mul", "div", "rem", "max", "min"];
const INTEGER_BINARY: ArithmeticFn[] = [...FLOAT_BINARY, "and", "or", "xor", "shl", "shr", "shrLogical"];
const BOOL_BINARY: ArithmeticFn[] = ["and", "or", "xor", "max", "min"];
const COMPARE: CompareFn[] = ["eq", "ne", "lt", "le", "gt", "ge"];

/** A size that leaves a partial vector behind the main loop of every unrolling. */
const SIZE = 51;

type Build = (x: Expr, y: Expr) => Expr;

function binaryFns(dtype: DType): readonly ArithmeticFn[] {
  const { kind } = DTYPE_INFO[dtype];
  return kind === "float" ? FLOAT_BINARY : kind === "bool" ? BOOL_BINARY : INTEGER_BINARY;
}

function unaryFns(dtype: DType): readonly UnaryFn[] {
  const { kind } = DTYPE_INFO[dtype];
  return kind === "float" ? FLOAT_UNARY : kind === "bool" ? ["not"] : INTEGER_UNARY;
}

/** Loads of a float16 buffer are float32; the conversion makes them float16 values again. */
function load(dtype: DType, b: ReturnType<typeof buffer>, i: Expr): Expr {
  const x = s.load(b, i);
  return dtype === "float16" ? s.convert(x, "float16") : x;
}

function check(dtype: DType, build: Build, kind: "vector" | "serial", seed: number): void {
  const x = buffer("x", dtype, SIZE);
  const y = buffer("y", dtype, SIZE);
  const probe = build(
    s.const(1, dtype),
    s.load({ ...x, dtype: dtype === "float16" ? "float32" : dtype }, s.int(0)),
  );
  const out = buffer("out", probe.dtype, SIZE, "write");
  const b = new KernelBuilder();
  b.loop(SIZE, (i) => b.store(out, i, build(load(dtype, x, i), load(dtype, y, i))), { kind });
  const random = randomSource(seed);
  const values = [x, y].map(() => encode(dtype, sampleValues(dtype, SIZE, random)));
  checkKernel(kernelOf(b, [x, y, out]), [...values, encode(out.dtype, new Array(SIZE).fill(0))]);
}

for (const dtype of DTYPES) {
  for (const kind of ["vector", "serial"] as const) {
    test(`${dtype}: operators, ${kind}`, () => {
      const one = dtype === "float16" ? "float16" : dtype;
      for (const fn of unaryFns(dtype)) check(one, (x) => s.unary(fn, x), kind, 1);
      for (const fn of binaryFns(dtype)) {
        for (let seed = 2; seed < 6; seed++) check(one, (x, y) => binary(fn, x, y), kind, seed);
      }
      for (const fn of COMPARE) check(one, (x, y) => binary(fn, x, y), kind, 7);
      check(one, (x, y) => s.select(binary("lt", x, y), x, sameDtype(y, x)), kind, 8);
    });
    test(`${dtype}: constants as the second operand, ${kind}`, () => {
      const constants =
        DTYPE_INFO[dtype].kind === "float"
          ? [0, -0, 2.5, -1, Infinity, NaN]
          : DTYPE_INFO[dtype].kind === "bool"
            ? [0, 1]
            : [0, 1, 3, 7, 31, DTYPE_INFO[dtype].max, DTYPE_INFO[dtype].min];
      for (const fn of binaryFns(dtype)) {
        for (const c of constants) {
          check(dtype, (x) => s.binary(fn, x, s.const(c, x.dtype)), kind, 9);
          check(dtype, (x) => s.binary(fn, s.const(c, x.dtype), x), kind, 10);
        }
      }
    });
    test(`${dtype}: conversions, ${kind}`, () => {
      for (const to of DTYPES) {
        check(dtype, (x) => storable(s.convert(x, to)), kind, 11);
        if (DTYPE_INFO[to].bytes === DTYPE_INFO[dtype].bytes) {
          check(dtype, (x) => storable(s.bitcast(x, to)), kind, 12);
        }
      }
    });
  }
}

/** The probe of `check` mixes float16 with float32; the kernel itself never does. */
function sameDtype(y: Expr, x: Expr): Expr {
  return s.convert(y, x.dtype);
}
function binary(fn: ArithmeticFn | CompareFn, x: Expr, y: Expr): Expr {
  return s.binary(fn, x, sameDtype(y, x));
}
function storable(x: Expr): Expr {
  return x.dtype === "float16" ? s.convert(x, "float32") : x;
}

test("words of a float64", () => {
  for (const kind of ["vector", "serial"] as const) {
    check("float64", (x) => s.highWord(x), kind, 13);
    check("float64", (x) => s.lowWord(x), kind, 14);
    check("float64", (x, y) => s.fromWords(s.highWord(x), s.lowWord(y)), kind, 15);
  }
});
