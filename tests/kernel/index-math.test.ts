/** Constant folding, ranges and index simplification: random expressions keep their value and stay within their range. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compileExpression } from "../../compiler/interpret/kernel-interpreter.ts";
import {
  bitcastConstant,
  convertConstant,
  evaluateBinary,
  evaluateUnary,
  float16Bits,
  float16FromBits,
  roundToFloat16,
} from "../../compiler/kernel/constants.ts";
import type { ArithmeticFn, Axis, Expr, Local } from "../../compiler/kernel/expr.ts";
import { affineIn, linearForm, rangeOf } from "../../compiler/kernel/index-math.ts";
import { scalarOps as s } from "../../compiler/kernel/scalar-ops.ts";
import { Random } from "../helpers/random.ts";

const I: Axis = { name: "i", extent: 6, kind: "grid" };
const J: Axis = { name: "j", extent: 5, kind: "serial" };
const K: Axis = { name: "k", extent: 4, kind: "serial" };
const [i, j, k] = [I, J, K].map(s.axis);

/** Axes as locals, so that the closure takes their values. */
function substitute(e: Expr, locals: ReadonlyMap<Axis, Local>): Expr {
  switch (e.op) {
    case "axis": {
      const local = locals.get(e.axis);
      assert.ok(local);
      return { op: "local", dtype: "int32", local };
    }
    case "binary":
      return { ...e, x: substitute(e.x, locals), y: substitute(e.y, locals) };
    case "select":
    case "guard":
      return {
        ...e,
        cond: substitute(e.cond, locals),
        x: substitute(e.x, locals),
        y: substitute(e.y, locals),
      };
    default:
      return e;
  }
}

function functionOf(e: Expr): (i: number, j: number, k: number) => number {
  const locals = [I, J, K].map((axis): Local => ({ name: axis.name, dtype: "int32" }));
  const map = new Map([I, J, K].map((axis, n) => [axis, locals[n]]));
  return compileExpression(locals, substitute(e, map));
}

function text(e: Expr): string {
  if (e.op === "const") return String(e.value);
  if (e.op === "axis") return e.axis.name;
  if (e.op === "binary") return `(${text(e.x)} ${e.fn} ${text(e.y)})`;
  return e.op;
}

describe("index simplification", () => {
  const same = (e: Expr, expected: string): void => assert.equal(text(e), expected);

  test("reshapes vanish", () => {
    const flat = s.add(s.mul(i, s.int(20)), s.add(s.mul(j, s.int(4)), k));
    same(s.div(flat, s.int(20)), "i");
    same(s.rem(flat, s.int(4)), "k");
    same(s.rem(s.div(flat, s.int(4)), s.int(5)), "j");
    same(s.div(s.div(flat, s.int(4)), s.int(5)), "i");
    // Taking an index apart and putting it together again.
    const n = s.add(s.mul(s.div(flat, s.int(7)), s.int(7)), s.rem(flat, s.int(7)));
    assert.deepEqual(linearForm(n), linearForm(flat));
  });

  test("neutral operations, sums and comparisons that are always so", () => {
    same(s.add(i, s.int(0)), "i");
    same(s.sub(s.add(i, j), i), "j");
    same(s.mul(s.add(i, s.int(0)), s.int(1)), "i");
    same(s.lt(i, s.int(6)), "1");
    same(s.ge(i, s.int(6)), "0");
    same(s.eq(i, s.int(-1)), "0");
    same(s.max(i, s.int(0)), "i");
    same(s.min(i, s.int(5)), "i");
    same(s.clampIndex(s.add(i, j), 0, 9), "(i add j)");
  });

  test("a sum that may wrap is left alone", () => {
    const unknown: Expr = { op: "local", dtype: "int32", local: { name: "n", dtype: "int32" } };
    const sum = s.sub(s.add(unknown, s.int(1)), s.int(1));
    assert.equal(rangeOf(sum).min, -2147483648);
    assert.equal(sum.op, "binary");
    assert.deepEqual(rangeOf(s.rem(s.and(unknown, s.int(255)), s.int(10))), { min: 0, max: 9 });
  });

  test("axis coefficients of an affine index", () => {
    const found = affineIn(s.add(s.mul(i, s.int(20)), s.add(k, s.int(3))));
    assert.ok(found);
    assert.deepEqual(
      [...found.coefficients].map(([axis, c]) => [axis.name, c]),
      [
        ["i", 20],
        ["k", 1],
      ],
    );
    assert.equal(found.rest.constant, 3);
  });

  test("random expressions keep their value and stay within their range", () => {
    const random = new Random(99);
    const constants = [0, 1, 2, 3, 4, 5, 7, 12, 20, -1, -3, 100, 2147483647, 46341];
    const fns: ArithmeticFn[] = ["add", "sub", "mul", "div", "rem", "max", "min", "and"];
    for (let trial = 0; trial < 1500; trial++) {
      // Pairs of the same expression: simplified, and built without any simplification.
      const pool: (readonly [Expr, Expr])[] = [i, j, k].map((axis) => [axis, axis] as const);
      for (let step = 0; step < 6; step++) {
        const [x, rawX] = random.pick(pool);
        const c = s.int(random.pick(constants));
        const [y, rawY] = random.chance(0.5) ? ([c, c] as const) : random.pick(pool);
        if (random.chance(0.1)) {
          const cond: Expr = { op: "binary", fn: "lt", dtype: "bool", x: rawX, y: rawY };
          pool.push([s.select(s.lt(x, y), x, y), { op: "select", dtype: "int32", cond, x: rawX, y: rawY }]);
        } else {
          const fn = random.pick(fns);
          pool.push([s.binary(fn, x, y), { op: "binary", fn, dtype: "int32", x: rawX, y: rawY }]);
        }
      }
      const [simple, raw] = pool[pool.length - 1];
      const [f, g] = [functionOf(simple), functionOf(raw)];
      const range = rangeOf(simple);
      for (let n = 0; n < 24; n++) {
        const at = [n % 6, (n * 3) % 5, (n * 7) % 4] as const;
        const value = f(...at);
        assert.equal(value, g(...at), `${text(raw)} became ${text(simple)} at ${at}`);
        assert.ok(value >= range.min && value <= range.max, `${text(simple)} is ${value}, outside its range`);
      }
    }
  });
});

