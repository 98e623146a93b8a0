/**
 * Memory at run time: what is freed at once, what is reused, what is evicted and comes back, and that a synchronous
 * loop, which never lets finalizers run, stays bounded. Loops run in processes of their own.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { grad, jit, lax, type NdArray, numpy as np, tree } from "weft";
import { cpuDevice } from "weft/runtime";
import { childResult, childRole, report } from "./helpers/child.ts";
import { close, flat } from "./helpers/close.ts";

const MEGABYTE = 2 ** 20;
const memory = cpuDevice().memory;

interface Parameters {
  readonly w: NdArray;
  readonly b: NdArray;
}

/** 1 MB of parameters. */
const parameters = (): Parameters => ({ w: np.ones([512, 480]), b: np.ones([16_384]) });

/** A training step that donates nothing. */
const step = () =>
  jit((p: Parameters) => ({ w: p.w.mul(0.999).add(0.001), b: p.b.mul(0.5).add(0.5) }), { name: "step" });

interface LoopResult {
  readonly before: number;
  readonly peak: number;
  readonly resident: number;
  readonly last: readonly number[];
}

function synchronousLoop(iterations: number): LoopResult {
  memory.limits = { ...memory.limits, softLimit: 64 * MEGABYTE };
  const f = step();
  let p = parameters();
  for (let i = 0; i < 50; i++) p = f(p);
  const before = process.memoryUsage().rss;
  let peak = before;
  for (let i = 0; i < iterations; i++) {
    p = f(p);
    if (i % 100 === 0) peak = Math.max(peak, process.memoryUsage().rss);
  }
  return { before, peak, resident: memory.residentBytes, last: [flat(p.w)[7], flat(p.b)[7]] };
}

/** A loop that yields: finalizers give the arrays back, long before the soft limit is reached. */
async function yieldingLoop(iterations: number): Promise<LoopResult> {
  memory.limits = { ...memory.limits, softLimit: 3000 * MEGABYTE };
  const f = step();
  let p = parameters();
  const before = memory.residentBytes;
  let peak = before;
  for (let i = 0; i < iterations; i++) {
    p = f(p);
    if (i % 20 !== 19) continue;
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 0));
    peak = Math.max(peak, memory.residentBytes);
  }
  return { before, peak, resident: memory.residentBytes, last: [flat(p.w)[7], flat(p.b)[7]] };
}

interface CallResult {
  /** Bytes of JavaScript's heap that a call takes, with the array it returns, before anything is collected. */
  readonly taken: number;
  /** Bytes of heap, of other memory and of the arena that are left behind by all calls. */
  readonly left: readonly number[];
}

/** Calls of a compiled function on arrays, with results that are disposed of. */
function calls(count: number): CallResult {
  const f = jit((x: NdArray) => x.add(1));
  const x = np.ones([4]);
  const run = (n: number): void => {
    for (let i = 0; i < n; i++) f(x).dispose();
  };
  const used = (): number[] => {
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    return [heapUsed, external, memory.residentBytes];
  };
  run(20_000);
  used();
  // Fewer than make V8 collect: the young generation is large (--max-semi-space-size).
  const start = process.memoryUsage().heapUsed;
  run(5000);
  const taken = (process.memoryUsage().heapUsed - start) / 5000;
  const before = used();
  run(count);
  return { taken, left: used().map((bytes, n) => bytes - before[n]) };
}

const role = childRole();
if (role === "synchronous loop") report(synchronousLoop(2000));
else if (role === "yielding loop") report(await yieldingLoop(160));
else if (role === "calls") report(calls(100_000));
else defineTests();

