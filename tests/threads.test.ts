/** Threads: the same bits whatever their number, no hang when one dies, a clean end of the program. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Worker } from "node:worker_threads";
import { config, grad, jit, lax, type NdArray, nn, numpy as np, random } from "weft";
import { threadPool, useThreads, WorkerDiedError } from "weft/runtime";
import { LAYOUT, MAX_GRAINS } from "../runtime/threads/layout.ts";
import { ThreadPool } from "../runtime/threads/pool.ts";
import { defaultSpawn, type Spawn } from "../runtime/threads/spawn.ts";
import { childResult, childRole, report } from "./helpers/child.ts";

const real: Spawn = (start, died) => {
  const spawn = defaultSpawn();
  assert.ok(spawn !== null);
  return spawn(start, died);
};

async function until(what: string, condition: () => boolean): Promise<void> {
  for (let n = 0; n < 1000; n++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`${what}: not within ten seconds`);
}

async function ready(): Promise<void> {
  await until("the workers start", () => {
    const workers = threadPool()?.workers;
    return workers !== undefined && workers.started > 0 && workers.ready === workers.started;
  });
}

const key = random.key(0);
const normal = (...shape: number[]): NdArray => random.normal(key, shape);
const bytes = (x: NdArray): Buffer => Buffer.from(new Uint8Array(x.dataSync().slice().buffer));

const large = jit((x: NdArray) => np.tanh(np.exp(x).mul(2)));
const line = normal(500_009);

/** The part of a process of its own: it has workers, and nobody ends them. */
async function programOfItsOwn(): Promise<void> {
  config.threads = 3;
  const before = bytes(large(line));
  await ready();
  report({ ready: threadPool()?.workers.ready, right: bytes(large(line)).equals(before) });
}

if (childRole() !== null) await programOfItsOwn();
else tests();

