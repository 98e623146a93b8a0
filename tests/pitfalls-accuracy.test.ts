/** Accuracy where other systems lost it (pitfalls: "Accuracy"), in compiled code. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { jit, lax, type NdArray, numpy as np, random } from "weft";
import { flat, ulpError32 } from "./helpers/close.ts";

type Unary = (x: NdArray) => NdArray;

/** Numbers rounded to float32, so that the exact value is taken at the same point. */
const points = (xs: readonly number[]) => xs.map(Math.fround);

function checkUlp(
  name: string,
  f: Unary,
  xs: readonly number[],
  exact: (x: number) => number,
  bound: number,
) {
  const at = points(xs);
  const found = flat(jit(f)(np.array(at)));
  const error = ulpError32(found, at.map(exact));
  assert.ok(error <= bound, `${name}: ${error} ULP, allowed ${bound}`);
}

const around = (x: number, scale: number) =>
  Array.from({ length: 201 }, (_, i) => x + (i - 100) * scale).filter((y) => y !== 0);

test("log near 1 (elsewhere 51 % wrong)", () => {
  checkUlp("log", np.log, around(1, 2 ** -23), Math.log, 1.5);
  checkUlp("log", np.log, around(1, 1e-3), Math.log, 1.5);
  checkUlp("log2", np.log2, around(1, 2 ** -23), Math.log2, 2);
  checkUlp("log1p", np.log1p, around(0, 1e-7), Math.log1p, 1.5);
});

test("tanh near 1e-7 (elsewhere 14 % wrong), sinh near 2e-7 (33 %)", () => {
  checkUlp("tanh", np.tanh, around(1e-7, 1e-9), Math.tanh, 2);
  checkUlp("tanh", np.tanh, around(0, 1e-2), Math.tanh, 2);
  checkUlp("sinh", np.sinh, around(2e-7, 1e-9), Math.sinh, 2);
  checkUlp("sinh", np.sinh, around(0, 1e-2), Math.sinh, 2);
  checkUlp("expm1", np.expm1, around(0, 1e-7), Math.expm1, 2);
  checkUlp("asinh", np.arcsinh, around(0, 1e-6), Math.asinh, 2);
  checkUlp("atanh", np.arctanh, around(0, 1e-6), Math.atanh, 2);
});

test("sin and cos of large arguments (elsewhere 6e-3 wrong beyond 1e4)", () => {
  const large = [1e4, 12345.678, 1e5, 1e6, 3e7, 1e10, 1e15, 1e22, 1e30, 3e38, -1e6, -1e30];
  checkUlp("sin", np.sin, large, Math.sin, 2);
  checkUlp("cos", np.cos, large, Math.cos, 2);
  checkUlp("tan", np.tan, large, Math.tan, 4);
  // Next to multiples of π, where sin is small.
  checkUlp(
    "sin",
    np.sin,
    [1, 2, 3, 100, 355, 1e3, 1e5].map((k) => k * Math.PI),
    Math.sin,
    2,
  );
});

/** Digits of erf and erfc (Abramowitz and Stegun, table 7.1, has the first ten); below 1e-8 erf(x) = 2x/√π. */
const ERF: [number, number][] = [
  [0.5, 0.5204998778130465],
  [1, 0.8427007929497149],
  [2, 0.9953222650189527],
  [3, 0.9999779095030014],
  [1e-8, 1.1283791670955126e-8],
];
const ERFC: [number, number][] = [
  [0.5, 0.4795001221869535],
  [1, 0.15729920705028513],
  [2, 0.004677734981047266],
  [5, 1.5374597944280349e-12],
];

test("erf and erfc to the last digit (elsewhere a 5-term formula)", () => {
  for (const sign of [1, -1]) {
    const xs = ERF.map(([x]) => sign * x);
    assert.ok(
      ulpError32(
        flat(jit(lax.erf)(np.array(xs))),
        ERF.map(([, y]) => sign * y),
      ) <= 2,
    );
  }
  const erfc = flat(jit(lax.erfc)(np.array(ERFC.map(([x]) => x))));
  assert.ok(
    ulpError32(
      erfc,
      ERFC.map(([, y]) => y),
    ) <= 4,
    String(erfc),
  );
  const doubles = np.array(new Float64Array(ERF.map(([x]) => x)));
  const found = flat(jit(lax.erf)(doubles));
  for (const [i, [x, y]] of ERF.entries()) {
    assert.ok(
      Math.abs(found[i] - y) <= 4e-16 * Math.abs(y) + 1e-17,
      `erf(${x}) = ${found[i]}, expected ${y}`,
    );
  }
});

