/** Loop nests, accumulators, guards, strides, gathers, control flow and register tiles in Wasm. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { AxisKind, BufferParam, Expr } from "../../compiler/kernel/expr.ts";
import type { CombineFn } from "../../compiler/kernel/kernel.ts";
import { KernelBuilder } from "../../compiler/kernel/kernel-builder.ts";
import { scalarOps as s } from "../../compiler/kernel/scalar-ops.ts";
import { DTYPES, type DType } from "../../compiler/types/dtype.ts";
import { Random } from "../helpers/random.ts";
import {
  buffer,
  checkKernel,
  decode,
  encode,
  kernelOf,
  moduleOf,
  programOf,
  runWasm,
  sampleValues,
} from "./run-kernel.ts";

/** Small integers, whose sums are exact in every order. */
function small(b: BufferParam, seed: number): Uint8Array {
  const random = new Random(seed);
  const low = b.dtype === "bool" || b.dtype.startsWith("u") ? 0 : -4;
  return encode(
    b.dtype,
    Array.from({ length: b.size }, () => random.below(b.dtype === "bool" ? 2 : 8) + low),
  );
}

function run(b: KernelBuilder, params: readonly BufferParam[], relative = 0): void {
  checkKernel(
    kernelOf(b, params),
    params.map((p, i) => small(p, i + 1)),
    { relative },
  );
}

const load = s.load;
const int = s.int;

test("a copy of every size and dtype", () => {
  for (const dtype of DTYPES) {
    for (const n of [1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 23, 31, 32, 33, 67]) {
      const [x, out] = [buffer("x", dtype, n), buffer("out", dtype, n, "write")];
      const b = new KernelBuilder();
      b.loop(n, (i) => b.store(out, i, load(x, i)), { kind: "vector" });
      run(b, [x, out]);
    }
  }
});

test("sums, products and extrema of every size and dtype", () => {
  const fns: CombineFn[] = ["add", "max", "min", "mul"];
  for (const dtype of DTYPES) {
    if (dtype === "float16") continue;
    for (const fn of dtype === "bool" ? (["and", "or", "xor"] as const) : fns) {
      for (const n of [1, 3, 4, 6, 16, 19, 37]) {
        const [x, out] = [buffer("x", dtype, n), buffer("out", dtype, 1, "write")];
        const b = new KernelBuilder();
        const acc = b.let("acc", s.const(1, dtype));
        b.loop(n, (i) => b.accumulate(acc, fn, load(x, i)), { kind: "vector" });
        b.store(out, int(0), s.local(acc));
        run(b, [x, out], fn === "mul" ? 1e-6 : 0);
      }
    }
  }
});

test("extrema propagate NaN, and order the zeros", () => {
  const n = 21;
  for (const fn of ["max", "min"] as const) {
    for (const special of [NaN, -0]) {
      for (const at of [0, 3, 13, 20]) {
        const [x, out] = [buffer("x", "float32", n), buffer("out", "float32", 1, "write")];
        const b = new KernelBuilder();
        const acc = b.let("acc", s.const(fn === "max" ? -Infinity : Infinity, "float32"));
        b.loop(n, (i) => b.accumulate(acc, fn, load(x, i)), { kind: "vector" });
        b.store(out, int(0), s.local(acc));
        const values = Array.from({ length: n }, (_, i) => (i === at ? special : 0));
        checkKernel(kernelOf(b, [x, out]), [encode("float32", values), encode("float32", [7])]);
      }
    }
  }
});

test("the sum of no more than negative zeros is one", () => {
  const [x, out] = [buffer("x", "float32", 6), buffer("out", "float32", 1, "write")];
  const b = new KernelBuilder();
  const acc = b.let("acc", s.const(-0, "float32"));
  b.loop(6, (i) => b.accumulate(acc, "add", load(x, i)), { kind: "vector" });
  b.store(out, int(0), s.local(acc));
  checkKernel(kernelOf(b, [x, out]), [encode("float32", new Array(6).fill(-0)), encode("float32", [7])]);
});