describe("constants", () => {
  test("integer operations of XLA", () => {
    assert.equal(evaluateBinary("div", -2147483648, -1, "int32"), -2147483648);
    assert.equal(evaluateBinary("div", 7, 0, "uint32"), 4294967295);
    assert.equal(evaluateBinary("rem", -2147483648, -1, "int32"), 0);
    assert.ok(Object.is(evaluateBinary("rem", -4, 2, "int32"), 0));
    assert.equal(evaluateBinary("mul", 4294967295, 4294967295, "uint32"), 1);
    assert.equal(evaluateBinary("shr", -8, 33, "int32"), -1);
    assert.equal(evaluateBinary("shrLogical", -1, 28, "int32"), 15);
    assert.equal(evaluateBinary("shl", 1, 32, "int32"), 0);
    assert.equal(evaluateUnary("clz", 1, "int8"), 7);
    assert.equal(evaluateUnary("not", 5, "uint8"), 250);
    assert.equal(evaluateUnary("neg", -128, "int8"), -128);
    assert.ok(Object.is(evaluateUnary("neg", 0, "int32"), 0));
  });

  test("floats: NaN and zeros in max and min, halves to even", () => {
    assert.ok(Number.isNaN(evaluateBinary("max", NaN, 1, "float32")));
    assert.ok(Object.is(evaluateBinary("max", -0, 0, "float32"), 0));
    assert.ok(Object.is(evaluateBinary("min", 0, -0, "float64"), -0));
    assert.deepEqual(
      [0.5, 1.5, -0.5, 2.5, -1.5].map((x) => evaluateUnary("nearest", x, "float32")),
      [0, 2, -0, 2, -2],
    );
    assert.equal(evaluateBinary("ne", NaN, NaN, "float32"), 1);
  });

  test("conversions saturate and wrap", () => {
    assert.equal(convertConstant(1e10, "float64", "int32"), 2147483647);
    assert.equal(convertConstant(-1, "float32", "uint8"), 0);
    assert.equal(convertConstant(NaN, "float32", "int32"), 0);
    assert.equal(convertConstant(-1, "int32", "uint8"), 255);
    assert.equal(convertConstant(0.1, "float32", "bool"), 1);
  });

  test("float16: every pattern survives, and rounding is to nearest even", () => {
    for (let bits = 0; bits < 65536; bits++) {
      const x = float16FromBits(bits);
      if (!Number.isNaN(x)) assert.equal(float16Bits(x), bits);
    }
    assert.equal(roundToFloat16(1 + 2 ** -11), 1);
    assert.equal(roundToFloat16(65519.99), 65504);
    assert.equal(roundToFloat16(2 ** -25), 0);
    assert.equal(roundToFloat16(2 ** -25 * 1.01), 2 ** -24);
    assert.equal(bitcastConstant(-1, "int32", "uint32"), 4294967295);
  });

  test("folding keeps what would change the value", () => {
    const x: Expr = { op: "local", dtype: "float32", local: { name: "x", dtype: "float32" } };
    const zero = s.const(0, "float32");
    // x + 0 turns -0 into 0 and x·0 keeps NaN, so neither is folded; x - 0, x + -0 and x·1 are x.
    assert.notEqual(s.add(x, zero), x);
    assert.equal(s.mul(x, zero).op, "binary");
    assert.equal(s.sub(x, zero), x);
    assert.equal(s.add(x, s.const(-0, "float32")), x);
    assert.equal(s.mul(x, s.const(1, "float32")), x);
    assert.equal(s.bitcast(s.bitcast(x, "int32"), "float32"), x);
    assert.equal(s.fromWords(s.int(0x7ff80000), s.int(0)).op, "fromWords");
  });
});
