/** Ten thousand training steps leak nothing: GPU buffers and process memory stay flat. In processes of their own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { device, devicePut, grad, jit, type NdArray, numpy as np, random } from "weft";
import { childResult, childRole, report } from "../helpers/child.ts";

const MEGABYTE = 2 ** 20;

interface Parameters {
  readonly w1: NdArray;
  readonly b1: NdArray;
  readonly w2: NdArray;
}

interface Result {
  /** Buffers held by arrays after a tenth of the steps, at most since then, and at the end. */
  readonly early: number;
  readonly most: number;
  readonly end: number;
  /** Most resident memory in the first and in the second half of the steps. */
  readonly before: number;
  readonly after: number;
  readonly first: number;
  readonly last: number;
}

async function train(steps: number, donate: boolean): Promise<Result> {
  const gpu = await device("webgpu");
  const keys = [...random.split(random.PRNGKey(0), 3)];
  let p: Parameters = devicePut(
    {
      w1: random.uniform(keys[0], [1, 64]).sub(0.5),
      b1: np.zeros(64),
      w2: random.uniform(keys[1], [64, 1]).sub(0.5).mul(0.2),
    },
    gpu,
  );
  const x = devicePut(np.linspace(-1, 1, 32).reshape([32, 1]), gpu);
  const y = devicePut(np.square(np.linspace(-1, 1, 32)).reshape([32, 1]), gpu);
  const loss = ({ w1, b1, w2 }: Parameters) =>
    np.mean(np.square(np.tanh(x.matmul(w1).add(b1)).matmul(w2).sub(y)));
  const step = jit(
    (p: Parameters): Parameters => {
      const g = grad(loss)(p);
      return { w1: p.w1.sub(g.w1.mul(0.1)), b1: p.b1.sub(g.b1.mul(0.1)), w2: p.w2.sub(g.w2.mul(0.1)) };
    },
    donate ? { donateArgnums: 0 } : {},
  );
  const lossNow = jit(loss);
  const [first] = await lossNow(p).data();
  let early = 0;
  let most = 0;
  let before = 0;
  let after = 0;
  for (let i = 1; i <= steps; i++) {
    p = step(p);
    if (i % 20 !== 0) continue;
    await p.b1.data();
    if (i === steps / 10) early = gpu.memory.buffers;
    const { rss } = process.memoryUsage();
    if (i <= steps / 2) before = Math.max(before, rss);
    else after = Math.max(after, rss);
    if (i >= steps / 10) most = Math.max(most, gpu.memory.buffers);
  }
  const [last] = await lossNow(p).data();
  return { early, most, end: gpu.memory.buffers, before, after, first, last };
}

const role = childRole();
if (role === "donate") report(await train(10_000, true));
else if (role === "collect") report(await train(3_000, false));
else {
  test("donated parameters: no buffer more than at the start", () => {
    const r = childResult<Result>("donate");
    assert.ok(r.last < r.first / 5, `loss ${r.first} → ${r.last}`);
    assert.ok(r.most <= r.early + 8, `${r.early} buffers early, ${r.most} later`);
    assert.ok(r.after - r.before < 32 * MEGABYTE, `memory ${r.before} → ${r.after}`);
  });

  test("parameters that nobody disposes of: the collector gives them back", () => {
    const r = childResult<Result>("collect");
    assert.ok(r.last < r.first / 5, `loss ${r.first} → ${r.last}`);
    // Each step makes three arrays: without collection there would be 9 000.
    assert.ok(r.most < 5_000, `${r.most} buffers`);
    assert.ok(r.after - r.before < 64 * MEGABYTE, `memory ${r.before} → ${r.after}`);
  });
}
