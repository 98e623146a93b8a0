import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { DTYPES } from "../compiler/types/dtype.ts";
import { ownPrefixes } from "../compiler/types/stack.ts";
import { tensorType } from "../compiler/types/tensor-type.ts";
import {
  arrayFromData,
  constantArray,
  type PromotionOperand,
  promoteTypes,
  resultType,
  shapedArray,
} from "../frontend/core/index.ts";
import { parseFrame, userFrame } from "../frontend/core/source.ts";
import { add, array, close, mul } from "./helpers/frontend-ops.ts";

test("dtype promotion is JAX's lattice without x64", () => {
  // Rows and columns in the order of DTYPES; made with jnp.promote_types, int64 and uint64 wrapped to 32 bits.
  const short = {
    b: "bool",
    i1: "int8",
    u1: "uint8",
    i2: "int16",
    u2: "uint16",
    i4: "int32",
    u4: "uint32",
  } as const;
  const floats = { f2: "float16", f4: "float32", f8: "float64" } as const;
  const names: Record<string, string> = { ...short, ...floats };
  const table = [
    "b i1 u1 i2 u2 i4 u4 f2 f4 f8",
    "i1 i1 i2 i2 i4 i4 i4 f2 f4 f8",
    "u1 i2 u1 i2 u2 i4 u4 f2 f4 f8",
    "i2 i2 i2 i2 i4 i4 i4 f2 f4 f8",
    "u2 i4 u2 i4 u2 i4 u4 f2 f4 f8",
    "i4 i4 i4 i4 i4 i4 i4 f2 f4 f8",
    "u4 i4 u4 i4 u4 i4 u4 f2 f4 f8",
    "f2 f2 f2 f2 f2 f2 f2 f2 f4 f8",
    "f4 f4 f4 f4 f4 f4 f4 f4 f4 f8",
    "f8 f8 f8 f8 f8 f8 f8 f8 f8 f8",
  ].map((row) => row.split(" ").map((s) => names[s]));
  for (const [i, a] of DTYPES.entries()) {
    for (const [j, b] of DTYPES.entries()) assert.equal(promoteTypes(a, b), table[i][j], `${a}, ${b}`);
  }
});

test("weak types and JavaScript numbers", () => {
  const of = (dtype: Parameters<typeof shapedArray>[1], weak = false) => ({
    aval: shapedArray([], dtype, weak),
  });
  const text = (...operands: PromotionOperand[]) => {
    const { dtype, weakType } = resultType(...operands);
    return dtype + (weakType ? "*" : "");
  };
  assert.equal(text(of("float16"), 1.5), "float16");
  assert.equal(text(of("int32"), 1), "int32");
  assert.equal(text(of("int8"), 1), "int8");
  assert.equal(text(of("int32"), 1.5), "float32*");
  assert.equal(text(of("bool"), 1), "int32*");
  assert.equal(text(of("bool"), true), "bool");
  assert.equal(text(1, 2), "float32*");
  assert.equal(text(of("float32", true), of("float16")), "float16");
  assert.equal(text(of("float32", true), of("int8")), "float32*");
  assert.equal(text(of("int32", true), of("uint8")), "uint8");
  assert.equal(text(of("float64"), of("float32", true)), "float64");
});

test("elements come back as they went in, for every dtype", () => {
  for (const dtype of DTYPES) {
    const data = dtype === "bool" ? [1, 0, 1, 1, 0, 0] : [0, 1, 2, 3, 100, 7];
    const x = arrayFromData(data, dtype, [2, 3]);
    assert.deepEqual([...x.dataSync()], data, dtype);
    assert.equal(x.dtype, dtype);
  }
  assert.deepEqual(array([1, 0], [2], "bool").toArray(), [true, false]);
  assert.deepEqual(array([1, 2, 3, 4], [2, 2]).toArray(), [
    [1, 2],
    [3, 4],
  ]);
  assert.throws(() => array([1, 2], [3]), /cannot reshape array of size 2 into shape \(3,\)/);
});

test("a constant needs no memory until it is read", () => {
  const x = constantArray(2.5, tensorType("float32", [1000]));
  assert.equal(x.buffer, null);
  assert.deepEqual([...x.dataSync().subarray(997)], [2.5, 2.5, 2.5]);
  for (const dtype of DTYPES) {
    const value = dtype === "bool" ? 1 : 3;
    const y = constantArray(value, tensorType(dtype, [7]));
    assert.deepEqual([...y.dataSync()], new Array(7).fill(value), dtype);
  }
  assert.throws(() => constantArray(300, tensorType("uint8", [])), /300 out of bounds for uint8/);
  assert.deepEqual([...constantArray(1, tensorType("int8", [0])).dataSync()], []);
});

