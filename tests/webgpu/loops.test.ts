/** Loops and branches that run inside one shader: what they compute, and how little is asked of the GPU for it. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { device, devicePut, jit, lax, type NdArray, numpy as np, random, type WebGpuDevice } from "weft";
import { chooseLoopShaders } from "../../compiler/assembly/gpu-loops.ts";
import { interpretGraph } from "../../compiler/interpret/reference.ts";
import { compileGraphForWebGpu } from "../../compiler/pipeline-webgpu.ts";
import { DEFAULT_LIMITS } from "../../compiler/program/webgpu.ts";
import { assertClose } from "../helpers/compare.ts";
import { runOnGpu } from "./check.ts";

let gpu: WebGpuDevice;
before(async () => {
  gpu = await device("webgpu");
});
after(() => gpu.destroy());

const TOLERANCE = { ulp: 16, absolute: 1e-5 };

/**
 * The results on the device and on Wasm, compared, and what the second call asked of the GPU. The same in a workgroup of
 * many invocations with barriers, as an adapter in hardware gets it.
 */
async function check(f: (...args: NdArray[]) => NdArray[], ...args: NdArray[]) {
  const compiled = jit(f);
  const { graph } = compiled.lower(...args);
  const inputs = await Promise.all(
    graph.inputs.map(async ({ type }, i) => ({
      type,
      data: Float64Array.from(await args[i].data(), Number),
    })),
  );
  const want = interpretGraph(graph, inputs);
  const on = args.map((x) => devicePut(x, gpu));
  const run = async (): Promise<void> => {
    const results = await Promise.all(compiled(...on).map((x) => x.data()));
    const got = results.map((data, i) => ({ type: want[i].type, data: Float64Array.from(data, Number) }));
    assertClose(got, want, TOLERANCE, "in software");
  };
  await run();
  const earlier = { ...gpu.statistics };
  await run();
  const { statistics } = gpu;
  const { program } = compileGraphForWebGpu(graph).assembled;
  const parallel = chooseLoopShaders(program, DEFAULT_LIMITS).size;
  assertClose(await runOnGpu(graph, inputs), want, TOLERANCE, "in a workgroup");
  return {
    dispatches: statistics.dispatches - earlier.dispatches,
    reads: statistics.reads - earlier.reads - want.length,
    parallel,
  };
}

const int = (value: number): NdArray => np.array(value, { dtype: "int32" });

describe("loops in a shader", () => {
  test("a while loop whose end the data know", async () => {
    const { dispatches, reads, parallel } = await check(
      (x) => {
        const { n, v } = lax.whileLoop(
          ({ v }) => np.any(v.greater(1)),
          ({ n, v }) => ({ n: n.add(1), v: np.where(v.greater(1), v.mul(0.5), v) }),
          { n: int(0), v: x },
        );
        return [n, v];
      },
      np.linspace(1, 5000, 100),
    );
    assert.ok(dispatches <= 4, `${dispatches} dispatches`);
    assert.equal(reads, 1);
    assert.equal(parallel, 1);
  });

  test("more turns than one dispatch makes", async () => {
    const { reads } = await check(
      (x) => {
        const { n, v } = lax.whileLoop(
          ({ n }) => n.less(30_000),
          ({ n, v }) => ({ n: n.add(1), v: v.mul(1664525).add(1013904223) }),
          { n: int(0), v: x },
        );
        return [n, v];
      },
      np.array([1, 2, 3], { dtype: "uint32" }),
    );
    assert.ok(reads > 1 && reads < 12, `${reads} reads`);
  });

  test("loops and branches in loops, with carries of every width that swap", async () => {
    const { dispatches, reads } = await check(
      (x, y) => {
        const [carry, ys] = lax.scan(
          ({ a, b, flag }, slice) => {
            const { n, v } = lax.whileLoop(
              ({ n, v }) => np.sum(v).less(50).logicalAnd(n.less(20)),
              ({ n, v }) => ({ n: n.add(1), v: v.add(np.abs(slice)).add(0.5) }),
              { n: int(0), v: a },
            );
            const chosen = lax.cond(
              flag,
              (w: NdArray) => w.mul(0.25),
              (w: NdArray) => np.sin(w),
              v,
            );
            const row = np.concatenate([chosen, n.astype("float32").reshape([1])]);
            return [{ a: b, b: chosen, flag: flag.logicalNot() }, row] as const;
          },
          { a: x, b: x.mul(0.5), flag: np.array(true) },
          y,
        );
        return [carry.a, carry.b, carry.flag, ys];
      },
      np.linspace(0, 1, 5),
      random.normal(random.PRNGKey(0), [12, 5]),
    );
    assert.ok(dispatches <= 8, `${dispatches} dispatches`);
    assert.equal(reads, 0);
  });

  test("a long scan in stretches", async () => {
    const { dispatches, reads } = await check(
      (x, xs) => {
        const [last, all] = lax.scan(
          (c: NdArray, v: NdArray): [NdArray, NdArray] => [np.tanh(c.add(v)), c],
          x,
          xs,
        );
        return [last, all];
      },
      np.zeros([40]),
      random.normal(random.PRNGKey(1), [3000, 40]),
    );
    assert.ok(dispatches <= 20, `${dispatches} dispatches`);
    assert.equal(reads, 0);
  });

  test("reverse scans, and reductions and products in the body", async () => {
    const { reads } = await check(
      (w, xs) => {
        const [last, all] = lax.scan(
          (c: NdArray, v: NdArray): [NdArray, NdArray] => {
            const next = np.tanh(w.matmul(c).add(v));
            return [next.sub(np.mean(next)), np.max(next)];
          },
          np.ones([20]),
          xs,
          { reverse: true },
        );
        return [last, all];
      },
      random.normal(random.PRNGKey(2), [20, 20]).mul(0.2),
      random.normal(random.PRNGKey(3), [50, 20]),
    );
    assert.equal(reads, 0);
  });

  test("more buffers than a shader may bind", async () => {
    const many = Array.from({ length: 14 }, (_, i) => np.linspace(i, i + 1, i + 2));
    await check(
      (...xs) => [
        ...lax.foriLoop(0, 5, (_, carry: NdArray[]) => carry.map((x, i) => x.add(np.mean(xs[i]))), xs),
      ],
      ...many,
    );
  });

  test("a branch alone", async () => {
    const { reads } = await check(
      (i, x) => [
        lax.switch(i, [(v: NdArray) => v.add(1), (v: NdArray) => v.mul(2), (v: NdArray) => np.cumsum(v)], x),
      ],
      int(1),
      np.linspace(0, 1, 30),
    );
    assert.equal(reads, 0);
  });

  test("what is worth many workgroups is dispatched as before", () => {
    const square = (x: NdArray) => lax.foriLoop(0, 10, (_, y: NdArray) => y.matmul(y), x);
    const { graph } = jit(square).lower(np.zeros([512, 512]));
    const { program } = compileGraphForWebGpu(graph).assembled;
    assert.equal(chooseLoopShaders(program, DEFAULT_LIMITS).size, 0);
    assert.equal(chooseLoopShaders(program, { ...DEFAULT_LIMITS, software: true }).size, 0);
  });
});

