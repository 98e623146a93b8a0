/** The kernel interpreter: rounding, wrapping, memory, control flow, and what it refuses. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  compileExpression,
  type InterpretOptions,
  runKernel,
} from "../compiler/interpret/kernel-interpreter.ts";
import type { BufferAccess, BufferParam, Expr, Local } from "../compiler/kernel/expr.ts";
import { KernelBuilder } from "../compiler/kernel/kernel-builder.ts";
import { scalarOps as s } from "../compiler/kernel/scalar-ops.ts";
import { DTYPE_INFO, type DType } from "../compiler/types/dtype.ts";
import { Random } from "./helpers/random.ts";

function buffer(name: string, dtype: DType, size: number, access: BufferAccess = "readwrite"): BufferParam {
  return { name, dtype, size, access };
}

function memoryOf(param: BufferParam): DataView {
  return new DataView(new ArrayBuffer(param.size * DTYPE_INFO[param.dtype].bytes));
}

/** An expression of typed arguments, evaluated. */
function evaluate(
  dtypes: readonly DType[],
  build: (...x: Expr[]) => Expr,
  values: readonly number[],
  options?: InterpretOptions,
): number {
  const locals = dtypes.map((dtype, i): Local => ({ name: `x${i}`, dtype }));
  return compileExpression(locals, build(...locals.map(s.local)), options)(...values);
}

describe("expressions", () => {
  test("float32 rounds after every operation", () => {
    const sum = evaluate(["float32", "float32"], (x, y) => s.sub(s.add(x, y), x), [2 ** 24, 1]);
    assert.equal(sum, 0);
    assert.equal(
      evaluate(["float64", "float64"], (x, y) => s.sub(s.add(x, y), x), [2 ** 24, 1]),
      1,
    );
    assert.equal(
      evaluate(["float32"], (x) => s.div(s.const(1, "float32"), x), [3]),
      Math.fround(1 / 3),
    );
  });

  test("integers wrap", () => {
    assert.equal(
      evaluate(["int32"], (x) => s.add(x, s.int(1)), [2147483647]),
      -2147483648,
    );
    assert.equal(
      evaluate(["uint8", "uint8"], (x, y) => s.mul(x, y), [200, 3]),
      88,
    );
    assert.equal(
      evaluate(["int32"], (x) => s.abs(x), [-2147483648]),
      -2147483648,
    );
  });

  test("words of a float64, and back", () => {
    assert.equal(
      evaluate(["float64"], (x) => s.highWord(x), [-2]),
      -1073741824,
    );
    assert.equal(
      evaluate(["float64"], (x) => s.lowWord(x), [1 + 2 ** -52]),
      1,
    );
    for (const x of [Math.PI, -0, 5e-324, Infinity]) {
      const same = evaluate(["float64"], (e) => s.fromWords(s.add(s.highWord(e), s.int(0)), s.lowWord(e)), [
        x,
      ]);
      assert.ok(Object.is(same, x));
    }
    assert.equal(
      evaluate(["int32", "int32"], (h, l) => s.fromWords(h, l), [0x3ff80000, 0]),
      1.5,
    );
  });

  test("fma rounds twice, or once", () => {
    const fma = (x: Expr, y: Expr, z: Expr): Expr => s.fma(x, y, z);
    const eps = 2 ** -12;
    const single = [1 + eps, 1 + eps, -(1 + 2 * eps)];
    const types = ["float32", "float32", "float32"] as const;
    assert.equal(evaluate(types, fma, single), 0);
    assert.equal(evaluate(types, fma, single, { fma: "once" }), 2 ** -24);
    // The sum is just below half way between two floats; rounding to double first would make it a tie.
    const tie = [1 + 2 ** -23, 1 + 2 ** -23, 2 ** -80];
    assert.equal(evaluate(types, fma, [2 ** -24, 1, 1], { fma: "once" }), 1);
    assert.equal(evaluate(types, fma, [1, 2 ** -24 + 2 ** -47, 1], { fma: "once" }), 1 + 2 ** -23);
    assert.equal(evaluate(types, fma, tie, { fma: "once" }), Math.fround(1 + 2 ** -22));
  });

  test("fma on float64 rounded once agrees with exact integer arithmetic", () => {
    const fma = (x: Expr, y: Expr, z: Expr): Expr => s.fma(x, y, z);
    const random = new Random(4);
    const locals = [0, 1, 2].map((i): Local => ({ name: `x${i}`, dtype: "float64" }));
    const run = compileExpression(locals, fma(s.local(locals[0]), s.local(locals[1]), s.local(locals[2])), {
      fma: "once",
    });
    for (let k = 0; k < 2000; k++) {
      const [x, y] = [0, 1].map(() => Math.floor((random.next() - 0.5) * 2 ** 53));
      // Cancelling most of the product, so that its low digits decide.
      const z = -(x * y) + Math.floor((random.next() - 0.5) * 2 ** (40 + 13 * random.next()));
      const exact = BigInt(x) * BigInt(y) + BigInt(z);
      assert.equal(run(x, y, z), Number(exact), `${x} * ${y} + ${z}`);
    }
  });

  test("a shared node is computed once, and guarded parts only where their condition holds", () => {
    const out = buffer("out", "int32", 1);
    const x = buffer("x", "int32", 2, "read");
    const k = new KernelBuilder();
    const at = k.let("at", s.int(7));
    const inside = s.lt(s.local(at), s.int(2));
    const value = s.guard(inside, s.load(x, s.local(at)), s.int(-1));
    k.store(out, s.int(0), s.add(value, value));
    const memory = [memoryOf(out), memoryOf(x)];
    runKernel({ name: "k", params: [out, x], body: k.finish(), sources: [] }, memory);
    assert.equal(memory[0].getInt32(0, true), -2);
  });

  test("calls go to the math library", () => {
    assert.equal(
      evaluate(["float64"], (x) => s.call("log1p", s.call("expm1", x)), [0]),
      0,
    );
    assert.throws(
      () => evaluate(["float32"], (x) => s.call("no_such", x), [0]),
      /kernel expression calls no_such on float32/,
    );
  });
});