function defineTests(): void {
  test("a synchronous loop of a non-donating step over 1 MB of parameters stays bounded", () => {
    const { before, peak, resident, last } = childResult<LoopResult>("synchronous loop");
    // 2000 steps write 2 GB; the soft limit is 64 MB. What is evicted waits for V8's collector.
    assert.ok(peak < 400 * MEGABYTE, `${peak / MEGABYTE} MB at most, ${before / MEGABYTE} MB at the start`);
    assert.ok(resident <= 64 * MEGABYTE, `${resident / MEGABYTE} MB resident`);
    close(last, [1, 1], 1e-4);
  });

  test("finalizers free what nobody holds when the loop yields", () => {
    const { peak, resident } = childResult<LoopResult>("yielding loop", { flags: ["--expose-gc"] });
    // 160 steps make 160 MB; between two yields there are 20.
    assert.ok(peak < 60 * MEGABYTE, `${peak / MEGABYTE} MB at most`);
    assert.ok(resident < 60 * MEGABYTE, `${resident / MEGABYTE} MB at the end`);
  });

  test("a call allocates little more than the array that it returns, and leaves nothing behind", () => {
    const flags = ["--expose-gc", "--min-semi-space-size=64", "--max-semi-space-size=64"];
    const { taken, left } = childResult<CallResult>("calls", { flags });
    assert.ok(taken < 600, `${taken} bytes a call`);
    // A byte a call would be 100 KB.
    for (const bytes of left) assert.ok(bytes < 100_000, `${left.join(", ")} bytes left by 100 000 calls`);
  });

  test("dispose() and using free at once", () => {
    // Constants take no memory before they are used.
    const ones = np.ones([MEGABYTE]);
    ones.add(ones).dispose();
    const before = memory.arena.allocated;
    const x = ones.add(ones);
    assert.equal(memory.arena.allocated, before + 4 * MEGABYTE);
    x.dispose();
    assert.equal(memory.arena.allocated, before);
    x.dispose();
    assert.equal(memory.arena.allocated, before, "twice does no harm");
    {
      using y = ones.add(ones);
      assert.equal(y.dataSync()[0], 2);
    }
    assert.equal(memory.arena.allocated, before);
  });

  test("an array that shares another's bytes keeps them", () => {
    const x = np.arange(8).add(1);
    const y = x.astype("float32");
    const z = x.reshape([2, 4]);
    x.dispose();
    close(z, [1, 2, 3, 4, 5, 6, 7, 8]);
    close(y.dtype === "float32" && y !== x ? y : z, [1, 2, 3, 4, 5, 6, 7, 8]);
    z.dispose();
    assert.throws(() => x.dataSync(), /disposed/);
  });

  test("intermediate values of a jitted function are not arrays of their own", () => {
    const f = jit((x: NdArray) => {
      let y = x;
      for (let i = 0; i < 10; i++) y = np.sin(y.matmul(x));
      return np.sum(y);
    });
    const x = np.ones([200, 200]).mul(0.01);
    f(x).dispose(); // compiles, and reserves the scratch region
    const before = memory.arena.allocated;
    for (let i = 0; i < 5; i++) f(x).dispose();
    assert.equal(memory.arena.allocated, before);
  });

  test("a donated argument's memory is the result's", () => {
    const donating = jit(
      (p: Parameters, g: Parameters) => tree.map((x: NdArray, dx: NdArray) => x.sub(dx.mul(0.5)), p, g),
      {
        donateArgnums: [0],
      },
    );
    const g = parameters();
    let p = donating(
      tree.map((x: NdArray) => x.add(1), parameters()),
      g,
    );
    const before = memory.arena.allocated;
    for (let i = 0; i < 20; i++) p = donating(p, g);
    assert.equal(memory.arena.allocated, before, "twenty steps in place");
    assert.equal(flat(p.w)[3], 2 - 21 * 0.5);
    const old = p;
    p = donating(p, g);
    assert.throws(() => old.w.dataSync(), /donated/);
    assert.equal(flat(g.w)[3], 1, "what was not donated is there");
    // Read before it is written: the donated input is used after the result's first elements are known.
    const reversed = jit((x: NdArray) => np.flip(x).add(x), { donateArgnums: [0] });
    close(reversed(np.arange(5).add(0)), [4, 4, 4, 4, 4]);
    const shifted = jit((x: NdArray) => x.add(np.sum(x)), { donateArgnums: [0] });
    close(shifted(np.array([1, 2, 3])), [7, 8, 9]);
    const carried = jit(
      (x: NdArray) => lax.foriLoop(0, 4, (_: NdArray, c: NdArray) => np.roll(c, 1).add(c), x),
      {
        donateArgnums: [0],
      },
    );
    close(carried(np.array([1, 0, 0, 0, 0])), [1, 4, 6, 4, 1]);
  });

  test("a caller's own copy of a donated array, and two names of one array", () => {
    const f = jit((x: NdArray, y: NdArray) => x.add(y), { donateArgnums: [0] });
    const x = np.array([1, 2, 3]);
    assert.throws(() => f(x, x), /donate/);
    close(x, [1, 2, 3]);
    const view = np.arange(4).add(1).reshape([2, 2]);
    close(f(view, np.ones([2, 2])), [2, 3, 4, 5]);
  });

  test("evicted arrays come back with their contents", () => {
    const limits = memory.limits;
    memory.limits = { ...limits, softLimit: 4 * MEGABYTE };
    try {
      const n = MEGABYTE / 8; // half a megabyte each
      const scale = jit((x: NdArray, k: NdArray) => x.mul(k));
      const base = np.arange(n, { dtype: "float32" });
      const arrays = Array.from({ length: 24 }, (_, k) => scale(base, np.array(k)));
      assert.ok(memory.residentBytes <= 5 * MEGABYTE, `${memory.residentBytes} bytes`);
      for (const round of [0, 1]) {
        for (const [k, x] of arrays.entries()) {
          const data = x.dataSync();
          assert.deepEqual(
            [data[1], data[777], data[n - 1]],
            [k, 777 * k, Math.fround((n - 1) * k)],
            `${k}, ${round}`,
          );
        }
      }
      // Used in compiled code, several at once, and after some were freed.
      const sum = jit((xs: NdArray[]) => xs.reduce((a, b) => a.add(b)).slice(2));
      assert.equal(sum(arrays.slice(0, 6)).item(), 2 * (0 + 1 + 2 + 3 + 4 + 5));
      for (const x of arrays.slice(0, 20)) x.dispose();
      assert.equal(sum(arrays.slice(20)).item(), 2 * (20 + 21 + 22 + 23));
      assert.throws(() => sum(arrays.slice(18)), /disposed/);
    } finally {
      memory.limits = limits;
    }
  });

  test("an array larger than the soft limit still fits", () => {
    const limits = memory.limits;
    memory.limits = { ...limits, softLimit: MEGABYTE };
    try {
      const x = np.ones([MEGABYTE]);
      const g = jit(grad((v: NdArray) => np.sum(v.mul(v))))(x);
      assert.equal(g.dataSync()[MEGABYTE - 1], 2);
      assert.equal(jit((a: NdArray, b: NdArray) => np.sum(a.add(b)))(x, g).item(), 3 * MEGABYTE);
    } finally {
      memory.limits = limits;
    }
  });

  test("what cannot fit says so and leaves the rest alone", () => {
    const x = np.ones([3]).add(1);
    assert.throws(() => np.zeros([2 ** 30]).add(1), /RESOURCE_EXHAUSTED|out of memory/i);
    close(x.add(x), [4, 4, 4]);
  });
}