test("float64 is computed in float64", () => {
  const cases: [string, Unary, (x: number) => number, number[]][] = [
    ["exp", np.exp, Math.exp, [1, -1, 0.1, 20.5, -700, 700]],
    ["log", np.log, Math.log, [2, 1 + 1e-10, 0.1, 1e300]],
    ["log1p", np.log1p, Math.log1p, [1e-10, -1e-10, 0.5]],
    ["sin", np.sin, Math.sin, [1, 1e5, 1e30, Math.PI]],
    ["cos", np.cos, Math.cos, [1, 1e5, 1e30]],
    ["tanh", np.tanh, Math.tanh, [1e-7, 0.5, 3]],
    ["sinh", np.sinh, Math.sinh, [2e-7, 0.5, 3]],
    ["sqrt", np.sqrt, Math.sqrt, [2, 1e-300]],
    ["atan", np.arctan, Math.atan, [0.3, 1e10]],
    ["cbrt", np.cbrt, Math.cbrt, [2, -3e-200]],
    ["div", (x) => np.ones([1], { dtype: "float64" }).div(x), (x) => 1 / x, [3, 7]],
  ];
  for (const [name, f, exact, xs] of cases) {
    const result = jit(f)(np.array(new Float64Array(xs)));
    assert.equal(result.dtype, "float64", name);
    for (const [i, y] of flat(result).entries()) {
      const expected = exact(xs[i]);
      const error = Math.abs(y - expected) / Math.abs(expected);
      assert.ok(error < 1e-15, `${name}(${xs[i]}) = ${y}, expected ${expected}`);
    }
  }
  const third = jit((x: NdArray) => np.sum(x))(np.full([3], 1 / 3, { dtype: "float64" }));
  assert.equal(third.item(), 1);
});

test("threefry has the known answers of Random123", () => {
  // Salmon et al., Random123 1.09, tests/kat_vectors: threefry2x32 with 20 rounds.
  const cases = [
    [0, 0, 0, 0, 0x6b200159, 0x99ba4efe],
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x1cb996fc, 0xbb002be7],
    [0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3, 0xc4923a9c, 0x483df7a0],
  ];
  const column = (i: number) =>
    np.array(
      cases.map((row) => row[i]),
      { dtype: "uint32" },
    );
  const [a, b] = jit(lax.threefry2x32)(column(0), column(1), column(2), column(3));
  assert.deepEqual(
    a.toArray(),
    cases.map((row) => row[4]),
  );
  assert.deepEqual(
    b.toArray(),
    cases.map((row) => row[5]),
  );
});

test("random.normal has JAX's numbers", () => {
  // jax.random.normal(jax.random.key(0), (3,)), and of key 42 a scalar, as the documentation of JAX prints them.
  const checks: [NdArray, number[]][] = [
    [random.normal(random.key(0), [3]), [1.6226422, 2.0252647, -0.43359444]],
    [random.normal(random.key(42)), [-0.028304616]],
    [
      jit((seed: NdArray) => random.normal(random.wrapKeyData(seed), [3]))(
        np.array([0, 0], { dtype: "uint32" }),
      ),
      [1.6226422, 2.0252647, -0.43359444],
    ],
  ];
  for (const [actual, expected] of checks) {
    const found = flat(actual);
    assert.ok(ulpError32(found, expected) <= 2, `${found}, JAX has ${expected}`);
  }
});

test("the same numbers by JAX's recipe, out of primitives", () => {
  // u uniform on [nextafter(-1, 0), 1), then sqrt(2) erfinv(u).
  const normal = jit(() => {
    const low = lax.iota("uint32", 3);
    const zero = np.zeros([3], { dtype: "uint32" });
    const [hi, lo] = lax.threefry2x32(zero, zero, zero, low);
    const mantissa = lax.shiftRightLogical(lax.bitwiseXor(hi, lo), 9);
    const unit = lax.bitcastConvertType(lax.bitwiseOr(mantissa, 0x3f800000), "float32").sub(1);
    const least = -(1 - 2 ** -24);
    // 1 - least is 2 in float32: a tie, rounded to even.
    const u = np.maximum(unit.mul(2).add(least), least);
    return lax.erfInv(u).mul(Math.SQRT2);
  });
  assert.deepEqual(flat(normal()), flat(random.normal(random.key(0), [3])));
});
