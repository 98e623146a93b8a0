/** Every scalar operator, on every dtype, in lanes and as a scalar, against the interpreter. */
import { test } from "node:test";
import type { ArithmeticFn, BufferParam, CompareFn, Expr, UnaryFn } from "../../compiler/kernel/expr.ts";
import { KernelBuilder } from "../../compiler/kernel/kernel-builder.ts";
import { scalarOps as s } from "../../compiler/kernel/scalar-ops.ts";
import { DTYPE_INFO, DTYPES, type DType } from "../../compiler/types/dtype.ts";
import { Random } from "../helpers/random.ts";
import { buffer, checkKernel, encode, kernelOf, sampleValues } from "./run-kernel.ts";

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
  if (kind === "float") return FLOAT_BINARY;
  if (kind === "bool") return BOOL_BINARY;
  return dtype === "int32" ? [...INTEGER_BINARY, "pair16", "dot16"] : INTEGER_BINARY;
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

/** One kernel of all the expressions, each over the same inputs and to an output of its own. */
function check(
  dtype: DType,
  builds: readonly Build[],
  kind: "vector" | "serial",
  seeds: readonly number[],
): void {
  const x = buffer("x", dtype, SIZE);
  const y = buffer("y", dtype, SIZE);
  const b = new KernelBuilder();
  const outs: BufferParam[] = [];
  for (const build of builds) {
    b.loop(
      SIZE,
      (i) => {
        const value = build(load(dtype, x, i), load(dtype, y, i));
        const out = buffer(`out${outs.length}`, value.dtype, SIZE, "write");
        outs.push(out);
        b.store(out, i, value);
      },
      { kind },
    );
  }
  const kernel = kernelOf(b, [x, y, ...outs]);
  for (const seed of seeds) {
    const random = new Random(seed);
    const values = [x, y].map((p) => encode(p.dtype, sampleValues(p.dtype, SIZE, random)));
    checkKernel(kernel, [...values, ...outs.map((out) => encode(out.dtype, new Array(SIZE).fill(0)))]);
  }
}

for (const dtype of DTYPES) {
  for (const kind of ["vector", "serial"] as const) {
    test(`${dtype}: operators, ${kind}`, () => {
      const builds: Build[] = [
        ...unaryFns(dtype).map(
          (fn): Build =>
            (x) =>
              s.unary(fn, x),
        ),
        ...[...binaryFns(dtype), ...COMPARE].map(
          (fn): Build =>
            (x, y) =>
              s.binary(fn, x, y),
        ),
        (x, y) => s.select(s.lt(x, y), x, y),
        ...(dtype === "float32" ? [(x: Expr, y: Expr) => s.fused(x, y, s.sub(x, y))] : []),
      ];
      check(dtype, builds, kind, [1, 2, 3, 4]);
    });
    test(`${dtype}: a constant as one operand, ${kind}`, () => {
      const { kind: family, min, max } = DTYPE_INFO[dtype];
      const constants =
        family === "float"
          ? [0, -0, 2.5, -1, Infinity, NaN]
          : family === "bool"
            ? [0, 1]
            : [0, 1, 3, 4, 7, 31, 64, max, min];
      const builds = binaryFns(dtype).flatMap((fn) =>
        constants.flatMap((c): Build[] => [
          (x) => s.binary(fn, x, s.const(c, x.dtype)),
          (x) => s.binary(fn, s.const(c, x.dtype), x),
        ]),
      );
      check(dtype, builds, kind, [5, 6]);
    });
    test(`${dtype}: conversions, ${kind}`, () => {
      const same = DTYPES.filter((to) => DTYPE_INFO[to].bytes === DTYPE_INFO[dtype].bytes);
      const builds = [
        ...DTYPES.map(
          (to): Build =>
            (x) =>
              storable(s.convert(x, to)),
        ),
        ...same.map(
          (to): Build =>
            (x) =>
              storable(s.bitcast(x, to)),
        ),
      ];
      check(dtype, builds, kind, [7, 8]);
    });
  }
}

/** A float16 value as the float32 that a float16 buffer takes. */
function storable(x: Expr): Expr {
  return x.dtype === "float16" ? s.convert(x, "float32") : x;
}

test("words of a float64", () => {
  for (const kind of ["vector", "serial"] as const) {
    const builds: Build[] = [
      (x) => s.highWord(x),
      (x) => s.lowWord(x),
      (x, y) => s.fromWords(s.highWord(x), s.lowWord(y)),
    ];
    check("float64", builds, kind, [9]);
  }
});