test("several accumulators of different dtypes in one loop", () => {
  const n = 45;
  const x = buffer("x", "float32", n);
  const out = buffer("out", "float64", 3, "write");
  const b = new KernelBuilder();
  const sum = b.let("sum", s.const(0, "float64"));
  const greatest = b.let("greatest", s.const(-Infinity, "float32"));
  const count = b.let("count", int(0));
  b.loop(
    n,
    (i) => {
      b.accumulate(sum, "add", s.convert(load(x, i), "float64"));
      b.accumulate(greatest, "max", load(x, i));
      b.accumulate(count, "add", s.convert(s.gt(load(x, i), s.const(1, "float32")), "int32"));
    },
    { kind: "vector" },
  );
  b.store(out, int(0), s.local(sum));
  b.store(out, int(1), s.convert(s.local(greatest), "float64"));
  b.store(out, int(2), s.convert(s.local(count), "float64"));
  run(b, [x, out]);
});

test("row sums: a vector loop in a serial one, and a reduction in a vector loop", () => {
  for (const [rows, columns] of [
    [3, 5],
    [5, 33],
    [17, 4],
    [9, 70],
  ]) {
    for (const transposed of [false, true]) {
      const [x, out] = [buffer("x", "float32", rows * columns), buffer("out", "float32", rows, "write")];
      const b = new KernelBuilder();
      b.loop(
        rows,
        (i) => {
          const acc = b.let("acc", s.const(0, "float32"));
          b.loop(
            columns,
            (j) => {
              const index = transposed ? s.add(s.mul(j, int(rows)), i) : s.add(s.mul(i, int(columns)), j);
              b.accumulate(acc, "add", load(x, index));
            },
            { kind: transposed ? "reduce" : "vector" },
          );
          b.store(out, i, s.mul(s.local(acc), s.const(0.5, "float32")));
        },
        { kind: transposed ? "vector" : "serial" },
      );
      run(b, [x, out]);
    }
  }
});

function matmul(
  m: number,
  n: number,
  k: number,
  tile: number,
  dtype: DType,
  kind: AxisKind = "vector",
): void {
  const a = buffer("a", dtype, m * k);
  const x = buffer("b", dtype, k * n);
  const out = buffer("out", dtype, m * n, "write");
  const b = new KernelBuilder();
  const rows = (count: number, row: (ii: Expr, blockIndex: Expr) => Expr, blocks: number): void => {
    const block = b.axis("i", blocks);
    const unroll = b.axis("ii", count, "unroll");
    const ii = s.axis(unroll);
    b.loopOver(block, () => {
      const i = row(ii, s.axis(block));
      b.loop(
        n,
        (j) => {
          let acc = { name: "unset", dtype };
          b.loopOver(unroll, () => {
            acc = b.let("acc", s.const(0, dtype));
          });
          b.loop(
            k,
            (kk) =>
              b.loopOver(unroll, () => {
                const product = s.mul(
                  load(a, s.add(s.mul(i, int(k)), kk)),
                  load(x, s.add(s.mul(kk, int(n)), j)),
                );
                b.accumulate(acc, "add", product);
              }),
            { kind: "reduce" },
          );
          b.loopOver(unroll, () => b.store(out, s.add(s.mul(i, int(n)), j), s.local(acc)));
        },
        { kind },
      );
    });
  };
  const blocks = Math.floor(m / tile);
  if (blocks > 0) rows(tile, (ii, i) => s.add(s.mul(i, int(tile)), ii), blocks);
  if (m % tile > 0) rows(m % tile, (ii) => s.add(int(blocks * tile), ii), 1);
  run(b, [a, x, out]);
}

test("matmul in register tiles", () => {
  for (const dtype of ["float32", "float64", "int32", "uint8"] as const) {
    matmul(8, 16, 5, 4, dtype);
    matmul(7, 13, 6, 3, dtype);
    matmul(5, 3, 4, 4, dtype);
    matmul(6, 35, 9, 6, dtype, "serial");
  }
  // Great enough to be cut into calls.
  matmul(13, 41, 300, 4, "float32");
  matmul(2, 9, 9000, 2, "float32");
});

test("loops that are cut into calls", () => {
  for (const n of [8192, 10_000, 12_345]) {
    for (const dtype of ["float32", "int8", "float64", "bool"] as const) {
      const [x, out] = [buffer("x", dtype, n), buffer("out", dtype, n, "write")];
      const total = buffer("total", "float64", 1, "write");
      const b = new KernelBuilder();
      const acc = b.let("acc", s.const(0, "float64"));
      const bias = b.let("bias", load(x, int(1)));
      b.loop(
        n,
        (i) => {
          b.accumulate(acc, "add", s.convert(load(x, i), "float64"));
          const value =
            dtype === "bool" ? s.xor(load(x, i), s.local(bias)) : s.add(load(x, i), s.local(bias));
          b.store(out, i, value);
        },
        { kind: "vector" },
      );
      b.store(total, int(0), s.local(acc));
      run(b, [x, out, total]);
    }
  }
});

