/** Whole modules: the encoder, the schedule, both variants, and what WABT says of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import wabt from "wabt";
import type { BufferParam } from "../../compiler/kernel/expr.ts";
import { KernelBuilder } from "../../compiler/kernel/kernel-builder.ts";
import { scalarOps as s } from "../../compiler/kernel/scalar-ops.ts";
import type { BufferRef, Program, ProgramBuffer, Step } from "../../compiler/program/program.ts";
import { ByteWriter } from "../../compiler/targets/wasm/byte-writer.ts";
import { compileWasm } from "../../compiler/targets/wasm/compile.ts";
import { DTYPE_INFO, DTYPES } from "../../compiler/types/dtype.ts";
import { sharedModule } from "../../runtime/shared-module.ts";
import { buffer, decode, encode, kernelOf, programOf } from "./run-kernel.ts";

async function wat(bytes: Uint8Array): Promise<string> {
  const features = { simd: true, relaxed_simd: true, bulk_memory: true, multi_value: true, threads: true };
  const module = (await wabt()).readWasm(bytes, { ...features, readDebugNames: true });
  try {
    module.validate();
    module.applyNames();
    return module.toText({});
  } finally {
    module.destroy();
  }
}

/** A kernel with something of everything: lanes of all widths, a guard, a gather, a reduction, fma, calls cut out. */
function everything(): Program {
  const n = 9000;
  const inputs = DTYPES.map((dtype) => buffer(`in_${dtype}`, dtype, n));
  const outs = DTYPES.map((dtype) => buffer(`out_${dtype}`, dtype, n, "write"));
  const b = new KernelBuilder();
  const acc = b.let("acc", s.const(0, "float32"));
  const f32 = inputs[DTYPES.indexOf("float32")];
  const i32 = inputs[DTYPES.indexOf("int32")];
  b.loop(
    n,
    (i) => {
      const x = s.load(f32, i);
      b.accumulate(acc, "add", s.mul(x, s.rem(x, s.const(3, "float32"))));
      inputs.forEach((input, k) => {
        b.store(outs[k], i, s.guard(s.gt(i, s.int(3)), s.load(input, s.sub(i, s.int(4))), s.load(input, i)));
      });
      const gathered = s.load(f32, s.min(s.max(s.load(i32, i), s.int(0)), s.int(n - 1)));
      b.store(outs[DTYPES.indexOf("float32")], i, s.fma(x, gathered, x));
    },
    { kind: "vector" },
  );
  b.store(outs[DTYPES.indexOf("float32")], s.int(0), s.local(acc));
  return programOf(kernelOf(b, [...inputs, ...outs], "everything"));
}

test("both variants validate in WABT and are readable", async () => {
  const { modules } = compileWasm(everything());
  const simd = await wat(modules.simd);
  assert.match(simd, /\(func \$everything /);
  assert.match(simd, /\(param \$in_float32 i32\)/);
  assert.doesNotMatch(simd, /relaxed/);
  assert.match(simd, /\(import "env" "memory" \(memory \(;0;\) 0\)\)/);
  assert.match(simd, /\(export "run" \(func \$run\)\)/);
  const relaxed = await wat(modules.relaxed);
  assert.match(relaxed, /f32x4\.relaxed_madd/);
});

test("the loader makes the import one of a shared memory", () => {
  const { simd } = compileWasm(everything()).modules;
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 256, shared: true });
  const module = new WebAssembly.Module(sharedModule(simd, 256));
  assert.ok(new WebAssembly.Instance(module, { env: { memory } }).exports.run);
  assert.throws(
    () => new WebAssembly.Instance(module, { env: { memory: new WebAssembly.Memory({ initial: 1 }) } }),
    WebAssembly.LinkError,
  );
  assert.throws(() => sharedModule(simd.slice(0, 8)), /imports no memory/);
});

test("equal programs give equal bytes", () => {
  assert.deepEqual(compileWasm(everything()).modules, compileWasm(everything()).modules);
});

test("a contiguous elementwise kernel has no scalar arithmetic in it", async () => {
  const [x, out] = [buffer("x", "float32", 103), buffer("out", "float32", 103, "write")];
  const b = new KernelBuilder();
  b.loop(103, (i) => b.store(out, i, s.div(s.load(x, i), s.add(s.load(x, i), s.const(1, "float32")))), {
    kind: "vector",
  });
  const text = await wat(compileWasm(programOf(kernelOf(b, [x, out]))).modules.simd);
  assert.match(text, /f32x4\.div/);
  assert.doesNotMatch(text, /f32\.(div|add|load|store)/);
});

