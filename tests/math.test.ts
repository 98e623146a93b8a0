/**
 * Accuracy of the math library: every function in both formats, over random and special arguments, with `fma` rounded
 * once and twice, against the bound that it declares.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compileExpression } from "../compiler/interpret/kernel-interpreter.ts";
import { type Expr, type Local, operandsOf } from "../compiler/kernel/expr.ts";
import { scalarOps } from "../compiler/kernel/scalar-ops.ts";
import { lookupMath, type MathFunction, mathFunctions } from "../compiler/math/index.ts";
import { ulpError, ulpOf } from "./helpers/compare.ts";
import { MATH_ORACLE } from "./helpers/math-oracle.ts";
import { Random } from "./helpers/random.ts";

export function bodyOf(fn: MathFunction): { locals: Local[]; body: Expr } {
  const locals = Array.from({ length: fn.arity }, (_, i): Local => ({ name: `x${i}`, dtype: fn.dtype }));
  return { locals, body: fn.body(scalarOps, ...locals.map(scalarOps.local)) };
}

function compile(fn: MathFunction, fma: "once" | "twice" = "twice"): (...x: number[]) => number {
  const { locals, body } = bodyOf(fn);
  return compileExpression(locals, body, { fma });
}

function rounderOf(fn: MathFunction): (x: number) => number {
  return fn.dtype === "float32" ? Math.fround : (x) => x;
}

/** Arguments of every size, small and usual ones most. */
function argument(fn: MathFunction, random: Random, kind: number): number {
  const single = fn.dtype === "float32";
  const sign = random.chance(0.5) ? -1 : 1;
  const powers = (range: number): number => sign * 2 ** ((random.next() * 2 - 1) * range);
  const spans = [2, 20, single ? 110 : 750];
  const x = kind < 3 ? sign * random.next() * spans[kind] : powers(kind === 3 ? (single ? 127 : 1023) : 12);
  return rounderOf(fn)(x);
}

function specials(fn: MathFunction): number[] {
  const single = fn.dtype === "float32";
  const least = single ? 2 ** -149 : Number.MIN_VALUE;
  const greatest = single ? (2 - 2 ** -23) * 2 ** 127 : Number.MAX_VALUE;
  const values = [
    0,
    0.5,
    1,
    1.5,
    2,
    3,
    4,
    10,
    100,
    Math.PI / 2,
    Math.PI,
    least,
    1000 * least,
    greatest,
    Infinity,
  ];
  return [...values.flatMap((x) => [x, -x]), NaN].map(rounderOf(fn));
}

function points(fn: MathFunction, count: number): number[][] {
  const random = new Random(7);
  const special = specials(fn);
  const draws = Array.from({ length: count }, (_, k) => {
    const x = argument(fn, random, k % 5);
    if (fn.arity === 1) return [x];
    if (fn.name !== "pow") return [x, argument(fn, random, (k >> 2) % 5)];
    return [k % 7 === 0 ? x : Math.abs(x), rounderOf(fn)((random.next() * 2 - 1) * 10)];
  });
  const pairs = special.flatMap((x) => (fn.arity === 1 ? [[x]] : special.map((y) => [x, y])));
  return [...pairs, ...draws];
}

/** Error that the double oracle itself may have, in ULP of float64. */
const ORACLE_ULP: Readonly<Record<string, number>> = {
  tanh: 2,
  erf: 16,
  // 20 at 0.83423, against 60 digits.
  erfc: 24,
  erf_inv: 16,
  lgamma: 32,
  digamma: 32,
  trigamma: 16,
  bessel_i0e: 8,
  bessel_i1e: 8,
};

/** The unit of the error: of the result, or of the greatest term of the sum where terms cancel. */
function unit(fn: MathFunction, x: number, expected: number): number {
  const own = ulpOf(expected, fn.dtype);
  if (fn.name === "lgamma" && x < 0)
    return Math.max(own, ulpOf(MATH_ORACLE.lgamma(-x, 0), fn.dtype), ulpOf(1, fn.dtype));
  if (fn.name === "digamma" && x < 0)
    return Math.max(own, ulpOf(MATH_ORACLE.digamma(1 - x, 0), fn.dtype), ulpOf(1, fn.dtype));
  if (fn.name === "digamma" && x < 2) return Math.max(own, ulpOf(1, fn.dtype));
  return own;
}