test("long serial loops carry their locals through the calls", () => {
  const n = 20_000;
  const [x, out] = [buffer("x", "int32", n), buffer("out", "int32", n, "write")];
  const b = new KernelBuilder();
  const state = b.let("state", int(1));
  const sum = b.let("sum", s.const(0, "float64"));
  b.loop(n, (i) => {
    b.assign(state, s.add(s.mul(s.local(state), int(1664525)), load(x, i)));
    b.accumulate(sum, "add", s.convert(s.and(s.local(state), int(255)), "float64"));
    b.store(out, i, s.add(s.local(state), s.convert(s.local(sum), "int32")));
  });
  run(b, [x, out]);
});

test("strides: reversed, skipping, repeated and transposed", () => {
  for (const dtype of ["float32", "float64", "int16", "uint8", "bool", "float16"] as const) {
    for (const n of [3, 4, 13, 40]) {
      const x = buffer("x", dtype, 3 * n);
      const outs = Array.from({ length: 6 }, (_, k) => buffer(`out${k}`, dtype, 3 * n, "write"));
      const b = new KernelBuilder();
      b.loop(
        n,
        (i) => {
          const last = s.sub(int(n - 1), i);
          const third = s.mul(i, int(3));
          b.store(outs[0], i, load(x, last));
          b.store(outs[1], last, load(x, i));
          b.store(outs[2], i, load(x, third));
          b.store(outs[3], s.add(third, int(1)), load(x, s.add(i, int(n))));
          b.store(outs[4], i, load(x, int(n)));
          b.store(outs[5], i, load(x, s.sub(int(3 * n - 1), third)));
        },
        { kind: "vector" },
      );
      run(b, [x, ...outs]);
    }
  }
});

test("every lane stores to one element: the last stays", () => {
  for (const n of [1, 6, 8, 40]) {
    const [x, out] = [buffer("x", "float32", n), buffer("out", "float32", 2, "write")];
    const b = new KernelBuilder();
    b.loop(n, (i) => b.store(out, int(1), load(x, i)), { kind: "vector" });
    run(b, [x, out]);
  }
});

test("gathers and scatters", () => {
  const n = 29;
  for (const dtype of ["float32", "float64", "uint8", "int16"] as const) {
    const x = buffer("x", dtype, 100);
    const at = buffer("at", "int32", n);
    const out = buffer("out", dtype, n, "write");
    const spread = buffer("spread", dtype, 10, "readwrite");
    const b = new KernelBuilder();
    b.loop(
      n,
      (i) => {
        const index = s.add(load(at, i), int(4));
        b.store(out, i, load(x, s.add(s.rem(s.mul(i, i), int(97)), s.div(i, int(10)))));
        // Several iterations meet in one element, in order.
        b.store(spread, index, load(x, s.add(i, int(3))));
      },
      { kind: "vector" },
    );
    run(b, [x, at, out, spread]);
  }
});

test("read-modify-write through an index stays in order", () => {
  const n = 29;
  const [at, spread] = [buffer("at", "int32", n), buffer("spread", "int32", 10, "readwrite")];
  const b = new KernelBuilder();
  b.loop(
    n,
    (i) => {
      const index = s.add(load(at, i), int(4));
      b.store(spread, index, s.add(s.mul(load(spread, index), int(3)), i));
    },
    { kind: "vector" },
  );
  run(b, [at, spread]);
});

test("a running sum in a vector loop stays in order", () => {
  const n = 21;
  const [x, out] = [buffer("x", "float32", n), buffer("out", "float32", n, "write")];
  const b = new KernelBuilder();
  const acc = b.let("acc", s.const(0, "float32"));
  b.loop(
    n,
    (i) => {
      b.accumulate(acc, "add", load(x, i));
      b.store(out, i, s.local(acc));
    },
    { kind: "vector" },
  );
  run(b, [x, out]);
});

test("a recurrence through memory stays in order", () => {
  const n = 21;
  const out = buffer("out", "float32", n, "readwrite");
  const b = new KernelBuilder();
  b.loop(n - 1, (i) => b.store(out, s.add(i, int(1)), s.add(load(out, i), load(out, s.add(i, int(1))))), {
    kind: "vector",
  });
  run(b, [out]);
});

