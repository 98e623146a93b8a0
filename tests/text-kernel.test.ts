/** The kernel and program text forms: round trips with sharing, linear size, errors on any malformed text. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type BufferParam, type Expr, operandsOf } from "../compiler/kernel/expr.ts";
import type { Kernel, Stmt } from "../compiler/kernel/kernel.ts";
import { scalarOps as s } from "../compiler/kernel/scalar-ops.ts";
import type { Program, Step } from "../compiler/program/program.ts";
import { ParseError, parseKernel, parseProgram, printKernel, printProgram } from "../compiler/text/index.ts";
import { forEachStmt } from "../compiler/text/kernel-names.ts";
import { tensorType } from "../compiler/types/tensor-type.ts";
import { Random } from "./helpers/random.ts";
import { randomKernel } from "./helpers/text-graphs.ts";

const x: BufferParam = { name: "x", dtype: "float32", size: 8, access: "read" };
const y: BufferParam = { name: "y", dtype: "float32", size: 8, access: "write" };

function kernelOf(...body: Stmt[]): Kernel {
  return { name: "k", params: [x, y], body, sources: [] };
}

function store(value: Expr): Stmt {
  return { kind: "store", buffer: y, index: s.int(0), value };
}

/** The roots of a kernel's expressions in order. */
function rootsOf(kernel: Kernel): Expr[] {
  const roots: Expr[] = [];
  forEachStmt(kernel.body, (stmt) => {
    if (stmt.kind === "store") roots.push(stmt.index, stmt.value);
    else if (stmt.kind === "while" || stmt.kind === "if") roots.push(stmt.cond);
    else if (stmt.kind !== "loop") roots.push(stmt.value);
  });
  return roots;
}

/** Same operations, dtypes and constants; axes, locals and buffers correspond one to one. */
function sameExpr(a: Expr, b: Expr, partners: Map<object, object>, seen: Map<Expr, Expr>): boolean {
  if (seen.get(a) === b) return true;
  seen.set(a, b);
  const pair = (p: object, q: object): boolean => {
    if (!partners.has(p)) partners.set(p, q);
    return partners.get(p) === q;
  };
  if (a.op !== b.op || a.dtype !== b.dtype) return false;
  if (a.op === "const" && b.op === "const" && !Object.is(a.value, b.value)) return false;
  if (a.op === "axis" && b.op === "axis" && !pair(a.axis, b.axis)) return false;
  if (a.op === "local" && b.op === "local" && !pair(a.local, b.local)) return false;
  if (a.op === "load" && b.op === "load" && !pair(a.buffer, b.buffer)) return false;
  if ("fn" in a && "fn" in b && a.fn !== b.fn) return false;
  if (a.op === "word" && b.op === "word" && a.half !== b.half) return false;
  const p = operandsOf(a);
  const q = operandsOf(b);
  return p.length === q.length && p.every((e, i) => sameExpr(e, q[i], partners, seen));
}

function nodesOf(roots: readonly Expr[]): Set<Expr> {
  const nodes = new Set<Expr>();
  const stack = [...roots];
  for (let e = stack.pop(); e !== undefined; e = stack.pop()) {
    if (nodes.has(e)) continue;
    nodes.add(e);
    stack.push(...operandsOf(e));
  }
  return nodes;
}

describe("round trip of random kernels", () => {
  test("parse(print(k)) has the same statements, expressions and sources", () => {
    for (let seed = 0; seed < 50; seed++) {
      const kernel = randomKernel(new Random(seed), 1 + (seed % 4));
      const text = printKernel(kernel);
      const parsed = parseKernel(text, `seed ${seed}`);
      assert.equal(printKernel(parsed), text);
      const a = rootsOf(kernel);
      const b = rootsOf(parsed);
      const partners = new Map<object, object>();
      const seen = new Map<Expr, Expr>();
      assert.equal(a.length, b.length);
      assert.ok(
        a.every((e, i) => sameExpr(e, b[i], partners, seen)),
        `seed ${seed}:\n${text}`,
      );
      const locations = (k: Kernel): unknown => k.sources.map((source) => source.resolve());
      assert.deepEqual(locations(parsed), locations(kernel));
    }
  });
});

describe("sharing", () => {
  test("a chain that doubles at every step stays linear in text and in the parsed expression", () => {
    let e: Expr = s.load(x, s.int(0));
    for (let i = 0; i < 60; i++) e = s.mul(e, e);
    const text = printKernel(kernelOf(store(e)));
    assert.ok(text.length < 3000);
    const parsed = parseKernel(text);
    assert.equal(nodesOf(rootsOf(parsed)).size, nodesOf([s.int(0), e]).size);
    assert.equal(printKernel(parsed), text);
  });

  test("an unrolled sum of 10 000 terms neither overflows the printer nor the parser", () => {
    let e: Expr = s.load(x, s.int(0));
    for (let i = 1; i < 10_000; i++) e = s.add(e, s.load(x, s.int(i % 8)));
    const text = printKernel(kernelOf(store(e)));
    assert.equal(printKernel(parseKernel(text)), text);
  });

  test("loads of one index under different guards are bound once", () => {
    const load = s.load(x, s.int(3));
    const e = s.add(load, s.mul(load, s.const(2, "float32")));
    assert.match(
      printKernel(kernelOf(store(e))),
      /with \$0 = load %x\[3\]\n {2}store %y\[0\] = \$0 \+ \$0 \* 2\.0/,
    );
  });
});