function check(fn: MathFunction, actual: number, x: readonly number[]): void {
  const round = rounderOf(fn);
  const expected = MATH_ORACLE[fn.name](x[0], x[1]);
  const rounded = round(expected);
  const what = `${fn.name}.${fn.dtype}(${x.join(", ")}) is ${actual}, not ${expected}`;
  if (Number.isNaN(expected)) return assert.ok(Number.isNaN(actual), what);
  const allowance = fn.ulp + (fn.dtype === "float64" ? (ORACLE_ULP[fn.name] ?? 1.5) : 0.001);
  const least = ulpOf(0, fn.dtype);
  if (rounded === 0 || expected === 0) {
    // Where the result underflows, the least subnormal is as near; an exact zero has its sign.
    if (expected === 0 && Math.abs(x[0]) !== Infinity && x[0] !== 0)
      return assert.ok(Math.abs(actual) <= least, what);
    if (expected === 0) return assert.ok(Object.is(actual, expected), what);
    return assert.ok(Math.abs(actual) <= least, what);
  }
  if (!Number.isFinite(rounded)) {
    if (!Number.isFinite(expected)) return assert.equal(actual, expected, what);
    return assert.ok(Math.abs(actual) > 3.4e38, what);
  }
  const error = Math.abs(actual - expected) / unit(fn, x[0], expected);
  assert.ok(error <= allowance, `${what}: ${error} ULP, declared ${fn.ulp}`);
}

describe("accuracy", () => {
  for (const fn of mathFunctions.filter(({ name }) => name in MATH_ORACLE)) {
    test(`${fn.name} in ${fn.dtype} is within ${fn.ulp} ULP`, () => {
      const twice = compile(fn);
      const once = compile(fn, "once");
      for (const [i, x] of points(fn, 2500).entries()) {
        check(fn, twice(...x), x);
        if (i % 4 === 0) check(fn, once(...x), x);
      }
    });
  }
});

test("exp_nonpositive has the bits of exp", () => {
  for (const dtype of ["float32", "float64"] as const) {
    const [exp, nonpositive] = ["exp", "exp_nonpositive"].map((name) => {
      const fn = lookupMath(name, dtype);
      assert.ok(fn);
      return fn;
    });
    for (const rounding of ["twice", "once"] as const) {
      const [wanted, got] = [compile(exp, rounding), compile(nonpositive, rounding)];
      for (const [x] of points(exp, 4000)) {
        for (const at of [-Math.abs(x), -Math.abs(x) / 8]) {
          const value = rounderOf(exp)(at);
          assert.ok(Object.is(got(value), wanted(value)), `${dtype} ${rounding}: ${value}`);
        }
      }
    }
  }
});

describe("the library", () => {
  test("has every function of the goals in both formats, and float16 through float32", () => {
    for (const name of Object.keys(MATH_ORACLE)) {
      assert.ok(lookupMath(name, "float32"), name);
      assert.ok(lookupMath(name, "float64"), name);
      assert.equal(lookupMath(name, "float16"), lookupMath(name, "float32"));
    }
    assert.equal(lookupMath("exp", "int32"), undefined);
    assert.equal(lookupMath("no_such_function", "float32"), undefined);
  });

  test("uses no float64 in float32 bodies, and no tables", () => {
    for (const fn of mathFunctions) {
      const seen = new Set<Expr>();
      const visit = (e: Expr): void => {
        if (seen.has(e)) return;
        seen.add(e);
        if (fn.dtype === "float32") assert.notEqual(e.dtype, "float64", fn.name);
        assert.notEqual(e.op, "load", fn.name);
        operandsOf(e).forEach(visit);
        if (e.op === "call") assert.ok(lookupMath(e.fn, e.dtype), `${fn.name} calls ${e.fn}`);
      };
      visit(bodyOf(fn).body);
    }
  });

  test("declares the bounds that the design asks for in float32", () => {
    const bounds: Record<string, number> = { pow: 4, rsqrt: 1, log: 1, log1p: 1 };
    for (const name of "exp exp2 expm1 log log2 log1p tanh logistic sin cos tan erf cbrt rsqrt pow".split(
      " ",
    )) {
      const declared = lookupMath(name, "float32")?.ulp ?? Infinity;
      assert.ok(declared <= (bounds[name] ?? 2), `${name}: ${declared}`);
    }
  });
});