test("in place, element by element", () => {
  for (const n of [5, 32, 9001]) {
    const out = buffer("out", "float32", n, "readwrite");
    const b = new KernelBuilder();
    b.loop(n, (i) => b.store(out, i, s.mul(load(out, i), s.const(3, "float32"))), { kind: "vector" });
    run(b, [out]);
  }
});

test("padding never loads outside, and puts the value", () => {
  for (const dtype of ["float32", "float64", "uint8", "bool", "float16"] as const) {
    for (const [low, n, high] of [
      [1, 5, 0],
      [3, 17, 6],
      [0, 4, 9],
      [8, 8, 8],
    ]) {
      const x = buffer("x", dtype, n);
      const total = low + n + high;
      const out = buffer("out", dtype, total, "write");
      const b = new KernelBuilder();
      b.loop(
        total,
        (i) => {
          const inside = s.and(s.ge(i, int(low)), s.lt(i, int(low + n)));
          const value = load(x, s.sub(i, int(low)));
          b.store(out, i, s.guard(inside, value, s.const(1, value.dtype)));
        },
        { kind: "vector" },
      );
      run(b, [x, out]);
    }
  }
});

test("a reversed row with padding, whose address without its constant would be negative", () => {
  const n = 58;
  const [x, out] = [buffer("x", "float32", n), buffer("out", "float32", n + 7, "write")];
  const b = new KernelBuilder();
  b.loop(
    n + 7,
    (i) => {
      const value = load(x, s.sub(int(n - 1), i));
      b.store(out, i, s.guard(s.lt(i, int(n)), value, s.const(9, "float32")));
    },
    { kind: "vector" },
  );
  run(b, [x, out]);
});

test("a guarded gather far outside of memory", () => {
  const n = 19;
  const [x, out] = [buffer("x", "float32", n), buffer("out", "float32", n, "write")];
  const b = new KernelBuilder();
  b.loop(
    n,
    (i) => {
      const even = s.eq(s.and(i, int(1)), int(0));
      const index = s.select(even, i, int(2_000_000_000));
      b.store(out, i, s.guard(even, load(x, index), s.const(-1, "float32")));
    },
    { kind: "vector" },
  );
  run(b, [x, out]);
});

test("a guard in lanes sees the lane's locals", () => {
  for (const dtype of ["float32", "float64"] as const) {
    const n = 23;
    const [x, out] = [buffer("x", dtype, n), buffer("out", dtype, n, "write")];
    const b = new KernelBuilder();
    b.loop(
      n,
      (i) => {
        const scale = b.let("scale", s.add(s.convert(i, dtype), load(x, i)));
        const moved = s.sub(i, int(2));
        const value = s.mul(load(x, moved), s.local(scale));
        b.store(out, i, s.guard(s.ge(i, int(2)), value, s.local(scale)));
      },
      { kind: "vector" },
    );
    run(b, [x, out]);
  }
});

test("a guard whose condition all lanes share", () => {
  const [rows, n] = [5, 11];
  const [x, out] = [buffer("x", "float64", (rows - 1) * n), buffer("out", "float64", rows * n, "write")];
  const b = new KernelBuilder();
  b.loop(rows, (i) =>
    b.loop(
      n,
      (j) => {
        const value = load(x, s.add(s.mul(s.sub(i, int(1)), int(n)), j));
        b.store(out, s.add(s.mul(i, int(n)), j), s.guard(s.ge(i, int(1)), value, s.const(-2, "float64")));
      },
      { kind: "vector" },
    ),
  );
  run(b, [x, out]);
});

test("a guarded expensive expression without loads", () => {
  for (const dtype of ["float32", "float64"] as const) {
    const n = 22;
    const [x, out] = [buffer("x", dtype, n), buffer("out", dtype, n, "write")];
    const b = new KernelBuilder();
    b.loop(
      n,
      (i) => {
        const v = b.let("v", load(x, i));
        let costly: Expr = s.local(v);
        for (let k = 0; k < 20; k++) costly = s.add(s.mul(costly, s.const(0.5, dtype)), s.const(k, dtype));
        b.store(out, i, s.guard(s.lt(s.local(v), s.const(-2, dtype)), costly, s.local(v)));
      },
      { kind: "vector" },
    );
    run(b, [x, out]);
  }
});

