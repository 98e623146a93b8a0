import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { compileGraph } from "../compiler/pipeline.ts";
import { GraphBuilder } from "../compiler/primitives/graph-builder.ts";
import { tensorType } from "../compiler/types/tensor-type.ts";
import { CpuDevice, DisposedError, loadFunction, loadWasm } from "../runtime/index.ts";

/** (x, y) → (x + y, sum of y), over f32[n] */
function program(n: number, donated: readonly boolean[] = []) {
  const b = new GraphBuilder();
  const x = b.input(tensorType("float32", [n]), "x");
  const y = b.input(tensorType("float32", [n]), "y");
  return compileGraph(b.finish("sums", [b.add(x, y), b.sum(y, [0])]), { donated }).executable;
}

test("a compiled function runs on typed arrays alone", () => {
  const f = loadFunction(program(5), { device: new CpuDevice() });
  assert.equal(f.name, "sums");
  assert.deepEqual(
    f.inputs.map((t) => [t.dtype, t.shape]),
    [
      ["float32", [5]],
      ["float32", [5]],
    ],
  );
  const x = new Float32Array([1, 2, 3, 4, 5]);
  for (let i = 0; i < 3; i++) {
    const [sum, total] = f.run(x, new Float32Array(5).fill(i));
    assert.deepEqual([...sum], [1 + i, 2 + i, 3 + i, 4 + i, 5 + i]);
    assert.deepEqual([...total], [5 * i]);
  }
  assert.throws(() => f.run(x), /sums: takes 2 buffers, got 1/);
  assert.throws(
    () => f.run(x, new Float32Array(4)),
    /input 1 .*float32\[5\], 20 bytes, but was given 16 bytes/,
  );
  f.dispose();
  assert.throws(() => f.run(x, x), DisposedError);
});

test("calls leave nothing in the arena", () => {
  const device = new CpuDevice();
  const f = loadFunction(program(3000), { device });
  const x = new Float32Array(3000);
  f.run(x, x);
  const { allocated } = device.memory.arena;
  for (let i = 0; i < 20; i++) f.run(x, x);
  assert.equal(device.memory.arena.allocated, allocated);
  f.dispose();
  assert.equal(device.memory.residentCount, 0);
});

test("a donated input's memory becomes an output's", () => {
  const device = new CpuDevice();
  const { memory } = device;
  const loaded = loadWasm(program(4096, [true, false]), { device });
  assert.deepEqual(loaded.programInterface.aliases, [0, null]);
  const ones = new Uint8Array(new Float32Array(4096).fill(1).buffer);
  const x = memory.store(ones);
  const y = memory.store(ones);
  const at = x.pointer();
  const [sum, total] = loaded.run([x, y], [true, false]);
  assert.equal(sum.pointer(), at);
  assert.equal(memory.arena.f32[(sum.pointer() >>> 2) + 4095], 2);
  assert.equal(memory.arena.f32[total.pointer() >>> 2], 4096);
  assert.throws(() => x.pointer(), /donated to sums/);
  // Shared memory is not overwritten.
  y.retain();
  const [other] = loaded.run([y, sum], [true, false]);
  assert.notEqual(other.pointer(), y.pointer());
  assert.equal(memory.arena.f32[y.pointer() >>> 2], 1);
  assert.throws(() => loaded.run([sum, sum], [true, true]), /donate the same buffer twice/);
});

test("memory of collected owners is given back", async () => {
  setFlagsFromString("--expose-gc");
  const gc: () => void = runInNewContext("gc");
  const { memory } = new CpuDevice();
  (() => {
    for (let i = 0; i < 8; i++) memory.allocate(100_000).track({});
  })();
  assert.equal(memory.residentCount, 8);
  for (let i = 0; i < 20 && memory.residentCount > 0; i++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.equal(memory.residentCount, 0);
  assert.equal(memory.arena.allocated, 0);
});