test("LEB128 at its limits", () => {
  const w = new ByteWriter(1);
  w.unsigned(0);
  w.unsigned(127);
  w.unsigned(128);
  w.unsigned(0xffffffff);
  w.signed(-64);
  w.signed(64);
  w.signed(-2147483648);
  w.signed(2147483647);
  w.signed64(-(2n ** 63n));
  const hex = [...w.bytes].map((x) => x.toString(16).padStart(2, "0")).join(" ");
  assert.equal(
    hex,
    "00 7f 80 01 ff ff ff ff 0f 40 c0 00 80 80 80 80 78 ff ff ff ff 07 80 80 80 80 80 80 80 80 80 7f",
  );
});

// Schedules

/** A program over int32 vectors of 4, with kernels given by name. */
class Schedule {
  readonly buffers: ProgramBuffer[] = [];
  readonly kernels: Program["kernels"][number][] = [];
  #temp = 0;

  buffer(
    kind: ProgramBuffer["kind"],
    position: number,
    dtype: ProgramBuffer["dtype"] = "int32",
    size = 4,
  ): number {
    const bytes = size * DTYPE_INFO[dtype].bytes;
    const id = this.buffers.length;
    const offset = kind === "temp" ? this.#temp : position;
    if (kind === "temp") this.#temp += 64;
    this.buffers.push({ id, kind, dtype, shape: [size], bytes, offset, label: `${kind}${position}` });
    return id;
  }

  kernel(name: string, params: readonly BufferParam[], fill: (b: KernelBuilder) => void): void {
    const b = new KernelBuilder();
    fill(b);
    this.kernels.push(kernelOf(b, params, name));
  }

  /** Runs with the inputs' values; gives the outputs' values. */
  run(
    schedule: readonly Step[],
    inputs: readonly number[][],
    constants: Uint8Array = new Uint8Array(0),
  ): number[][] {
    const of = (kind: ProgramBuffer["kind"]) => this.buffers.filter((b) => b.kind === kind);
    const describe = (b: ProgramBuffer) => ({ dtype: b.dtype, shape: b.shape, label: b.label });
    const program: Program = {
      name: "scheduled",
      inputs: of("input").map(describe),
      outputs: of("output").map(describe),
      aliases: of("output").map(() => null),
      tempBytes: this.#temp,
      constants,
      buffers: this.buffers,
      kernels: this.kernels,
      schedule,
    };
    const memory = new WebAssembly.Memory({ initial: 1 });
    const bytes = new Uint8Array(memory.buffer);
    const view = new DataView(memory.buffer);
    const at = { temp: 4096, constants: 8192, data: 16384 };
    view.setUint32(0, at.temp, true);
    view.setUint32(4, at.constants, true);
    bytes.set(constants, at.constants);
    const given = [...of("input"), ...of("output")];
    given.forEach((b, i) => {
      view.setUint32(8 + 4 * i, at.data + i * 1024, true);
      const values = inputs[i];
      if (b.kind === "input") bytes.set(encode(b.dtype, values), at.data + i * 1024);
    });
    const module = new WebAssembly.Module(new Uint8Array(compileWasm(program).modules.simd));
    const { run } = new WebAssembly.Instance(module, { env: { memory } }).exports;
    assert.ok(typeof run === "function");
    run(0);
    return given
      .map((b, i) => ({ b, start: at.data + i * 1024 }))
      .filter(({ b }) => b.kind === "output")
      .map(({ b, start }) => decode(b.dtype, bytes.slice(start, start + b.bytes)));
  }
}

function ref(id: number, offset = 0, strides: BufferRef["strides"] = []): BufferRef {
  return { buffer: id, offset, strides };
}

const p = buffer("p", "int32", 4);
const q = buffer("q", "int32", 4, "write");

function withAdd(schedule: Schedule): void {
  schedule.kernel("inc", [p, q], (b) =>
    b.loop(4, (i) => b.store(q, i, s.add(s.load(p, i), s.int(1))), { kind: "vector" }),
  );
}

