/** `jit(f).lower(…).compile()` for a GPU: stages, costs, memory, and kernels that run alone. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { device, devicePut, jit, lax, type NdArray, nn, numpy as np, spec, type WebGpuDevice } from "weft";

let gpu: WebGpuDevice;
before(async () => {
  gpu = await device("webgpu");
});
after(() => gpu.destroy());

const f32 = (n: number, value: (i: number) => number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => value(i));

const layer = (x: NdArray, w: NdArray, b: NdArray): NdArray => nn.softmax(nn.gelu(x.matmul(w).add(b)));
const specs = [spec([5, 8]), spec([8, 3]), spec([3])] as const;

describe("compiled for a GPU", () => {
  const x = f32(40, (i) => Math.sin(i));
  const w = f32(24, (i) => Math.cos(i));
  const b = f32(3, (i) => i - 1);
  const arrays = () => [np.array(x).reshape([5, 8]), np.array(w).reshape([8, 3]), np.array(b)] as const;

  test("where the arguments are, by the function's option, by the default device; or to be looked at", async () => {
    const [given, ...rest] = arrays();
    assert.equal(
      jit(layer)
        .lower(given, ...rest)
        .compile().target,
      "wasm",
    );
    const there = jit(layer)
      .lower(devicePut(given, gpu), ...rest)
      .compile();
    assert.equal(there.target, "webgpu");
    const chosen = jit(layer, { device: gpu })
      .lower(...specs)
      .compile();
    assert.equal(chosen.target, "webgpu");
    const wanted = await jit(layer)(given, ...rest).data();
    const onGpu = chosen.call(given, ...rest);
    const got = await onGpu.data();
    for (const [i, value] of wanted.entries()) assert.ok(Math.abs(got[i] - value) < 1e-6);
    assert.deepEqual(await there.call(devicePut(given, gpu), ...rest).data(), got);
    // Uncommitted arguments go to where it was compiled for.
    assert.deepEqual(await there.call(given, ...rest).data(), got);

    const looked = jit(layer)
      .lower(...specs)
      .compile({ target: "webgpu" });
    assert.match(looked.asText({ stage: "wgsl" }), /@compute/);
    assert.throws(() => looked.call(given, ...rest), /layer was compiled for webgpu to be looked at/);
    const onWasm = jit(layer)
      .lower(...specs)
      .compile();
    assert.throws(
      () => onWasm.call(devicePut(given, gpu), ...rest),
      /input placement that does not match .* on webgpu:0, and it was compiled for wasm:0/,
    );
  });

  test("stages as text; what the other target has is refused with the way to it", async () => {
    const lowered = jit(layer, { device: gpu, name: "layer" }).lower(...specs);
    const compiled = lowered.compile();
    assert.match(lowered.asText({ stage: "wgsl" }), /^\/\/ k0_\w+\n\/\/ .*stages\.test\.ts:\d+:\d+/);
    assert.match(compiled.asText({ stage: "kernel" }), /grid \w+ in 0\.\./);
    for (const stage of ["jaxpr", "graph", "optimized", "fusion", "program"] as const) {
      assert.ok(compiled.asText({ stage }).length > 50, stage);
    }
    await assert.rejects(
      compiled.wat(),
      /compiled for webgpu, and not for wasm: lower\(…\)\.compile\({ target: "wasm" }\)/,
    );
    assert.throws(() => compiled.executable, /not for wasm/);
    assert.ok(compiled.gpuExecutable.shaders.length > 0);
    const onWasm = lowered.compile({ target: "wasm" });
    assert.throws(
      () => onWasm.asText({ stage: "wgsl" }),
      /compile\({ target: "webgpu" }\) has wgsl; got wgsl/,
    );
    assert.throws(() => onWasm.gpuExecutable, /not for webgpu/);
    // @ts-expect-error no such target
    assert.throws(() => lowered.compile({ target: "cuda" }), /target is one of wasm, webgpu, got cuda/);
  });

  test("costs and memory", () => {
    const compiled = jit((x: NdArray, y: NdArray) => np.tanh(np.exp(x).mul(y)), { device: gpu })
      .lower(spec([100]), spec([100]))
      .compile();
    const { executed, kernels } = compiled.costAnalysis();
    assert.deepEqual(executed.transcendentals, { exp: 100, tanh: 100 });
    assert.equal(executed.flops, 100);
    assert.deepEqual([executed.bytesRead, executed.bytesWritten], [800, 400]);
    assert.deepEqual(
      kernels.map(({ launches }) => launches),
      [1],
    );

    const deep = jit(
      (x: NdArray) => lax.foriLoop(0, 3, (_, y) => np.sin(y.matmul(y)), np.cumsum(x).reshape([16, 16])),
      { device: gpu },
    );
    const loop = deep.lower(spec([16, 16])).compile();
    const memory = loop.memoryAnalysis();
    assert.equal(memory.argumentSize, 1024);
    assert.equal(memory.outputSize, 1024);
    assert.equal(
      memory.tempSize,
      loop.gpuExecutable.slots.reduce((sum, bytes) => sum + bytes, 0),
    );
    const text = loop.asText({ stage: "wgsl" });
    assert.ok(memory.generatedCodeSize >= text.length - loop.gpuExecutable.shaders.length);
    assert.ok(memory.timeline.some(({ step }) => step === "for 3 times"));
  });

  test("kernels: name, lines, WGSL, index expressions, and a run of each alone", async () => {
    const compiled = jit(layer, { device: gpu, name: "layer" })
      .lower(...specs)
      .compile();
    const kernels = compiled.kernels();
    for (const kernel of kernels) {
      assert.ok(kernel.sources.every((line) => /stages\.test\.ts:\d+:\d+$/.test(line)));
      assert.match(await kernel.wgsl(), new RegExp(`^// ${kernel.name}\n[\\s\\S]*@compute`));
      await assert.rejects(kernel.wat(), /compiled for WebGPU: its code is wgsl\(\)/);
      const { accesses, parameters } = kernel;
      for (const { name, access } of parameters) {
        const kinds = accesses.filter((each) => each.buffer === name).map(({ kind }) => kind);
        if (access !== "write") assert.ok(kinds.includes("load"), `${kernel.name} loads ${name}`);
        if (access !== "read") assert.ok(kinds.includes("store"), `${kernel.name} stores ${name}`);
      }
      for (const { index } of accesses)
        assert.ok(kernel.asText().includes(index) || index.includes("$"), index);
    }
    const { program } = compiled.stages.assembled;
    const memory = program.buffers.map(({ kind, offset, bytes }) =>
      kind === "input" ? [x, w, b][offset] : new Float32Array(bytes / 4),
    );
    for (const step of program.schedule) {
      assert.ok(step.kind === "launch");
      const kernel = kernels.find(({ name }) => name === step.kernel);
      await kernel?.run(step.args.map(({ buffer }) => memory[buffer]));
    }
    const output = program.buffers.findIndex(({ kind }) => kind === "output");
    assert.deepEqual(memory[output], await compiled.call(...arrays()).data());
    assert.throws(
      () => kernels[0].run([new Float32Array(3)]),
      /buffer 0 \(\w+\): expected float32\[\d+\], got float32\[3\]/,
    );
  });
});