describe("loops whose end the GPU decides about, of large kernels", () => {
  const size = 2 ** 16;
  /** What a loop gives, and how often the GPU was asked for it. */
  async function run(f: (x: NdArray) => NdArray[]): Promise<{ results: number[][]; reads: number }> {
    const x = devicePut(np.zeros([size]), gpu);
    const compiled = jit(f);
    await Promise.all(compiled(x).map((y) => y.data()));
    const before = gpu.statistics.reads;
    const results = await Promise.all(compiled(x).map(async (y) => Array.from(await y.data(), Number)));
    return { results, reads: gpu.statistics.reads - before - results.length };
  }

  test("turns are encoded ahead, and those past the end change nothing", async () => {
    // The carries swap, so that a turn copies; the narrow one shares words between invocations.
    const turns = (count: number) => (x: NdArray) => {
      const { n, a, b, odd } = lax.whileLoop(
        ({ n }) => n.less(count),
        ({ n, a, b, odd }) => ({ n: n.add(1), a: b, b: a.add(1), odd: odd.logicalNot() }),
        { n: int(0), a: x, b: x.add(0.5), odd: x.greater(1) },
      );
      return [n, a, b, odd];
    };
    for (const [count, most] of [
      // Four and five, unless the machine is so busy that a turn takes long.
      [0, 1],
      [1, 1],
      [13, 8],
      [16, 9],
    ] as const) {
      const { results, reads } = await run(turns(count));
      const [n, a, b, odd] = results;
      assert.deepEqual(n, [count]);
      const rest = Math.floor(count / 2);
      const want = count % 2 === 0 ? [rest, rest + 0.5] : [rest + 0.5, rest + 1];
      assert.ok(a.every((v) => v === want[0]) && b.every((v) => v === want[1]), `${count} turns`);
      assert.ok(
        odd.every((v) => v === count % 2),
        `${count} turns`,
      );
      assert.ok(reads <= most, `${reads} reads for ${count} turns`);
    }
  });

  test("in another loop, and with one inside", async () => {
    const { results } = await run((x) => [
      lax.foriLoop(
        0,
        3,
        (i, y: NdArray) =>
          lax.whileLoop(
            (z) => z.get([0]).less(i.add(1).mul(4)),
            (z) => lax.foriLoop(0, 2, (_, w: NdArray) => w.add(1), z),
            y,
          ),
        x,
      ),
    ]);
    assert.ok(results[0].every((v) => v === 12));
  });
});