describe("kernels", () => {
  test("loops, locals, accumulators, while and if", () => {
    const x = buffer("x", "float32", 6, "read");
    const out = buffer("out", "float32", 3, "write");
    const k = new KernelBuilder();
    k.loop(2, (i) => {
      const sum = k.let("sum", s.const(0, "float32"));
      k.loop(3, (j) => k.accumulate(sum, "add", s.load(x, s.add(s.mul(i, s.int(3)), j))), { kind: "reduce" });
      k.if(
        s.gt(s.local(sum), s.const(10, "float32")),
        () => k.store(out, i, s.neg(s.local(sum))),
        () => k.store(out, i, s.local(sum)),
      );
    });
    const n = k.let("n", s.int(1));
    k.while(s.lt(s.local(n), s.int(100)), () => k.assign(n, s.mul(s.local(n), s.int(2))));
    k.store(out, s.int(2), s.convert(s.local(n), "float32"));
    const memory = [x, out].map(memoryOf);
    for (let i = 0; i < 6; i++) memory[0].setFloat32(4 * i, i + 1, true);
    runKernel({ name: "sums", params: [x, out], body: k.finish(), sources: [] }, memory);
    assert.deepEqual(
      [0, 1, 2].map((i) => memory[1].getFloat32(4 * i, true)),
      [6, -15, 128],
    );
  });

  test("float16 and bool in memory", () => {
    const x = buffer("x", "float16", 2);
    const p = buffer("p", "bool", 1);
    const k = new KernelBuilder();
    k.store(x, s.int(1), s.add(s.load(x, s.int(0)), s.const(2 ** -12, "float32")));
    k.store(p, s.int(0), s.gt(s.load(x, s.int(1)), s.const(1, "float32")));
    const memory = [x, p].map(memoryOf);
    memory[0].setUint16(0, 0x3c00, true);
    runKernel({ name: "half", params: [x, p], body: k.finish(), sources: [] }, memory);
    // 1 + 2^-12 is nearer to 1 than to the next half.
    assert.equal(memory[0].getUint16(2, true), 0x3c00);
    assert.equal(memory[1].getUint8(0), 0);
  });

  test("an index outside a buffer is an error that names the kernel", () => {
    const x = buffer("x", "float32", 4, "read");
    const out = buffer("out", "float32", 4, "write");
    const kernel = (index: number, to: number) => {
      const k = new KernelBuilder();
      const at = k.let("at", s.int(index));
      k.store(out, s.int(to), s.load(x, s.local(at)));
      return { name: "copy", params: [x, out], body: k.finish(), sources: [] };
    };
    const memory = [x, out].map(memoryOf);
    assert.throws(() => runKernel(kernel(4, 0), memory), /kernel copy: load of x\[4\], which has 4 elements/);
    assert.throws(() => runKernel(kernel(-1, 0), memory), { name: "InternalError" });
    assert.throws(() => runKernel(kernel(0, 9), memory), /kernel copy: store of out\[9\]/);
  });

  test("stores to read-only buffers, missing and short buffers are refused", () => {
    const x = buffer("x", "float32", 4, "read");
    const k = new KernelBuilder();
    k.store(x, s.int(0), s.const(1, "float32"));
    const kernel = { name: "bad", params: [x], body: k.finish(), sources: [] };
    assert.throws(() => runKernel(kernel, [memoryOf(x)]), /may only read/);
    assert.throws(() => runKernel(kernel, []), /takes 1 buffers, got 0/);
    assert.throws(() => runKernel(kernel, [new DataView(new ArrayBuffer(8))]), /only 8 bytes/);
    const other = buffer("y", "float32", 1);
    const stray = {
      ...kernel,
      params: [],
      body: [{ kind: "store", buffer: other, index: s.int(0), value: s.const(0, "float32") }],
    } as const;
    assert.throws(() => runKernel(stray, []), /none of its parameters/);
  });
});
