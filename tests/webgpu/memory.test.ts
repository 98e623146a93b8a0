/** Ten thousand training steps leak nothing: GPU buffers and process memory stay flat. In processes of their own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { device, devicePut, grad, jit, type NdArray, numpy as np } from "weft";
import { childResult, childRole, report } from "../helpers/child.ts";

const MEGABYTE = 2 ** 20;

interface Parameters {
  readonly w: NdArray;
  readonly b: NdArray;
}

interface Result {
  /** Buffers held by arrays: at most while training, and at the end. */
  readonly most: number;
  readonly end: number;
  /** Memory half-way, and at the end: resident, and of the JavaScript heap after a collection. */
  readonly before: { readonly rss: number; readonly heap: number };
  readonly after: { readonly rss: number; readonly heap: number };
  readonly first: number;
  readonly last: number;
}

async function memoryNow(): Promise<Result["before"]> {
  // Twice, with time for finalizers between.
  for (let i = 0; i < 2; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const { rss, heapUsed } = process.memoryUsage();
  return { rss, heap: heapUsed };
}

async function train(steps: number, donate: boolean): Promise<Result> {
  const gpu = await device("webgpu");
  const x = devicePut(np.sin(np.arange(96)).reshape([32, 3]), gpu);
  const y = x.matmul(devicePut(np.array([1, -2, 3]), gpu)).add(0.5);
  const loss = ({ w, b }: Parameters) => np.mean(np.square(x.matmul(w).add(b).sub(y)));
  const step = jit(
    (p: Parameters): Parameters => {
      const g = grad(loss)(p);
      return { w: p.w.sub(g.w.mul(0.1)), b: p.b.sub(g.b.mul(0.1)) };
    },
    donate ? { donateArgnums: 0 } : {},
  );
  const lossNow = jit(loss);
  let p = step(devicePut({ w: np.array([0, 0, 0]), b: np.array(0) }, gpu));
  const [first] = await lossNow(p).data();
  let most = 0;
  let before: Result["before"] = { rss: 0, heap: 0 };
  for (let i = 1; i <= steps; i++) {
    p = step(p);
    if (i % 20 !== 0) continue;
    await p.b.data();
    // Else the collector lets objects of the GPU's library pile up, which it takes for small.
    if (i % 1000 === 0) {
      const now = await memoryNow();
      if (i === steps / 2) before = now;
    }
    if (i >= steps / 10) most = Math.max(most, gpu.memory.buffers);
  }
  const [last] = await lossNow(p).data();
  const after = await memoryNow();
  return { most, end: gpu.memory.buffers, before, after, first, last };
}

const role = childRole();
if (role === "donate") report(await train(10_000, true));
else if (role === "collect") report(await train(6_000, false));
else {
  for (const [name, most] of [
    // The parameters, data and a loss.
    ["donate", 12],
    // Two arrays a step that nobody disposes of: without collection there would be 2 000 between collections.
    ["collect", 2_100],
  ] as const) {
    test(`training leaks nothing: ${name}`, () => {
      const r = childResult<Result>(name, {
        flags: ["--expose-gc"],
        // The driver's threads would else each keep freed memory of their own.
        env: { MALLOC_ARENA_MAX: "1" },
      });
      assert.ok(r.last < r.first / 100, `loss ${r.first} → ${r.last}`);
      assert.ok(r.most <= most, `${r.most} buffers`);
      assert.ok(r.end <= 16, `${r.end} buffers at the end`);
      assert.ok(r.after.heap - r.before.heap < 4 * MEGABYTE, `heap ${r.before.heap} → ${r.after.heap}`);
      assert.ok(r.after.rss - r.before.rss < 80 * MEGABYTE, `memory ${r.before.rss} → ${r.after.rss}`);
    });
  }
}
