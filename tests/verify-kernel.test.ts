/** The verifiers of kernels and programs on what their texts cannot say, and on bounds. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Axis, BufferParam, Expr, Local } from "../compiler/kernel/expr.ts";
import type { Kernel, Stmt } from "../compiler/kernel/kernel.ts";
import { scalarOps as s } from "../compiler/kernel/scalar-ops.ts";
import type { Program } from "../compiler/program/program.ts";
import { kernelViolations, programViolations, VerifyError, verifyKernel } from "../compiler/verify/index.ts";
import { boundsProblem } from "../compiler/verify/index-bounds.ts";
import { Random } from "./helpers/random.ts";
import { randomKernel } from "./helpers/text-graphs.ts";

const x: BufferParam = { name: "x", dtype: "float32", size: 8, access: "read" };
const y: BufferParam = { name: "y", dtype: "float32", size: 8, access: "write" };
const half: BufferParam = { name: "h", dtype: "float16", size: 8, access: "readwrite" };

function kernelOf(...body: Stmt[]): Kernel {
  return { name: "k", params: [x, y, half], body, sources: [] };
}

function messages(...body: Stmt[]): string[] {
  return kernelViolations(kernelOf(...body)).map((v) => v.message);
}

function store(value: Expr, index: Expr = s.int(0), buffer: BufferParam = y): Stmt {
  return { kind: "store", buffer, index, value };
}

function axis(extent: number): Axis {
  return { name: "i", extent, kind: "serial" };
}

const one = s.const(1, "float32");

describe("kernels", () => {
  test("random kernels are valid", () => {
    for (let seed = 0; seed < 40; seed++) verifyKernel(randomKernel(new Random(seed), 3));
  });

  test("an axis outside its loop, and one looped over within itself", () => {
    const i = axis(4);
    assert.deepEqual(messages(store(s.convert(s.axis(i), "float32"))), ["i is no axis of an enclosing loop"]);
    const loop: Stmt = { kind: "loop", axis: i, body: [{ kind: "loop", axis: i, body: [] }] };
    assert.deepEqual(messages(loop), ["axis i is looped over already"]);
  });

  test("locals live in the block that declares them", () => {
    const local: Local = { name: "s", dtype: "float32" };
    const declare: Stmt = { kind: "let", local, value: one };
    const use = store(s.local(local));
    assert.deepEqual(messages(declare, use), []);
    assert.deepEqual(messages(use, declare), ["%s is not declared here"]);
    assert.deepEqual(messages({ kind: "loop", axis: axis(2), body: [declare] }, use), [
      "%s is not declared here",
    ]);
    assert.deepEqual(messages(declare, declare), ["%s is declared twice"]);
    assert.deepEqual(messages({ kind: "assign", local, value: one }), ["%s is not declared here"]);
    const twice: Stmt = { kind: "loop", axis: axis(2), body: [declare, use] };
    assert.deepEqual(messages(twice, twice), []);
  });

  test("dtypes of stores, lets and conditions", () => {
    assert.deepEqual(messages(store(s.int(1))), ["what is stored to %y must be float32, got int32"]);
    assert.deepEqual(messages(store(one, s.const(0, "uint32"))), [
      "the index of a store to %y must be int32, got uint32",
    ]);
    assert.deepEqual(messages(store(one, s.int(0), half)), []);
    assert.deepEqual(messages(store(s.load(half, s.int(1)))), []);
    assert.deepEqual(messages({ kind: "if", cond: s.int(1), then: [], else: [] }), [
      "the condition of if must be bool, got int32",
    ]);
    const local: Local = { name: "s", dtype: "float64" };
    assert.deepEqual(messages({ kind: "let", local, value: one }), ["%s must be float64, got float32"]);
  });

  test("scalars are never float16", () => {
    const e: Expr = { op: "convert", dtype: "float16", x: one };
    assert.match(messages(store(e)).join(), /scalars are never float16/);
  });

  test("expressions whose dtypes do not fit", () => {
    const bad = (e: Expr): string =>
      messages({ kind: "let", local: { name: "t", dtype: e.dtype }, value: e }).join();
    const i = s.int(1);
    assert.match(
      bad({ op: "binary", fn: "add", dtype: "float32", x: one, y: i }),
      /add of float32 and int32/,
    );
    assert.match(bad({ op: "binary", fn: "lt", dtype: "float32", x: one, y: one }), /lt must be bool/);
    assert.match(bad({ op: "binary", fn: "add", dtype: "float64", x: one, y: one }), /add must be float32/);
    assert.match(bad({ op: "fma", dtype: "int32", x: i, y: i, z: i }), /fma is for floats/);
    assert.match(bad({ op: "fused", dtype: "float32", x: i, y: i, z: i }), /fused/);
    assert.match(
      bad({ op: "select", dtype: "int32", cond: i, x: i, y: i }),
      /condition of select must be bool/,
    );
    assert.match(bad({ op: "bitcast", dtype: "float64", x: one }), /bitcast of float32 \(4 bytes\)/);
    assert.match(bad({ op: "const", dtype: "int32", value: 0.5 }), /0.5 is not a value of int32/);
    assert.match(bad({ op: "load", dtype: "float64", buffer: x, index: i }), /load from %x must be float32/);
    assert.match(bad({ op: "unary", fn: "clz", dtype: "float32", x: one }), /clz is for integers/);
    assert.match(
      bad({ op: "word", dtype: "int32", half: "high", x: one }),
      /operand of highWord must be float64/,
    );
  });

  test("buffers must be parameters, each once", () => {
    const other: BufferParam = { ...x, name: "other" };
    assert.deepEqual(messages(store(s.load(other, s.int(0)))), [
      "buffer %other is no parameter of the kernel",
    ]);
    const twice = kernelViolations({ ...kernelOf(), params: [x, x] });
    assert.deepEqual(
      twice.map((v) => v.message),
      ["buffer %x is a parameter twice"],
    );
  });

  test("the error names the kernel and the statement", () => {
    assert.throws(
      () => verifyKernel(kernelOf(store(one, s.int(8)))),
      (error) =>
        error instanceof VerifyError && /kernel @k, statement store %y\[8\] = 1\.0/.test(error.message),
    );
  });
});

describe("bounds", () => {
  const i = axis(4);
  const j = { ...axis(3), name: "j" };
  const at = (e: Expr): Expr => e;

  test("affine indices are exact", () => {
    const index = s.add(s.mul(s.axis(i), s.int(3)), s.axis(j));
    assert.equal(boundsProblem(at(index), 12), null);
    assert.match(boundsProblem(index, 11) ?? "", /runs over 0 to 11, but the buffer has 11/);
    assert.match(boundsProblem(s.sub(s.axis(i), s.int(1)), 12) ?? "", /runs over -1 to 2/);
    const reversed = s.sub(s.int(3), s.axis(i));
    assert.equal(boundsProblem(reversed, 4), null);
  });

  test("other indices are errors only where no value fits", () => {
    const square = s.mul(s.axis(i), s.axis(i));
    assert.equal(boundsProblem(square, 5), null);
    assert.match(boundsProblem(s.add(s.rem(s.axis(i), s.int(3)), s.int(9)), 9) ?? "", /lies within 9 to 11/);
    assert.equal(boundsProblem(s.local({ name: "k", dtype: "int32" }), 1), null);
  });

  test("nothing is proved behind guards and ifs, in loops without trips, but the guard itself is checked", () => {
    const load = s.load(x, s.int(9));
    const never = s.lt(s.local({ name: "p", dtype: "int32" }), s.int(0));
    const p: Stmt = { kind: "let", local: { name: "p", dtype: "int32" }, value: s.int(0) };
    const cond = p.kind === "let" ? s.lt(s.local(p.local), s.int(0)) : never;
    assert.deepEqual(messages(p, store(s.guard(cond, load, one))), []);
    assert.equal(messages(p, store(s.guard(cond, one, load))).length, 1);
    assert.equal(messages(p, store(s.add(load, s.guard(cond, load, one)))).length, 1);
    assert.deepEqual(messages(p, { kind: "if", cond, then: [store(load)], else: [store(load)] }), []);
    assert.deepEqual(messages({ kind: "loop", axis: axis(0), body: [store(load)] }), []);
    const select: Stmt = store(s.select(s.lt(one, s.load(x, s.int(0))), load, one));
    assert.equal(messages(select).length, 1);
  });
});

describe("programs", () => {
  const program: Program = {
    name: "p",
    inputs: [{ dtype: "float32", shape: [2], label: "x" }],
    outputs: [{ dtype: "float32", shape: [2], label: "y" }],
    aliases: [null],
    tempBytes: 0,
    constants: new Uint8Array(0),
    buffers: [
      { id: 0, kind: "input", dtype: "float32", shape: [2], bytes: 8, offset: 0, label: "x" },
      { id: 1, kind: "output", dtype: "float32", shape: [2], bytes: 8, offset: 0, label: "y" },
    ],
    kernels: [],
    schedule: [],
  };
  const found = (change: Partial<Program>): string[] =>
    programViolations({ ...program, ...change }).map((v) => v.message);
  const [input, output] = program.buffers;

  test("a valid one has none", () => assert.deepEqual(found({}), []));

  test("aliases", () => {
    assert.deepEqual(found({ aliases: [] }), ["0 aliases for 1 outputs"]);
    assert.deepEqual(found({ aliases: [3] }), ["output 0 is an alias of input 3, which does not exist"]);
    const large = [{ dtype: "float32", shape: [3], label: "" }] as const;
    assert.match(found({ aliases: [0], inputs: large }).join(), /which has another size/);
  });

  test("buffers", () => {
    assert.deepEqual(found({ buffers: [input, { ...output, id: 0 }] }), ["two buffers have the id %0"]);
    assert.deepEqual(found({ buffers: [{ ...input, bytes: 4 }] }), ["%0 has 4 bytes, its type needs 8"]);
    assert.deepEqual(found({ buffers: [{ ...input, offset: 1 }] }), ["%0 is input 1, which does not exist"]);
    assert.deepEqual(found({ buffers: [{ ...input, dtype: "int32" }] }), [
      "%0 has another type than input 0",
    ]);
    assert.match(found({ buffers: [{ ...input, kind: "temp", offset: 2 }] }).join(), /not aligned/);
  });

  test("strides are followed over all trips", () => {
    const copy = (stride: number): Program["schedule"] => [
      {
        kind: "for",
        loop: 0,
        trips: 2,
        body: [
          {
            kind: "copy",
            from: { buffer: 0, offset: 0, strides: [{ loop: 0, stride }] },
            to: { buffer: 1, offset: 4, strides: [{ loop: 0, stride: -stride }] },
            bytes: 4,
          },
        ],
      },
    ];
    assert.deepEqual(found({ schedule: copy(4) }), []);
    assert.deepEqual(found({ schedule: copy(8) }), [
      "bytes 0 to 12 of %0, which has 8",
      "bytes -4 to 8 of %1, which has 8",
    ]);
  });

  test("an invalid kernel is a violation of its program", () => {
    const kernel = kernelOf(store(s.int(1)));
    assert.equal(found({ kernels: [kernel] }).length, 1);
    assert.deepEqual(found({ kernels: [kernelOf(), kernelOf()] }), ["two kernels are called @k"]);
  });
});