test("printing is NumPy's", () => {
  const text = (data: number[], shape = [data.length], dtype: Parameters<typeof array>[2] = "float32") =>
    `${array(data, shape, dtype)}`;
  // Expected texts from numpy.array2string.
  assert.equal(text([1, 2, 3]), "[1. 2. 3.]");
  assert.equal(text([0.1, -2.5, 100]), "[  0.1  -2.5 100. ]");
  assert.equal(text([1e-8, 1]), "[1.e-08 1.e+00]");
  assert.equal(text([1.5, Number.NaN, Number.POSITIVE_INFINITY]), "[1.5 nan inf]");
  assert.equal(text([1 / 3]), "[0.33333334]");
  assert.equal(text([1 / 3], [1], "float64"), "[0.33333333]");
  assert.equal(text([1, -20, 3], [3], "int32"), "[  1 -20   3]");
  assert.equal(text([1, 0], [2], "bool"), "[ True False]");
  assert.equal(text([1, 2, 3, 4], [2, 2]), "[[1. 2.]\n [3. 4.]]");
  assert.equal(text([1, 2], [2, 1, 1]), "[[[1.]]\n\n [[2.]]]");
  assert.equal(text([3.5], []), "3.5");
  assert.equal(text([], [0, 3]), "[]");
  const long = text(Array.from({ length: 2000 }, (_, i) => i));
  assert.equal(long, "[0.000e+00 1.000e+00 2.000e+00 ... 1.997e+03 1.998e+03 1.999e+03]");
  assert.equal(inspect(array([1, 2])), "Array([1., 2.], dtype=float32)");
  assert.equal(inspect(array([1, 2, 3, 4], [2, 2])), "Array([[1., 2.],\n       [3., 4.]], dtype=float32)");
  assert.equal(inspect(array([], [0])), "Array([], shape=(0,), dtype=float32)");
});

test("operators throw and say what to write", () => {
  const x = array([1]);
  // The operators are what is tested; the types forbid them.
  const loose: unknown = x;
  assert.throws(() => (loose as number) + 1, /write x\.add\(y\) for x \+ y/);
  assert.throws(() => (loose as number) * 2, TypeError);
  assert.throws(() => (loose as number) < 2, /x\.less\(y\)/);
  assert.equal(`${x}`, "[1.]");
});

test("item, length and iteration", () => {
  assert.equal(array([7], [1, 1]).item(), 7);
  assert.throws(() => array([1, 2]).item(), /one element only.*\(2,\)/);
  assert.equal(array([1, 2, 3, 4], [2, 2]).length, 2);
  assert.throws(() => array([1], []).length, /unsized/);
  assert.deepEqual(
    [...array([1, 2, 3, 4], [2, 2])].map((row) => row.toArray()),
    [
      [1, 2],
      [3, 4],
    ],
  );
});

test("use after dispose", () => {
  const x = array([1, 2, 3]);
  x.dispose();
  x.dispose();
  assert.throws(() => x.dataSync(), /Array has been disposed/);
  assert.throws(() => add(x, 1), /Array has been disposed/);
  assert.match(inspect(x), /deleted/);
  {
    using y = array([4]);
    assert.equal(y.item(), 4);
  }
  const z = constantArray(1, tensorType("float32", []));
  z.dispose();
  assert.throws(() => z.item(), /disposed/);
  assert.throws(() => add(array([1]), z), /disposed/);
});

test("arrays outlive operations on them", () => {
  const x = array([1, 2, 3]);
  close(mul(x, x), [1, 4, 9]);
  close(mul(x, x), [1, 4, 9]);
});

test("stack frames of the engines", () => {
  assert.deepEqual(parseFrame("    at loss (/home/me/train.ts:7:3)"), {
    file: "/home/me/train.ts",
    line: 7,
    column: 3,
    functionName: "loss",
  });
  assert.deepEqual(parseFrame("    at file:///home/me/train.js:7:3"), {
    file: "/home/me/train.js",
    line: 7,
    column: 3,
  });
  assert.deepEqual(parseFrame("    at async Promise.all (index 0)"), null);
  assert.deepEqual(parseFrame("loss@http://localhost:8000/train.js:7:3"), {
    file: "http://localhost:8000/train.js",
    line: 7,
    column: 3,
    functionName: "loss",
  });
  assert.equal(parseFrame("Error: no frame"), null);
  assert.equal(userFrame("Error\n    at f (node:internal/x:1:2)\n    at g (/u/a.ts:3:4)")?.file, "/u/a.ts");
});

test("which files are Weft's own", () => {
  const cases: [own: string, prefixes: string[]][] = [
    [
      "/home/me/weft/compiler/types/stack.ts",
      ["frontend/", "compiler/", "runtime/"].map((x) => `/home/me/weft/${x}`),
    ],
    ["/app/node_modules/weft/dist/chunks/AB.js", ["/app/node_modules/weft/dist/"]],
    ["https://a.b/lib/dist/browser/chunks/AB.js", ["https://a.b/lib/dist/"]],
    ["https://a.b/weft/browser/chunks/AB.js", ["https://a.b/weft/browser/"]],
    ["https://a.b/assets/app-AB.js", ["https://a.b/assets/app-AB.js"]],
    ["", []],
  ];
  for (const [own, prefixes] of cases) assert.deepEqual(ownPrefixes(own), prefixes);
});