test("copies of every length", () => {
  for (const bytes of [1, 2, 3, 4, 7, 8, 15, 16, 31, 33, 63, 64, 65, 200]) {
    const schedule = new Schedule();
    const [from, to] = [
      schedule.buffer("input", 0, "uint8", 256),
      schedule.buffer("output", 0, "uint8", 256),
    ];
    const values = Array.from({ length: 256 }, (_, i) => (i * 7 + 1) & 255);
    const [out] = schedule.run([{ kind: "copy", from: ref(from, 5), to: ref(to, 3), bytes }], [values]);
    const expected = values.map((_, i) => (i >= 3 && i < 3 + bytes ? values[i + 2] : 0));
    assert.deepEqual(out, expected, `${bytes} bytes`);
  }
});

test("counted loops, nested, with views that move forwards and backwards", () => {
  for (const trips of [3, 20]) {
    const schedule = new Schedule();
    withAdd(schedule);
    const input = schedule.buffer("input", 0);
    const carry = schedule.buffer("temp", 0);
    const stacked = schedule.buffer("output", 0, "int32", 4 * trips);
    const reversed = schedule.buffer("output", 1, "int32", 4 * trips);
    const [outs] = [
      schedule.run(
        [
          { kind: "copy", from: ref(input), to: ref(carry), bytes: 16 },
          {
            kind: "for",
            loop: 7,
            trips,
            body: [
              {
                kind: "for",
                loop: 8,
                trips: 2,
                body: [{ kind: "launch", kernel: "inc", args: [ref(carry), ref(carry)] }],
              },
              { kind: "copy", from: ref(carry), to: ref(stacked, 0, [{ loop: 7, stride: 16 }]), bytes: 16 },
              {
                kind: "copy",
                from: ref(carry),
                to: ref(reversed, 16 * (trips - 1), [{ loop: 7, stride: -16 }]),
                bytes: 16,
              },
            ],
          },
        ],
        [[10, 20, 30, 40]],
      ),
    ];
    const rows = Array.from({ length: trips }, (_, t) => [10, 20, 30, 40].map((x) => x + 2 * (t + 1)));
    assert.deepEqual(outs, [rows.flat(), rows.toReversed().flat()]);
  }
});

test("while: the condition is computed before each iteration", () => {
  for (const limit of [0, 1, 5, 1000]) {
    const schedule = new Schedule();
    withAdd(schedule);
    const input = schedule.buffer("input", 0);
    const bound = schedule.buffer("input", 1);
    const carry = schedule.buffer("temp", 0);
    const predicate = schedule.buffer("temp", 1, "bool", 1);
    const output = schedule.buffer("output", 0);
    const pred = buffer("pred", "bool", 1, "write");
    const r = buffer("r", "int32", 4);
    schedule.kernel("less", [p, r, pred], (b) =>
      b.store(pred, s.int(0), s.lt(s.load(p, s.int(0)), s.load(r, s.int(0)))),
    );
    const [out] = schedule.run(
      [
        { kind: "copy", from: ref(input), to: ref(carry), bytes: 16 },
        {
          kind: "while",
          cond: [{ kind: "launch", kernel: "less", args: [ref(carry), ref(bound), ref(predicate)] }],
          predicate: ref(predicate),
          body: [{ kind: "launch", kernel: "inc", args: [ref(carry), ref(carry)] }],
        },
        { kind: "copy", from: ref(carry), to: ref(output), bytes: 16 },
      ],
      [
        [0, 1, 2, 3],
        [limit, 0, 0, 0],
      ],
    );
    assert.deepEqual(
      out,
      [0, 1, 2, 3].map((x) => x + limit),
    );
  }
});

test("branch: the index is clamped", () => {
  for (const cases of [1, 2, 3, 5]) {
    for (const index of [-2147483648, -1, 0, 1, 2, 4, 5, 2147483647]) {
      const schedule = new Schedule();
      const input = schedule.buffer("input", 0);
      const output = schedule.buffer("output", 0);
      const constants = encode("int32", [100, 101, 102, 103, 104]);
      const constant = schedule.buffer("constant", 0, "int32", 5);
      const [out] = schedule.run(
        [
          {
            kind: "branch",
            index: ref(input),
            cases: Array.from({ length: cases }, (_, i): Step[] => [
              { kind: "copy", from: ref(constant, 4 * i), to: ref(output), bytes: 4 },
            ]),
          },
          { kind: "copy", from: ref(constant, 16), to: ref(output, 4), bytes: 4 },
        ],
        [[index, 0, 0, 0]],
        constants,
      );
      assert.deepEqual(
        out,
        [100 + Math.max(0, Math.min(index, cases - 1)), 104, 0, 0],
        `${index} of ${cases}`,
      );
    }
  }
});
