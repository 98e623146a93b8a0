/** `jit(f).lower(…).compile()` as a value: costs, memory over time, and kernels that run alone. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { jit, lax, type NdArray, nn, numpy as np, spec } from "weft";

const f32 = (n: number, value: (i: number) => number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => value(i));

describe("costAnalysis", () => {
  test("a fused map: arithmetic, math functions by name, each buffer once", () => {
    const f = jit((x: NdArray, y: NdArray) => np.tanh(np.exp(x).mul(y).add(1)));
    const { executed, kernels } = f
      .lower(spec([100]), spec([100]))
      .compile()
      .costAnalysis();
    assert.equal(kernels.length, 1);
    assert.deepEqual(kernels[0].cost.transcendentals, { exp: 100, tanh: 100 });
    assert.equal(executed.flops, 200);
    assert.equal(executed.bytesRead, 800);
    assert.equal(executed.bytesWritten, 400);
    assert.equal(executed.dataDependent, false);
  });

  test("a product of matrices is 2·m·n·k; executed also what fills the last tiles", () => {
    for (const [m, k, n] of [
      [3, 5, 7],
      [64, 64, 64],
      [33, 129, 65],
    ]) {
      const compiled = jit((x: NdArray, y: NdArray) => x.matmul(y))
        .lower(spec([m, k]), spec([k, n]))
        .compile();
      const { flops, executed } = compiled.costAnalysis();
      assert.equal(flops, 2 * m * k * n);
      const excess = executed.flops / flops;
      assert.ok(excess >= 1 && excess < (m % 2 === 0 ? 1 + 1e-9 : 1.2), `${m}×${k}×${n}: ${excess}`);
    }
  });

  test("loops count their trips, loops that their data end once, branches the dearer case", () => {
    const cost = (f: (x: NdArray) => NdArray) =>
      jit(f)
        .lower(spec([10]))
        .compile()
        .costAnalysis().executed;
    const step = (x: NdArray): NdArray => np.sin(x).mul(2);
    assert.deepEqual(cost((x) => lax.foriLoop(0, 7, (_, y) => step(y), x)).transcendentals, { sin: 70 });
    const whiles = cost((x) => lax.whileLoop((y: NdArray) => np.sum(y).less(3), step, x));
    assert.deepEqual(whiles.transcendentals, { sin: 10 });
    assert.equal(whiles.dataDependent, true);
    const branch = cost((x) => lax.cond(np.sum(x).less(0), step, (y: NdArray) => y.add(1), x));
    assert.deepEqual(branch.transcendentals, { sin: 10 });
  });
});

describe("memoryAnalysis", () => {
  test("the live set over time peaks at the arena's size, and never below the bound", () => {
    const f = jit((x: NdArray, w: NdArray) => {
      let y = x;
      for (let i = 0; i < 4; i++) y = nn.softmax(np.sin(y.matmul(w)).matmul(w));
      return np.sum(y);
    });
    const memory = f
      .lower(spec([32, 32]), spec([32, 32]))
      .compile()
      .memoryAnalysis();
    assert.ok(memory.tempSize > 0 && memory.tempSize >= memory.tempLowerBound);
    const peak = Math.max(...memory.timeline.map((moment) => moment.bytes));
    assert.ok(peak <= memory.tempSize && peak > memory.tempSize / 2, `${peak} of ${memory.tempSize}`);
    for (const { live, bytes } of memory.timeline) {
      for (const [i, a] of live.entries())
        assert.ok(a.offset + a.bytes <= memory.tempSize && (i === 0 || live[i - 1].offset <= a.offset));
      assert.ok(bytes <= live.reduce((sum, x) => sum + x.bytes, 0));
    }
    assert.equal(memory.peakSize, 2 * 4096 + 4 + memory.constantSize + memory.tempSize);
  });

  test("a donated argument's memory counts once", () => {
    const f = jit((x: NdArray) => x.add(1), { donateArgnums: [0] });
    const memory = f
      .lower(spec([1000]))
      .compile()
      .memoryAnalysis();
    assert.equal(memory.aliasSize, 4000);
    assert.equal(memory.peakSize, 4000);
  });

  test("loops are in the timeline, with what lives across them", () => {
    const f = jit((x: NdArray) => lax.foriLoop(0, 5, (_, y) => np.sin(y.matmul(y)), x));
    const { timeline } = f
      .lower(spec([16, 16]))
      .compile()
      .memoryAnalysis();
    assert.ok(timeline.some(({ step }) => step === "for 5 times"));
    assert.ok(timeline.some(({ depth, step }) => depth === 1 && step.startsWith("launch ")));
    assert.deepEqual(
      timeline.map(({ position }) => position),
      timeline.map((_, i) => i + 1),
    );
  });
});

describe("kernels", () => {
  const compiled = jit((x: NdArray, w: NdArray, b: NdArray) => nn.gelu(x.matmul(w).add(b)), { name: "layer" })
    .lower(spec([5, 8]), spec([8, 3]), spec([3]))
    .compile();

  test("have names, source lines, loops, costs and WAT", async () => {
    const [kernel] = compiled.kernels();
    assert.match(kernel.name, /^k0_/);
    assert.ok(
      kernel.sources.some((line) => /aot-stages\.test\.ts:\d+:\d+$/.test(line)),
      kernel.sources.join(),
    );
    assert.match(kernel.asText(), new RegExp(`^kernel @${kernel.name}\\(`));
    assert.ok(kernel.cost.flops >= 2 * 5 * 8 * 3);
    assert.ok(kernel.arithmeticIntensity > 0);
    assert.equal(kernel.launches, 1);
    const indices = kernel.accesses.filter(({ kind }) => kind === "store").map(({ index }) => index);
    assert.ok(indices.length > 0 && indices.every((index) => kernel.asText().includes(`[${index}] = `)));
    assert.match(await kernel.wat(), new RegExp(`\\(func \\$${kernel.name}`));
    await assert.rejects(kernel.wgsl(), /compiled for WebAssembly/);
    assert.match(await compiled.wat(), /^\(module/);
  });

  test("run alone, one after the other, they give the function's result bit for bit", async () => {
    const x = f32(40, (i) => Math.sin(i));
    const w = f32(24, (i) => Math.cos(i));
    const b = f32(3, (i) => i - 1);
    const wanted = await compiled
      .call(np.array(x).reshape([5, 8]), np.array(w).reshape([8, 3]), np.array(b))
      .data();
    const { program } = compiled.stages.assembled;
    const memory = program.buffers.map(({ kind, offset, bytes }) =>
      kind === "input" ? [x, w, b][offset] : new Float32Array(bytes / 4),
    );
    const kernels = new Map(compiled.kernels().map((kernel) => [kernel.name, kernel]));
    for (const step of program.schedule) {
      assert.ok(step.kind === "launch");
      kernels.get(step.kernel)?.run(step.args.map(({ buffer }) => memory[buffer]));
    }
    const output = program.buffers.findIndex(({ kind }) => kind === "output");
    assert.deepEqual(memory[output], wanted);
  });

  test("what is read and written starts from what was given", () => {
    const f = jit((x: NdArray, i: NdArray) => x.at(i).add(1), { donateArgnums: [0] });
    const kernels = f
      .lower(spec([6]), spec([2], "int32"))
      .compile()
      .kernels();
    const kernel = kernels.find(({ parameters }) => parameters.some(({ access }) => access === "readwrite"));
    assert.ok(kernel !== undefined, "a kernel that updates in place");
    const data = f32(6, (i) => 10 * i);
    kernel.run(
      kernel.parameters.map(({ access, dtype, size }) =>
        access === "readwrite" ? data : dtype === "int32" ? Int32Array.of(1, 4) : f32(size, () => 1),
      ),
    );
    assert.deepEqual([...data], [0, 11, 20, 30, 41, 50]);
  });

  test("buffers that do not fit are listed together", () => {
    const [kernel] = compiled.kernels();
    assert.throws(
      () => kernel.run([new Float32Array(3), new Int32Array(24)]),
      (error: Error) =>
        error.name === "WeftTypeError" &&
        /buffer 0 \(\w+\): expected float32\[40\], got float32\[3\]/.test(error.message) &&
        /buffer 1 \(\w+\): expected float32\[24\], got int32\[24\]/.test(error.message) &&
        /buffer 2 \(\w+\): expected float32\[\d+\], got none/.test(error.message),
    );
  });
});
