/** Devices in the public API: arrays on the GPU, where computations run, and what is said where something cannot be. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { inspect } from "node:util";
import {
  blockUntilReady,
  customVjp,
  DisposedError,
  defaultDevice,
  device,
  deviceGet,
  devicePut,
  devices,
  grad,
  jit,
  jvp,
  lax,
  type NdArray,
  NotReadyError,
  nn,
  numpy as np,
  random,
  setDefaultDevice,
  UnsupportedError,
  valueAndGrad,
  vmap,
  withConfig,
  withDefaultDevice,
} from "weft";

const gpu = await device("webgpu");
const wasm = await device("wasm");
after(() => gpu.destroy());

async function values(x: NdArray): Promise<number[]> {
  return [...(await x.data())];
}

async function near(x: NdArray, expected: NdArray, tolerance = 1e-5): Promise<void> {
  assert.deepEqual(x.shape, expected.shape);
  const [actual, wanted] = await Promise.all([values(x), values(expected)]);
  for (const [i, value] of actual.entries()) {
    const bound = tolerance * Math.max(1, Math.abs(wanted[i]));
    assert.ok(Math.abs(value - wanted[i]) <= bound, `[${i}]: ${value}, expected ${wanted[i]}`);
  }
}

describe("devices", () => {
  test("are named, listed and the same each time", async () => {
    assert.equal(await device("webgpu"), gpu);
    assert.deepEqual(await devices(), [gpu, wasm]);
    assert.deepEqual(await devices("wasm"), [wasm]);
    assert.equal(`${gpu} ${wasm}`, "webgpu:0 wasm:0");
    assert.match(inspect(gpu), /^Device\(webgpu:0, .+\)$/);
    await assert.rejects(device("cuda" as "wasm"), /Unknown backend cuda/);
  });

  test("a name or a promise in the place of a device is refused with the fix", () => {
    const wrong = device("webgpu") as unknown as typeof gpu;
    assert.throws(() => devicePut(np.ones(3), wrong), /write await device/);
    assert.throws(() => setDefaultDevice("webgpu" as unknown as typeof gpu), /expected a device/);
    assert.throws(() => jit((x: NdArray) => x, { device: wrong }), /write await device/);
  });
});

describe("arrays on the GPU", () => {
  test("devicePut commits, results stay there, data() reads them", async () => {
    const x = devicePut(np.array([1, 2, 3]), gpu);
    assert.equal(x.device, gpu);
    const y = x.mul(2).add(np.array([10, 20, 30]));
    assert.equal(y.device, gpu);
    assert.deepEqual(await values(y), [12, 24, 36]);
    assert.equal(np.ones(3).device, wasm);
  });

  test("trees, numbers, all kinds of elements, and back", async () => {
    const tree = {
      ints: np.array([1, -2], { dtype: "int32" }),
      flags: np.array([true, false, true]),
      bytes: np.array([1, 2, 250], { dtype: "uint8" }),
      scalar: 2.5,
      none: np.zeros([0, 3]),
    };
    const there = devicePut(tree, gpu);
    assert.equal(there.scalar.device, gpu);
    const data = await deviceGet(there);
    assert.deepEqual([...data.ints], [1, -2]);
    assert.deepEqual([...data.flags], [1, 0, 1]);
    assert.deepEqual([...data.bytes], [1, 2, 250]);
    assert.deepEqual([...data.scalar], [2.5]);
    assert.equal(data.none.length, 0);
    const back = devicePut(there, wasm);
    assert.throws(() => back.ints.dataSync(), NotReadyError);
    await blockUntilReady(back);
    assert.deepEqual(back.ints.toArray(), [1, -2]);
    assert.deepEqual(back.flags.toArray(), [true, false, true]);
    assert.equal(back.ints.device, wasm);
    assert.equal(back.ints.add(1).device, wasm);
  });

  test("reading at once is refused with the fix; printing shows type and device", () => {
    const x = devicePut(np.array([1.5, 2]), gpu);
    assert.throws(() => x.dataSync(), /dataSync\(\) needs the elements at once.*write await x\.data\(\)/s);
    assert.throws(() => x.toArray(), UnsupportedError);
    assert.throws(() => np.sum(x).item(), /write \(await x\.data\(\)\)\[0\]/);
    assert.equal(String(x), "Array(float32[2], device=webgpu:0)");
    assert.equal(inspect(x), "Array(float32[2], device=webgpu:0)");
  });

  test("iteration, destructuring and spreading give rows on the GPU", async () => {
    const [a, b] = devicePut(
      np.array([
        [1, 2],
        [3, 4],
      ]),
      gpu,
    );
    assert.equal(a.device, gpu);
    assert.deepEqual(await values(b), [3, 4]);
    const flags = [...devicePut(np.array([true, false, true]), gpu)];
    assert.deepEqual(await Promise.all(flags.map(values)), [[1], [0], [1]]);
  });

  test("dispose and donation", async () => {
    const x = await blockUntilReady(devicePut(np.ones([1000]), gpu).add(1));
    const { bytes } = gpu.memory;
    x.dispose();
    assert.ok(gpu.memory.bytes < bytes);
    await assert.rejects(x.data(), DisposedError);
    assert.throws(() => x.add(1), DisposedError);
    const step = jit((w: NdArray, lr: number) => w.sub(lr), { donateArgnums: 0, name: "step" });
    let w = devicePut(np.array([5, 6]), gpu).mul(1);
    const first = w;
    for (let i = 0; i < 5; i++) w = step(w, i);
    assert.throws(() => first.add(1), /donated to step/);
    assert.deepEqual(await values(w), [-5, -4]);
  });

  test("numbers of the same value are donated each by itself", async () => {
    const step = jit(
      (s: { a: NdArray; b: NdArray; w: NdArray }) => ({ ...s, a: s.a.add(1), w: s.w.add(s.b) }),
      {
        donateArgnums: 0,
        device: gpu,
      },
    );
    let state = { a: np.zeros([]), b: np.zeros([]), w: np.ones([3]) };
    for (let i = 0; i < 3; i++) state = step(state);
    const again = step({ a: np.zeros([]), b: np.zeros([]), w: np.ones([3]) });
    assert.deepEqual(await values(state.a), [3]);
    assert.deepEqual(await values(again.w), [1, 1, 1]);
    const { a } = again;
    assert.throws(() => step({ a, b: a, w: np.ones([3]) }), /donate the same buffer twice/);
  });

  test("typed arrays become another dtype before they are there", async () => {
    const there = (data: Float64Array, dtype: "float32" | "int32" | "uint8" | "bool") =>
      values(devicePut(np.array(data, { dtype }), gpu));
    const data = new Float64Array([1.1, -2.5, Number.NaN, 1e10]);
    assert.deepEqual(await there(data, "float32"), [...Float32Array.from(data)]);
    assert.deepEqual(await there(data, "int32"), [1, -2, 0, 2147483647]);
    assert.deepEqual(await there(data, "uint8"), [1, 0, 0, 255]);
    assert.deepEqual(await there(data, "bool"), [1, 1, 1, 1]);
    const f = jit(() => np.array(data, { dtype: "float32" }).mul(2), { device: gpu });
    assert.equal((await values(f()))[1], -5);
  });

  test("a readback sees its own moment, whatever is donated after it", async () => {
    const step = jit((w: NdArray) => w.add(1), { donateArgnums: 0 });
    let w = devicePut(np.zeros([4]), gpu).mul(1);
    const reads: Promise<number[]>[] = [];
    for (let i = 0; i < 10; i++) {
      reads.push(values(w));
      w = step(w);
    }
    assert.deepEqual(
      (await Promise.all(reads)).map(([first]) => first),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    );
  });
});

describe("where computations run", () => {
  test("uncommitted arrays go where committed ones are; mixing two devices is refused as in JAX", async () => {
    const there = devicePut(np.array([1, 2]), gpu);
    const here = devicePut(np.array([1, 2]), wasm);
    assert.throws(
      () => there.add(here),
      /Received incompatible devices for jitted computation\. Got argument 0 of add with shape float32\[2\] on webgpu:0 and argument 1 of add with shape float32\[2\] on wasm:0/,
    );
    const f = jit((weights: NdArray, x: NdArray) => weights.mul(x));
    assert.throws(() => f(there, here), /argument weights of .* on webgpu:0 and argument x of .* on wasm:0/s);
    assert.deepEqual(await values(f(there, np.array([3, 4]))), [3, 8]);
    // Committed results commit further.
    assert.throws(() => np.sum(f(there, 2)).add(np.sum(here)), /incompatible devices/);
  });

  test("jit with a device", async () => {
    const f = jit((x: NdArray) => x.mul(2), { device: gpu });
    const y = f(np.array([1, 2]));
    assert.equal(y.device, gpu);
    assert.deepEqual(await values(y), [2, 4]);
    const compiled = f.lower(np.array([1, 2])).compile();
    assert.deepEqual(await values(compiled.call(np.array([5, 6]))), [10, 12]);
  });

  test("one jitted function on both devices compiles once for each", async () => {
    let traced = 0;
    const f = jit((x: NdArray) => {
      traced++;
      return np.exp(x).sum();
    });
    const x = np.array([0, 1, 2]);
    const there = devicePut(x, gpu);
    for (let i = 0; i < 3; i++) await near(f(there), f(x));
    assert.equal(traced, 1);
  });

  test("a default device, so that a whole program runs there", async () => {
    const run = () => {
      const key = random.PRNGKey(0);
      const x = random.normal(key, [16, 3]);
      const w = np.array([1, 2, 3]);
      return grad((w: NdArray) => np.mean(np.square(x.matmul(w).sub(1))))(w);
    };
    const expected = run();
    const there = withDefaultDevice(gpu, run);
    assert.equal(defaultDevice(), wasm);
    assert.equal(there.device, gpu);
    await near(there, expected);
    await withDefaultDevice(gpu, async () => {
      assert.equal(defaultDevice(), gpu);
      await values(np.arange(3).add(1));
    });
    assert.equal(defaultDevice(), wasm);
  });

  test("an uncommitted result of the GPU stays there when the default changes", async () => {
    const x = withDefaultDevice(gpu, () => np.arange(3).add(1));
    assert.deepEqual(await values(x.mul(np.array([1, 2, 3]))), [1, 4, 9]);
    assert.throws(() => x.add(devicePut(np.ones(3), wasm)), /is on webgpu:0/);
  });
});

describe("transformations on the GPU", () => {
  const x = np.array([0.5, -1, 2]);
  const there = devicePut(x, gpu);
  const f = (x: NdArray) => np.sum(np.sin(x).mul(x));

  test("grad, valueAndGrad, jvp and vmap, jitted and not", async () => {
    await near(grad(f)(there), grad(f)(x));
    await near(jit(grad(f))(there), grad(f)(x));
    const [value, gradient] = valueAndGrad(f)(there);
    await near(value, f(x));
    await near(gradient, grad(f)(x));
    const [primal, tangent] = jvp(f, [there], [devicePut(np.ones(3), gpu)]);
    await near(primal, f(x));
    await near(tangent, np.sum(grad(f)(x)));
    await near(vmap((v: NdArray) => np.exp(v).mul(v))(there), np.exp(x).mul(x));
  });

  test("control flow, jitted and not", async () => {
    const loop = (x: NdArray) => lax.foriLoop(0, 5, (i, x) => x.mul(0.5).add(i), x);
    await near(loop(there), loop(x));
    await near(jit(loop)(there), loop(x));
    const until = (x: NdArray) =>
      lax.whileLoop(
        (x) => np.max(x).less(100),
        (x) => x.mul(2).add(1),
        x,
      );
    await near(until(there), until(x));
    const choose = (x: NdArray) =>
      lax.cond(
        np.sum(x).greater(0),
        (x: NdArray) => x.mul(2),
        (x: NdArray) => x.neg(),
        x,
      );
    await near(choose(there), choose(x));
    await near(jit(choose)(there.neg()), choose(x.neg()));
    const [carry, all] = jit((x: NdArray) =>
      lax.scan((c: NdArray, v: NdArray) => [c.add(v), c.mul(v)], 0, x),
    )(there);
    const [wantedCarry, wantedAll] = lax.scan((c: NdArray, v: NdArray) => [c.add(v), c.mul(v)], 0, x);
    await near(carry, wantedCarry);
    await near(all, wantedAll);
  });

  test("captured arrays and constants", async () => {
    const table = np.arange(3);
    const onGpu = devicePut(np.array([2, 2, 2]), gpu);
    const g = jit((x: NdArray) => x.mul(table).add(onGpu).add(1));
    await near(g(there), x.mul(table).add(3));
    assert.equal(g(x).device, gpu);
    await near(nn.relu(there), nn.relu(x));
  });

  test("more operands than a shader binds", async () => {
    const parts = Array.from({ length: 40 }, (_, i) => there.add(i));
    await near(np.stack(parts), np.add(x, np.arange(40).reshape([40, 1])));
    await near(
      jit((parts: NdArray[]) => np.exp(np.concatenate(parts)).sum())(parts),
      np.exp(np.add(x, np.arange(40).reshape([40, 1]))).sum(),
    );
  });

  test("random numbers are JAX's bits on every device", async () => {
    const key = random.PRNGKey(42);
    const keyThere = devicePut(key, gpu);
    const [a] = random.split(key);
    const [b] = random.split(keyThere);
    assert.deepEqual(await values(b), await values(a));
    assert.deepEqual(await values(random.bits(keyThere, [5])), await values(random.bits(key, [5])));
    const range = { minval: -3, maxval: 0.7 };
    assert.deepEqual(
      await values(random.uniform(keyThere, [50], range)),
      await values(random.uniform(key, [50], range)),
    );
    await near(random.normal(keyThere, [50]), random.normal(key, [50]), 1e-6);
  });

  test("a value asked for while tracing: the message says Wasm or jit", () => {
    const g = grad((x: NdArray) => (np.sum(x).item() > 0 ? np.sum(x) : np.sum(x).neg()));
    assert.deepEqual(g(x).toArray(), [1, 1, 1]);
    assert.throws(
      () => g(there),
      /a function being traced cannot wait.*for grad.*Run it on Wasm.*or under jit/s,
    );
  });
});

describe("what the GPU cannot do", () => {
  test("float64 is refused, and Wasm is named", () => {
    const x = np.array([1, 2], { dtype: "float64" });
    assert.throws(() => devicePut(x, gpu), /WebGPU has no float64.*device\("wasm"\)/);
    assert.throws(
      () => jit((x: NdArray) => x.astype("float64").mul(2), { device: gpu })(np.ones(2)),
      /float64/,
    );
  });
});

describe("custom rules and arrays of a GPU", () => {
  const w = () => devicePut(np.array([2, 3]), gpu);

  test("an array that the function uses too reaches the rule as a residual", async () => {
    const c = w();
    const f = customVjp((x: NdArray) => x.mul(c));
    f.defVjp(
      (x) => [x.mul(c), c],
      (residual: NdArray, ct: NdArray) => [ct.mul(residual).mul(10)],
    );
    const slope = grad((x: NdArray) => np.sum(f(x)));
    for (const g of [slope, jit(slope)]) assert.deepEqual([...(await g(w()).data())], [20, 30]);
  });

  test("one that the rule alone closes over is refused with the fix", () => {
    const c = w();
    const f = customVjp((x: NdArray) => x.mul(2));
    f.defVjp(
      (x) => [x.mul(2), null],
      (_, ct: NdArray) => [ct.mul(c)],
    );
    assert.throws(() => grad((x: NdArray) => np.sum(f(x)))(w()), /webgpu:0.*as an argument or as a residual/);
  });
});

describe("debugNans and debugInfs", () => {
  const errorOf = async (settings: { debugNans?: boolean; debugInfs?: boolean }, f: () => NdArray) => {
    try {
      await withConfig(settings, f).data();
    } catch (error) {
      assert.equal((error as Error).name, "FloatingPointError");
      return (error as Error).message;
    }
    return null;
  };

  test("reading names the operation and the line, eagerly, under jit and in what is computed from it", async () => {
    const x = devicePut(np.array([1, -1]), gpu);
    assert.match((await errorOf({ debugNans: true }, () => np.log(x))) ?? "", /\(nan\) encountered in log/);
    const f = jit((y: NdArray) => np.sqrt(y.mul(2)).add(1));
    const jitted = await errorOf({ debugNans: true }, () => f(x));
    assert.match(jitted ?? "", /\(nan\) encountered in sqrt/);
    assert.match(jitted ?? "", /frontend\.test\.ts/);
    const later = await errorOf({ debugNans: true }, () => np.exp(np.sum(f(x))));
    assert.match(later ?? "", /\(nan\) encountered in sqrt/);
    const nested = await errorOf({ debugNans: true }, () => jit((y: NdArray) => f(y).mul(3))(x));
    assert.match(nested ?? "", /\(nan\) encountered in sqrt/);
    const half = await errorOf({ debugNans: true }, () => np.log(x.astype("float16")));
    assert.match(half ?? "", /\(nan\) encountered in log/);
  });

  test("infinities apart, and what is sound passes", async () => {
    const x = devicePut(np.array([1, 0]), gpu);
    assert.equal(await errorOf({ debugNans: true }, () => np.divide(1, x)), null);
    assert.match(
      (await errorOf({ debugInfs: true }, () => np.divide(1, x))) ?? "",
      /\(inf\) encountered in div/,
    );
    assert.equal(await errorOf({}, () => np.log(x.sub(1))), null);
    const before = gpu.gpu.pool.count;
    const y = withConfig({ debugNans: true }, () => jit((z: NdArray) => np.exp(z))(x));
    await y.data();
    y.dispose();
    assert.ok(gpu.gpu.pool.count <= before, "nothing is kept");
  });
});