describe("pitfalls", () => {
  const near = (name: string, x: number, expected: number): void => {
    const fn = lookupMath(name, "float32");
    assert.ok(fn);
    const error = ulpError(compile(fn)(x), expected, "float32");
    assert.ok(error <= fn.ulp, `${name}(${x}): ${error} ULP`);
  };

  test("log next to 1, tanh next to 1e-7, sinh next to 2e-7", () => {
    for (let k = -200; k <= 200; k++) {
      if (k !== 0) near("log", 1 + k * 2 ** (k < 0 ? -24 : -23), Math.log(1 + k * 2 ** (k < 0 ? -24 : -23)));
      const small = Math.fround(1e-7 * (1 + k / 300));
      near("tanh", small, Math.tanh(small));
      near("sinh", 2 * small, Math.sinh(2 * small));
      near("expm1", small, Math.expm1(small));
      near("log1p", small, Math.log1p(small));
    }
  });

  test("sin, cos and tan next to multiples of π/2, beyond 1e4 and at 1e30", () => {
    for (let k = 1; k < 9000; k += k < 300 ? 1 : 37) {
      const x = Math.fround((k * Math.PI) / 2);
      near("sin", x, Math.sin(x));
      near("cos", x, Math.cos(x));
      near("tan", x, Math.tan(x));
    }
    // The last is the float nearest to a multiple of π/2 of all.
    for (const x of [10001, 12799.5, 12800.5, 1e5, 2 ** 24, 1e10, 1e30, 3e38, 16367173 * 2 ** 72].map(
      Math.fround,
    )) {
      near("sin", x, Math.sin(x));
      near("cos", -x, Math.cos(x));
      near("tan", x, Math.tan(x));
    }
  });

  test("the double that comes nearest to a multiple of π/2", () => {
    // W. Kahan's example: its cosine is -4.6871659242546276e-19.
    const x = 6381956970095103 * 2 ** 797;
    const cos = lookupMath("cos", "float64");
    const sin = lookupMath("sin", "float64");
    assert.ok(cos && sin);
    assert.ok(ulpError(compile(cos)(x), -4.687165924254628e-19, "float64") <= 2);
    assert.equal(compile(sin)(x), 1);
  });

  test("erf_inv in float32 is XLA's polynomial in XLA's argument", () => {
    const fn = lookupMath("erf_inv", "float32");
    assert.ok(fn);
    const erfInv = compile(fn);
    const central = [
      2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087, -0.00125372503,
      -0.00417768164, 0.246640727, 1.50140941,
    ];
    const tail = [
      -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613,
      0.00943887047, 1.00167406, 2.83297682,
    ];
    const random = new Random(3);
    for (let k = 0; k < 4000; k++) {
      const x = Math.fround(k % 2 ? random.next() * 2 - 1 : 1 - 2 ** (-1 - 22 * random.next()));
      // The one rounding that moves the result: the square's.
      const w = -Math.log1p(-Math.fround(x * x));
      const [c, t] = w < 5 ? [central, w - 2.5] : [tail, Math.sqrt(w) - 3];
      const expected = x * c.reduce((sum, a) => sum * t + a, 0);
      const error = ulpError(erfInv(x), expected, "float32");
      assert.ok(error <= 3, `erf_inv(${x}): ${error} ULP`);
    }
  });
});