function tests(): void {
  beforeEach(() => {
    config.threads = 1;
  });

  test("one, two and three threads give the same bits", async () => {
    const cases: Record<string, () => NdArray[]> = {
      products: () => [
        np.matmul(normal(300, 257), normal(257, 301)),
        np.matmul(normal(9, 70, 80), normal(9, 80, 65)),
      ],
      "products of bytes": () => {
        const bytesOf = (...shape: number[]): NdArray =>
          normal(...shape)
            .mul(60)
            .astype("int8");
        return [
          lax.dot(bytesOf(300, 257), bytesOf(257, 301), { preferredElementType: "int32" }),
          lax.dot(bytesOf(70, 9001), bytesOf(9001, 90), { preferredElementType: "int32" }),
        ];
      },
      "a product in blocks": () => [np.matmul(normal(70, 1100), normal(1100, 90))],
      elementwise: () => [large(line)],
      rows: () => [nn.softmax(normal(1000, 515)), np.std(normal(1000, 515), { axis: 1 })],
      sums: () => [
        np.sum(normal(1_000_001)),
        np.sum(normal(700, 1000), { axis: 0 }),
        np.sum(normal(700, 1000), { axis: 1 }),
        np.max(normal(700, 1000)),
        np.argmax(normal(700, 1000)),
      ],
      random: () => [normal(400_003)],
      sorts: () => [
        np.sort(normal(300_001)),
        np.argsort(normal(2, 270_000), { axis: 1 }),
        np.sort(normal(600, 515), { axis: 1 }),
        np.sort(random.randint(key, [300_001], 0, 200, { dtype: "uint8" })),
      ],
      prefixes: () => [
        np.cumsum(line),
        lax.cumsum(line, 0, { reverse: true }),
        np.cumsum(normal(3, 100_003), { axis: 1 }),
        np.cumsum(normal(100_003, 3), { axis: 0 }),
        np.cumsum(normal(700, 1000), { axis: 0 }),
        lax.cummax(line),
        np.cumprod(normal(3000, 7, 40), { axis: 0 }),
      ],
      scatters: () => {
        const rows = random.randint(key, [9000], 0, 700);
        const many = random.randint(key, [200_000], -3, 900);
        return [
          np.zeros([700, 260]).at(rows).add(normal(9000, 260)),
          np.zeros([700, 260]).at(rows).set(normal(9000, 260)),
          np.ones([900]).at(many).add(normal(200_000)),
          np.full([900], -0).at(many).min(normal(200_000)),
        ];
      },
      "sums carried over rows": () => {
        const normalise = (x: NdArray, scale: NdArray): NdArray =>
          x
            .sub(np.mean(x, { axis: 1, keepdims: true }))
            .div(np.std(x, { axis: 1, keepdims: true }))
            .mul(scale);
        const loss = (x: NdArray, scale: NdArray): NdArray => np.mean(np.square(normalise(x, scale)));
        return grad(loss, { argnums: [0, 1] })(normal(999, 515), normal(515));
      },
    };
    const compiled = Object.entries(cases).map(([name, body]) => ({ name, run: jit(body) }));
    const results: Buffer[][] = [];
    for (const threads of [1, 2, 3]) {
      config.threads = threads;
      for (const [n, { name, run }] of compiled.entries()) {
        let got = run().map(bytes);
        if (threads > 1) {
          await ready();
          got = run().map(bytes);
        }
        results[n] ??= got;
        for (const [i, own] of got.entries()) {
          assert.ok(own.equals(results[n][i]), `${name}: result ${i} with ${threads} threads`);
        }
      }
    }
  });

  test("parts give right results", () => {
    config.threads = 2;
    const sorted = np.sort(line).dataSync();
    const expected = Float32Array.from(line.dataSync()).sort();
    assert.deepEqual(sorted, expected);
    const sums = jit((x: NdArray) => np.cumsum(x))(line).dataSync();
    let sum = 0;
    for (const [i, x] of line.dataSync().entries()) {
      sum += x;
      if (i % 997 === 0) assert.ok(Math.abs(sums[i] - sum) < 2e-3, `${i}: ${sums[i]}, not ${sum}`);
    }
    const index = np.remainder(np.multiply(np.arange(200_000), 7919), 901);
    const counts = jit((i: NdArray) => np.zeros([900], { dtype: "int32" }).at(i).add(1))(index);
    const want = new Int32Array(900);
    for (const i of index.dataSync()) if (i < 900) want[i]++;
    assert.deepEqual(counts.dataSync(), want);
  });

  test("small programs start no workers, and the default waits for work", () => {
    config.threads = 2;
    const f = jit((x: NdArray) => np.sum(np.exp(x)));
    for (let n = 0; n < 100; n++) f(np.ones([1000])).dispose();
    assert.equal(threadPool()?.workers.started, 0);
    useThreads(2, { startAfter: 1e6 });
    large(line);
    assert.equal(threadPool()?.workers.started, 0);
  });

  test("a worker that ends while it has a grain is an error and no hang", async () => {
    const want = bytes(large(line));
    // Claims one grain of the first job and ends without having run it.
    const claims = `
    const { workerData: { control } } = require("node:worker_threads");
    const words = new Int32Array(control);
    Atomics.add(words, ${LAYOUT.ready}, 1);
    for (;;) {
      const claim = Atomics.load(words, ${LAYOUT.next});
      const open = (claim & ${(1 << LAYOUT.grainBits) - 1}) < Atomics.load(words, ${LAYOUT.grains});
      if (open && Atomics.compareExchange(words, ${LAYOUT.next}, claim, claim + 1) === claim) break;
    }
    process.exit(3);`;
    const spawn: Spawn = (start, died) => {
      const worker = new Worker(claims, { eval: true, workerData: start });
      worker.on("exit", (code) => died(`it exited with code ${code}`));
      return { terminate: () => void worker.terminate() };
    };
    useThreads(2, { spawn, stallTimeout: 200 });
    large(line);
    await ready();
    assert.throws(() => {
      for (let n = 0; n < 200; n++) large(line);
    }, WorkerDiedError);
    assert.throws(() => large(line), /A worker thread of Weft died: no progress for 200 ms/);
    config.threads = 2;
    assert.ok(bytes(large(line)).equals(want), "new workers, right results");
  });

  test("a worker that was ended between calls is an error of the next call", async () => {
    const killed: (() => void)[] = [];
    const reasons: string[] = [];
    useThreads(2, {
      spawn: (start, died) => {
        const worker = real(start, (reason) => {
          reasons.push(reason);
          died(reason);
        });
        killed.push(() => worker.terminate());
        return worker;
      },
    });
    const want = bytes(large(line));
    await ready();
    assert.ok(bytes(large(line)).equals(want));
    for (const kill of killed) kill();
    // It may be gone already or be computing: a right result or an error, and no hang.
    try {
      assert.ok(bytes(large(line)).equals(want));
    } catch (error) {
      assert.ok(error instanceof WorkerDiedError);
    }
    await until("the worker's end is noticed", () => reasons.length > 0);
    assert.throws(() => large(line), /A worker thread of Weft died: it exited with code 1.*config\.threads/);
  });

  test("while a job is written, a worker that comes late to the one before can claim nothing", (t) => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    let words: Int32Array = new Int32Array(LAYOUT.words);
    const spawn: Spawn = ({ control }) => {
      words = new Int32Array(control);
      words[LAYOUT.ready] = 1;
      return { terminate: () => undefined };
    };
    const pool = new ThreadPool(memory, { count: 2, spawn, startAfter: 0, stallTimeout: 1000 });
    const program = { number: 1, module: () => ({ address: 0, length: 0 }), grains: () => undefined };
    pool.share(program, 0, 0, 2);
    const before = words[LAYOUT.next]! >>> LAYOUT.grainBits;
    const { store } = Atomics;
    let claimable = 0;
    t.mock.method(Atomics, "store", (array: Int32Array, index: number, value: number) => {
      const stored = store(array, index, value);
      const claim = words[LAYOUT.next]!;
      if (claim >>> LAYOUT.grainBits === before && (claim & MAX_GRAINS) < words[LAYOUT.grains]!) claimable++;
      return stored;
    });
    pool.share(program, 0, 0, 5);
    assert.equal(words[LAYOUT.done], 5);
    assert.equal(claimable, 0);
  });

  test("an error in a worker reaches the caller", async () => {
    const spawn: Spawn = (start, died) => {
      // A memory of its own: the module does not link with it.
      const memory = new WebAssembly.Memory({ initial: 300, maximum: 300, shared: true });
      return real({ ...start, memory }, died);
    };
    useThreads(2, { spawn, stallTimeout: 5000 });
    large(line);
    await ready();
    assert.throws(() => {
      for (let n = 0; n < 200; n++) large(line);
    }, /A worker thread of Weft died: worker 1 threw/);
  });

  test("a program ends when its work is done, workers or not", () => {
    assert.deepEqual(childResult("ends"), { ready: 2, right: true });
  });

  test("the number of threads is checked", () => {
    for (const wrong of [0, -1, 1.5, Number.NaN]) {
      assert.throws(() => {
        config.threads = wrong;
      }, /config option threads is a whole number of at least 1/);
      assert.throws(() => useThreads(wrong), RangeError);
    }
    assert.throws(() => config.update("threads", true), /whole number/);
  });

  test("a number that every grain computes anew is read before a loop's next value is written over it", () => {
    const count = 800_000;
    const step = jit((x: NdArray) =>
      lax.foriLoop(
        0,
        3,
        (_, { n, y }: { n: NdArray; y: NdArray }) => {
          const next = n.add(1);
          return { n: next, y: y.add(np.sqrt(np.square(next))) };
        },
        { n: np.array(0, { dtype: "float32" }), y: x },
      ),
    );
    const { n, y } = step(np.zeros([count]));
    assert.equal(n.item(), 3);
    const values = y.dataSync();
    assert.ok(values.every((value) => value === 6));
  });
}
