/** The WebGPU runtime by itself, on programs written by hand. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { COUNTER_BASE } from "../../compiler/program/webgpu.ts";
import { DeviceLostError, DisposedError, GpuError, OutOfMemoryError } from "../../runtime/errors.ts";
import { loadGpuProgram } from "../../runtime/webgpu/loader.ts";
import { floats, freshDevice, gpuDevice, numbers } from "./gpu.ts";
import { dispatch, elementwise, inPlace, place, program } from "./programs.ts";

const F32x4 = ["float32", [4]] as const;
const doubled = program({
  name: "double",
  inputs: [F32x4],
  outputs: [F32x4],
  shaders: [elementwise(4, "x * 2")],
  schedule: [dispatch(0, ["in0", "out0"])],
});

describe("WebGPU runtime: programs", () => {
  test("a dispatch, in one submission", async () => {
    const device = await gpuDevice();
    const f = loadGpuProgram(doubled, device);
    const x = floats(device, [1, 2, 3, 4]);
    await device.idle();
    f.run([x]);
    await device.idle();
    const before = { ...device.statistics };
    const [y] = f.run([x]);
    assert.equal(device.statistics.submits - before.submits, 1);
    assert.equal(device.statistics.dispatches - before.dispatches, 1);
    assert.deepEqual(await numbers(y), [2, 4, 6, 8]);
    assert.deepEqual(await numbers(x), [1, 2, 3, 4]);
  });

  test("results are there before the GPU has computed them, and further calls take them", async () => {
    const device = await gpuDevice();
    const f = loadGpuProgram({ ...doubled, shaders: [{ ...doubled.shaders[0] }] }, device);
    let [x] = f.run([floats(device, [1, 2, 3, 4])]);
    for (let i = 0; i < 5; i++) [x] = f.run([x]);
    assert.deepEqual(await numbers(x), [64, 128, 192, 256]);
  });

  test("odd sizes: bytes, and no elements at all", async () => {
    const device = await gpuDevice();
    const copy = program({
      inputs: [["uint8", [5]]],
      outputs: [["uint8", [5]]],
      schedule: [{ kind: "copy", from: place("in0"), to: place("out0"), bytes: 8 }],
    });
    const [y] = loadGpuProgram(copy, device).run([device.store(Uint8Array.of(1, 2, 3, 4, 5))]);
    assert.deepEqual([...(await y.read())], [1, 2, 3, 4, 5]);
    const empty = program({
      inputs: [],
      outputs: [["float32", [0]]],
      schedule: [{ kind: "copy", from: place("constant"), to: place("out0"), bytes: 0 }],
    });
    const [none] = loadGpuProgram(empty, device).run([]);
    assert.deepEqual(await numbers(none), []);
  });

  test("temporaries and constants", async () => {
    const device = await gpuDevice();
    const f = program({
      inputs: [F32x4],
      outputs: [F32x4],
      slots: [16, 16],
      constants: new Uint8Array(Float32Array.of(10, 20, 30, 40).buffer),
      shaders: [elementwise(4, "x + 1"), { ...elementwise(4, "x"), ...adder(4) }],
      schedule: [
        dispatch(0, ["in0", "slot0"]),
        dispatch(0, ["slot0", "slot1"]),
        dispatch(1, ["slot1", "constant", "out0"]),
      ],
    });
    const [y] = loadGpuProgram(f, device).run([floats(device, [1, 2, 3, 4])]);
    assert.deepEqual(await numbers(y), [13, 24, 35, 46]);
  });

  test("loops: counters of several digits, moving copies, a loop in a loop", async () => {
    const device = await gpuDevice();
    const trips = COUNTER_BASE + 3;
    const f = program({
      inputs: [["float32", [1]]],
      outputs: [
        ["float32", [1]],
        ["float32", [trips]],
      ],
      slots: [4],
      shaders: [inPlace(1, `x + f32(high_0 * ${COUNTER_BASE}u + low_0) * f32(low_1 + 1u)`, 2)],
      schedule: [
        { kind: "copy", from: place("in0"), to: place("slot0"), bytes: 4 },
        {
          kind: "for",
          loop: 7,
          trips,
          body: [
            { kind: "for", loop: 9, trips: 2, body: [dispatch(0, ["slot0"], [7, 9])] },
            {
              kind: "copy",
              from: place("slot0"),
              to: place("out1", 0, [{ loop: 7, stride: 4 }]),
              bytes: 4,
            },
          ],
        },
        { kind: "copy", from: place("slot0"), to: place("out0"), bytes: 4 },
      ],
    });
    const [sum, partial] = loadGpuProgram(f, device).run([floats(device, [0])]);
    const expected = Array.from({ length: trips }, (_, i) => (3 * i * (i + 1)) / 2);
    assert.deepEqual(await numbers(partial), expected);
    assert.deepEqual(await numbers(sum), [expected[trips - 1]]);
  });

  test("a loop too long for one command buffer", async () => {
    const device = await gpuDevice();
    const trips = 70_000;
    const f = program({
      inputs: [],
      outputs: [["float32", [1]]],
      shaders: [inPlace(1, "x * 0"), inPlace(1, "x + 1")],
      schedule: [dispatch(0, ["out0"]), { kind: "for", loop: 0, trips, body: [dispatch(1, ["out0"])] }],
    });
    const [count] = loadGpuProgram(f, device).run([]);
    assert.deepEqual(await numbers(count), [trips]);
  });

  test("while and branch read the GPU's answer; calls after them keep their order", async () => {
    const device = await gpuDevice();
    const f = program({
      name: "collatz",
      inputs: [["float32", [1]]],
      outputs: [["float32", [1]]],
      slots: [8],
      shaders: [
        inPlace(1, "x"),
        // Predicate x ≠ 1 in the first word, parity in the second.
        {
          wgsl: `@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read_write> s: array<u32>;
@compute @workgroup_size(1) fn main() { s[0] = select(0u, 1u, a[0] != 1); s[1] = u32(a[0]) % 2u; }`,
          bindings: [
            { access: "read", label: "a", bytes: 4 },
            { access: "readwrite", label: "s", bytes: 8 },
          ],
        },
        inPlace(1, "x / 2"),
        inPlace(1, "x * 3 + 1"),
      ],
      schedule: [
        { kind: "copy", from: place("in0"), to: place("out0"), bytes: 4 },
        {
          kind: "while",
          cond: [dispatch(1, ["out0", "slot0"])],
          predicate: place("slot0"),
          guard: null,
          body: [
            {
              kind: "branch",
              index: place("slot0", 4),
              cases: [[dispatch(2, ["out0"])], [dispatch(3, ["out0"])]],
            },
          ],
        },
      ],
    });
    const collatz = loadGpuProgram(f, device);
    const plusOne = loadGpuProgram(
      program({
        inputs: [["float32", [1]]],
        outputs: [["float32", [1]]],
        shaders: [elementwise(1, "x + 1")],
        schedule: [dispatch(0, ["in0", "out0"])],
      }),
      device,
    );
    const [one] = collatz.run([floats(device, [27])]);
    const [two] = plusOne.run([one]);
    const [still] = collatz.run([two]);
    assert.deepEqual(await Promise.all([two, still, one].map(numbers)), [[2], [1], [1]]);
  });
});

describe("WebGPU runtime: donation", () => {
  const inc = program({
    name: "increment",
    inputs: [F32x4],
    outputs: [F32x4],
    aliases: [0],
    shaders: [inPlace(4, "x + 1")],
    schedule: [dispatch(0, ["in0"])],
  });

  test("an output takes over a donated buffer", async () => {
    const device = await gpuDevice();
    const f = loadGpuProgram(inc, device);
    const x = floats(device, [1, 2, 3, 4]);
    const { count } = device.pool;
    const [y] = f.run([x], [true]);
    assert.equal(y.buffer, x.buffer);
    assert.equal(device.pool.count, count);
    assert.equal(x.gone, "donated");
    assert.throws(() => f.run([x]), DisposedError);
    await assert.rejects(x.read(), /donated to increment/);
    assert.deepEqual(await numbers(y), [2, 3, 4, 5]);
  });

  test("what somebody else holds, or is not donated, is copied", async () => {
    const device = await gpuDevice();
    const f = loadGpuProgram(inc, device);
    const x = floats(device, [1, 2, 3, 4]).retain();
    const [y] = f.run([x], [true]);
    const [z] = f.run([x]);
    assert.deepEqual(await numbers(x), [1, 2, 3, 4]);
    assert.deepEqual(await numbers(y), [2, 3, 4, 5]);
    assert.deepEqual(await numbers(z), [2, 3, 4, 5]);
  });

  test("a donated input without an alias is freed, and not used for the same call's temporaries", async () => {
    const device = await gpuDevice();
    const f = program({
      name: "sum",
      inputs: [F32x4, F32x4],
      outputs: [F32x4],
      slots: [16],
      shaders: [elementwise(4, "x * 100"), adder(4)],
      schedule: [dispatch(0, ["in0", "slot0"]), dispatch(1, ["slot0", "in1", "out0"])],
    });
    const [x, y] = [floats(device, [1, 2, 3, 4]), floats(device, [5, 6, 7, 8])];
    const [z] = loadGpuProgram(f, device).run([x, y], [true, true]);
    assert.deepEqual(await numbers(z), [105, 206, 307, 408]);
  });

  test("the same buffer twice is refused", async () => {
    const device = await gpuDevice();
    const f = loadGpuProgram(
      { ...doubled, interface: { ...doubled.interface, inputs: twice(doubled) } },
      device,
    );
    const x = floats(device, [1, 2, 3, 4]);
    assert.throws(() => f.run([x, x], [true, true]), /donate the same buffer twice in double/);
    assert.throws(() => f.run([x, x], [true, false]), /also used by the same call/);
  });
});

describe("WebGPU runtime: memory", () => {
  test("freed buffers are reused, and a reused one is not seen by calls before", async () => {
    const device = await freshDevice();
    const f = loadGpuProgram(doubled, device);
    let x = floats(device, [1, 1, 1, 1]);
    // While shaders are being compiled, calls wait and hold on to their buffers.
    await f.run([x])[0].read();
    const ids = new Set<number>();
    for (let i = 0; i < 20; i++) {
      const [y] = f.run([x]);
      x.release();
      x = y;
      ids.add(x.buffer.id);
    }
    assert.equal((await numbers(x))[0], 2 ** 20);
    assert.ok(ids.size <= 3, `${ids.size} buffers`);
    assert.equal(device.pool.bytes - x.buffer.capacity, 256, "the first result alone is left");
    device.destroy();
  });

  test("free buffers are bounded", async () => {
    const device = await freshDevice();
    const held = Array.from({ length: 40 }, () => device.allocate(16 * 2 ** 20));
    for (const storage of held) storage.release();
    assert.equal(device.pool.bytes, 0);
    assert.ok(device.pool.freeBytes <= 256 * 2 ** 20);
    device.destroy();
  });

  test("a buffer beyond the adapter's limits is refused at once", async () => {
    const device = await gpuDevice();
    const bytes = device.gpu.limits.maxBufferSize + 4;
    assert.throws(() => device.allocate(bytes), OutOfMemoryError);
    const wide = program({
      name: "wide",
      inputs: [],
      outputs: [F32x4],
      shaders: [
        {
          ...inPlace(4, "x"),
          bindings: [{ access: "readwrite", label: "weights", bytes }],
          sources: ["m.ts:7:3"],
        },
      ],
      schedule: [dispatch(0, ["out0"])],
    });
    assert.throws(
      () => loadGpuProgram(wide, device),
      /kernel k0 of wide \(m\.ts:7:3\): argument weights is \d+ bytes/,
    );
  });
});

describe("WebGPU runtime: errors", () => {
  test("a shader that does not compile: kernel, user's line, line of WGSL", async () => {
    const device = await gpuDevice();
    const broken = program({
      name: "loss",
      inputs: [F32x4],
      outputs: [F32x4],
      shaders: [{ ...elementwise(4, "x * undefined_name"), name: "k_mul", sources: ["train.ts:12:5"] }],
      schedule: [dispatch(0, ["in0", "out0"])],
    });
    const [y] = loadGpuProgram(broken, device).run([floats(device, [1, 2, 3, 4])]);
    await assert.rejects(y.read(), (error: Error) => {
      assert.ok(error instanceof GpuError);
      assert.match(error.message, /kernel k_mul of loss \(train\.ts:12:5\)/);
      assert.match(error.message, /line 4:.*undefined_name/s);
      assert.match(error.message, /4 \| .*let x = a\[id\.x\]/);
      return true;
    });
    // What is computed from it has the same error, and the device goes on.
    const f = loadGpuProgram(doubled, device);
    await assert.rejects(f.run([y])[0].read(), /kernel k_mul of loss/);
    assert.deepEqual(await numbers(f.run([floats(device, [1, 2, 3, 4])])[0]), [2, 4, 6, 8]);
  });

  test("a command that is refused: kernel and user's line", async () => {
    const device = await gpuDevice();
    const clash = program({
      name: "clash",
      inputs: [],
      outputs: [F32x4],
      shaders: [{ ...elementwise(4, "x"), name: "k_clash", sources: ["a.ts:1:1"] }],
      schedule: [dispatch(0, ["out0", "out0"])],
    });
    const [y] = loadGpuProgram(clash, device).run([]);
    await assert.rejects(y.read(), /kernel k_clash of clash \(a\.ts:1:1\): the GPU refuses a command/);
    assert.equal(await device.gpu.popErrorScope().catch(() => "none"), "none", "scopes are balanced");
  });

  test("a lost device rejects pending reads and further calls; a new one works", async () => {
    const device = await freshDevice();
    const f = loadGpuProgram(doubled, device);
    const x = floats(device, [1, 2, 3, 4]);
    const [y] = f.run([x]);
    const pending = y.read();
    const failed = assert.rejects(pending, DeviceLostError);
    device.destroy();
    await failed;
    assert.throws(() => f.run([x]), DeviceLostError);
    await assert.rejects(x.read(), /Ask for a new device/);
    const again = await freshDevice();
    const [z] = loadGpuProgram(doubled, again).run([floats(again, [1, 2, 3, 4])]);
    assert.deepEqual(await numbers(z), [2, 4, 6, 8]);
    again.destroy();
  });
});

function adder(n: number) {
  return {
    wgsl: `@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < ${n}u) { c[id.x] = a[id.x] + b[id.x]; }
}`,
    bindings: [
      { access: "read", label: "a", bytes: 4 * n },
      { access: "read", label: "b", bytes: 4 * n },
      { access: "readwrite", label: "c", bytes: 4 * n },
    ],
  } as const;
}

function twice({ interface: { inputs } }: typeof doubled) {
  return [...inputs, ...inputs];
}