describe("constants and signs", () => {
  const roundTrip = (e: Expr): Expr =>
    rootsOf(
      parseKernel(printKernel(kernelOf({ kind: "let", local: { name: "t", dtype: e.dtype }, value: e }))),
    )[0];

  test("a negative constant and a negated constant are told apart", () => {
    const neg: Expr = { op: "unary", fn: "neg", dtype: "float32", x: s.const(3, "float32") };
    assert.equal(roundTrip(s.const(-3, "float32")).op, "const");
    assert.equal(roundTrip(neg).op, "unary");
    const twice: Expr = { op: "unary", fn: "neg", dtype: "float32", x: neg };
    assert.deepEqual(roundTrip(twice), twice);
    const negated: Expr = { op: "unary", fn: "neg", dtype: "float32", x: s.const(-0, "float32") };
    assert.deepEqual(roundTrip(negated), negated);
  });

  test("constants keep their dtype", () => {
    for (const [value, dtype] of [
      [1, "int32"],
      [1, "float32"],
      [1, "float64"],
      [1, "bool"],
      [255, "uint8"],
      [-1, "int8"],
      [NaN, "float64"],
      [-Infinity, "float32"],
    ] as const) {
      assert.deepEqual(roundTrip(s.const(value, dtype)), s.const(value, dtype));
    }
  });

  test("precedence and association are kept", () => {
    const a = s.load(x, s.int(0));
    const b = s.load(x, s.int(1));
    const c = s.load(x, s.int(2));
    for (const e of [
      s.sub(a, s.sub(b, c)),
      s.sub(s.sub(a, b), c),
      s.div(a, s.mul(b, c)),
      s.mul(s.add(a, b), c),
      s.add(a, s.add(b, c)),
    ]) {
      assert.deepEqual(roundTrip(e), e);
    }
  });
});

describe("programs", () => {
  const kernel = randomKernel(new Random(4), 2);
  const ref = (buffer: number): Step & { kind: "copy" } => ({
    kind: "copy",
    from: { buffer, offset: 4, strides: [{ loop: 0, stride: -4 }] },
    to: { buffer, offset: 0, strides: [] },
    bytes: 4,
  });
  const program: Program = {
    name: "p of f",
    inputs: [{ dtype: "float32", shape: [2, 3], label: 'args[0]."x"\n' }],
    outputs: [
      { dtype: "int32", shape: [], label: "" },
      { dtype: "float32", shape: [2, 3], label: "y" },
    ],
    aliases: [null, 0],
    tempBytes: 128,
    constants: Uint8Array.from({ length: 1001 }, (_, i) => i & 255),
    buffers: [{ id: 7, kind: "temp", dtype: "bool", shape: [0, 4], bytes: 0, offset: 64, label: "%3" }],
    kernels: [kernel],
    schedule: [
      {
        kind: "for",
        loop: 0,
        trips: 3,
        body: [ref(7), { kind: "branch", index: ref(7).from, cases: [[], [ref(2)]] }],
      },
      {
        kind: "while",
        predicate: ref(1).to,
        cond: [],
        body: [{ kind: "launch", kernel: kernel.name, args: [ref(3).from] }],
      },
    ],
  };

  test("a program survives", () => {
    const text = printProgram(program);
    const parsed = parseProgram(text);
    assert.equal(printProgram(parsed), text);
    assert.deepEqual({ ...parsed, kernels: [] }, { ...program, kernels: [] });
    assert.equal(printKernel(parsed.kernels[0]), printKernel(kernel));
  });

  test("every prefix of a program is an error", () => {
    const text = printProgram({ ...program, constants: new Uint8Array(3) }).trimEnd();
    for (let n = 0; n < text.length; n++) assert.throws(() => parseProgram(text.slice(0, n)), ParseError);
  });

  test("mutated kernels and programs are an error or a fixed point, never a crash", () => {
    const r = new Random(21);
    const pieces = [
      "%x",
      "$0",
      "#1",
      "(",
      ")",
      "{",
      "}",
      "*",
      "-",
      "store",
      "1e99",
      "<",
      "in",
      "..",
      "9".repeat(30),
      '"',
      "i",
      "f64",
    ];
    let failed = 0;
    for (let i = 0; i < 500; i++) {
      const one = randomKernel(new Random(i % 20), 2);
      const whole = i % 3 === 0;
      const text = whole
        ? printProgram({ ...program, constants: new Uint8Array(3), kernels: [one] })
        : printKernel(one);
      const at = r.below(text.length);
      const mutated = text.slice(0, at) + r.pick(pieces) + text.slice(at + r.below(5));
      try {
        if (whole) printProgram(parseProgram(mutated));
        else {
          const printed = printKernel(parseKernel(mutated));
          assert.equal(printKernel(parseKernel(printed)), printed);
        }
      } catch (error) {
        if (!(error instanceof ParseError)) throw error;
        failed++;
      }
    }
    assert.ok(failed > 100);
  });

  test("types in texts are the interned ones", () => {
    assert.equal(tensorType("float32", [2, 3]), tensorType("float32", [2, 3]));
  });
});