test("while and if", () => {
  const n = 14;
  const [x, out] = [buffer("x", "int32", n), buffer("out", "int32", n, "write")];
  const b = new KernelBuilder();
  const collatz = (kind: AxisKind): void =>
    b.loop(
      n,
      (i) => {
        const v = b.let("v", s.add(s.and(load(x, i), int(7)), int(1)));
        const steps = b.let("steps", int(0));
        b.while(s.gt(s.local(v), int(1)), () => {
          const odd = s.eq(s.and(s.local(v), int(1)), int(1));
          b.if(
            odd,
            () => b.assign(v, s.add(s.mul(s.local(v), int(3)), int(1))),
            () => b.assign(v, s.shr(s.local(v), int(1))),
          );
          b.assign(steps, s.add(s.local(steps), int(1)));
        });
        b.store(out, i, s.local(steps));
      },
      { kind },
    );
  collatz("serial");
  collatz("vector");
  run(b, [x, out]);
});

test("control flow that all lanes share, within a vector loop", () => {
  const n = 13;
  const x = buffer("x", "float32", n);
  const count = buffer("count", "int32", 1);
  const out = buffer("out", "float32", n, "write");
  const b = new KernelBuilder();
  b.loop(
    n,
    (i) => {
      const v = b.let("v", load(x, i));
      const left = b.let("left", s.add(load(count, int(0)), int(6)));
      b.while(s.gt(s.local(left), int(0)), () => {
        b.if(
          s.eq(s.and(s.local(left), int(1)), int(0)),
          () => b.assign(v, s.add(s.local(v), s.const(2, "float32"))),
          () => b.accumulate(v, "mul", s.const(0.5, "float32")),
        );
        b.assign(left, s.sub(s.local(left), int(1)));
      });
      b.store(out, i, s.local(v));
    },
    { kind: "vector" },
  );
  run(b, [x, count, out]);
});

test("an assignment is seen by what was computed before it", () => {
  for (const kind of ["serial", "vector"] as const) {
    const n = 9;
    const [x, out] = [buffer("x", "float64", n), buffer("out", "float64", 2 * n, "write")];
    const b = new KernelBuilder();
    b.loop(
      n,
      (i) => {
        const v = b.let("v", load(x, i));
        const square = s.mul(s.local(v), s.local(v));
        const narrowed = s.convert(s.convert(square, "float32"), "float64");
        b.store(out, i, square);
        b.assign(v, s.add(narrowed, s.const(1, "float64")));
        b.store(out, s.add(i, int(n)), s.add(square, narrowed));
      },
      { kind },
    );
    run(b, [x, out]);
  }
});

test("a swap of two locals in a loop", () => {
  const [x, out] = [buffer("x", "int32", 10), buffer("out", "int32", 10, "write")];
  const b = new KernelBuilder();
  const p = b.let("p", load(x, int(0)));
  const q = b.let("q", load(x, int(1)));
  b.loop(10, (i) => {
    const t = b.let("t", s.add(s.local(p), s.local(q)));
    b.assign(p, s.local(q));
    b.assign(q, s.local(t));
    b.store(out, i, s.local(p));
  });
  run(b, [x, out]);
});

test("fma: a scalar has the bits of a lane", () => {
  const n = 37;
  const random = new Random(5);
  for (const dtype of ["float32", "float64"] as const) {
    const inputs = ["x", "y", "z"].map((name) => buffer(name, dtype, n));
    const outs = ["vector", "serial"].map((kind) => ({ kind, out: buffer(kind, dtype, n, "write") }));
    const b = new KernelBuilder();
    for (const { kind, out } of outs) {
      b.loop(n, (i) => b.store(out, i, s.fma(load(inputs[0], i), load(inputs[1], i), load(inputs[2], i))), {
        kind: kind === "vector" ? "vector" : "serial",
      });
    }
    const params = [...inputs, ...outs.map((o) => o.out)];
    const contents = params.map((p) => encode(dtype, sampleValues(dtype, p.size, random)));
    const program = programOf(kernelOf(b, params));
    for (const variant of ["simd", "relaxed"] as const) {
      const module = moduleOf(program, variant);
      if (module === null) continue;
      const results = runWasm(module, program, contents);
      assert.deepEqual(decode(dtype, results[3]), decode(dtype, results[4]), variant);
    }
  }
});
